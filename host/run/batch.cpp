#include "host/run/batch.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "carbonfront/errors.hpp"
#include "host/shards/checkpoint.hpp"
#include "host/sweep/output_file.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

namespace fs = std::filesystem;

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

/// Refuses parts and checkpoints of other work under this result's names; with --force they are removed.
void check_parts(const Plan& plan, const BatchRequest& request, const std::string& result,
                 const std::vector<std::string>& read, const Progress& progress) {
  PartInfo work = part_of(plan, {0, request.options.shards}, {}, false, progress);
  for (std::uint32_t k = 0; k < request.options.shards; ++k) {
    work.shard.index = k;
    work.range = share_of(plan, work.shard);
    std::string part = part_path(result, work.shard);
    for (const std::string& path : {part, checkpoint_path(part)}) {
      if (!fs::exists(path)) continue;
      refuse_output_among(path, read);
      try {
        require_same_share(read_part_info(open_part(path)), work, path);
      } catch (const InputError&) {
        if (!request.force) throw;
        fs::remove(path);
        if (request.note) request.note("removed '" + path + "', which is of other work");
      }
    }
  }
}

/// The files that the request and the spec name.
std::vector<std::string> files_given(const BatchRequest& request, const Spec& spec) {
  std::vector<std::string> files = request.inputs, catalogs = catalogs_of(spec);
  files.push_back(request.spec);
  files.insert(files.end(), catalogs.begin(), catalogs.end());
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
                   const BatchOptions& options, bool force, const std::vector<std::string>& read) {
  if (fs::exists(folder + "/submit.sh") && !force)
    throw SpecError("'" + folder + "' exists", "scripts that may have been edited or submitted are not overwritten",
                    "run its submit.sh, or add --force");
  std::vector<Script> scripts = batch_scripts(jobs, options);
  scripts.insert(scripts.begin(), {"spec.toml", spec, false});
  std::error_code error;
  for (const char* inner : {"", "/logs", "/status"}) fs::create_directory(folder + inner, error);
  if (error) throw OutputError("cannot make '" + folder + "'", error.message(), "check the folder and its permissions");
  for (const Script& script : scripts) check_output(folder + "/" + script.name, force, read);
  for (const Script& script : scripts) write_text_file(folder + "/" + script.name, script.text, force, script.executable);
}

}  // namespace

std::string path_for_slurm(const std::string& path) {
  std::string text = fs::absolute(path).lexically_normal().string();
  if (text.find_first_of("\n\\") != std::string::npos)
    throw SpecError("'" + path + "'", "Slurm does not take paths with a line break or a backslash", "rename it");
  return text;
}

WrittenBatch write_batch(const BatchRequest& request, const Progress& progress) {
  WrittenBatch batch;
  batch.options = request.options;
  BatchOptions& options = batch.options;
  options.result = path_for_slurm(request.result);
  batch.folder = batch_folder(options.result);
  if (request.inputs.empty() || request.spec.empty())
    throw SpecError("no sweep or no --spec", "scripts are written for a sweep and a spec", "give both, or only --wait");
  if (options.shards == 0) throw SpecError("--shards is missing", "it says how many tasks there are", "give --shards 16");
  Spec spec = read_spec(request.spec);
  check_spec(spec);
  std::vector<std::string> read = files_given(request, spec);
  check_output(options.result, request.force, read);
  for (const std::string& path : request.inputs) options.sweep.push_back(path_for_slurm(path));
  options.program = fs::read_symlink("/proc/self/exe").string();
  options.overwrite = request.force;
  if (has_relative_paths(spec)) options.folder = fs::current_path().string();
  batch.plan = make_plan(spec, options.sweep);
  read.insert(read.end(), batch.plan.sweep.led_to.begin(), batch.plan.sweep.led_to.end());
  refuse_output_among(options.result, read);
  check_parts(batch.plan, request, options.result, read, progress);
  batch.jobs = jobs_of(batch.plan, options.shards);
  write_scripts(batch.folder, to_toml(spec), batch.jobs, options, request.force, read);
  return batch;
}

int submit_batch(const std::string& folder, bool force, std::string& printed) {
  return run_command("bash " + shell_word(folder + "/submit.sh") + (force ? " --force" : ""), printed);
}

std::map<std::string, std::string> wait_for_jobs(const std::vector<SubmittedJob>& jobs, const Progress& progress) {
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
      progress.throw_if_stopped();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
}

}  // namespace carbonfront
