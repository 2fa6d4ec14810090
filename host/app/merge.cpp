// carbonfront merge: from parts to the result that one run would have written.

#include <fmt/format.h>
#include <tbb/global_control.h>

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
#include "host/scoring/memory.hpp"
#include "host/shards/checkpoint.hpp"
#include "host/shards/counted_rows.hpp"
#include "host/shards/cross_counts.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

struct MergeOptions {
  DeliveryOptions delivery;
  std::vector<std::string> parts, sweep;
  ReadingOptions reading;
  std::string backend = "auto", device, memory_limit, command_line;
  int threads = 0;
  bool print_missing = false;
};

Plan guarded_plan(const Collection& all, const std::vector<std::string>& sweep, bool whole_inputs,
                  const ReadingOptions& reading) {
  try_in_child(sweep.empty() ? std::vector<std::string>{"the sweep of " + all.parts[0].path} : sweep,
               [&] { plan_of_parts(all, sweep, false, reading); });
  return plan_of_parts(all, sweep, whole_inputs, reading);
}

/// Lets views whose answers the parts have pass by.
void pass_what_is_counted(const Collection& all, Plan& plan) {
  keep_what_is_compared(plan);
  if (!all_counted(plan, all)) return;
  for (ViewPlan& view : plan.views)
    if (counts_by_share(plan, view)) view.resident = false, view.passing = true;
}

