#include "host/slurm/jobs.hpp"

#include <algorithm>

#include "host/shards/share.hpp"
#include "host/shards/tasks.hpp"

namespace carbonfront {

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
