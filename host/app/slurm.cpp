// carbonfront slurm: batch scripts for a sweep in shares, submitted and waited for if asked to.

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "carbonfront/errors.hpp"
#include "host/app/commands.hpp"
#include "host/app/exit_codes.hpp"
#include "host/app/numbers.hpp"
#include "host/app/say.hpp"
#include "host/app/signals.hpp"
#include "host/run/batch.hpp"
#include "host/scoring/memory.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

struct SlurmOptions {
  BatchOptions batch;
  std::vector<std::string> inputs;
  std::string spec, output;
  bool submit = false, wait = false, force = false;
};

void tell_plan(const Plan& plan, const std::vector<BatchJob>& jobs, const BatchOptions& options) {
  tell("{} rows in {} shares of at most {} rows\n", grouped_digits(plan.rows), options.shards,
       grouped_digits(most_rows_of_a_share(plan, options.shards)));
  for (const BatchJob& job : jobs)
    tell("{:<6} {:<10} {:<28} {} {}{}\n", job.name, job.array ? fmt::format("{} tasks", options.shards) : "one task",
         job.after.empty() ? "at once" : "after all of " + job.after + " succeed",
         job.name == "count" ? "at least" : "up to", size_text(job.memory),
         job.views.empty() ? "" : ", for view" + std::string(job.views.size() > 1 ? "s " : " ") + join(job.views, ", "));
}

/// Says how the jobs ended; returns the first failed task's exit code.
int tell_outcome(const std::string& folder, const std::string& result, const std::vector<FailedTask>& failed) {
  if (failed.empty()) {
    tell("{} is complete; its summary is in {}/logs/merge.log\n", result, folder);
    return kOk;
  }
  constexpr std::size_t most_told = 10;
  for (std::size_t i = 0; i < failed.size() && i < most_told; ++i)
    say("carbonfront: {} ended with code {}{}\n", failed[i].name, failed[i].code,
        failed[i].message.empty() ? "" : ": " + failed[i].message);
  std::string first = failed[0].name;
  say("carbonfront: there is no result ({} of the tasks of {} failed); see {}/logs, and run {}/submit.sh --missing once "
      "the cause is gone\n",
      failed.size(), first.substr(0, first.find('-')), folder, folder);
  return failed[0].code;
}

void submit(const std::string& folder, bool force) {
  std::fflush(stdout);
  std::string printed;
  const int code = submit_batch(folder, force, printed);
  tell_lines(printed);
  if (code != 0)
    throw SpecError("nothing was submitted", "submit.sh said why, above", "correct it; the scripts are in '" + folder + "'");
}

int slurm(SlurmOptions& options) {
  BatchOptions& batch = options.batch;
  const Progress progress(&stop_of_process());
  const std::string result = path_for_slurm(options.output), folder = batch_folder(result);
  const bool only_wait = options.wait && !options.submit;
  if (batch.count_time.empty()) batch.count_time = batch.time;
  if (batch.merge_time.empty()) batch.merge_time = batch.time;
  if (batch.merge_memory.empty()) batch.merge_memory = batch.memory;
  if (!only_wait) {
    const WrittenBatch written =
        write_batch({batch, options.inputs, options.spec, options.output, options.force, say_note}, progress);
    tell_plan(written.plan, written.jobs, written.options);
    tell("{}\n", options.submit ? "the scripts are in " + folder : "to submit, run " + shell_word(folder + "/submit.sh"));
    if (options.submit) submit(folder, options.force);
  }
  if (!options.wait) return kOk;
  const std::vector<SubmittedJob> jobs = submitted_jobs(folder);
  std::fflush(stdout);
  const std::map<std::string, std::string> states = wait_for_jobs(jobs, progress);
  return tell_outcome(folder, result, failed_tasks(folder, jobs, states));
}

/// Refuses what is not one GPU, as "1" or "a100:1" says it.
std::string one_gpu(const std::string& text) {
  bool one = text == "1" || text.ends_with(":1");
  return one ? "" : "'" + text + "' is not one GPU, and a process uses one GPU: take more shards instead";
}

}  // namespace

void add_slurm_command(CLI::App& parent, std::function<int()>& action) {
  auto options = std::make_shared<SlurmOptions>();
  BatchOptions& batch = options->batch;
  CLI::App* command = parent.add_subcommand("slurm", "Write batch scripts that score a sweep on a Slurm cluster.");
  command->add_option("SWEEP.h5", options->inputs, "HDF5 files, as for score");
  command->add_option("--spec", options->spec, "What to compute, in TOML; a copy goes into the folder of scripts");
  command->add_option("-o,--output", options->output, "The result file; scripts and logs go to RESULT.slurm")->required();
  add_number(*command, "--shards", batch.shards, "Tasks that share the rows", {1, 100000});
  command->add_flag("--submit", options->submit, "Submit the jobs and print their ids");
  command->add_flag("--wait", options->wait,
                    "Wait until they have ended, and end with their exit code; alone: for jobs submitted before");
  command->add_flag("--force", options->force, "Overwrite scripts and the result, submit again, remove parts of other work");
  command->add_option("--partition", batch.partition, "As sbatch takes it");
  command->add_option("--time", batch.time, "Time limit of a score task, as sbatch takes it");
  command->add_option("--count-time", batch.count_time, "Time limit of a count task (default: as --time)");
  command->add_option("--merge-time", batch.merge_time, "Time limit of the merge (default: as --time)");
  add_number(*command, "--cpus-per-task", batch.cpus_per_task, "Threads of a task", {1, 65536});
  command->add_option("--gpus-per-task", batch.gpus_per_task, "1, or TYPE:1: a GPU for every task")->check(one_gpu);
  command->add_option("--mem", batch.memory, "Memory of a score or count task, as sbatch takes it");
  command->add_option("--merge-mem", batch.merge_memory, "Memory of the merge (default: as --mem)");
  command->add_option("--sbatch", batch.sbatch, "A further option of sbatch, such as --sbatch=--account=green")
      ->allow_extra_args(false);
  add_number(*command, "--at-once", batch.at_once, "Tasks of an array that may run at once (default: as Slurm lets)",
             {0, 100000});
  add_number(*command, "--restarts", batch.restarts, "Times that a task may go on from its checkpoint", {0, 1000000})
      ->default_str(std::to_string(batch.restarts));
  command->add_option("--backend", batch.backend, "auto, cpu, cuda or reference")->capture_default_str();
  command->callback([options, &action] { action = [options] { return slurm(*options); }; });
}

}  // namespace carbonfront
