// carbonfront inspect: what a sweep, a result or a part holds.

#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "carbonfront/errors.hpp"
#include "host/app/commands.hpp"
#include "host/app/crash_guard.hpp"
#include "host/app/reading_options.hpp"
#include "host/app/say.hpp"
#include "host/app/signals.hpp"
#include "host/app/table.hpp"
#include "host/scoring/result.hpp"
#include "host/scoring/values.hpp"
#include "host/shards/part.hpp"
#include "host/sweep/digest.hpp"
#include "host/sweep/fingerprint.hpp"
#include "host/sweep/library_call.hpp"
#include "host/sweep/trial.hpp"
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
  const Progress progress(&stop_of_process());
  constexpr std::uint64_t batch = 1 << 18;
  std::uint64_t missing = 0;
  std::vector<std::byte> numbers;
  for (std::uint64_t begin = 0; begin < column.info.rows; begin += batch) {
    progress.throw_if_stopped();
    std::uint64_t count = std::min(batch, column.info.rows - begin);
    if (column.info.type == ValueType::string) {
      for_texts(column, begin, count, [&](std::uint64_t, const Strings& texts) {
        for (std::size_t i = 0; i < texts.size(); ++i) missing += texts[i].empty() || is_missing_text(column.info, texts[i]);
      });
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
                            storage.layout + (storage.filters.empty() ? "" : ", " + storage.filters) +
                                (column.info.packing ? ", " + packing_text(*column.info.packing) : ""),
                            column.info.description});
    } catch (const InputError& error) {
      table.rows.push_back({name, "-", "-", "-", "-", "-", error.what()});
    }
  }
  tell_lines(table.text("", {2, 4}));
}

/// Lists the datasets of a group of a result with their sizes.
std::string datasets_text(const OwnFile& file, const std::string& group, const std::string& prefix) {
  Table table;
  for (const std::string& name : file.members(group)) {
    const std::string path = group + "/" + name;
    if (file.kind_of(path) != 'd') continue;
    file.verify(path);
    h5::Handle dataset = file.open(path);
    Subject subject(file.path(), path);
    LibraryCall call;
    StorageInfo storage = storage_of(dataset);
    if (h5::text_attribute(dataset, "NAME").starts_with("This is a netCDF dimension")) continue;
    table.rows.push_back({prefix + name, grouped_digits(file.size(path)), "values", grouped_digits(storage.stored_bytes),
                          "bytes stored", storage.layout});
  }
  return table.text("  ", {1, 3});
}

/// Prints all or nothing: what is damaged is no output.
void print_result(const OwnFile& file) {
  const std::string path = file.path(), spec = file.text("/", "spec");
  std::string text =
      shown("{}: a result, format version {}\nrows {}, selected {}\n", path, file.integer("/", "format_version"),
            grouped_digits(file.integer("/", "rows")), grouped_digits(file.integer("/", "selected")));
  if (file.has("/provenance"))
    text += shown("made by carbonfront {} with backend {} at {}\n", file.text("/provenance", "program_version"),
                  file.text("/provenance", "backend"), file.text("/provenance", "started"));
  if (file.has("/emissions")) text += "\nemissions\n" + datasets_text(file, "/emissions", "");
  for (const std::string& name : file.has("/views") ? file.members("/views") : std::vector<std::string>()) {
    const std::string view = "/views/" + name;
    text += shown("\nview {}: {} rated, {} unrated\n", name, grouped_digits(file.integer(view, "rated")),
                  grouped_digits(file.integer(view, "unrated")));
    text += datasets_text(file, view, "") + datasets_text(file, view + "/groups", "groups/");
  }
  tell_lines(text + "\nThe spec as used:\n\n" + spec);
}

/// Shows whose share of what a part, a checkpoint or its counts are.
void print_share(const PartInfo& info, const std::string& path, const char* what) {
  std::uint64_t rows = info.range.end - info.range.first;
  tell("{}: {} of shard {} of {}, rows {} to {} of {}: {}\n", path, what, info.shard.index, info.shard.count,
       grouped_digits(info.range.first), grouped_digits(info.range.end), grouped_digits(info.rows),
       info.complete() ? "complete"
                       : fmt::format("{} of its {} rows are done", grouped_digits(info.done), grouped_digits(rows)));
  tell("made by carbonfront {}, from inputs {}\n", info.program_version, join(fingerprints_of(info), ", "));
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

/// Shows a file of the program's own; false where it is none.
bool inspect_own(const InspectOptions& options, bool& has_configs) {
  OwnFile file(options.file, "copy it again from where it was made, or make it again");
  file.verify("/");
  std::string format = h5::text_attribute(file.open("/"), "format");
  has_configs = h5::exists(file, "/configs");
  const bool result = format == "carbonfront result", own = result || format == kPartFormat || format == kCountsFormat;
  if (result) say_if_unchecked(file);
  if (options.digest)
    tell("{}  {}\n", digest(file, Progress(&stop_of_process())), options.file);
  else if (result)
    print_result(open_result(options.file));
  else if (own)
    print_share(read_work(file, format.c_str()), options.file, format == kPartFormat ? "a part" : "counts");
  return own || options.digest;
}

int inspect(const InspectOptions& options) {
  bool has_configs = false;
  if (inspect_own(options, has_configs)) return 0;
  std::string group = !options.group.empty() ? options.group : has_configs ? "/configs" : "/";
  try_first({options.file}, [&] { open_columns(options.file, group, options.reading); });
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
