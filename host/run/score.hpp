#pragma once
// The run from a spec to a result, or to a part of one: planned, read, judged, written; stopped, it leaves a checkpoint and
// goes on from it. Prints nothing.

#include <optional>
#include <string>
#include <vector>

#include "host/run/scores.hpp"
#include "host/scoring/check.hpp"
#include "host/shards/part.hpp"

namespace carbonfront {

/// What is asked of a run.
struct ScoreRequest {
  std::vector<std::string> inputs;
  Spec spec;  // checked (check_spec)
  ReadingOptions reading;
  OutputFiles outputs;
  std::vector<std::string> other_files;  // that are read besides, such as the spec's: no output may be one of them
  bool whole_inputs = false;             // the SHA-256 of every input is recorded and compared
  std::optional<Shard> shard;            // only this share of the rows, into a part beside the result
  bool keeps_checkpoint = false;         // stopped while it judges, it leaves what was read
  std::uint64_t batch_rows = 0;          // read at a time; 0: the default
  std::uint64_t validated_rows = 0;      // of each view, compared with the reference
  bool lists_groups = false;             // the caller lists all groups, which takes memory
  BackendChoice backend;
  Limits limits;
  std::string command_line;
  Note note;
};

/// Everything that is known before the first row is read.
struct ScoreRun {
  ScoreRequest request;
  OpenBackend backend;
  Plan plan;
  PartInfo work;       // a shard's, or the whole
  std::string target;  // where the result or part goes
  std::uint64_t batch_rows = 0;
  std::uint64_t rows_ahead = 0;  // that will be selected, where that is known; else 0
  Provenance provenance;
};

/// Plans a run, checks its outputs and its memory, opens the backend. Writes nothing. Throws SpecError, InputError,
/// DeviceError, OutputError, Stopped.
ScoreRun prepare_score(ScoreRequest request, const Progress& progress);

/// Tells whether a shard's part is there, complete and of this work. Throws InputError where it is of other work or damaged.
bool is_done(const ScoreRun& run);

/// How a run ended.
struct ScoreEnd {
  enum class How {
    judged,      // the draft has the result; deliver() gives it its name
    part,        // the part is in its place
    checkpoint,  // stopped; a checkpoint beside the target has what was read
    unjudged,    // stopped, all rows having been read before: the checkpoint is what it was
    different,   // validated, and answers differ from the reference; nothing is written
  };
  How how = How::judged;
  int reason = kNotStopped;  // why it was stopped
  double judging_seconds = 0;
  CheckReport report;  // of validated rows
};

/// Begins the file of the run's target. From here on a run that can leave a checkpoint winds up where it is asked to.
Draft begin_draft(const ScoreRun& run, WindUp& wind_up);

/// Reads the rows from where a checkpoint ended, judges and writes. Without a checkpoint to leave a stop ends in Stopped.
/// Throws InputError, OutputError, DeviceError, Stopped.
ScoreEnd score(ScoreRun& run, WindUp& wind_up, Progress& progress, Draft& draft);

/// Gives a judged result its name; its checkpoint goes.
void deliver(ScoreRun& run, Draft& draft);

}  // namespace carbonfront
