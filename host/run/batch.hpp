#pragma once
// A sweep in shares on a Slurm cluster: scripts written, submitted, waited for. Prints nothing.

#include <map>
#include <string>
#include <vector>

#include "carbonfront/progress.hpp"
#include "host/run/outputs.hpp"
#include "host/slurm/jobs.hpp"
#include "host/slurm/outcome.hpp"
#include "host/slurm/scripts.hpp"

namespace carbonfront {

/// What is asked of a batch.
struct BatchRequest {
  BatchOptions options;  // `result`, `sweep`, `program`, `folder` and `overwrite` are set here
  std::vector<std::string> inputs;
  std::string spec, result;  // paths
  bool force = false;        // scripts and the result may be overwritten, parts of other work removed
  Note note;
};

/// A batch whose scripts are written.
struct WrittenBatch {
  Plan plan;
  std::vector<BatchJob> jobs;
  BatchOptions options;
  std::string folder;  // of scripts and logs
};

/// A path as Slurm takes it: absolute. Throws SpecError.
std::string path_for_slurm(const std::string& path);

/// Plans the jobs and writes the folder of their scripts, all files or none of them new. Throws SpecError, InputError,
/// OutputError, Stopped.
WrittenBatch write_batch(const BatchRequest& request, const Progress& progress);

/// Runs the folder's submit.sh; returns its exit code and adds what it printed.
int submit_batch(const std::string& folder, bool force, std::string& printed);

/// Waits until no job is under way; returns the last known states, by task. Throws DeviceError where Slurm does not answer,
/// Stopped.
std::map<std::string, std::string> wait_for_jobs(const std::vector<SubmittedJob>& jobs, const Progress& progress);

}  // namespace carbonfront
