#include "host/app/deliver.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "host/app/backend_options.hpp"
#include "host/app/commands.hpp"
#include "host/app/numbers.hpp"
#include "host/app/say.hpp"
#include "host/shards/checkpoint.hpp"
#include "host/sweep/external.hpp"
#include "host/sweep/fingerprint.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::vector<std::pair<std::string, double>> seconds_by_phase(const Scores& scores) {
  VerdictSeconds sum;
  double figures = 0;
  for (const ViewScores& view : scores.views) {
    const VerdictSeconds& one = view.verdict.seconds;
    sum = {sum.order + one.order, sum.front + one.front, sum.counts + one.counts, sum.rank + one.rank};
    figures += view.figures_seconds;
  }
  return {{"read", scores.load.read},
          {"decode", scores.load.decode},
          {"emissions", scores.load.emissions},
          {"order", sum.order},
          {"front", sum.front + scores.load.front},
          {"counts", sum.counts},
          {"rank", sum.rank},
          {"figures", figures},
          {"write", scores.load.write + scores.write_seconds},
          {"total", seconds_since(scores.begin)}};
}

/// What is told of a result: on the screen, and in the JSON file.
struct Told {
  std::string screen, file;
};

Told told(const Plan& plan, const DeliveryOptions& options, const Provenance& provenance, const Scores& scores) {
  ScoreSummary summary{plan, scores.data, scores.views, provenance, options.output};
  const bool json_to_screen = options.json_given->count() && !options.json_to_file();
  return {json_to_screen ? json_summary(summary) : text_summary(summary, options.show),
          options.json_to_file() ? json_summary(summary) : std::string()};
}

}  // namespace

void add_delivery_options(CLI::App& command, DeliveryOptions& options) {
  command.add_option("-o,--output", options.output, "The result file")->required();
  options.json_given = command.add_flag("--json{-}", options.json, "Print the summary as JSON; --json=FILE writes it there");
  add_number(command, "--show", options.show, "Rows shown a table", {0, 4294967295, "give how many rows to show"})
      ->default_str(std::to_string(options.show));
  command.add_flag("--sha256", options.sha256,
                   "Also record the SHA-256 of every input file, and compare it with that of parts and checkpoints");
  command.add_flag("--force", options.force, "Overwrite an existing result");
}

void check_outputs(const DeliveryOptions& options, const std::vector<std::string>& inputs) {
  check_output(options.output, options.force, inputs);
  clean_up_after_killed_runs(options.output);
  if (!options.json_to_file()) return;
  std::vector<std::string> others = inputs;
  others.push_back(options.output);
  check_output(options.json, options.force, others);
  clean_up_after_killed_runs(options.json);
}

std::vector<std::string> files_read(const Plan& plan) {
  std::vector<std::string> files = files_led_to();
  for (const SweepFile& input : plan.sweep.files) files.push_back(input.path);
  if (plan.spec.emissions)
    files.insert(files.end(), plan.spec.emissions->catalogs.begin(), plan.spec.emissions->catalogs.end());
  return files;
}

void refuse_outputs_among(const DeliveryOptions& options, const std::string& output, const std::vector<std::string>& read) {
  refuse_output_among(output, read);
  refuse_output_among(checkpoint_path(output), read);
  if (options.json_to_file()) refuse_output_among(options.json, read);
}

void judge_views(const Plan& plan, const Backend& backend, Progress& progress, Scores& scores) {
  note_what_ran_where("while rows were read", backend, scores.ran_where);
  for (std::size_t i = 0; i < plan.views.size(); ++i) scores.views.push_back(rate(plan, scores.data, i));
  for (std::size_t i = 0; i < plan.views.size(); ++i) {
    judge(plan, scores.data, i, backend, progress, scores.views[i]);
    note_what_ran_where("view '" + plan.views[i].spec.name + "'", backend, scores.ran_where);
  }
}

void write_result(const Plan& plan, const DeliveryOptions& options, Progress& progress, OutputFile& output, ResultRows& rows,
                  Provenance& provenance, Scores& scores) {
  auto writing = std::chrono::steady_clock::now();
  output.write([&](hid_t file) { write_scores(file, plan, scores.data, scores.views, rows, progress); });
  scores.write_seconds = seconds_since(writing);
  provenance.seconds = seconds_by_phase(scores);
  output.write([&](hid_t file) { write_provenance(file, plan, provenance); });
  throw_if_stopped();
  rows.close();
  if (plan.label != kNoColumn) told(plan, options, provenance, scores);  // labels that cannot be read leave no result
  output.commit();
  scores.write_seconds = seconds_since(writing);
  provenance.seconds = seconds_by_phase(scores);
}

void tell_result(const Plan& plan, const DeliveryOptions& options, const Provenance& provenance, const Scores& scores) {
  std::vector<std::string> parts;
  for (const auto& [phase, seconds] : provenance.seconds)
    if (phase == "total" || seconds >= 0.005) parts.push_back(fmt::format("{} {:.2f} s", phase, seconds));
  for (const std::string& line : scores.ran_where) say("{}\n", line);
  say("time: {}\n", join(parts, ", "));
  Told text = told(plan, options, provenance, scores);
  if (options.json_to_file()) write_text_file(options.json, text.file, options.force);
  tell_lines(text.screen);
}

void record_inputs(const std::vector<InputIdentity>& inputs, Provenance& provenance) {
  for (const InputIdentity& input : inputs) {
    provenance.fingerprints.push_back(input.fingerprint);
    provenance.modified.push_back(static_cast<std::uint64_t>(input.modified));
    if (!input.sha256.empty()) provenance.sha256.push_back(input.sha256);
  }
}

Provenance provenance_now(const std::string& command_line) {
  Provenance provenance;
  provenance.command_line = command_line;
  provenance.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  return provenance;
}

}  // namespace carbonfront
