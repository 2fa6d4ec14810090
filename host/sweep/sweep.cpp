#include "host/sweep/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "carbonfront/errors.hpp"
#include "host/sweep/external.hpp"
#include "host/sweep/library_call.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

constexpr int kMostPathLevels = 64;

/// Names all groups of a file, for suggestions; at most a few hundred, not deeper than four levels.
void collect_groups(hid_t group, const std::string& path, int depth, std::vector<std::string>& names) {
  for (const std::string& name : h5::members(group)) {
    if (names.size() > 300 || h5::is_external_link(group, name) || h5::kind_of(group, name) != 'g') continue;
    names.push_back(path + "/" + name);
    if (depth < 4)
      collect_groups(h5::Handle(H5Gopen2(group, name.c_str(), H5P_DEFAULT)), path + "/" + name, depth + 1, names);
  }
}

/// Opens the sweep's group; an empty handle where it is no group.
h5::Handle open_group(hid_t file, const std::string& path, const std::string& group) {
  if (!h5::exists(file, group)) {
    std::vector<std::string> names = {"/"};
    collect_groups(file, "", 0, names);
    throw InputError(fmt::format("'{}' has no group '{}'", path, group),
                     "its groups are " + join(names, ", ") + did_you_mean(group, names),
                     "name the sweep's group in the spec or with --group");
  }
  if (group != "/" && h5::kind_of(file, group) != 'g') return {};
  LibraryCall call;
  h5::Handle opened(H5Gopen2(file, group.c_str(), H5P_DEFAULT));
  if (!opened)
    throw InputError(fmt::format("cannot open group '{}' of '{}'", group, path), h5::last_reason(), "check the file");
  return opened;
}

/// Walks a group and names what can be a column. Each group is visited once: links may lead in circles.
struct NameCollector {
  const std::string& path;
  bool allow_external;
  std::vector<std::string> names;
  std::set<std::pair<unsigned long, haddr_t>> groups;

  void add(const std::string& name) {
    if (names.size() >= kMostColumns)
      throw InputError(fmt::format("'{}' has more than {} columns", path, grouped_digits(kMostColumns)),
                       "no honest sweep does", "name the sweep's group with --group");
    names.push_back(name);
  }

  void add_dataset(hid_t group, const std::string& name, const std::string& prefix) {
    LibraryCall call;
    h5::Handle dataset(H5Dopen2(group, name.c_str(), H5P_DEFAULT));
    if (!dataset || is_dimension_only(dataset)) return;
    if (lies_in_other_files(dataset)) {  // even its extent may be that of other files
      try {
        check_sources(dataset, prefix + name, path, allow_external);
      } catch (const InputError&) {
        return add(prefix + name);  // opening it says why
      }
    }
    h5::Handle space(H5Dget_space(dataset));
    std::vector<Field> fields = fields_of(dataset, prefix + name, path);
    if (fields.empty() && H5Sget_simple_extent_ndims(space) == 1) add(prefix + name);
    for (const Field& field : fields) add(prefix + name + "/" + field.name);
  }

  void walk(hid_t group, const std::string& prefix, int depth) {
    H5O_info_t info{};
    if (H5Oget_info2(group, &info, H5O_INFO_BASIC) < 0 || !groups.insert({info.fileno, info.addr}).second) return;
    for (const std::string& name : h5::members(group)) {
      if (h5::is_external_link(group, name)) {
        add(prefix + name);  // opening it decides whether it may be followed
        continue;
      }
      char kind = h5::kind_of(group, name);
      if (kind == 'd') add_dataset(group, name, prefix);
      if (kind != 'g' || depth >= kMostLevels || name.starts_with("_i_")) continue;  // _i_: PyTables' own indices
      LibraryCall call;
      h5::Handle inner(H5Gopen2(group, name.c_str(), H5P_DEFAULT));
      if (inner) walk(inner, prefix + name + "/", depth + 1);
    }
  }

  /// netCDF-4 keeps dimensions without values as datasets.
  static bool is_dimension_only(hid_t dataset) {
    return h5::text_attribute(dataset, "NAME").starts_with("This is a netCDF dimension but not a netCDF variable");
  }
};

/// Reopens a dataset whose chunks are larger than HDF5's cache of 1 MiB, so that batches smaller than a chunk do not decode
/// it again and again.
h5::Handle with_room_for_a_chunk(h5::Handle dataset, hid_t group, const std::string& name) {
  h5::Handle list(H5Dget_create_plist(dataset)), type(H5Dget_type(dataset));
  hsize_t chunk[2] = {0, 1};
  if (H5Pget_layout(list) != H5D_CHUNKED || H5Pget_chunk(list, 2, chunk) < 0) return dataset;
  std::size_t bytes = chunk[0] * chunk[1] * H5Tget_size(type);
  if (bytes <= (1u << 20)) return dataset;
  h5::Handle access(H5Pcreate(H5P_DATASET_ACCESS));
  H5Pset_chunk_cache(access, 101, bytes, 1.0);
  dataset.reset();
  return h5::Handle(H5Dopen2(group, name.c_str(), access));
}

