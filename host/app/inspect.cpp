// carbonfront inspect: what a sweep, a result or a part holds.

#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "host/app/commands.hpp"
#include "host/app/crash_guard.hpp"
#include "host/app/reading_options.hpp"
#include "host/app/say.hpp"
#include "host/app/table.hpp"
#include "host/errors.hpp"
#include "host/progress.hpp"
#include "host/scoring/result.hpp"
#include "host/scoring/values.hpp"
#include "host/shards/part.hpp"
#include "host/sweep/fingerprint.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

struct InspectOptions {
  std::string file, group;
  bool digest = false;
  ReadingOptions reading;
};

/// Counts missing values of a column, batch by batch: NaN, the attribute's value, and empty strings.
std::uint64_t count_missing(const Column& column) {
  constexpr std::uint64_t batch = 1 << 18;
  std::uint64_t missing = 0;
  Strings texts;
  std::vector<std::byte> numbers;
  for (std::uint64_t begin = 0; begin < column.info.rows; begin += batch) {
    throw_if_stopped();
    std::uint64_t count = std::min(batch, column.info.rows - begin);
    if (column.info.type == ValueType::string) {
      read_strings(column, begin, count, texts);
      for (std::size_t i = 0; i < count; ++i) missing += texts[i].empty() || is_missing_text(column.info, texts[i]);
      continue;
    }
    numbers.resize(count * size_of(column.info.type));
    read_numbers(column, begin, count, numbers.data());
    ColumnView view = view_of(column.info, numbers.data());
    visit_values(view, [&](const auto* values) {
      for (std::uint64_t i = 0; i < count; ++i) missing += is_missing(view, values[i]);
    });
  }
  return missing;
}

void print_columns(const Sweep& sweep) {
  Table table;
  table.rows.push_back({"column", "type", "rows", "units", "missing", "storage", "description"});
  for (const std::string& name : column_names(sweep)) {
    try {
      Column column = open_column(sweep, name);
      StorageInfo storage = storage_of(column.parts[0].dataset());
      table.rows.push_back({name, column.info.type_name, grouped_digits(column.info.rows), column.info.units.value_or("-"),
                            grouped_digits(count_missing(column)),
                            storage.layout + (storage.filters.empty() ? "" : ", " + storage.filters),
                            column.info.description});
    } catch (const InputError& error) {
      table.rows.push_back({name, "-", "-", "-", "-", "-", error.what()});
    }
  }
  tell_lines(table.text("", {2, 4}));
}

/// Lists the datasets of a group of a result with their sizes.
void print_datasets(hid_t group, const std::string& prefix) {
  Table table;
  for (const std::string& name : h5::members(group)) {
    if (h5::kind_of(group, name) != 'd') continue;
    h5::Handle dataset(H5Dopen2(group, name.c_str(), H5P_DEFAULT)), space(H5Dget_space(dataset));
    StorageInfo storage = storage_of(dataset);
    if (h5::text_attribute(dataset, "NAME").starts_with("This is a netCDF dimension")) continue;
    table.rows.push_back({prefix + name, grouped_digits(H5Sget_simple_extent_npoints(space)), "values",
                          grouped_digits(storage.stored_bytes), "bytes stored", storage.layout});
  }
  tell_lines(table.text("  ", {1, 3}));
}

