#pragma once
// From parts to the result that one run would have written. Prints nothing.

#include <string>
#include <vector>

#include "host/run/scores.hpp"
#include "host/shards/collect.hpp"

namespace carbonfront {

/// What is asked of merging.
struct MergeRequest {
  std::vector<std::string> sweep;  // the sweep's files; none: where the parts found them
  ReadingOptions reading;
  OutputFiles outputs;
  std::vector<std::string> parts;
  bool whole_inputs = false;     // the SHA-256 of every input is compared
  std::size_t shown_rows = 0;    // beaten rows of a group that the caller tells of,
  std::size_t shown_groups = 0;  // and of how many groups
  bool lists_groups = false;     // the caller lists all groups, which takes memory
  BackendChoice backend;
  Limits limits;
  std::string command_line;
  Note note;
};

/// Everything that is known before the first row is read.
struct MergeRun {
  MergeRequest request;
  Collection all;
  OpenBackend backend;
  Plan plan;
  Provenance provenance;
};

/// Checks outputs, parts and memory, and opens the backend. Writes nothing. Throws SpecError, InputError, DeviceError,
/// OutputError, Stopped.
MergeRun prepare_merge(MergeRequest request, const Progress& progress);

/// Reads all parts, judges and writes. deliver() gives the draft its name; the run outlives it. Throws InputError,
/// OutputError, DeviceError, Stopped.
void merge(MergeRun& run, Progress& progress, Draft& draft);

}  // namespace carbonfront