/// Opens a dataset of a file and finds out how it lies there; from the second time on returns the same one.
std::shared_ptr<const OpenDataset> open_dataset(const ReadingOptions& options, const SweepFile& file,
                                                const std::string& name) {
  auto& known = (*file.opened)[name];
  if (known) return known;
  Subject subject(file.path, name);
  LibraryCall call;
  const std::string shown = name.empty() ? "the sweep's table" : name;
  auto opened = std::make_shared<OpenDataset>();
  opened->name = name;
  hid_t from = name.empty() ? static_cast<hid_t>(file.file) : static_cast<hid_t>(file.group);
  const std::string& path = name.empty() ? file.table_path : name;
  opened->dataset = h5::Handle(H5Dopen2(from, path.c_str(), H5P_DEFAULT));
  throw_if_link_refused();
  if (!opened->dataset)
    throw InputError(fmt::format("cannot open '{}' of '{}'", shown, file.path), h5::last_reason(), "check the file");
  check_declared_size(opened->dataset, shown, file.path,
                      check_sources(opened->dataset, shown, file.path, options.allow_external));
  opened->fields = fields_of(opened->dataset, shown, file.path);
  opened->stored = describe_storage(opened->dataset, shown, file.raw);
  if (!opened->stored || !options.fast) opened->dataset = with_room_for_a_chunk(std::move(opened->dataset), from, path);
  return known = opened;
}

/// A column's dataset and its place in there.
struct Found {
  std::shared_ptr<const OpenDataset> source;
  Field field;
};

std::optional<Found> find_field(std::shared_ptr<const OpenDataset> source, const std::string& name) {
  for (const Field& field : source->fields)
    if (field.name == name) return Found{source, field};
  return {};
}

/// Finds a column by its name: the table's field, a dataset, or a field of the dataset that a part of the path names.
std::optional<Found> find_column(const ReadingOptions& options, const SweepFile& file, const std::string& name) {
  if (name.empty()) return {};
  if (std::count(name.begin(), name.end(), '/') > kMostPathLevels)
    throw InputError(fmt::format("cannot look for column '{}...' of '{}'", name.substr(0, 40), file.path),
                     fmt::format("it leads through more than {} groups", kMostPathLevels),
                     "name the sweep's group with --group");
  if (file.table) return find_field(file.table, name);
  for (std::size_t end = name.size(); end != std::string::npos && end > 0; end = name.rfind('/', end - 1)) {
    std::string part = name.substr(0, end);
    if (!h5::exists(file.group, part)) continue;
    if (h5::kind_of(file.group, part) != 'd') return {};
    auto source = open_dataset(options, file, part);
    if (end < name.size()) return find_field(source, name.substr(end + 1));
    return Found{source, {}};
  }
  return {};
}

[[noreturn]] void no_column(const Sweep& sweep, const SweepFile& file, const std::string& name) {
  if (!name.empty() && !file.table && h5::exists(file.group, name))
    throw InputError(fmt::format("'{}' of '{}' is not a column", name, file.path), "it is no dataset",
                     "name a one-dimensional dataset");
  std::vector<std::string> names = column_names(sweep);
  std::string near = did_you_mean(name, names);
  throw InputError(
      fmt::format("'{}' has no column '{}' in group {}", file.path, name, sweep.group),
      near.empty() ? "its columns are " + join(names, ", ") : "it has " + std::to_string(names.size()) + " columns" + near,
      "correct the name; `carbonfront inspect` lists the columns");
}

void check_shape(const Found& found, const std::string& name, const std::string& path) {
  if (!found.source->fields.empty() && found.field.name.empty())
    throw InputError(fmt::format("'{}' of '{}' is not a column", name, path),
                     fmt::format("it is a table of {} columns", found.source->fields.size()),
                     fmt::format("name one, such as '{}/{}'", name, found.source->fields.front().name));
  h5::Handle space(H5Dget_space(found.source->dataset));
  int rank = H5Sget_simple_extent_ndims(space);
  if (rank != (found.field.column < 0 ? 1 : 2))
    throw InputError(fmt::format("'{}' of '{}' is not a column", name, path), fmt::format("it has {} dimensions", rank),
                     "name a one-dimensional dataset");
}

/// Tells whether a value has in memory the bytes that it has in the file.
bool is_stored_as_read(hid_t dataset, const Field& field, ValueType type) {
  h5::Handle stored = stored_type(dataset, field);
  H5T_class_t kind = H5Tget_class(stored);
  if (kind == H5T_STRING) return true;  // of variable length: its place in the heap
  if (kind == H5T_BITFIELD) return H5Tget_size(stored) == 1;
  if (kind == H5T_ENUM) stored = h5::Handle(H5Tget_super(stored));
  if (type == ValueType::boolean) return H5Tget_size(stored) == 1;
  return H5Tequal(stored, memory_type(type)) > 0;
}

