// carbonfront slurm: batch scripts for a sweep in shares, submitted and waited for if asked to.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

#include "host/app/commands.hpp"
#include "host/app/crash_guard.hpp"
#include "host/app/exit_codes.hpp"
#include "host/app/numbers.hpp"
#include "host/app/say.hpp"
#include "host/errors.hpp"
#include "host/progress.hpp"
#include "host/scoring/memory.hpp"
#include "host/shards/checkpoint.hpp"
#include "host/slurm/outcome.hpp"
#include "host/slurm/scripts.hpp"
#include "host/sweep/external.hpp"
#include "host/sweep/output_file.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

namespace fs = std::filesystem;

struct SlurmOptions {
  BatchOptions batch;
  std::vector<std::string> inputs;
  std::string spec, output;
  bool submit = false, wait = false, force = false;
};

/// Runs a command of which nothing is a word of the user's; returns its exit code and what it printed.
int run_command(const std::string& command, std::string& printed) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (!pipe)
    throw DeviceError("cannot run '" + command + "'", "no process could be started", "see the limits of this shell");
  char block[4096];
  for (std::size_t got; (got = std::fread(block, 1, sizeof block, pipe)) > 0;) printed.append(block, got);
  int status = ::pclose(pipe);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string absolute(const std::string& path) {
  std::string text = fs::absolute(path).lexically_normal().string();
  if (text.find_first_of("\n\\") != std::string::npos)
    throw SpecError("'" + path + "'", "Slurm does not take paths with a line break or a backslash", "rename it");
  return text;
}

/// Refuses parts and checkpoints of other work under this result's names; with --force they are removed.
void check_parts(const Plan& plan, const SlurmOptions& options, const std::vector<std::string>& read) {
  PartInfo work = part_of(plan, {0, options.batch.shards}, {}, false);
  for (std::uint32_t k = 0; k < options.batch.shards; ++k) {
    work.shard.index = k;
    work.range = share_of(plan, work.shard);
    std::string part = part_path(options.batch.result, work.shard);
    for (const std::string& path : {part, checkpoint_path(part)}) {
      if (!fs::exists(path)) continue;
      refuse_output_among(path, read);
      try {
        require_same_share(read_part_info(open_part(path)), work, path);
      } catch (const InputError&) {
        if (!options.force) throw;
        fs::remove(path);
        say("removed '{}', which is of other work\n", path);
      }
    }
  }
}

void tell_plan(const Plan& plan, const std::vector<BatchJob>& jobs, const BatchOptions& options) {
  tell("{} rows in {} shares of at most {} rows\n", grouped_digits(plan.rows), options.shards,
       grouped_digits(most_rows_of_a_share(plan, options.shards)));
  for (const BatchJob& job : jobs)
    tell("{:<6} {:<10} {:<28} {} {}{}\n", job.name, job.array ? fmt::format("{} tasks", options.shards) : "one task",
         job.after.empty() ? "at once" : "after all of " + job.after + " succeed",
         job.name == "count" ? "at least" : "up to", size_text(job.memory),
         job.views.empty() ? "" : ", for view" + std::string(job.views.size() > 1 ? "s " : " ") + join(job.views, ", "));
}

/// The files that the command line and the spec name.
std::vector<std::string> files_given(const SlurmOptions& options, const Spec& spec) {
  std::vector<std::string> files = options.inputs;
  files.push_back(options.spec);
  if (spec.emissions) files.insert(files.end(), spec.emissions->catalogs.begin(), spec.emissions->catalogs.end());
  return files;
}

/// Tells whether the spec names files that are found from this folder alone. Its text stays as it is, for it is part of the
/// result; so the jobs run here.
bool has_relative_paths(const Spec& spec) {
  return spec.emissions &&
         std::ranges::any_of(spec.emissions->catalogs, [](const std::string& path) { return fs::path(path).is_relative(); });
}

/// Writes the folder of scripts, all files or none of them new; none takes the place of one that is `read`.
void write_scripts(const std::string& folder, const std::string& spec, const std::vector<BatchJob>& jobs,
                   const SlurmOptions& options, const std::vector<std::string>& read) {
  if (fs::exists(folder + "/submit.sh") && !options.force)
    throw SpecError("'" + folder + "' exists", "scripts that may have been edited or submitted are not overwritten",
                    "run its submit.sh, or add --force");
  std::vector<Script> scripts = batch_scripts(jobs, options.batch);
  scripts.insert(scripts.begin(), {"spec.toml", spec, false});
  std::error_code error;
  for (const char* inner : {"", "/logs", "/status"}) fs::create_directory(folder + inner, error);
  if (error) throw OutputError("cannot make '" + folder + "'", error.message(), "check the folder and its permissions");
  for (const Script& script : scripts) check_output(folder + "/" + script.name, options.force, read);
  for (const Script& script : scripts)
    write_text_file(folder + "/" + script.name, script.text, options.force, script.executable);
}

