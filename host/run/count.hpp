#pragma once
// Counts for one part's rows who dominates them among all parts. Prints nothing.

#include <string>
#include <vector>

#include "host/run/scores.hpp"
#include "host/shards/collect.hpp"
#include "host/shards/cross_counts.hpp"

namespace carbonfront {

/// What is asked of counting.
struct CountRequest {
  std::vector<std::string> parts, sweep;  // as of merging
  ReadingOptions reading;
  Shard shard;         // whose rows are counted for
  bool force = false;  // count again what was counted before
  BackendChoice backend;
  Limits limits;
  Note note;
};

/// Everything that is known before the first row is read.
struct CountRun {
  CountRequest request;
  Collection all;
  OpenBackend backend;
  Plan plan;
  std::string target;   // where the counts go
  bool counted_before;  // they are there, and need not be found again
};

/// Checks parts and output, and opens the backend. Writes nothing. Throws SpecError, InputError, DeviceError, OutputError,
/// Stopped.
CountRun prepare_count(CountRequest request, const Progress& progress);

/// Counts; see count_share.
CountOutcome count(const CountRun& run, WindUp& wind_up, Progress& progress);

}  // namespace carbonfront