void check_same(const ColumnInfo& first, const ColumnInfo& other, const std::string& first_path, const std::string& path) {
  auto fail = [&](const char* what, const std::string& a, const std::string& b) {
    throw InputError(fmt::format("column '{}' differs between '{}' and '{}'", first.name, first_path, path),
                     fmt::format("its {} is {} in the first and {} in the second", what, a, b),
                     "give files with equal columns, or convert one");
  };
  bool both_text = first.type == ValueType::string && other.type == ValueType::string;
  if (first.type_name != other.type_name && !both_text) fail("type", first.type_name, other.type_name);
  auto shown = [](const std::optional<std::string>& units) { return units ? "'" + *units + "'" : std::string("not given"); };
  if (first.units != other.units) fail("unit", shown(first.units), shown(other.units));
  if (first.missing_value != other.missing_value || first.more_missing != other.more_missing ||
      first.missing_reals != other.missing_reals || first.missing_texts != other.missing_texts)
    fail("missing value", "one", "another");
}

}  // namespace

namespace {

/// Makes the sweep's columns the fields of one dataset, if the group is a table or one of pandas'.
void find_table(const ReadingOptions& options, const std::string& group, SweepFile& file) {
  if (file.group) {
    file.pandas = h5::text_attribute(file.group, "pandas_type") == "frame_table" && h5::kind_of(file.group, "table") == 'd';
    if (!file.pandas) return;
  }
  file.table_path = file.pandas ? (group == "/" ? "/table" : group + "/table") : group;
  file.table = open_dataset(options, file, "");
  if (file.table->fields.empty())
    throw InputError(
        fmt::format("'{}' of '{}' is not a group", group, file.path),
        "a sweep is a group of one-dimensional datasets, a compound dataset, or a matrix with an attribute `columns`",
        "name the group that holds the columns");
}

}  // namespace

Sweep open_sweep(const std::vector<std::string>& paths, const std::string& group, const ReadingOptions& options) {
  allow_external_links(options.allow_external);
  Sweep sweep;
  sweep.group = group;
  sweep.options = options;
  for (const std::string& path : paths) {
    Subject subject(path);
    SweepFile file;
    file.path = path;
    file.file = h5::open_for_reading(path);
    file.raw = std::make_shared<RawFile>(path);
    file.opened = std::make_shared<std::map<std::string, std::shared_ptr<const OpenDataset>>>();
    file.group = open_group(file.file, path, group);
    find_table(options, group, file);
    sweep.files.push_back(std::move(file));
  }
  return sweep;
}

std::vector<std::string> column_names(const Sweep& sweep) {
  const SweepFile& file = sweep.files.front();
  Subject subject(file.path);
  NameCollector collector{file.path, sweep.options.allow_external, {}, {}};
  if (file.table)
    for (const Field& field : file.table->fields) collector.add(field.name);
  else
    collector.walk(file.group, "", 0);
  return std::move(collector.names);
}

bool has_column(const Sweep& sweep, const std::string& name) {
  return find_column(sweep.options, sweep.files.front(), name).has_value();
}

namespace {

/// Where one file packs the column, its values are float64 in all: unpacked float64 as they are, and others as the
/// attributes say that they have.
void unpack_all_or_none(std::vector<ColumnInfo>& infos) {
  auto packed = [](const ColumnInfo& info) { return info.packing && !info.packing->widens_only(); };
  bool any = std::any_of(infos.begin(), infos.end(), packed);
  for (ColumnInfo& info : infos) {
    if (!any)
      info.packing.reset();
    else if (!packed(info) && (info.type == ValueType::float64 || info.packing))
      unpack_to_float64(info);
  }
}

}  // namespace

Column open_column(const Sweep& sweep, const std::string& name) {
  Column column;
  std::vector<Found> places;
  std::vector<ColumnInfo> infos;
  for (const SweepFile& file : sweep.files) {
    Subject subject(file.path, name);
    auto found = find_column(sweep.options, file, name);
    if (!found) no_column(sweep, file, name);
    check_shape(*found, name, file.path);
    infos.push_back(describe_column(found->source->dataset, found->field, name, file.path));
    if (file.pandas && infos.back().type == ValueType::string)
      infos.back().missing_texts.push_back("nan");  // what pandas writes for one
    places.push_back(std::move(*found));
  }
  unpack_all_or_none(infos);
  column.info = infos.front();
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    const ColumnInfo& info = infos[i];
    const std::string& path = sweep.files[i].path;
    check_same(column.info, info, sweep.files.front().path, path);
    ColumnPart part{path, places[i].source, places[i].field, begin, info.rows, false, info.packing};
    part.fast =
        sweep.options.fast && part.source->stored && is_stored_as_read(part.dataset(), part.field, part.raw_type(info));
    column.parts.push_back(std::move(part));
    begin += info.rows;
  }
  column.info.rows = begin;
  return column;
}

std::string place_of(const Column& column, std::uint64_t row) {
  const ColumnPart* part = &column.parts.front();
  for (const ColumnPart& candidate : column.parts)
    if (candidate.rows > 0 && candidate.begin <= row) part = &candidate;
  return fmt::format("'{}', row {}", part->path, row - part->begin);
}

}  // namespace carbonfront
