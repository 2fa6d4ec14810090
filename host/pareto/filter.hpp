#pragma once
// Rows that a few strong rows dominate are not on the front: one pass over the stored values, without any order.

#include <cstdint>
#include <optional>
#include <vector>

#include "carbonfront/points.hpp"
#include "carbonfront/progress.hpp"

namespace carbonfront {

/// Rows as order-preserving keys (host/pareto/keys.hpp) with their top bit turned, so that they compare as signed. The
/// stride is a multiple of 8.
struct KeyRows {
  std::uint32_t objectives = 0;
  std::size_t stride = 0;
  std::vector<std::int64_t> keys;  // [objectives][stride]
};

/// Gives ascending positions among which all non-dominated ones are; the others are dominated by one of them. Groups are not
/// looked at: all rows must be of one. One read of the columns; a strong row kills eight rows in a few instructions. Nothing
/// if it would not pay, as far as a sample tells; otherwise begins a phase. Throws Stopped.
std::optional<std::vector<std::uint32_t>> front_candidates(PointsView points, Progress& progress);

/// Gathers the keys of positions begin, begin + step, … [count].
void take_keys(PointsView points, std::uint32_t begin, std::uint32_t step, std::uint32_t count, KeyRows& rows);

/// Marks with a negative number which of the rows from `begin`, a multiple of 8, a pivot [pivots][objectives] dominates.
/// [count] up to a multiple of 8.
void mark_dominated(const std::int64_t* pivots, std::uint32_t pivot_count, const KeyRows& rows, std::uint32_t begin,
                    std::uint32_t count, std::int64_t* dominated);

/// Keeps the rows of the first `count` that no pivot [pivots][objectives] dominates, in order, and their `names`. Returns
/// how many.
std::uint32_t remove_dominated(const std::int64_t* pivots, std::uint32_t pivot_count, KeyRows& rows, std::uint32_t count,
                               std::uint32_t* names);

}  // namespace carbonfront
