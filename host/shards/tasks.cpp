#include "host/shards/tasks.hpp"

#include <algorithm>

#include "host/placement.hpp"
#include "host/scoring/memory.hpp"
#include "host/scoring/views.hpp"

namespace carbonfront {

bool counts_by_share(const Plan& plan, const ViewPlan& view) {
  const Outputs& wanted = view.spec.outputs;
  bool asked = wanted.dominated_by || wanted.dominates || wanted.witness || plan.has_intervals(view);
  return asked && !wanted.rank && !wanted.crowding;
}

std::uint64_t counting_bytes(const Plan& plan, const ViewPlan& view) {
  std::uint64_t row = 12 + 8 * view.objectives.size();
  return row * (plan.has_intervals(view) ? 4 : 2) + work_bytes(view);
}

void keep_for_merging(Plan& plan, bool counted) {
  keep_what_is_compared(plan);
  for (ViewPlan& view : plan.views)
    if (counted && counts_by_share(plan, view)) view.resident = false, view.passing = true;
}

std::uint64_t memory_to_score(Plan& plan, std::uint64_t rows_of_share) {
  keep_for_parts(plan);
  return memory_needed(plan, rows_of_share, 0);
}

/// Own rows and those of one other share.
std::uint64_t memory_to_count(const Plan& plan, std::uint64_t rows_of_share) {
  std::uint64_t most = 0;
  for (const ViewPlan& view : plan.views)
    if (counts_by_share(plan, view)) most = std::max(most, 2 * rows_of_share * counting_bytes(plan, view));
  return most;
}

/// One share's rows beside what stays: the summary names the first beaten ones.
std::uint64_t memory_to_merge(Plan& plan, std::uint64_t rows_of_share) {
  keep_for_merging(plan, true);
  plan.keep_row_numbers = false;
  return memory_needed(plan, plan.rows, 0) + memory_to_count(plan, rows_of_share) / 2;
}

bool device_has_work(const Plan& plan, std::uint64_t rows, Judging judging) {
  if (plan.emissions && is_on_device(kPlacements, Answer::emissions, 0, rows)) return true;
  return std::any_of(plan.views.begin(), plan.views.end(), [&](const ViewPlan& view) {
    const auto objectives = static_cast<std::uint32_t>(view.objectives.size());
    if (is_on_device(kPlacements, Answer::front, objectives, rows)) return true;
    if (judging == Judging::of_shares)  // own rows and those of others, own ones again among them
      return counts_by_share(plan, view) && (is_on_device(kPlacements, Answer::counts, objectives, 2 * rows) ||
                                             is_on_device(kPlacements, Answer::witnesses, objectives, rows));
    if (judging == Judging::none || !view.resident) return false;
    return shared_request(kPlacements, request_of(view), objectives, rows).on_device ||
           (plan.has_intervals(view) && is_on_device(kPlacements, Answer::counts, objectives, 2 * rows));  // of both ends
  });
}

}  // namespace carbonfront
