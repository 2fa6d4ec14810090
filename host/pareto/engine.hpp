#pragma once
// The parts of the CPU engine, all on an Order. Answers are by position. They use all threads of the arena, do not depend
// on how many there are, and throw Stopped.

#include <cstdint>
#include <vector>

#include "host/pareto/order.hpp"
#include "host/progress.hpp"

namespace carbonfront {

/// Counts for every row the rows that dominate it; on a mirrored order, the rows that it dominates.
/// Two objectives: O(size · log size). More: O(size²) bits, 512 rows of sources at a time.
std::vector<std::uint32_t> count_dominators(const Order& order, Progress& progress);

/// Finds the non-dominated rows. Two objectives: O(size). More: O(size · front), or what counting costs.
std::vector<std::uint8_t> find_front(const Order& order, Progress& progress);

/// Finds every row's front number. Two objectives: O(size · log fronts). More: O(size²) comparisons at worst.
std::vector<std::uint32_t> find_ranks(const Order& order, Progress& progress);

/// Finds the lowest non-dominated position of the group that dominates a row, or kNone.
/// Two objectives: O(size · log front). More: O(size · front) at worst.
std::vector<std::uint32_t> find_witnesses(const Order& order, const std::vector<std::uint8_t>& nondominated,
                                          Progress& progress);

/// Marks where a count or a rank is zero: the front.
std::vector<std::uint8_t> where_zero(const std::vector<std::uint32_t>& values);

}  // namespace carbonfront
