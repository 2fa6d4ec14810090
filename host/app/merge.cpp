// carbonfront merge: from parts to the result that one run would have written; carbonfront count, which goes before it.

#include "host/run/merge.hpp"

#include <fmt/format.h>
#include <tbb/global_control.h>

#include <chrono>
#include <memory>
#include <optional>

#include "host/app/backend_options.hpp"
#include "host/app/commands.hpp"
#include "host/app/deliver.hpp"
#include "host/app/exit_codes.hpp"
#include "host/app/numbers.hpp"
#include "host/app/progress_display.hpp"
#include "host/app/reading_options.hpp"
#include "host/app/say.hpp"
#include "host/app/signals.hpp"
#include "host/run/count.hpp"
#include "host/scoring/memory.hpp"
#include "host/shards/checkpoint.hpp"

namespace carbonfront {

namespace {

struct MergeOptions {
  DeliveryOptions delivery;
  std::vector<std::string> parts, sweep;
  ReadingOptions reading;
  BackendOptions backend;
  std::string memory_limit, command_line;
  int threads = 0;
  bool print_missing = false;
};

int print_missing(const Collection& all) {
  for (const std::string& problem : all.problems) say("carbonfront: {}\n", problem);
  tell("{}\n", array_spec(all.run_again));
  return kOk;
}

MergeRequest request_from(const MergeOptions& options, const Limits& limits) {
  MergeRequest request;
  request.sweep = options.sweep;
  request.reading = options.reading;
  request.outputs = options.delivery.files();
  request.parts = options.parts;
  request.whole_inputs = options.delivery.sha256;
  request.shown_rows = options.delivery.show;
  request.shown_groups = kMostGroups;
  request.lists_groups = options.delivery.json_given->count() > 0;
  request.backend = backend_choice(options.backend, options.memory_limit);
  request.limits = limits;
  request.command_line = options.command_line;
  request.note = say_note;
  return request;
}

int merge(MergeOptions& options) {
  Limits limits = limits_of(options.threads, options.memory_limit, say_note);
  tbb::global_control threads(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(limits.threads));
  MergeRequest request = request_from(options, limits);
  if (options.print_missing) return print_missing(collect_parts(options.parts));
  Progress progress(&stop_of_process());
  MergeRun run = prepare_merge(std::move(request), progress);
  say_what_auto_chose(run.request.backend, run.backend, limits.threads);
  if (run.plan.emissions) say_lines(assumptions_text(run.plan));
  say("{}\n", memory_text(run.plan, run.plan.rows, 0, limits.memory));

  std::optional<ProgressDisplay> display(std::in_place, progress);
  Draft draft(options.delivery.output, options.delivery.force);
  merge(run, progress, draft);
  Told told = make_told(run.plan, options.delivery, run.provenance, draft.scores);
  deliver(run.provenance, draft);
  display.reset();
  tell_result(options.delivery, run.provenance, draft.scores, std::move(told));
  return kOk;
}

struct CountCommandOptions {
  std::vector<std::string> parts, sweep;
  ReadingOptions reading;
  BackendOptions backend;
  std::string shard, memory_limit, time_limit;
  int threads = 0;
  bool force = false;
};

int count(const CountCommandOptions& options) {
  Limits limits = limits_of(options.threads, options.memory_limit, say_note);
  tbb::global_control threads(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(limits.threads));
  TimeLimit time_limit(options.time_limit, stop_of_process(), wind_up_of_process());
  BackendChoice backend = backend_choice(options.backend, options.memory_limit);
  Shard shard = parse_shard(options.shard);
  Progress progress(&stop_of_process());
  CountRun run = prepare_count(
      {options.parts, options.sweep, options.reading, shard, options.force, backend, limits, say_note}, progress);
  if (run.counted_before) {
    tell("shard {} of {}: counted before, in {}\n", shard.index, shard.count, run.target);
    return kOk;
  }
  say_what_auto_chose(backend, run.backend, limits.threads);
  ProgressDisplay display(progress, job_line(shard));
  auto begin = std::chrono::steady_clock::now();
  CountOutcome outcome = count(run, wind_up_of_process(), progress);
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::vector<std::string> ran_where;
  note_what_ran_where(job_line(shard), *run.backend.session, ran_where);
  for (const std::string& line : ran_where) say("{}\n", line);
  if (outcome.complete) {
    tell("shard {} of {}: counted, in {}\n", shard.index, shard.count, run.target);
    return kOk;
  }
  if (outcome.stuck)
    say("carbonfront: {} after {:.1f} s of counting, no further than it began (the next step, one other part or the "
        "witnesses, takes longer); allow more time, or use more shards; the same command goes on from '{}'\n",
        reason_text(outcome.reason), seconds.count(), checkpoint_path(run.target));
  else
    say("carbonfront: {}; the same command goes on from '{}'\n", reason_text(outcome.reason), checkpoint_path(run.target));
  return exit_code_of(outcome.reason);
}

}  // namespace

void add_merge_command(CLI::App& parent, std::function<int()>& action, int argc, char** argv) {
  auto options = std::make_shared<MergeOptions>();
  for (int i = 0; i < argc; ++i) options->command_line += (i ? " " : "") + std::string(argv[i]);
  CLI::App* command = parent.add_subcommand("merge", "Merge the parts of `score --shard` into the result of a single run.");
  command->add_option("PART", options->parts, "RESULT.part-*-of-N, all of them")->required();
  add_delivery_options(*command, options->delivery);
  command->get_option("--output")->required(false);
  command->add_flag("--print-missing", options->print_missing,
                    "Only print which shards to run again, as sbatch --array takes them: 3,17-19");
  command->add_option("--sweep", options->sweep, "The sweep's files, where they are no longer where the parts found them");
  add_reading_options(*command, options->reading);
  add_backend_options(*command, options->backend);
  add_number(*command, "--threads", options->threads, "Threads to use (default: all, or what the job grants)",
             kThreadNumbers);
  command->add_option("--memory-limit", options->memory_limit,
                      "Refuse work that needs more, such as 8GiB (default: 60 % of the memory)");
  command->callback([options, &action] { action = [options] { return merge(*options); }; });
}

void add_count_command(CLI::App& parent, std::function<int()>& action) {
  auto options = std::make_shared<CountCommandOptions>();
  CLI::App* command =
      parent.add_subcommand("count", "Count for one part's rows who dominates them among all parts; then merge.");
  command->add_option("PART", options->parts, "RESULT.part-*-of-N, all of them")->required();
  command->add_option("--shard", options->shard, "K/N, or auto: whose rows to count for")->required();
  command->add_option("--sweep", options->sweep, "The sweep's files, where they are no longer where the parts found them");
  add_reading_options(*command, options->reading);
  add_backend_options(*command, options->backend);
  add_number(*command, "--threads", options->threads, "Threads to use (default: all, or what the job grants)",
             kThreadNumbers);
  command->add_option("--memory-limit", options->memory_limit,
                      "Rows of other parts are read in blocks that fit, such as 8GiB (default: 60 % of the memory)");
  command->add_option("--time-limit", options->time_limit,
                      "Stop in time and keep a checkpoint, such as 55m or 01:30:00; the same command goes on from it");
  command->add_flag("--force", options->force, "Count again what was counted before");
  command->callback([options, &action] { action = [options] { return count(*options); }; });
}

}  // namespace carbonfront
