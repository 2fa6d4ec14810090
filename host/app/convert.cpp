// carbonfront convert: a sweep from a table of text.

#include "host/sweep/convert.hpp"

#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/info.h>

#include <chrono>
#include <memory>

#include "carbonfront/errors.hpp"
#include "host/app/commands.hpp"
#include "host/app/exit_codes.hpp"
#include "host/app/numbers.hpp"
#include "host/app/progress_display.hpp"
#include "host/app/say.hpp"
#include "host/app/signals.hpp"
#include "host/app/table.hpp"
#include "host/run/outputs.hpp"
#include "host/sweep/sweep.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

struct ConvertFlags {
  ConvertOptions options;
  std::string separator = ",", missing_texts;
  std::vector<std::string> units, types;
  int threads = 0;
};

/// Splits "COLUMN=VALUE,COLUMN=VALUE" at its commas and each at its last "=". Throws SpecError.
std::vector<std::pair<std::string, std::string>> assignments(const std::vector<std::string>& texts,
                                                             const std::string& flag) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& text : texts)
    for (const std::string& part : split_names(text, ',')) {
      std::size_t equals = part.rfind('=');
      if (equals == std::string::npos || equals == 0)
        throw SpecError(flag + " '" + part + "'", "its form is COLUMN=VALUE", "write it so, several separated by commas");
      pairs.emplace_back(unquoted(std::string_view(part).substr(0, equals)), part.substr(equals + 1));
    }
  return pairs;
}

ValueType parse_type(const std::string& name) {
  const std::vector<std::string> known = {"boolean", "int64", "uint64", "float64", "string"};
  for (ValueType type : {ValueType::boolean, ValueType::int64, ValueType::uint64, ValueType::float64, ValueType::string})
    if (name == name_of(type)) return type;
  throw SpecError("--type '" + name + "'", "types are " + join(known, ", ") + did_you_mean(name, known), "correct it");
}

ConvertOptions options_from(const ConvertFlags& flags) {
  ConvertOptions options = flags.options;
  std::string separator = flags.separator == "tab" || flags.separator == "\\t" ? "\t" : flags.separator;
  if (separator.size() != 1)
    throw SpecError("--separator '" + flags.separator + "'", "it is not one character of ASCII",
                    "give one such as ';', or tab");
  options.separator = separator[0];
  if (!flags.missing_texts.empty()) options.missing_texts = split_names(flags.missing_texts, ',');
  for (const auto& [column, units] : assignments(flags.units, "--units")) options.units[column] = units;
  for (const auto& [column, type] : assignments(flags.types, "--type")) options.types[column] = parse_type(type);
  return options;
}

int convert(const ConvertFlags& flags) {
  auto begin = std::chrono::steady_clock::now();
  ConvertOptions options = options_from(flags);
  tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                            static_cast<std::size_t>(flags.threads > 0 ? flags.threads : tbb::info::default_concurrency()));
  clean_up_after_killed_runs(options.output, say_note);
  Progress progress(&stop_of_process());
  Converted converted;
  {
    ProgressDisplay display(progress);
    converted = convert_table(options, progress);
  }
  Table table{{{"column", "type", "units", "missing"}}};
  for (const ConvertedColumn& column : converted.columns)
    table.rows.push_back({column.name, column.type, column.units, grouped_digits(column.missing)});
  tell("{} configurations in {}\n", grouped_digits(converted.rows), options.output);
  tell_lines(table.text("  ", {3}));
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  say("wrote {} in {:.2f} s ({:.3g} rows/s)\n", options.output, seconds.count(),
      static_cast<double>(converted.rows) / seconds.count());
  return kOk;
}

}  // namespace

void add_convert_command(CLI::App& parent, std::function<int()>& action) {
  auto flags = std::make_shared<ConvertFlags>();
  CLI::App* command = parent.add_subcommand(
      "convert",
      "Write a table of text (CSV, RFC 4180) as a sweep. The first line names the columns, with a unit in brackets if there "
      "is\n"
      "one: `train_time [h]`. A column is boolean, int64, uint64, float64 or text, the first that holds all its values.");
  command->add_option("TABLE.csv", flags->options.input, "The table, in UTF-8")->required();
  command->add_option("-o,--output", flags->options.output, "The sweep to write")->required();
  command->add_option("--group", flags->options.group, "The HDF5 group of the columns")->capture_default_str();
  command->add_option("--separator", flags->separator, "What is between fields: one character, or tab")
      ->capture_default_str();
  command->add_option("--missing-text", flags->missing_texts,
                      "Texts for missing values besides empty fields, such as NA,null");
  command->add_option("--units", flags->units, "Units of columns, such as train_time=h,tdp=W")->allow_extra_args(false);
  command->add_option("--type", flags->types, "Types of columns: COLUMN=boolean, int64, uint64, float64 or string")
      ->allow_extra_args(false);
  add_number(*command, "--threads", flags->threads, "Threads to use (default: all)", kThreadNumbers);
  command->add_flag("--force", flags->options.force, "Overwrite an existing sweep");
  command->callback([flags, &action] { action = [flags] { return convert(*flags); }; });
}

}  // namespace carbonfront
