#pragma once
// A result on its way: scores, and the file that gets its name when it is complete.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "host/run/limits.hpp"
#include "host/scoring/result.hpp"
#include "host/scoring/result_rows.hpp"
#include "host/shards/tasks.hpp"
#include "host/sweep/fingerprint.hpp"
#include "host/sweep/output_file.hpp"

namespace carbonfront {

/// What to compute with.
struct BackendChoice {
  std::string name = "auto";
  DeviceChoice device = {};
};

/// Opens what a task on `rows` rows of a plan computes with. Throws as open_backend().
OpenBackend open_for(const Plan& plan, std::uint64_t rows, Judging judging, const BackendChoice& choice);

/// A sweep's scores and where the time went. The views point into the data.
struct Scores {
  Data data;
  std::vector<ViewScores> views;
  LoadSeconds load;
  double write_seconds = 0;
  std::vector<std::string> ran_where;  // lines, where a device and the CPU shared the work
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
};

/// A result that is being written under a temporary name; without deliver() it vanishes.
struct Draft {
  OutputFile file;
  std::optional<ResultRows> rows;
  Scores scores;

  Draft(const std::string& path, bool force) : file(path, force) {}
};

/// Adds a line on what was done where, as in "view 'a': counts on cuda; ranks on cpu", if a device and the CPU shared it.
void note_what_ran_where(const std::string& what, Session& session, std::vector<std::string>& lines);

/// Rates and judges every view. Throws InputError, DeviceError, Stopped.
void judge_views(const Plan& plan, Session& session, Progress& progress, Scores& scores);

/// Writes what ResultRows has not, and how the result came about. Throws OutputError, InputError, Stopped.
void write_result(const Plan& plan, Progress& progress, Provenance& provenance, Draft& draft);

/// Gives the file its name. Throws OutputError, SpecError (see OutputFile).
void deliver(Provenance& provenance, Draft& draft);

/// A provenance that begins now, of these inputs.
Provenance provenance_now(const std::string& command_line, const std::string& backend, int threads,
                          const std::vector<InputIdentity>& inputs);

}  // namespace carbonfront
