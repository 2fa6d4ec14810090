// carbonfront score: from a sweep to its verdict.

#include <fmt/format.h>
#include <tbb/global_control.h>

#include <chrono>
#include <csignal>
#include <limits>
#include <memory>
#include <optional>

#include "host/app/backend_options.hpp"
#include "host/app/commands.hpp"
#include "host/app/crash_guard.hpp"
#include "host/app/deliver.hpp"
#include "host/app/exit_codes.hpp"
#include "host/app/limits.hpp"
#include "host/app/numbers.hpp"
#include "host/app/progress_display.hpp"
#include "host/app/reading_options.hpp"
#include "host/app/say.hpp"
#include "host/errors.hpp"
#include "host/scoring/check.hpp"
#include "host/scoring/kept_columns.hpp"
#include "host/scoring/memory.hpp"
#include "host/scoring/passing.hpp"
#include "host/shards/checkpoint.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

struct ScoreOptions {
  DeliveryOptions delivery;
  std::vector<std::string> inputs;
  std::string spec, backend = "auto", device, validate, memory_limit, shard, time_limit, command_line;
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

/// Compares with the reference; returns false, and says so, where anything differs.
bool validates(const Plan& plan, const Data& data, const std::vector<ViewScores>& views, const ScoreOptions& options,
               std::uint64_t rows, Progress& progress) {
  CheckReport report;
  check_emissions(plan, data, options.batch_rows, progress, report);
  for (std::size_t i = 0; i < views.size(); ++i) check_view_answers(plan, data, i, views[i], rows, progress, report);
  for (const std::string& line : report.lines) say("carbonfront: {}\n", line);
  if (report.different > 0)
    say("carbonfront: {} answers differ from the reference (the result would be wrong); no result was written\n",
        grouped_digits(report.different));
  else
    say("validated: {} answers equal the reference's\n", grouped_digits(report.compared));
  return report.different == 0;
}

/// Everything that is known before the first row is read.
struct Run {
  Backend backend;
  Plan plan;
  PartInfo work;  // a shard's, or the whole
  bool is_shard = false;
  std::uint64_t validated_rows = 0, memory = 0;
  Provenance provenance;
};

void say_what_is_used(const Run& run, const ScoreOptions& options) {
  const Plan& plan = run.plan;
  say_what_auto_chose(options.backend, run.backend, run.provenance.threads);
  if (run.is_shard)
    say("shard {} of {}: rows {} to {} of {}\n", run.work.shard.index, run.work.shard.count, run.work.range.first,
        run.work.range.end, plan.rows);
  if (plan.emissions) say_lines(assumptions_text(plan));
}

void refuse_what_does_not_go_together(const ScoreOptions& options) {
  auto refuse = [](const char* one, const char* other, const char* why, const char* advice) {
    throw SpecError(fmt::format("{} with {}", one, other), why, advice);
  };
  bool validate = !options.validate.empty(), shard = !options.shard.empty();
  if (validate && shard)
    refuse("--validate", "--shard", "the reference needs all rows", "use carbonfront validate on the merged result");
  if (validate && !options.time_limit.empty())
    refuse("--validate", "--time-limit", "what validating needs is not in a checkpoint", "leave one out");
  if (shard && options.delivery.json_given->count())
    refuse("--json", "--shard", "one share of the rows has no verdict", "give --json to carbonfront merge");
}

/// The files that the command line and the spec name.
std::vector<std::string> files_given(const ScoreOptions& options, const Spec& spec) {
  std::vector<std::string> files = options.inputs;
  if (options.spec_given->count()) files.push_back(options.spec);
  if (spec.emissions) files.insert(files.end(), spec.emissions->catalogs.begin(), spec.emissions->catalogs.end());
  return files;
}

Run prepare(ScoreOptions& options, const Limits& limits) {
  refuse_what_does_not_go_together(options);
  std::optional<Shard> shard;
  if (!options.shard.empty()) shard = parse_shard(options.shard);
  DeviceChoice choice = device_choice(options.device, options.memory_limit);
  Run run{{}, {}, {}, shard.has_value(), 0, limits.memory, provenance_now(options.command_line)};
  run.validated_rows = options.validate.empty() ? 0 : rows_or_all("--validate", options.validate);
  Spec spec = spec_from(options);
  std::string target = shard ? part_path(options.delivery.output, *shard) : options.delivery.output;
  std::vector<std::string> read = files_given(options, spec);
  refuse_outputs_among(options.delivery, target, read);
  if (shard) {
    check_output(target, true, read);
    clean_up_after_killed_runs(target);
  } else {
    check_outputs(options.delivery, read);
  }
  bool goes_on = has_checkpoint(options.delivery.output);
  if (run.validated_rows && goes_on)
    throw SpecError("--validate, and there is '" + checkpoint_path(options.delivery.output) + "'",
                    "what validating needs is not in a checkpoint", "remove it, or validate the result later");
  try_in_child(options.inputs, [&] { make_plan(spec, options.inputs, options.reading); });
  run.plan = make_plan(spec, options.inputs, options.reading);
  refuse_outputs_among(options.delivery, target, files_read(run.plan));
  RowRange range = shard ? share_of(run.plan, *shard) : RowRange{0, run.plan.rows};
  choice.has_work = device_has_work(run.plan, range.end - range.first, shard ? Judging::none : Judging::of_views);
  run.backend = choose_backend(options.backend, choice);
  if (shard)
    keep_for_parts(run.plan);
  else if (!run.validated_rows && (!run.backend.definition || !options.time_limit.empty() || goes_on))
    keep_what_is_compared(run.plan);  // as checkpoints do
  run.work = part_of(run.plan, shard.value_or(Shard{}), range, options.delivery.sha256);
  run.provenance.backend = run.backend.name;
  run.provenance.threads = limits.threads;
  record_inputs(run.work.inputs, run.provenance);
  std::uint64_t rows = run.plan.conditions.empty() ? range.end - range.first : 0;
  options.batch_rows = batch_rows_within(run.plan, rows, options.batch_rows, run.memory);
  check_memory(run.plan, rows, options.batch_rows, run.memory);
  say_what_is_used(run, options);
  say("{}\n", memory_text(run.plan, rows, options.batch_rows, run.memory));
  return run;
}

/// Reads the run's rows, from where a checkpoint ended if there is one (`began_at` its end). False where it had to wind up
/// before the last.
bool read_all(const Run& run, const ScoreOptions& options, const std::string& target, hid_t file, ResultRows& rows,
              Progress& progress, Scores& scores, std::optional<std::uint64_t>& began_at) {
  const auto& [first, end] = run.work.range;
  scores.data = start_data(run.plan, run.backend, first, end - first);
  scores.data.memory = watch_memory(run.plan, run.plan.conditions.empty() ? end - first : 0, options.batch_rows, run.memory);
  scores.data.memory.lists_groups = options.delivery.json_given->count() > 0;
  if (resume(target, run.plan, run.work, options.delivery.force, rows, scores.data)) {
    began_at = scores.data.next_row;
    say("going on at row {} from '{}'\n", scores.data.next_row, checkpoint_path(target));
  }
  if (!run.is_shard) start_keeping(run.plan, run.backend, end - first, scores.data);  // a share's views are judged elsewhere
  read_rows(run.plan, run.backend, end, {options.batch_rows, &rows}, progress, scores.load, scores.data);
  bool complete = scores.data.next_row == end;
  if (run.is_shard) refuse_missing_rows(run.plan, scores.data);
  if (!complete || run.is_shard) {
    rows.finish();
    write_part(file, run.plan, run.work, scores.data);
  }
  return complete;
}

std::string reason_text(int reason) {
  return reason == kTimeLimit ? "the time limit is reached" : fmt::format("stopped by signal {}", reason);
}

int exit_code_of(int reason) { return reason == kTimeLimit ? kTimeLimitReached : 128 + reason; }

/// Gives what was read so far the name of the checkpoint; returns the exit code.
int leave_checkpoint(const std::string& target, int reason, const Data& data, ResultRows& rows, OutputFile& output) {
  rows.close();
  output.commit_as(checkpoint_path(target));
  say("carbonfront: {} with {} rows read; the same command goes on from '{}'\n", reason_text(reason), data.next_row,
      checkpoint_path(target));
  return exit_code_of(reason);
}

/// Says that a run which began with all rows read got no further: judging is done in one go, and of it nothing is kept.
int leave_unjudged(const std::string& target, int reason, double seconds) {
  say("carbonfront: {} after {:.1f} s of judging (all rows were read before, and judging begins anew each time); {}, '{}' "
      "keeps what was read\n",
      reason_text(reason), seconds,
      reason == kTimeLimit
          ? "the limit is too short for it: raise --time-limit or leave it out, or score in shares with --shard"
          : "the same command judges again",
      checkpoint_path(target));
  return exit_code_of(reason);
}

int finish_shard(const Run& run, const std::string& target, const Data& data, ResultRows& rows, OutputFile& output) {
  rows.close();
  output.commit();
  remove_checkpoint(target);
  tell("shard {} of {}: {} of {} rows selected, in {}\n", run.work.shard.index, run.work.shard.count,
       grouped_digits(data.selection.size), grouped_digits(run.work.range.end - run.work.range.first), target);
  return kOk;
}

/// Judges what was read. With a time limit, when that or a signal comes first, everything read goes into a checkpoint,
/// unless it came from one (`began_at`). Returns the exit code then.
std::optional<int> judge_or_checkpoint(const Run& run, const ScoreOptions& options, const std::string& target,
                                       ResultRows& rows, OutputFile& output, Progress& progress, Scores& scores,
                                       std::optional<std::uint64_t> began_at) {
  auto begin = std::chrono::steady_clock::now();
  try {
    if (asked_to_wind_up()) throw Stopped{wind_up_reason()};
    finish_data(run.plan, scores.data);
    check_memory(run.plan, scores.data.selection.size, options.batch_rows, run.memory);  // the filters' share is known now
    judge_views(run.plan, run.backend, progress, scores);
    return std::nullopt;
  } catch (const Stopped& stopped) {
    if (options.time_limit.empty() || stopped.signal == SIGINT || stopped.signal == SIGHUP) throw;
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    if (began_at == run.work.range.end) return leave_unjudged(target, stopped.signal, seconds.count());
    wind_up_now(stopped.signal);
    output.write([&](hid_t file) {
      rows.finish();
      write_part(file, run.plan, run.work, scores.data);
    });
    return leave_checkpoint(target, stopped.signal, scores.data, rows, output);
  }
}

int score(ScoreOptions& options) {
  Scores scores;
  Limits limits = limits_of(options.threads, options.memory_limit);
  tbb::global_control threads(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(limits.threads));
  TimeLimit time_limit(options.time_limit);
  Run run = prepare(options, limits);
  std::string target = run.is_shard ? part_path(options.delivery.output, run.work.shard) : options.delivery.output;
  if (run.is_shard && is_done(target, run.work, options.delivery.force)) {
    tell("shard {} of {}: done before, in {}\n", run.work.shard.index, run.work.shard.count, target);
    return kOk;
  }
  Progress progress;
  std::optional<ProgressDisplay> display(std::in_place, progress, run.is_shard ? job_line(run.work.shard) : "");
  allow_winding_up(run.is_shard || !options.time_limit.empty());
  OutputFile output(target, run.is_shard || options.delivery.force);
  std::optional<ResultRows> rows;
  std::optional<std::uint64_t> began_at;
  bool complete = false;
  output.write([&](hid_t file) {
    h5::Storage storage{.deflate = run.is_shard ? 0 : 1};  // parts are read once
    rows.emplace(file, run.plan, run.work.range.end - run.work.range.first, storage);
    complete = read_all(run, options, target, file, *rows, progress, scores, began_at);
  });
  if (!complete) return leave_checkpoint(target, wind_up_reason(), scores.data, *rows, output);
  if (run.is_shard) return finish_shard(run, target, scores.data, *rows, output);
  allow_winding_up(false);  // judging stops at once
  if (auto code = judge_or_checkpoint(run, options, target, *rows, output, progress, scores, began_at)) return *code;
  if (scores.data.selection.size == 0)
    say("carbonfront: warning: no row passes the `where` conditions; the result is empty\n");
  if (run.validated_rows && !validates(run.plan, scores.data, scores.views, options, run.validated_rows, progress))
    return kDifference;
  write_result(run.plan, options.delivery, progress, output, *rows, run.provenance, scores);
  remove_checkpoint(target);
  display.reset();
  tell_result(run.plan, options.delivery, run.provenance, scores);
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
  add_backend_options(*command, options->backend, options->device);
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
