#pragma once
// The batch jobs that a sweep in shares needs, which waits for which, and what each takes.

#include <cstdint>
#include <string>
#include <vector>

#include "host/scoring/plan.hpp"

namespace carbonfront {

/// One job: an array of a task a shard, or a single task.
struct BatchJob {
  std::string name;   // score, count or merge
  std::string after;  // starts once all tasks of that job have succeeded; empty: at once
  bool array = false;
  std::uint64_t memory = 0;        // bytes that a task needs at most; of a count the least it needs
  std::vector<std::string> views;  // that a count is for
};

/// The jobs in the order in which they run: score; count, where a view asks for counts or witnesses and for nothing that
/// needs all rows in one place; merge. Depends on the plan and the number of shards alone;
/// what the plan keeps is set for each job in turn.
std::vector<BatchJob> jobs_of(Plan& plan, std::uint32_t shards);

/// Rows of the largest share.
std::uint64_t most_rows_of_a_share(const Plan& plan, std::uint32_t shards);

}  // namespace carbonfront
