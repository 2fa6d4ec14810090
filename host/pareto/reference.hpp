#pragma once
// The definition of every answer, written plainly over the stored values: the independent check of every other engine.

#include <cstdint>
#include <vector>

#include "carbonfront/progress.hpp"
#include "carbonfront/verdict.hpp"

namespace carbonfront {

/// Answers by definition. O(size² · objectives), one thread. Throws SpecError, DeviceError (check_points), Stopped.
Verdict evaluate_reference(PointsView points, VerdictRequest wanted, Progress& progress);

/// Counts by definition, O(size² · objectives), one thread. Throws as evaluate_reference.
CrossCounts count_against_reference(PointsView points, CrossRequest wanted, Progress& progress);

/// Finds the exact front by definition, ascending. O(size² · objectives). Throws as evaluate_reference.
std::vector<std::uint32_t> find_front_reference(PointsView points, Progress& progress);

/// Compares two positions of one group by definition: true when `a` is no worse than `b` in every objective and better in
/// one.
bool dominates_by_definition(PointsView points, std::uint32_t a, std::uint32_t b);

/// One row's answers by definition, O(size · objectives) plus the search for its witness. Throws Stopped.
struct RowVerdict {
  bool nondominated;
  std::uint32_t dominated_by, dominates, witness;
};
RowVerdict reference_row(PointsView points, std::uint32_t position, const Progress& progress);

/// What the rank of a position must be, given everyone's ranks: 0 if nothing dominates it, else one more than the highest
/// rank among its dominators; kNone behind the first `max_rank` fronts (0: all). If it holds for every row, all ranks are
/// right. O(size · objectives). Throws Stopped.
std::uint32_t reference_rank_from(PointsView points, std::uint32_t position, const Array<std::uint32_t>& ranks,
                                  const Progress& progress, std::uint32_t max_rank = 0);

}  // namespace carbonfront
