// carbonfront validate: a result compared with its sweep and the reference.

#include "host/run/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>

#include "carbonfront/errors.hpp"
#include "host/app/commands.hpp"
#include "host/app/crash_guard.hpp"
#include "host/app/exit_codes.hpp"
#include "host/app/progress_display.hpp"
#include "host/app/reading_options.hpp"
#include "host/app/say.hpp"
#include "host/app/signals.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

struct ValidateOptions {
  std::string result, rows = "1000";
  std::vector<std::string> inputs;
  ReadingOptions reading;
};

int validate(const ValidateOptions& options) {
  std::uint64_t sample = rows_or_all("--rows", options.rows);
  OwnFile file = open_result(options.result);
  say_if_unchecked(file);
  Progress progress(&stop_of_process());
  ProgressDisplay display(progress);
  const Validation found = validate(file, options.inputs, options.reading, sample, progress);
  for (std::size_t i = 0; i < std::min<std::size_t>(found.lines.size(), 20); ++i) say("carbonfront: {}\n", found.lines[i]);
  if (found.different == 0) {
    tell("{}: {} rows of {} equal the reference's answers, and everything else agrees with the sweep\n", options.result,
         grouped_digits(found.compared), found.views == 1 ? "one view" : fmt::format("{} views", found.views));
    return kOk;
  }
  tell("{}: {} differences\n", options.result, grouped_digits(found.different));
  return kDifference;
}

}  // namespace

std::uint64_t rows_or_all(const std::string& option, const std::string& text) {
  if (text == "all") return std::numeric_limits<std::uint64_t>::max();
  std::uint64_t rows = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rows);
  if (error != std::errc() || end != text.data() + text.size() || rows == 0)
    throw SpecError(option + " '" + text + "'", "it is neither a number of rows nor \"all\"",
                    "write " + option + " 1000 or " + option + " all");
  return rows;
}

void add_validate_command(CLI::App& parent, std::function<int()>& action) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* command = parent.add_subcommand("validate", "Compare a result with its sweep and the reference.");
  command->add_option("RESULT.h5", options->result, "A result of `carbonfront score`")->required();
  command->add_option("SWEEP.h5", options->inputs, "The sweep it was made from")->required();
  command->add_option("--rows", options->rows, "How many rows of each view to compare with the reference, or all")
      ->capture_default_str();
  add_reading_options(*command, options->reading);
  command->callback([options, &action] { action = [options] { return validate(*options); }; });
}

}  // namespace carbonfront