void append_parts(const Collection& all, const Plan& plan, const Backend& backend, const MemoryWatch& memory,
                  ResultRows& rows, Progress& progress, Scores& scores) {
  auto begin = std::chrono::steady_clock::now();
  progress.begin("read", plan.rows);
  scores.data = start_data(plan, backend, 0, plan.rows);
  scores.data.memory = memory;
  for (const PartFile& part : all.parts) {
    append_part(open_part(part.path), plan, part.info, rows, scores.data);
    check_growth(plan, scores.data);
    progress.add(part.info.done);
  }
  finish_data(plan, scores.data);
  scores.load.read = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Lets a view's answers be copied from the parts' counts, and takes from them what the summary tells.
void take_counted(const Collection& all, const Plan& plan, std::size_t view, std::size_t show, Data& data,
                  ViewScores& scores) {
  const std::string& name = plan.views[view].spec.name;
  add_counted_rows(all, plan, view, show, kMostGroups, data, scores);
  if (plan.has_intervals(plan.views[view])) scores.certain_rows = count_certain(all, name);
  scores.copy_answer = [&all, name](const char* answer, hid_t dataset) { copy_answers(all, name, answer, dataset); };
}

int print_missing(const Collection& all) {
  for (const std::string& problem : all.problems) say("carbonfront: {}\n", problem);
  tell("{}\n", array_spec(all.run_again));
  return kOk;
}

/// The files that the command line names, and the parts' counts.
std::vector<std::string> files_given(const std::vector<std::string>& parts, const std::vector<std::string>& sweep) {
  std::vector<std::string> files = sweep;
  for (const std::string& part : parts) files.insert(files.end(), {part, counts_path(part)});
  return files;
}

int merge(MergeOptions& options) {
  Scores scores;
  Limits limits = limits_of(options.threads, options.memory_limit);
  tbb::global_control threads(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(limits.threads));
  if (!options.print_missing) check_outputs(options.delivery, files_given(options.parts, options.sweep));
  DeviceChoice choice = device_choice(options.device, options.memory_limit);
  Collection all = collect_parts(options.parts);
  if (options.print_missing) return print_missing(all);
  require_all(all);
  Plan plan = guarded_plan(all, options.sweep, options.delivery.sha256, options.reading);
  refuse_outputs_among(options.delivery, options.delivery.output, files_read(plan));
  pass_what_is_counted(all, plan);
  choice.has_work = device_has_work(plan, plan.rows, Judging::of_views);
  const Backend backend = choose_backend(options.backend, choice);
  check_memory(plan, plan.rows, 0, limits.memory);
  say_what_auto_chose(options.backend, backend, limits.threads);
  if (plan.emissions) say_lines(assumptions_text(plan));
  say("{}\n", memory_text(plan, plan.rows, 0, limits.memory));
  Provenance provenance = provenance_now(options.command_line);
  provenance.backend = backend.name;
  provenance.threads = limits.threads;
  record_inputs(all.parts[0].info.inputs, provenance);

  MemoryWatch memory = watch_memory(plan, 0, 0, limits.memory);
  memory.lists_groups = options.delivery.json_given->count() > 0;

  Progress progress;
  std::optional<ProgressDisplay> display(std::in_place, progress);
  OutputFile output(options.delivery.output, options.delivery.force);
  std::optional<ResultRows> rows;
  output.write([&](hid_t file) {
    rows.emplace(file, plan, plan.rows);
    append_parts(all, plan, backend, memory, *rows, progress, scores);
  });
  judge_views(plan, backend, progress, scores);
  for (std::size_t i = 0; i < plan.views.size(); ++i)
    if (!plan.views[i].resident && counts_by_share(plan, plan.views[i]))
      take_counted(all, plan, i, options.delivery.show, scores.data, scores.views[i]);
  write_result(plan, options.delivery, progress, output, *rows, provenance, scores);
  display.reset();
  tell_result(plan, options.delivery, provenance, scores);
  return kOk;
}

struct CountOptionsGiven {
  std::vector<std::string> parts, sweep;
  ReadingOptions reading;
  std::string shard, backend = "auto", device, memory_limit, time_limit;
  int threads = 0;
  bool force = false;
};

int count(const CountOptionsGiven& options) {
  Limits limits = limits_of(options.threads, options.memory_limit);
  tbb::global_control threads(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(limits.threads));
  TimeLimit time_limit(options.time_limit);
  DeviceChoice choice = device_choice(options.device, options.memory_limit);
  Shard shard = parse_shard(options.shard);
  Collection all = collect_parts(options.parts);
  require_all(all);
  if (shard.count != all.shards)
    throw SpecError(fmt::format("--shard {}/{}", shard.index, shard.count),
                    fmt::format("the parts are of {} shards", all.shards), fmt::format("write --shard K/{}", all.shards));
  Plan plan = guarded_plan(all, options.sweep, false, options.reading);
  choice.has_work = device_has_work(plan, plan.rows, Judging::of_shares);
  const Backend backend = choose_backend(options.backend, choice);
  const PartFile& own = all.parts[shard.index];
  std::string target = counts_path(own.path);
  std::vector<std::string> read = files_read(plan);
  read.insert(read.end(), options.parts.begin(), options.parts.end());
  check_output(target, true, read);
  refuse_output_among(checkpoint_path(target), read);
  clean_up_after_killed_runs(target);
  if (!options.force && is_counted(own)) {
    tell("shard {} of {}: counted before, in {}\n", shard.index, shard.count, target);
    return kOk;
  }
  say_what_auto_chose(options.backend, backend, limits.threads);
  Progress progress;
  ProgressDisplay display(progress, job_line(shard));
  auto begin = std::chrono::steady_clock::now();
  CountOutcome outcome = count_share(plan, all, shard.index, backend, {limits.memory, options.force}, progress);
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::vector<std::string> ran_where;
  note_what_ran_where(job_line(shard), backend, ran_where);
  for (const std::string& line : ran_where) say("{}\n", line);
  if (outcome.complete) {
    tell("shard {} of {}: counted, in {}\n", shard.index, shard.count, target);
    return kOk;
  }
  std::string why =
      outcome.reason == kTimeLimit ? "the time limit is reached" : fmt::format("stopped by signal {}", outcome.reason);
  if (outcome.stuck)
    say("carbonfront: {} after {:.1f} s of counting, no further than it began (the next step, one other part or the "
        "witnesses, "
        "takes longer); allow more time, or use more shards; the same command goes on from '{}'\n",
        why, seconds.count(), checkpoint_path(target));
  else
    say("carbonfront: {}; the same command goes on from '{}'\n", why, checkpoint_path(target));
  return outcome.reason == kTimeLimit ? kTimeLimitReached : 128 + outcome.reason;
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
  add_backend_options(*command, options->backend, options->device);
  add_number(*command, "--threads", options->threads, "Threads to use (default: all, or what the job grants)",
             kThreadNumbers);
  command->add_option("--memory-limit", options->memory_limit,
                      "Refuse work that needs more, such as 8GiB (default: 60 % of the memory)");
  command->callback([options, &action] { action = [options] { return merge(*options); }; });
}

void add_count_command(CLI::App& parent, std::function<int()>& action) {
  auto options = std::make_shared<CountOptionsGiven>();
  CLI::App* command =
      parent.add_subcommand("count", "Count for one part's rows who dominates them among all parts; then merge.");
  command->add_option("PART", options->parts, "RESULT.part-*-of-N, all of them")->required();
  command->add_option("--shard", options->shard, "K/N, or auto: whose rows to count for")->required();
  command->add_option("--sweep", options->sweep, "The sweep's files, where they are no longer where the parts found them");
  add_reading_options(*command, options->reading);
  add_backend_options(*command, options->backend, options->device);
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
