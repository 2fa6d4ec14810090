#include "host/app/deliver.hpp"

#include <fmt/format.h>

#include "host/app/exit_codes.hpp"
#include "host/app/numbers.hpp"
#include "host/app/say.hpp"
#include "host/text.hpp"

namespace carbonfront {

void add_delivery_options(CLI::App& command, DeliveryOptions& options) {
  command.add_option("-o,--output", options.output, "The result file")->required();
  options.json_given = command.add_flag("--json{-}", options.json, "Print the summary as JSON; --json=FILE writes it there");
  add_number(command, "--show", options.show, "Rows shown a table", {0, 4294967295, "give how many rows to show"})
      ->default_str(std::to_string(options.show));
  command.add_flag("--sha256", options.sha256,
                   "Also record the SHA-256 of every input file, and compare it with that of parts and checkpoints");
  command.add_flag("--force", options.force, "Overwrite an existing result");
}

Told make_told(const Plan& plan, const DeliveryOptions& options, const Provenance& provenance, const Scores& scores) {
  ScoreSummary summary{plan, scores.data, scores.views, provenance, options.output};
  Told told;
  const bool json_to_screen = options.json_given->count() && !options.json_to_file();
  if (options.json_given->count()) told.json = json_summary(summary);
  if (!json_to_screen) told.text = text_summary(summary, options.show);
  return told;
}

void tell_result(const DeliveryOptions& options, const Provenance& provenance, const Scores& scores, Told told) {
  std::vector<std::string> parts;
  for (const auto& [phase, seconds] : provenance.seconds)
    if (phase == "total" || seconds >= 0.005) parts.push_back(fmt::format("{} {:.2f} s", phase, seconds));
  for (const std::string& line : scores.ran_where) say("{}\n", line);
  say("time: {}\n", join(parts, ", "));
  for (const auto& [phase, seconds] : provenance.seconds) told.json["timings"][phase] = seconds;
  if (options.json_to_file()) write_text_file(options.json, json_text(told.json), options.force);
  tell_lines(options.json_given->count() && !options.json_to_file() ? json_text(told.json) : told.text);
}

std::string reason_text(int reason) {
  return reason == kTimeLimit ? "the time limit is reached" : fmt::format("stopped by signal {}", reason);
}

int exit_code_of(int reason) { return reason == kTimeLimit ? kTimeLimitReached : 128 + reason; }

}  // namespace carbonfront
