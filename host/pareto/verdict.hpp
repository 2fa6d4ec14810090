#pragma once
// The Pareto verdict over a set of points: who is non-dominated, and for everyone else how many beat it and which one.

#include <cstdint>
#include <vector>

#include "host/pareto/pages.hpp"
#include "host/progress.hpp"
#include "kernels/columns.hpp"

namespace carbonfront {

/// "No such position": a row without witness.
inline constexpr std::uint32_t kNone = 0xFFFFFFFFu;

/// Which optional answers are wanted. `nondominated` always is.
struct VerdictRequest {
  bool dominated_by = false;                  // how many rows of the group dominate this one (NSGA-II's n_p)
  bool dominates = false;                     // how many rows of the group this one dominates (SPEA2's strength)
  bool rank = false;                          // front number, from 0
  bool witness = false;                       // lowest non-dominated position of the group that dominates this one
  std::uint32_t max_rank = 0;                 // with K > 0, rows behind the first K fronts get kNone as rank
  const std::uint8_t* known_front = nullptr;  // [size] `nondominated`, where someone has found it: may be taken as it is
};

/// Seconds spent by phase.
struct VerdictSeconds {
  double order = 0, front = 0, counts = 0, rank = 0;
};

/// The answers, [size] each or empty where not asked for. Equal rows of a group get equal answers.
struct Verdict {
  Array<std::uint8_t> nondominated;
  Array<std::uint32_t> dominated_by, dominates, rank, witness;
  VerdictSeconds seconds;
};

/// Answers by definition: plain loops over the stored values, no tricks. The independent check of every other backend.
/// O(size² · objectives), one thread. Throws Stopped.
Verdict evaluate_reference(PointsView points, VerdictRequest wanted, Progress& progress);

/// Answers with all threads of the current TBB arena. Counts come from integer ranks after one sort; ranks, witnesses and
/// fronts of more objectives from aligned tiles, which need no sort of the columns; a front alone is filtered first. One or
/// two objectives: O(size · log size). More: at worst O(size²) bits. The result does not depend on the number of threads. At
/// most 2³¹ − 1 points. Throws Stopped.
Verdict evaluate_cpu(PointsView points, VerdictRequest wanted, Progress& progress);

/// The most bytes a row that evaluate_cpu works in, beside the points and the answers.
std::uint64_t working_bytes(std::uint32_t objectives, VerdictRequest wanted, bool grouped);

/// Counts between two sets: for each row that is no source, the sources that dominate it and those it dominates. [size] by
/// position, 0 for sources; empty where not asked for.
struct CrossCounts {
  Array<std::uint32_t> dominated_by, dominates;
};

/// Counts by definition, O(size² · objectives), one thread. `is_source` [size]. Throws Stopped.
CrossCounts count_against_reference(PointsView points, const std::vector<std::uint8_t>& is_source, bool dominated_by,
                                    bool dominates, Progress& progress);

/// Counts as evaluate_cpu does, at the same cost. Throws Stopped.
CrossCounts count_against_cpu(PointsView points, const std::vector<std::uint8_t>& is_source, bool dominated_by,
                              bool dominates, Progress& progress);

/// Compares two positions of one group by definition: true when `a` is no worse than `b` in every objective and better in
/// one.
bool dominates_by_definition(PointsView points, std::uint32_t a, std::uint32_t b);

/// One row's answers by definition, O(size · objectives) plus the search for its witness. Throws Stopped.
struct RowVerdict {
  bool nondominated;
  std::uint32_t dominated_by, dominates, witness;
};
RowVerdict reference_row(PointsView points, std::uint32_t position);

/// What the rank of a position must be, given everyone's ranks: 0 if nothing dominates it, else one more than the highest
/// rank among its dominators; kNone behind the first `max_rank` fronts (0: all). If it holds for every row, all ranks are
/// right. O(size · objectives).
std::uint32_t reference_rank_from(PointsView points, std::uint32_t position, const Array<std::uint32_t>& ranks,
                                  std::uint32_t max_rank = 0);

}  // namespace carbonfront
