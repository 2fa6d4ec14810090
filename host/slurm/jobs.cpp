#include "host/slurm/jobs.hpp"

#include <algorithm>

#include "host/scoring/memory.hpp"
#include "host/shards/cross_counts.hpp"
#include "host/shards/share.hpp"

namespace carbonfront {

namespace {

std::uint64_t memory_to_score(Plan& plan, std::uint64_t rows) {
  keep_for_parts(plan);
  return memory_needed(plan, rows, 0);
}

/// Own rows and those of one other share.
std::uint64_t memory_to_count(const Plan& plan, std::uint64_t rows) {
  std::uint64_t most = 0;
  for (const ViewPlan& view : plan.views)
    if (counts_by_share(plan, view)) most = std::max(most, 2 * rows * counting_bytes(plan, view));
  return most;
}

/// One share's rows beside what stays: the summary names the first beaten ones.
std::uint64_t memory_to_merge(Plan& plan, std::uint64_t rows) {
  keep_what_is_compared(plan);
  plan.keep_row_numbers = false;
  for (ViewPlan& view : plan.views)
    if (counts_by_share(plan, view)) view.resident = false, view.passing = true;
  return memory_needed(plan, plan.rows, 0) + memory_to_count(plan, rows) / 2;
}

}  // namespace

std::uint64_t most_rows_of_a_share(const Plan& plan, std::uint32_t shards) {
  std::uint64_t most = 0;
  for (std::uint32_t k = 0; k < shards; ++k) {
    RowRange range = share_of(plan, {k, shards});
    most = std::max(most, range.end - range.first);
  }
  return most;
}

std::vector<BatchJob> jobs_of(Plan& plan, std::uint32_t shards) {
  std::uint64_t rows = most_rows_of_a_share(plan, shards);
  std::vector<BatchJob> jobs = {{"score", "", true, memory_to_score(plan, rows), {}}};
  BatchJob count{"count", "score", true, memory_to_count(plan, rows), {}};
  for (const ViewPlan& view : plan.views)
    if (counts_by_share(plan, view)) count.views.push_back(view.spec.name);
  if (!count.views.empty()) jobs.push_back(count);
  jobs.push_back({"merge", jobs.back().name, false, memory_to_merge(plan, rows), {}});
  return jobs;
}

}  // namespace carbonfront
