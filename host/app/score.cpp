// carbonfront score: from a sweep to its verdict.

#include "host/run/score.hpp"

#include <fmt/format.h>
#include <tbb/global_control.h>

#include <memory>
#include <optional>

#include "carbonfront/errors.hpp"
#include "host/app/backend_options.hpp"
#include "host/app/commands.hpp"
#include "host/app/deliver.hpp"
#include "host/app/exit_codes.hpp"
#include "host/app/numbers.hpp"
#include "host/app/progress_display.hpp"
#include "host/app/reading_options.hpp"
#include "host/app/say.hpp"
#include "host/app/signals.hpp"
#include "host/scoring/memory.hpp"
#include "host/shards/checkpoint.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

struct ScoreOptions {
  DeliveryOptions delivery;
  std::vector<std::string> inputs;
  std::string spec, validate, memory_limit, shard, time_limit, command_line;
  BackendOptions backend;
  SpecFlags flags;
  ReadingOptions reading;
  std::string group_by, outputs, columns;
  int threads = 0;
  std::uint64_t batch_rows = 0;
  CLI::Option *group_by_given = nullptr, *outputs_given = nullptr, *columns_given = nullptr, *spec_given = nullptr;
};

Spec spec_from(ScoreOptions& options) {
  Spec spec = options.spec_given->count() ? read_spec(options.spec) : Spec{};
  if (options.group_by_given->count()) options.flags.group_by = options.group_by;
  if (options.outputs_given->count()) options.flags.outputs = options.outputs;
  if (options.columns_given->count()) options.flags.columns = options.columns;
  apply_flags(spec, options.flags);
  check_spec(spec);
  return spec;
}

ScoreRequest request_from(ScoreOptions& options, const Limits& limits) {
  if (!options.shard.empty() && options.delivery.json_given->count())
    throw SpecError("--json with --shard", "one share of the rows has no verdict", "give --json to carbonfront merge");
  ScoreRequest request;
  if (!options.shard.empty()) request.shard = parse_shard(options.shard);
  request.backend = backend_choice(options.backend, options.memory_limit);
  if (!options.validate.empty()) request.validated_rows = rows_or_all("--validate", options.validate);
  request.inputs = options.inputs;
  request.spec = spec_from(options);
  request.reading = options.reading;
  request.outputs = options.delivery.files();
  if (options.spec_given->count()) request.other_files.push_back(options.spec);
  request.whole_inputs = options.delivery.sha256;
  request.keeps_checkpoint = !options.time_limit.empty();
  request.batch_rows = options.batch_rows;
  request.lists_groups = options.delivery.json_given->count() > 0;
  request.limits = limits;
  request.command_line = options.command_line;
  request.note = say_note;
  return request;
}

void say_what_is_used(const ScoreRun& run) {
  say_what_auto_chose(run.request.backend, run.backend, run.request.limits.threads);
  if (run.request.shard)
    say("shard {} of {}: rows {} to {} of {}\n", run.work.shard.index, run.work.shard.count, run.work.range.first,
        run.work.range.end, run.plan.rows);
  if (run.plan.emissions) say_lines(assumptions_text(run.plan));
  say("{}\n", memory_text(run.plan, run.rows_ahead, run.batch_rows, run.request.limits.memory));
}

/// Says what was found by comparing with the reference.
void say_report(const CheckReport& report) {
  for (const std::string& line : report.lines) say("carbonfront: {}\n", line);
  if (report.different > 0)
    say("carbonfront: {} answers differ from the reference (the result would be wrong); no result was written\n",
        grouped_digits(report.different));
  else
    say("validated: {} answers equal the reference's\n", grouped_digits(report.compared));
}

/// Says that a run which began with all rows read got no further: judging is done in one go, and of it nothing is kept.
void say_unjudged(const ScoreRun& run, const ScoreEnd& end) {
  say("carbonfront: {} after {:.1f} s of judging (all rows were read before, and judging begins anew each time); {}, '{}' "
      "keeps what was read\n",
      reason_text(end.reason), end.judging_seconds,
      end.reason == kTimeLimit
          ? "the limit is too short for it: raise --time-limit or leave it out, or score in shares with --shard"
          : "the same command judges again",
      checkpoint_path(run.target));
}

/// Says how a run ended that has no result; returns the exit code.
int tell_end(const ScoreRun& run, const ScoreEnd& end, const Data& data) {
  switch (end.how) {
    case ScoreEnd::How::part:
      tell("shard {} of {}: {} of {} rows selected, in {}\n", run.work.shard.index, run.work.shard.count,
           grouped_digits(data.selection.size), grouped_digits(run.work.range.end - run.work.range.first), run.target);
      return kOk;
    case ScoreEnd::How::checkpoint:
      say("carbonfront: {} with {} rows read; the same command goes on from '{}'\n", reason_text(end.reason), data.next_row,
          checkpoint_path(run.target));
      return exit_code_of(end.reason);
    case ScoreEnd::How::unjudged:
      say_unjudged(run, end);
      return exit_code_of(end.reason);
    default:
      return kDifference;
  }
}

