// carbonfront validate: a result compared with its sweep and the reference.

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>

#include "host/app/commands.hpp"
#include "host/app/crash_guard.hpp"
#include "host/app/exit_codes.hpp"
#include "host/app/progress_display.hpp"
#include "host/app/reading_options.hpp"
#include "host/app/say.hpp"
#include "host/errors.hpp"
#include "host/scoring/check.hpp"
#include "host/scoring/intervals.hpp"
#include "host/scoring/result.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

struct ValidateOptions {
  std::string result, rows = "1000";
  std::vector<std::string> inputs;
  ReadingOptions reading;
};

void compare_stored(const char* name, const std::vector<double>& stored, const Array<double>& computed, const Plan& plan,
                    const Data& data, std::vector<std::string>& lines) {
  for (std::size_t i = 0; i < stored.size(); ++i) {
    bool same = std::bit_cast<std::uint64_t>(stored[i]) == std::bit_cast<std::uint64_t>(computed[i]);
    if (!same)
      lines.push_back(fmt::format("{}: {} is {} in the result, the sweep says {}",
                                  place_of(plan.columns.front(), data.selection.row_of(static_cast<std::uint32_t>(i))), name,
                                  stored[i], computed[i]));
  }
}

int validate(const ValidateOptions& options) {
  std::uint64_t sample = rows_or_all("--rows", options.rows);
  OwnFile file = open_result(options.result);
  say_if_unchecked(file);
  Spec spec = read_spec_of_result(file);
  try_in_child(options.inputs, [&] { make_plan(spec, options.inputs, options.reading); });
  Plan plan = make_plan(spec, options.inputs, options.reading);
  check_rows_of_result(file, plan.rows);

  Progress progress;
  ProgressDisplay display(progress);
  Data data = load(plan, choose_backend("reference"), 0, progress);
  std::vector<std::string> lines;
  if (plan.emissions) {
    for (const EmissionOutput& output : all_emissions())
      if (plan.emissions->computes(output.source))
        compare_stored(output.name, read_selected_reals(file, std::string("/emissions/") + output.name, data),
                       data.values_of(output.source), plan, data, lines);
  }
  CheckReport report;
  std::vector<ViewScores> views;
  for (std::size_t i = 0; i < plan.views.size(); ++i) {
    views.push_back(read_view(file, plan, data, i, rate(plan, data, i), lines));
    judge_intervals(plan, data, i, choose_backend("reference"), progress, views[i]);
    check_view_answers(plan, data, i, views[i], sample, progress, report);
  }
  if (lines.empty() && report.different == 0) compare_content(file, plan, data, views, lines);
  lines.insert(lines.end(), report.lines.begin(), report.lines.end());
  std::size_t different = lines.size() + report.different - report.lines.size();
  for (std::size_t i = 0; i < std::min<std::size_t>(lines.size(), 20); ++i) say("carbonfront: {}\n", lines[i]);
  if (different == 0) {
    tell("{}: {} rows of {} equal the reference's answers, and everything else agrees with the sweep\n", options.result,
         grouped_digits(report.compared), plan.views.size() == 1 ? "one view" : fmt::format("{} views", plan.views.size()));
    return kOk;
  }
  tell("{}: {} differences\n", options.result, grouped_digits(different));
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
