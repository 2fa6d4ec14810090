#pragma once
// Batch scripts: what sbatch runs, for people to read and edit.

#include <cstdint>
#include <string>
#include <vector>

#include "host/slurm/jobs.hpp"

namespace carbonfront {

/// What the jobs work on and what they ask Slurm for. Empty texts and zeros ask for nothing.
struct BatchOptions {
  std::string program, result, backend = "auto";  // absolute paths
  std::string folder = ".";                       // where the program runs; ".": in the folder of scripts
  std::vector<std::string> sweep;                 // absolute paths
  std::uint32_t shards = 0, at_once = 0, restarts = 20, cpus_per_task = 0;
  std::string partition, time, count_time, merge_time, gpus_per_task, memory, merge_memory;
  std::vector<std::string> sbatch;  // further options, as sbatch takes them
  bool overwrite = false;           // the merge replaces a result that is there
};

/// One file of the folder of scripts.
struct Script {
  std::string name, text;
  bool executable = false;
};

/// Quotes a word for bash, where it needs it: nothing in it is expanded or split.
std::string shell_word(const std::string& text);

/// Seconds before the time limit at which a task is told to keep a checkpoint: a tenth of it, at most 120. With an empty
/// text 120. Throws SpecError.
int seconds_before_the_limit(const std::string& time);

/// Where scripts, logs and job ids lie: "RESULT.slurm".
std::string batch_folder(const std::string& result);

/// Writes settings.sh, task.sh, one script a job, and submit.sh. Throws SpecError.
std::vector<Script> batch_scripts(const std::vector<BatchJob>& jobs, const BatchOptions& options);

}  // namespace carbonfront