void submit(const std::string& folder, bool force) {
  std::fflush(stdout);
  std::string printed;
  int code = run_command("bash " + shell_word(folder + "/submit.sh") + (force ? " --force" : ""), printed);
  tell_lines(printed);
  if (code != 0)
    throw SpecError("nothing was submitted", "submit.sh said why, above", "correct it; the scripts are in '" + folder + "'");
}

/// Waits until no job of the folder is under way; returns the last known states.
std::map<std::string, std::string> wait_for(const std::vector<SubmittedJob>& jobs) {
  std::vector<std::string> ids;
  for (const SubmittedJob& job : jobs) ids.push_back(job.id);
  std::string command = "squeue --noheader --array --states=all --format='%i %T' --jobs=" + join(ids, ",") + " 2>&1";
  std::map<std::string, std::string> states;
  for (int failures = 0, tenths = 5;; tenths = std::min(tenths + tenths / 5, 150)) {
    std::string printed;
    int code = run_command(command, printed);
    bool forgotten = code != 0 && printed.find("Invalid job id") != std::string::npos;  // all ended a while ago
    std::map<std::string, std::string> now;
    if (code == 0) note_states(printed, now), failures = 0;
    bool under_way = false;
    for (const auto& [task, state] : now) states[task] = state, under_way |= is_under_way(state);
    if (forgotten || (code == 0 && !under_way)) return states;
    if (code != 0 && ++failures == 40)
      throw DeviceError("Slurm does not answer", "squeue: " + printed.substr(0, printed.find('\n')),
                        "the jobs go on; wait again with `carbonfront slurm -o RESULT --wait`");
    for (int i = 0; i < tenths; ++i) {
      throw_if_stopped();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
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

int slurm(SlurmOptions& options) {
  BatchOptions& batch = options.batch;
  batch.result = absolute(options.output);
  std::string folder = batch_folder(batch.result);
  bool only_wait = options.wait && !options.submit;
  if (batch.count_time.empty()) batch.count_time = batch.time;
  if (batch.merge_time.empty()) batch.merge_time = batch.time;
  if (batch.merge_memory.empty()) batch.merge_memory = batch.memory;
  if (!only_wait) {
    if (options.inputs.empty() || options.spec.empty())
      throw SpecError("no sweep or no --spec", "scripts are written for a sweep and a spec", "give both, or only --wait");
    if (batch.shards == 0) throw SpecError("--shards is missing", "it says how many tasks there are", "give --shards 16");
    Spec spec = read_spec(options.spec);
    check_spec(spec);
    std::vector<std::string> read = files_given(options, spec);
    check_output(batch.result, options.force, read);
    for (const std::string& path : options.inputs) batch.sweep.push_back(absolute(path));
    batch.program = fs::read_symlink("/proc/self/exe").string();
    batch.overwrite = options.force;
    if (has_relative_paths(spec)) batch.folder = fs::current_path().string();
    try_in_child(batch.sweep, [&] { make_plan(spec, batch.sweep); });
    Plan plan = make_plan(spec, batch.sweep);
    for (const std::string& file : files_led_to()) read.push_back(file);
    refuse_output_among(batch.result, read);
    check_parts(plan, options, read);
    std::vector<BatchJob> jobs = jobs_of(plan, batch.shards);
    write_scripts(folder, to_toml(spec), jobs, options, read);
    tell_plan(plan, jobs, batch);
    tell("{}\n", options.submit ? "the scripts are in " + folder : "to submit, run " + shell_word(folder + "/submit.sh"));
    if (options.submit) submit(folder, options.force);
  }
  if (!options.wait) return kOk;
  std::vector<SubmittedJob> jobs = submitted_jobs(folder);
  std::fflush(stdout);
  std::map<std::string, std::string> states = wait_for(jobs);
  return tell_outcome(folder, batch.result, failed_tasks(folder, jobs, states));
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
