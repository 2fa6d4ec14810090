// carbonfront score: from a sweep to its verdict.

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/info.h>

#include <chrono>
#include <limits>
#include <memory>
#include <optional>

#include "host/app/commands.hpp"
#include "host/app/exit_codes.hpp"
#include "host/app/progress_display.hpp"
#include "host/app/summary.hpp"
#include "host/errors.hpp"
#include "host/scoring/check.hpp"
#include "host/scoring/memory.hpp"
#include "host/scoring/result_rows.hpp"
#include "host/sweep/fingerprint.hpp"
#include "host/sweep/output_file.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

struct ScoreOptions {
  std::vector<std::string> inputs;
  std::string output, spec, backend = "auto", validate, json, memory_limit, command_line;
  SpecFlags flags;
  std::string group_by, outputs;
  int threads = 0;
  std::uint64_t batch_rows = 0;
  std::size_t show = 20;
  bool force = false, sha256 = false;
  CLI::Option *group_by_given = nullptr, *outputs_given = nullptr, *json_given = nullptr, *spec_given = nullptr;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Spec spec_from(ScoreOptions& options) {
  Spec spec = options.spec_given->count() ? read_spec(options.spec) : Spec{};
  if (options.group_by_given->count()) options.flags.group_by = options.group_by;
  if (options.outputs_given->count()) options.flags.outputs = options.outputs;
  apply_flags(spec, options.flags);
  check_spec(spec);
  return spec;
}

/// Compares with the reference; returns false, and says so, where anything differs.
bool validates(const Plan& plan, const Data& data, const std::vector<ViewScores>& views, const ScoreOptions& options,
               std::uint64_t rows, Progress& progress) {
  CheckReport report;
  check_emissions(plan, data, options.batch_rows, progress, report);
  for (std::size_t i = 0; i < views.size(); ++i) check_view_answers(plan, data, i, views[i], rows, progress, report);
  for (const std::string& line : report.lines) fmt::print(stderr, "carbonfront: {}\n", line);
  if (report.different > 0)
    fmt::print(stderr,
               "carbonfront: {} answers differ from the reference (the result would be wrong); no result was written\n",
               grouped_digits(report.different));
  else
    fmt::print(stderr, "validated: {} answers equal the reference's\n", grouped_digits(report.compared));
  return report.different == 0;
}

void say_what_is_used(const Plan& plan, const Backend& backend, const ScoreOptions& options, int threads) {
  if (options.backend == "auto") fmt::print(stderr, "backend: {} ({} threads), chosen by auto\n", backend.name, threads);
  if (plan.emissions && plan.emissions->default_intensity)
    fmt::print(stderr, "carbon intensity: {} kg/kWh, the default; set carbon_intensity to use another\n",
               kDefaultCarbonIntensity);
}

void say_where_time_went(const Provenance& provenance) {
  std::vector<std::string> parts;
  for (const auto& [phase, seconds] : provenance.seconds)
    if (phase == "total" || seconds >= 0.005) parts.push_back(fmt::format("{} {:.2f} s", phase, seconds));
  fmt::print(stderr, "time: {}\n", join(parts, ", "));
}

bool json_to_file(const ScoreOptions& options) { return options.json_given->count() && options.json != "-"; }

void check_outputs(const ScoreOptions& options) {
  check_output(options.output, options.force, options.inputs);
  if (!json_to_file(options)) return;
  std::vector<std::string> others = options.inputs;
  others.push_back(options.output);
  check_output(options.json, options.force, others);
}

/// A sweep's scores and where the time went. The views point into the data.
struct Scores {
  Data data;
  std::vector<ViewScores> views;
  LoadSeconds load;
};

Scores compute(const Plan& plan, const Backend& backend, const ScoreOptions& options, std::uint64_t limit, ResultRows& rows,
               Progress& progress) {
  Scores scores;
  std::uint64_t front_limit = limit - memory_needed(plan, 0, options.batch_rows);
  scores.data = start_data(plan, backend, 0, plan.rows);
  read_rows(plan, backend, plan.rows, {options.batch_rows, front_limit, &rows}, progress, scores.load, scores.data);
  finish_data(plan, scores.data);
  check_memory(plan, scores.data.selection.size, options.batch_rows, limit);  // how many pass the filters is known now
  if (scores.data.selection.size == 0)
    fmt::print(stderr, "carbonfront: warning: no row passes the `where` conditions; the result is empty\n");
  for (std::size_t i = 0; i < plan.views.size(); ++i) scores.views.push_back(rate(plan, scores.data, i));
  for (std::size_t i = 0; i < plan.views.size(); ++i) judge(plan, scores.data, i, backend, progress, scores.views[i]);
  return scores;
}

std::vector<std::pair<std::string, double>> seconds_by_phase(const Scores& scores, double end, double total) {
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
          {"write", scores.load.write + end},
          {"total", total}};
}

