#pragma once
// The CPU engine: every answer with all threads of the current oneTBB arena. No answer depends on how many there are. All
// throw SpecError and DeviceError for points beyond the limits (check_points), and Stopped.

#include <cstdint>
#include <vector>

#include "carbonfront/progress.hpp"
#include "carbonfront/verdict.hpp"

namespace carbonfront {

/// Answers a request. Counts come from integer ranks after one sort; ranks, witnesses and fronts of more objectives from
/// aligned tiles, which need no sort of the columns; a front alone is filtered first. One or two objectives:
/// O(size · log size). More: at worst O(size²) bits.
Verdict evaluate_cpu(PointsView points, VerdictRequest wanted, Progress& progress);

/// Counts between two sets, at the cost of evaluate_cpu's counts.
CrossCounts count_against_cpu(PointsView points, CrossRequest wanted, Progress& progress);

/// Finds ascending positions, among them all that are non-dominated in their group; `exactly` those, or as many more as are
/// quicker to keep than to find.
std::vector<std::uint32_t> find_front_cpu(PointsView points, bool exactly, Progress& progress);

/// The most bytes a row that evaluate_cpu works in, beside the points and the answers.
std::uint64_t working_bytes(std::uint32_t objectives, VerdictRequest wanted, bool grouped);

}  // namespace carbonfront
