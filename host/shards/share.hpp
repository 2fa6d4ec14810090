#pragma once
// One task's share of a sweep, by itself or as a job array names it.

#include <cstdint>
#include <optional>
#include <string>

#include "host/scoring/plan.hpp"

namespace carbonfront {

/// Shard `index` of `count`, from 0.
struct Shard {
  std::uint32_t index = 0, count = 1;
};

/// Reads "K/N" with 0 <= K < N, or "auto": K and N from SLURM_ARRAY_TASK_ID, _COUNT and _MIN, else from SLURM_PROCID and
/// SLURM_NTASKS. Throws SpecError, also where auto finds neither, or an array with gaps.
Shard parse_shard(const std::string& text);

/// Rows [first, end) of a sweep.
struct RowRange {
  std::uint64_t first = 0, end = 0;
};

/// A shard's rows: shares as equal as whole chunks allow, so that no chunk is decoded twice. They cover all rows; with more
/// shards than chunks some are empty. Depends on the sweep and the shard alone.
RowRange share_of(const Plan& plan, Shard shard);

/// Where a shard of `-o RESULT` writes: "RESULT.part-K-of-N".
std::string part_path(const std::string& result, Shard shard);

/// What the job that this process belongs to grants, where it says so: SLURM_CPUS_PER_TASK; SLURM_MEM_PER_NODE over
/// SLURM_NTASKS_PER_NODE, or SLURM_MEM_PER_CPU times the CPUs of the task.
struct JobGrant {
  std::optional<int> threads;
  std::optional<std::uint64_t> memory_bytes;
  std::string id;  // "123", "123_4" in an array; empty without a job
};
JobGrant job_grant();

/// Reads a duration: seconds, or with units ("90s", "55m", "1h30m"), or as Slurm writes it ("HH:MM:SS", "D-HH:MM:SS").
/// Throws SpecError.
double parse_duration(const std::string& text);

}  // namespace carbonfront