int score(ScoreOptions& options) {
  auto begin = std::chrono::steady_clock::now();
  Provenance provenance{
      options.command_line, "", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))), 0, {}, {}, {}};
  std::uint64_t validated_rows = options.validate.empty() ? 0 : rows_or_all("--validate", options.validate);
  Spec spec = spec_from(options);
  check_outputs(options);
  const Backend& backend = choose_backend(options.backend);
  provenance.backend = backend.name;
  provenance.threads = options.threads > 0 ? options.threads : tbb::info::default_concurrency();
  tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(provenance.threads));
  Plan plan = make_plan(spec, options.inputs);
  if (!validated_rows && backend.find_front) keep_what_is_compared(plan);
  std::uint64_t memory = options.memory_limit.empty() ? default_memory_limit() : parse_size(options.memory_limit);
  check_memory(plan, plan.conditions.empty() ? plan.rows : 0, options.batch_rows, memory);
  say_what_is_used(plan, backend, options, provenance.threads);
  fmt::print(stderr, "{}\n", memory_text(plan, plan.conditions.empty() ? plan.rows : 0, options.batch_rows, memory));

  Progress progress;
  std::optional<ProgressDisplay> display(progress);
  OutputFile output(options.output);
  std::optional<ResultRows> rows;
  Scores scores;
  output.write([&](hid_t file) {
    rows.emplace(file, plan, plan.rows);
    scores = compute(plan, backend, options, memory, *rows, progress);
  });
  if (validated_rows && !validates(plan, scores.data, scores.views, options, validated_rows, progress)) return kDifference;

  auto writing = std::chrono::steady_clock::now();
  progress.begin("write", 0);
  output.write([&](hid_t file) { write_scores(file, plan, scores.data, scores.views, *rows); });
  rows.reset();
  for (std::size_t i = 0; i < plan.sweep.files.size(); ++i) {
    provenance.fingerprints.push_back(fingerprint(plan.columns, i));
    if (options.sha256) provenance.sha256.push_back(sha256_of_file(plan.sweep.files[i].path));
  }
  provenance.seconds = seconds_by_phase(scores, seconds_since(writing), seconds_since(begin));
  output.write([&](hid_t file) { write_provenance(file, plan, provenance); });
  throw_if_stopped();
  output.commit();
  provenance.seconds = seconds_by_phase(scores, seconds_since(writing), seconds_since(begin));
  display.reset();
  say_where_time_went(provenance);

  ScoreSummary summary{plan, scores.data, scores.views, provenance, options.output};
  if (json_to_file(options)) write_text_file(options.json, json_summary(summary));
  bool json_to_screen = options.json_given->count() && !json_to_file(options);
  fmt::print("{}", json_to_screen ? json_summary(summary) : text_summary(summary, options.show));
  return kOk;
}

}  // namespace

void add_score_command(CLI::App& parent, std::function<int()>& action, int argc, char** argv) {
  auto options = std::make_shared<ScoreOptions>();
  for (int i = 0; i < argc; ++i) options->command_line += (i ? " " : "") + std::string(argv[i]);
  CLI::App* command = parent.add_subcommand("score", "Score a sweep: emissions, Pareto fronts, and what beats the rest.");
  command->add_option("SWEEP.h5", options->inputs, "HDF5 files; several with equal columns are one sweep")->required();
  command->add_option("-o,--output", options->output, "The result file")->required();
  options->spec_given = command->add_option("--spec", options->spec, "What to compute, in TOML");
  command->add_option("--view", options->flags.views, "A view, NAME=column:min,column:max; replaces the spec's of that name")
      ->allow_extra_args(false);
  command->add_option("--where", options->flags.where, "A condition that rows must meet, such as \"epochs >= 90\"")
      ->allow_extra_args(false);
  command->add_option(
      "--emissions", options->flags.emissions,
      "devices=COLUMN,max_power=COLUMN,time=COLUMN[,carbon_intensity=...][,pue=...]; a number and unit instead of a "
      "column, or COLUMN:UNIT where the column has none");
  command->add_option("--group", options->flags.group, "The sweep's HDF5 group (default /configs)");
  command->add_option("--label", options->flags.label, "A column that names rows in summaries");
  options->group_by_given = command->add_option("--group-by", options->group_by,
                                                "Columns; rows are compared within equal values only (all views)");
  command->add_option("--missing", options->flags.missing,
                      "exclude, worst or error: rows with a missing objective (all views)");
  options->outputs_given =
      command->add_option("--outputs", options->outputs,
                          "Of dominated_by,dominates,rank,witness,crowding,hypervolume,contributions (all views)");
  command->add_option("--backend", options->backend, "auto, cpu, cuda or reference")->capture_default_str();
  command->add_option("--threads", options->threads, "Threads to use (default: all)")->check(CLI::PositiveNumber);
  command->add_option("--batch-rows", options->batch_rows, "Rows read at a time (default: about 16 MiB)")
      ->check(CLI::PositiveNumber);
  command->add_option("--memory-limit", options->memory_limit,
                      "Refuse work that needs more, such as 8GiB (default: 60 % of the memory)");
  command->add_option("--validate", options->validate, "Compare this many rows, or all, with the reference");
  options->json_given =
      command->add_flag("--json{-}", options->json, "Print the summary as JSON; --json=FILE writes it there");
  command->add_option("--show", options->show, "Rows shown a table")->capture_default_str();
  command->add_flag("--sha256", options->sha256, "Also record the SHA-256 of every input file");
  command->add_flag("--force", options->force, "Overwrite an existing result");
  command->callback([options, &action] { action = [options] { return score(*options); }; });
}

}  // namespace carbonfront
