#pragma once
// The files that a run writes: checked before any work, never one that is read, and nothing left of runs that were killed.

#include <functional>
#include <string>
#include <vector>

#include "host/scoring/plan.hpp"

namespace carbonfront {

/// Is told what a person who watches should know while a run gets ready or goes on, a line each. May be empty.
using Note = std::function<void(const std::string& line)>;

/// Where a result goes, and a summary beside it.
struct OutputFiles {
  std::string result, summary = {};  // no summary: empty
  bool force = false;                // may take the place of files that are there
};

/// Removes what killed runs left of an output, and notes it; what another process may still write is only named.
void clean_up_after_killed_runs(const std::string& output, const Note& note);

/// Refuses an output that exists, that is one of the files `read`, or that cannot be written; cleans up beside it. Throws
/// SpecError, OutputError.
void prepare_output(const std::string& output, bool force, const std::vector<std::string>& read, const Note& note);

/// The same for both outputs, which are not each other. Throws SpecError, OutputError.
void prepare_outputs(const OutputFiles& outputs, const std::vector<std::string>& read, const Note& note);

/// The files that a plan reads: its inputs and what their links lead to, its catalogues.
std::vector<std::string> files_read(const Plan& plan);

/// The catalogues that a spec names.
std::vector<std::string> catalogs_of(const Spec& spec);

/// Refuses a summary, a target, or a target's checkpoint that is one of the files `read`. Throws SpecError.
void refuse_outputs_among(const std::string& summary, const std::string& target, const std::vector<std::string>& read);

}  // namespace carbonfront
