#pragma once
// What a run may use: threads, memory and time, as asked for or as the job grants.

#include <cstdint>
#include <string>
#include <thread>

#include "host/run/outputs.hpp"
#include "host/scoring/wind_up.hpp"
#include "host/shards/share.hpp"

namespace carbonfront {

struct Limits {
  int threads = 0;           // of the current oneTBB arena; recorded in the result
  std::uint64_t memory = 0;  // bytes
};

/// The limits asked for (0 and empty: not), else what the Slurm job grants (noted), else all cores and 60 % of the memory.
/// Of a job's memory nine tenths are used. Throws SpecError.
Limits limits_of(int threads, const std::string& memory_limit, const Note& note);

/// Asks the work to wind up or, where it cannot, to stop (kTimeLimit) when a tenth of the time, at most 30 s, is left; with
/// an empty text never. Flags outlive it. Throws SpecError.
class TimeLimit {
 public:
  TimeLimit(const std::string& duration, StopFlag& stop, WindUp& wind_up);

 private:
  std::jthread thread_;
};

/// Names shard, host and job, for lines in a log: "shard 3 of 16, node7, job 123_3".
std::string job_line(Shard shard);

}  // namespace carbonfront