void print_result(hid_t file, const std::string& path) {
  std::string spec = read_spec_of_result(file, path);
  h5::Handle root(H5Gopen2(file, "/", H5P_DEFAULT)), provenance(H5Gopen2(file, "/provenance", H5P_DEFAULT));
  tell("{}: a result, format version {}\n", path, h5::integer_attribute(root, "format_version"));
  tell("rows {}, selected {}\n", grouped_digits(h5::integer_attribute(root, "rows")),
       grouped_digits(h5::integer_attribute(root, "selected")));
  if (provenance)
    tell("made by carbonfront {} with backend {} at {}\n", h5::text_attribute(provenance, "program_version"),
         h5::text_attribute(provenance, "backend"), h5::text_attribute(provenance, "started"));
  if (h5::exists(file, "/emissions")) {
    tell("\nemissions\n");
    print_datasets(h5::Handle(H5Gopen2(file, "/emissions", H5P_DEFAULT)), "");
  }
  h5::Handle views(H5Gopen2(file, "/views", H5P_DEFAULT));
  for (const std::string& name : h5::members(views)) {
    h5::Handle view(H5Gopen2(views, name.c_str(), H5P_DEFAULT));
    tell("\nview {}: {} rated, {} unrated\n", name, grouped_digits(h5::integer_attribute(view, "rated")),
         grouped_digits(h5::integer_attribute(view, "unrated")));
    print_datasets(view, "");
    print_datasets(h5::Handle(H5Gopen2(view, "groups", H5P_DEFAULT)), "groups/");
  }
  tell_lines("\nThe spec as used:\n\n" + spec);
}

/// Shows whose share of what a part, a checkpoint or its counts are.
void print_share(const PartInfo& info, const std::string& path, const char* what) {
  std::uint64_t rows = info.range.end - info.range.first;
  tell("{}: {} of shard {} of {}, rows {} to {} of {}: {}\n", path, what, info.shard.index, info.shard.count,
       grouped_digits(info.range.first), grouped_digits(info.range.end), grouped_digits(info.rows),
       info.complete() ? "complete"
                       : fmt::format("{} of its {} rows are done", grouped_digits(info.done), grouped_digits(rows)));
  tell("made by carbonfront {}, from inputs {}\n", info.program_version, join(info.fingerprints, ", "));
  tell_lines("\nThe spec as used:\n\n" + info.spec);
}

/// Opens every column, as `print_columns` will.
void open_columns(const std::string& path, const std::string& group, const ReadingOptions& reading) {
  Sweep sweep = open_sweep({path}, group, reading);
  for (const std::string& name : column_names(sweep)) {
    try {
      open_column(sweep, name);
    } catch (const InputError&) {  // is shown in the column's line
    }
  }
}

int inspect(const InspectOptions& options) {
  if (options.digest) {
    tell("{}  {}\n", digest(options.file), options.file);
    return 0;
  }
  h5::Handle file = h5::open_for_reading(options.file), root(H5Gopen2(file, "/", H5P_DEFAULT));
  std::string format = h5::text_attribute(root, "format");
  if (format == "carbonfront result") {
    print_result(file, options.file);
    return 0;
  }
  if (format == kPartFormat || format == kCountsFormat) {
    print_share(read_work(file, options.file, format.c_str()), options.file, format == kPartFormat ? "a part" : "counts");
    return 0;
  }
  std::string group = !options.group.empty() ? options.group : h5::exists(file, "/configs") ? "/configs" : "/";
  try_in_child({options.file}, [&] { open_columns(options.file, group, options.reading); });
  Sweep sweep = open_sweep({options.file}, group, options.reading);
  std::vector<std::string> names = column_names(sweep);
  if (names.empty())
    throw InputError(fmt::format("group '{}' of '{}' holds no column", group, options.file),
                     "a column is a one-dimensional dataset", "name the sweep's group with --group");
  tell("{}: group {}, {} columns\n\n", options.file, group, names.size());
  print_columns(sweep);
  return 0;
}

}  // namespace

void add_inspect_command(CLI::App& parent, std::function<int()>& action) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command = parent.add_subcommand("inspect", "Show what a sweep, a result or a part holds.");
  command->add_option("FILE.h5", options->file, "A sweep, a result, a part or its counts")->required();
  command->add_option("--group", options->group, "The sweep's HDF5 group (default /configs, or /)");
  command->add_flag("--digest", options->digest,
                    "Print a hash of the content outside /provenance; equal content, equal hash");
  add_reading_options(*command, options->reading);
  command->callback([options, &action] { action = [options] { return inspect(*options); }; });
}

}  // namespace carbonfront
