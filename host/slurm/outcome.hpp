#pragma once
// What became of submitted jobs: their ids, their states as squeue tells them, and the exit codes that tasks left behind.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace carbonfront {

/// A job that submit.sh recorded in the file `jobs`.
struct SubmittedJob {
  std::string name, id;
};

/// Reads the file `jobs` of a folder of scripts. Throws SpecError where nothing was submitted.
std::vector<SubmittedJob> submitted_jobs(const std::string& folder);

/// Adds what `squeue -h -r -o "%i %T"` printed to what was known: states by "ID" or "ID_TASK", the latest counts.
void note_states(const std::string& squeue, std::map<std::string, std::string>& states);

/// Tells whether a state is one that a job leaves: PENDING, RUNNING, COMPLETING, REQUEUED, ...
bool is_under_way(const std::string& state);

/// A task that did not succeed.
struct FailedTask {
  std::string name;     // "score-3", "merge": of its log and its status
  int code = 0;         // its own; 7 after Slurm's time limit, 143 cancelled, 4 out of memory, 137 killed otherwise
  std::string message;  // the program's last, from its log; empty where it left none
};

/// Tasks that did not succeed, of the first job that has any; empty where the last job succeeded. `states` are the last
/// known ones.
std::vector<FailedTask> failed_tasks(const std::string& folder, const std::vector<SubmittedJob>& jobs,
                                     const std::map<std::string, std::string>& states);

}  // namespace carbonfront