int score(ScoreOptions& options) {
  Limits limits = limits_of(options.threads, options.memory_limit, say_note);
  tbb::global_control threads(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(limits.threads));
  TimeLimit time_limit(options.time_limit, stop_of_process(), wind_up_of_process());
  Progress progress(&stop_of_process());
  ScoreRun run = prepare_score(request_from(options, limits), progress);
  say_what_is_used(run);
  if (is_done(run)) {
    tell("shard {} of {}: done before, in {}\n", run.work.shard.index, run.work.shard.count, run.target);
    return kOk;
  }
  std::optional<ProgressDisplay> display(std::in_place, progress, run.request.shard ? job_line(run.work.shard) : "");
  Draft draft = begin_draft(run, wind_up_of_process());
  ScoreEnd end = score(run, wind_up_of_process(), progress, draft);
  const bool has_judged = end.how == ScoreEnd::How::judged || end.how == ScoreEnd::How::different;
  if (has_judged && draft.scores.data.selection.size == 0)
    say("carbonfront: warning: no row passes the `where` conditions; the result is empty\n");
  if (has_judged && run.request.validated_rows) say_report(end.report);
  if (end.how != ScoreEnd::How::judged) return tell_end(run, end, draft.scores.data);
  Told told = make_told(run.plan, options.delivery, run.provenance, draft.scores);
  deliver(run, draft);
  display.reset();
  tell_result(options.delivery, run.provenance, draft.scores, std::move(told));
  return kOk;
}

}  // namespace

void add_score_command(CLI::App& parent, std::function<int()>& action, int argc, char** argv) {
  auto options = std::make_shared<ScoreOptions>();
  for (int i = 0; i < argc; ++i) options->command_line += (i ? " " : "") + std::string(argv[i]);
  CLI::App* command = parent.add_subcommand("score", "Score a sweep: emissions, Pareto fronts, and what beats the rest.");
  command->add_option("SWEEP.h5", options->inputs, "HDF5 files; several with equal columns are one sweep")->required();
  add_delivery_options(*command, options->delivery);
  options->spec_given = command->add_option("--spec", options->spec, "What to compute, in TOML");
  command->add_option("--view", options->flags.views, "A view, NAME=column:min,column:max; replaces the spec's of that name")
      ->allow_extra_args(false);
  command->add_option("--where", options->flags.where, "A condition that rows must meet, such as \"epochs >= 90\"")
      ->allow_extra_args(false);
  command->add_option(
      "--emissions", options->flags.emissions,
      "devices=COLUMN,max_power=COLUMN,time=COLUMN[,carbon_intensity=...][,pue=...]; a number and unit instead of a "
      "column, or COLUMN:UNIT where the column has none");
  command->add_option("--require", options->flags.require,
                      "Emission quantities or their columns, such as time,n_gpus, that no row may miss");
  command->add_option("--group", options->flags.group, "The sweep's HDF5 group (default /configs)");
  command->add_option("--label", options->flags.label, "A column that names rows in summaries");
  options->group_by_given = command->add_option("--group-by", options->group_by,
                                                "Columns; rows are compared within equal values only (all views)");
  command->add_option("--missing", options->flags.missing,
                      "exclude, worst or error: rows with a missing objective (all views)");
  options->outputs_given = command->add_option(
      "--outputs", options->outputs,
      "Of dominated_by,dominates,rank,witness,crowding,hypervolume,contributions (all views); contributions are "
      "what the hypervolume of a front alone, dominated rows left aside, loses without each of its rows");
  options->columns_given = command->add_option("--columns", options->columns,
                                               "Columns to copy into the result for the rows of the fronts (all views)");
  add_backend_options(*command, options->backend);
  add_number(*command, "--threads", options->threads, "Threads to use (default: all)", kThreadNumbers);
  add_number(
      *command, "--batch-rows", options->batch_rows,
      "Rows read at a time (default: about 16 MiB; 64 for a front alone of four objectives and more, without emissions)",
      kBatchRowNumbers);
  add_reading_options(*command, options->reading);
  command->add_option("--memory-limit", options->memory_limit,
                      "Refuse work that needs more, such as 8GiB (default: 60 % of the memory)");
  command->add_option("--validate", options->validate, "Compare this many rows, or all, with the reference");
  command->add_option(
      "--shard", options->shard,
      "K/N: only this share of the rows, into RESULT.part-K-of-N for `carbonfront merge`; auto: as the job array "
      "says");
  command->add_option("--time-limit", options->time_limit,
                      "Stop in time and keep a checkpoint, such as 55m or 01:30:00; the same command goes on from it");
  command->callback([options, &action] { action = [options] { return score(*options); }; });
}

}  // namespace carbonfront
