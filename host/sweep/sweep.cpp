#include "host/sweep/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/errors.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

/// Names all groups of a file, for suggestions; at most a few hundred, not deeper than four levels.
void collect_groups(hid_t group, const std::string& path, int depth, std::vector<std::string>& names) {
  for (const std::string& name : h5::members(group)) {
    if (names.size() > 300 || h5::kind_of(group, name) != 'g') continue;
    names.push_back(path + "/" + name);
    if (depth < 4)
      collect_groups(h5::Handle(H5Gopen2(group, name.c_str(), H5P_DEFAULT)), path + "/" + name, depth + 1, names);
  }
}

h5::Handle open_group(hid_t file, const std::string& path, const std::string& group) {
  if (!h5::exists(file, group)) {
    std::vector<std::string> names = {"/"};
    collect_groups(file, "", 0, names);
    throw InputError(fmt::format("'{}' has no group '{}'", path, group),
                     "its groups are " + join(names, ", ") + did_you_mean(group, names),
                     "name the sweep's group in the spec or with --group");
  }
  if (group != "/" && h5::kind_of(file, group) != 'g')
    throw InputError(fmt::format("'{}' of '{}' is not a group", group, path),
                     "a sweep is a group of one-dimensional datasets", "name the group that holds the columns");
  h5::Handle opened(H5Gopen2(file, group.c_str(), H5P_DEFAULT));
  if (!opened)
    throw InputError(fmt::format("cannot open group '{}' of '{}'", group, path), h5::last_reason(), "check the file");
  return opened;
}

void collect_columns(hid_t group, const std::string& prefix, int depth, std::vector<std::string>& names) {
  for (const std::string& name : h5::members(group)) {
    char kind = h5::kind_of(group, name);
    if (kind == 'd') {
      h5::Handle dataset(H5Dopen2(group, name.c_str(), H5P_DEFAULT));
      h5::Handle space(dataset ? H5Dget_space(dataset) : H5I_INVALID_HID);
      if (space && H5Sget_simple_extent_ndims(space) == 1) names.push_back(prefix + name);
    } else if (kind == 'g' && depth < 8) {
      collect_columns(h5::Handle(H5Gopen2(group, name.c_str(), H5P_DEFAULT)), prefix + name + "/", depth + 1, names);
    }
  }
}

/// Reopens a dataset whose chunks are larger than HDF5's cache of 1 MiB, so that batches smaller than a chunk do not decode
/// it again and again.
h5::Handle with_room_for_a_chunk(h5::Handle dataset, hid_t group, const std::string& name) {
  h5::Handle list(H5Dget_create_plist(dataset)), type(H5Dget_type(dataset));
  hsize_t chunk = 0;
  if (H5Pget_layout(list) != H5D_CHUNKED || H5Pget_chunk(list, 1, &chunk) < 0) return dataset;
  std::size_t bytes = chunk * H5Tget_size(type);
  if (bytes <= (1u << 20) || bytes > (1u << 30)) return dataset;
  h5::Handle access(H5Pcreate(H5P_DATASET_ACCESS));
  H5Pset_chunk_cache(access, 101, bytes, 1.0);
  dataset.reset();
  return h5::Handle(H5Dopen2(group, name.c_str(), access));
}

h5::Handle open_dataset(const Sweep& sweep, const SweepFile& file, const std::string& name) {
  if (name.empty() || !h5::exists(file.group, name)) {
    std::vector<std::string> names = column_names(sweep);
    std::string near = did_you_mean(name, names);
    throw InputError(
        fmt::format("'{}' has no column '{}' in group {}", file.path, name, sweep.group),
        near.empty() ? "its columns are " + join(names, ", ") : "it has " + std::to_string(names.size()) + " columns" + near,
        "correct the name; `carbonfront inspect` lists the columns");
  }
  h5::Handle dataset(h5::kind_of(file.group, name) == 'd' ? H5Dopen2(file.group, name.c_str(), H5P_DEFAULT)
                                                          : H5I_INVALID_HID);
  if (!dataset)
    throw InputError(fmt::format("'{}' of '{}' is not a column", name, file.path), "it is no dataset",
                     "name a one-dimensional dataset");
  h5::Handle space(H5Dget_space(dataset));
  if (H5Sget_simple_extent_ndims(space) != 1)
    throw InputError(fmt::format("'{}' of '{}' is not a column", name, file.path),
                     fmt::format("it has {} dimensions", H5Sget_simple_extent_ndims(space)),
                     "name a one-dimensional dataset");
  return with_room_for_a_chunk(std::move(dataset), file.group, name);
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

Sweep open_sweep(const std::vector<std::string>& paths, const std::string& group) {
  Sweep sweep;
  sweep.group = group;
  for (const std::string& path : paths) {
    SweepFile file{path, h5::open_for_reading(path), {}};
    file.group = open_group(file.file, path, group);
    sweep.files.push_back(std::move(file));
  }
  return sweep;
}

std::vector<std::string> column_names(const Sweep& sweep) {
  std::vector<std::string> names;
  collect_columns(sweep.files.front().group, "", 0, names);
  return names;
}

bool has_column(const Sweep& sweep, const std::string& name) { return h5::exists(sweep.files.front().group, name); }

Column open_column(const Sweep& sweep, const std::string& name) {
  Column column;
  std::uint64_t begin = 0;
  for (const SweepFile& file : sweep.files) {
    h5::Handle dataset = open_dataset(sweep, file, name);
    ColumnInfo info = describe_column(dataset, name, file.path);
    if (column.parts.empty())
      column.info = info;
    else
      check_same(column.info, info, column.parts.front().path, file.path);
    column.parts.push_back({file.path, std::move(dataset), begin, info.rows});
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
