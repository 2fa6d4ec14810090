#include "host/slurm/scripts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "carbonfront/errors.hpp"
#include "host/shards/share.hpp"
#include "host/slurm/script_texts.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

/// The options of a job, a comment line each.
std::string header(const BatchJob& job, const BatchOptions& options) {
  std::string text;
  auto ask = [&](const std::string& option, const char* why = "") {
    text += *why ? fmt::format("#SBATCH {:<26} # {}\n", option, why) : "#SBATCH " + option + "\n";
  };
  ask("--job-name=carbonfront-" + job.name);
  ask("--nodes=1 --ntasks=1");
  const std::string& time = job.name == "count"   ? options.count_time
                            : job.name == "merge" ? options.merge_time
                                                  : options.time;
  const std::string& memory = job.name == "merge" ? options.merge_memory : options.memory;
  if (!options.partition.empty()) ask("--partition=" + options.partition);
  if (!time.empty()) ask("--time=" + time);
  if (options.cpus_per_task > 0) ask(fmt::format("--cpus-per-task={}", options.cpus_per_task), "threads of the program");
  if (!memory.empty()) ask("--mem=" + memory, "the program takes nine tenths of it");
  if (job.name != "merge" && !options.gpus_per_task.empty())
    ask("--gpus-per-task=" + options.gpus_per_task, "one process a GPU, the one in CUDA_VISIBLE_DEVICES");
  for (const std::string& option : options.sbatch) ask(option);
  ask(job.array ? fmt::format("--output=logs/{}-%a.log", job.name) : fmt::format("--output=logs/{}.log", job.name));
  ask("--open-mode=append", "a task that goes on adds to its log");
  ask("--requeue", "after preemption, or when its node fails");
  if (job.name != "merge")
    ask(fmt::format("--signal=B:USR1@{}", seconds_before_the_limit(time)), "seconds before the limit: keep a checkpoint");
  return text;
}

std::string settings(const BatchOptions& options) {
  std::vector<std::string> sweep;
  for (const std::string& path : options.sweep) sweep.push_back(shell_word(path));
  return fmt::format(kSettings, shell_word(options.program), join(sweep, " "), shell_word(options.result),
                     shell_word(options.folder), options.shards, shell_word(options.backend), options.restarts,
                     options.at_once, options.overwrite ? "overwrite=--force" : "overwrite=");
}

std::string submission(const std::vector<BatchJob>& jobs) {
  std::string order, calls;
  for (const BatchJob& job : jobs) {
    order += fmt::format("#   {:<6} {}{}\n", job.name, job.array ? "a task a shard" : "one task",
                         job.after.empty() ? "" : ", once all of " + job.after + " have succeeded");
    if (job.name == "score") calls += kSubmitScore;
    if (job.name == "count") calls += kSubmitCount;
    if (job.name == "merge") calls += kSubmitMerge;
  }
  return kSubmitBegin + order + kSubmitBody + calls;
}

}  // namespace

std::string shell_word(const std::string& text) {
  auto plain = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && std::string("_./+:@%,-").find(static_cast<char>(c)) != std::string::npos);
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return text;
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

int seconds_before_the_limit(const std::string& time) {
  constexpr int most = 120;
  if (time.empty()) return most;
  bool minutes = time.find_first_not_of("0123456789") == std::string::npos;  // as sbatch reads a plain number
  double seconds = parse_duration(minutes ? time + "m" : time);
  return std::max(1, std::min(most, static_cast<int>(seconds / 10)));
}

std::string batch_folder(const std::string& result) { return result + ".slurm"; }

std::vector<Script> batch_scripts(const std::vector<BatchJob>& jobs, const BatchOptions& options) {
  std::vector<Script> scripts = {{"settings.sh", settings(options), false}, {"task.sh", kTask, false}};
  for (const BatchJob& job : jobs) {
    const char* what = job.name == "score" ? kScore : job.name == "count" ? kCount : kMerge;
    std::string text = what, marker = "#SBATCH\n";
    scripts.push_back({job.name + ".sh", text.replace(text.find(marker), marker.size(), header(job, options)), false});
  }
  scripts.push_back({"submit.sh", submission(jobs), true});
  return scripts;
}

}  // namespace carbonfront
