#include "host/slurm/outcome.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "carbonfront/errors.hpp"

namespace carbonfront {

namespace {

/// The exit code that a task of a job recorded.
std::optional<int> recorded_code(const std::string& folder, const SubmittedJob& job, const std::string& task) {
  int code = 0;
  if (std::ifstream(folder + "/status/" + job.id + "." + task) >> code) return code;
  return std::nullopt;
}

/// The last line of a log that the program wrote as its error.
std::string last_message(const std::string& path) {
  std::ifstream log(path, std::ios::binary);
  constexpr std::streamoff tail = 1 << 16;
  log.seekg(0, std::ios::end);
  log.seekg(std::max<std::streamoff>(0, log.tellg() - tail));
  std::string message;
  const std::string prefix = "carbonfront: ";
  for (std::string line; std::getline(log, line);)
    if (line.starts_with(prefix)) message = line.substr(prefix.size());
  return message;
}

int code_of(const std::string& state) {
  if (state == "COMPLETED") return 0;
  if (state == "TIMEOUT") return 7;
  if (state == "CANCELLED") return 143;
  if (state == "OUT_OF_MEMORY") return 4;
  return 137;
}

/// The tasks of a job: those with a state, those with a status.
std::set<std::string> tasks_of(const std::string& folder, const SubmittedJob& job,
                               const std::map<std::string, std::string>& states) {
  std::set<std::string> names;
  for (const auto& [id, state] : states)
    if (id == job.id)
      names.insert(job.name);
    else if (id.starts_with(job.id + "_"))
      names.insert(job.name + "-" + id.substr(job.id.size() + 1));
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/status", ignored))
    if (std::string name = entry.path().filename().string(); name.starts_with(job.id + "."))
      names.insert(name.substr(job.id.size() + 1));
  return names;
}

}  // namespace

std::vector<SubmittedJob> submitted_jobs(const std::string& folder) {
  std::ifstream file(folder + "/jobs");
  std::vector<SubmittedJob> jobs;
  for (SubmittedJob job; file >> job.name >> job.id;) jobs.push_back(job);
  if (jobs.empty())
    throw SpecError("nothing was submitted from '" + folder + "'", "it has no file 'jobs' with job ids",
                    "run its submit.sh, or add --submit");
  return jobs;
}

void note_states(const std::string& squeue, std::map<std::string, std::string>& states) {
  std::istringstream lines(squeue);
  for (std::string id, state; lines >> id >> state;) states[id] = state;
}

bool is_under_way(const std::string& state) {
  for (const char* over :
       {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "TIMEOUT"})
    if (state == over) return false;
  return true;
}

std::vector<FailedTask> failed_tasks(const std::string& folder, const std::vector<SubmittedJob>& jobs,
                                     const std::map<std::string, std::string>& states) {
  std::vector<FailedTask> failed;
  if (recorded_code(folder, jobs.back(), jobs.back().name) == 0) return failed;
  for (const SubmittedJob& job : jobs) {
    for (const std::string& name : tasks_of(folder, job, states)) {
      std::size_t dash = name.find('-');
      auto state = states.find(dash == std::string::npos ? job.id : job.id + "_" + name.substr(dash + 1));
      int code = recorded_code(folder, job, name).value_or(state == states.end() ? 137 : code_of(state->second));
      if (code != 0) failed.push_back({name, code, last_message(folder + "/logs/" + name + ".log")});
    }
    if (!failed.empty()) return failed;
  }
  failed.push_back({jobs.back().name, 137, last_message(folder + "/logs/" + jobs.back().name + ".log")});
  return failed;
}

}  // namespace carbonfront
