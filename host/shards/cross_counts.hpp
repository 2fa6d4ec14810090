#pragma once
// Counts of one share against all: each task asks for its own rows, and streams everyone's rows past them.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "host/backend.hpp"
#include "host/scoring/wind_up.hpp"
#include "host/shards/collect.hpp"

namespace carbonfront {

/// The answers for a share's rows in one view. [rows of the share]; all ones where a row is not rated, witnesses -1.
struct ShareAnswers {
  std::vector<std::uint32_t> dominated_by, dominates;
  std::vector<std::int64_t> witness;
  std::vector<std::uint32_t> surely_dominated_by, possibly_dominated_by;  // of intervals
  std::vector<std::uint8_t> certainty;                                    // 0 where a row is not rated
};

/// Where the answers for a part's rows lie: beside it.
std::string counts_path(const std::string& part);

struct CountOptions {
  std::uint64_t memory = 0;  // bytes that own rows, a block of others and the work on them may take
  bool force = false;
  WindUp* wind_up = nullptr;  // is told when what was done goes into a checkpoint
};

/// How far a share's counting came.
struct CountOutcome {
  bool complete = false;
  bool stuck = false;  // it began from a checkpoint and got no further: the next step takes longer than it was given
  int reason = 0;      // why it stopped: a signal, or kTimeLimit
};

/// Counts for the rows of part `own` of a complete collection what they are asked for, and writes them beside it. What was
/// done by the time limit or a signal goes into a checkpoint, and is not done again; where nothing was, the checkpoint that
/// it began from stays as it is. Costs own rows times log of all, plus as much for every block of others: as many parts as
/// fit into memory at first, one part once it goes on from a checkpoint, so that each step is short. Throws InputError,
/// OutputError, DeviceError.
CountOutcome count_share(const Plan& plan, const Collection& all, std::uint32_t own, Session& session,
                         const CountOptions& options, Progress& progress);

/// Tells whether a part has its answers. Throws InputError where they are of other work.
bool is_counted(const PartFile& part);

/// Tells whether all parts have their answers. Throws InputError where some have and others not, naming these shards, or
/// where one is of other work.
bool all_counted(const Plan& plan, const Collection& all);

/// Counts the rows of each certainty of a view in all parts' files. Throws InputError.
std::array<std::uint64_t, 4> count_certain(const Collection& all, const std::string& view);

/// Copies one answer of a view from all parts' files into a dataset, a slab at a time. Throws InputError, OutputError,
/// Stopped.
void copy_answers(const Collection& all, const std::string& view, const std::string& name, const Progress& progress,
                  hid_t dataset);

}  // namespace carbonfront
