#pragma once
// The tasks of a sweep in shares: what each keeps of the rows, what it needs in memory, and whether a device has work in it.
// The one place for these decisions: score, count, merge and the batch jobs ask here.

#include <cstdint>

#include "host/scoring/plan.hpp"

namespace carbonfront {

/// Tells whether a view's answers are found share by share: it has intervals, or counts or witnesses are asked for; and no
/// rank or crowding is, which need all rows in one place.
bool counts_by_share(const Plan& plan, const ViewPlan& view);

/// Bytes that counting takes for each own row and each row of a block of others.
std::uint64_t counting_bytes(const Plan& plan, const ViewPlan& view);

/// Keeps what putting parts together needs; views whose answers the parts have, if they were `counted`, pass by.
void keep_for_merging(Plan& plan, bool counted);

/// Bytes that a task needs at most for shares of at most so many rows; of a count the least it needs. What the plan keeps is
/// set for the task.
std::uint64_t memory_to_score(Plan& plan, std::uint64_t rows_of_share);
std::uint64_t memory_to_count(const Plan& plan, std::uint64_t rows_of_share);
std::uint64_t memory_to_merge(Plan& plan, std::uint64_t rows_of_share);

/// What a task does with a plan's rows besides reading them.
enum class Judging { none, of_views, of_shares };

/// Tells whether a device may have work in reading and judging `rows` rows, where it shares the work with the CPU.
bool device_has_work(const Plan& plan, std::uint64_t rows, Judging judging);

}  // namespace carbonfront
