#pragma once
// The parts of the CPU engine, all on an Order. Answers are by position. They use all threads of the arena, do not depend
// on how many there are, and throw Stopped.

#include <cstdint>
#include <vector>

#include "carbonfront/progress.hpp"
#include "host/pareto/order.hpp"

namespace carbonfront {

/// Counts for every row the rows that dominate it; on a mirrored order, the rows that it dominates.
/// Two objectives: O(size · log size), 12 bytes a row. Three: O(size · log² size), 32 bytes a row.
/// More: another log each, until O(size² / 512) is less; about 16 · objectives bytes a row. CountLimits sets where.
Array<std::uint32_t> count_dominators(const Order& order, Progress& progress);

/// Counts for every row that is not a source the sources that dominate it; 0 for sources. A row that asks and is a source
/// is in the points twice. `is_source` [size] by position. Costs what count_dominators costs.
Array<std::uint32_t> count_dominators_of(const Order& order, const std::uint8_t* is_source, Progress& progress);

/// Finds the non-dominated rows of at most three objectives. Two: O(size). Three: O(size · log size).
Array<std::uint8_t> find_front(const Order& order, Progress& progress);

/// Finds every row's front number in at most two objectives, kNone behind the first `max_rank` fronts unless that is 0.
/// O(size · log fronts).
Array<std::uint32_t> find_ranks(const Order& order, std::uint32_t max_rank, Progress& progress);

/// Finds the lowest non-dominated position of the group that dominates a row, or kNone. At most two objectives: by their
/// order, O(size · log front). More: by tiles, O(size · front) bits at worst, most of which boxes decide.
Array<std::uint32_t> find_witnesses(const Order& order, const Array<std::uint8_t>& nondominated, Progress& progress);
Array<std::uint32_t> find_witnesses(PointsView points, const Array<std::uint8_t>& nondominated, Progress& progress);

/// Lists the positions whose mark is `value`, ascending.
inline std::vector<std::uint32_t> marked(const Array<std::uint8_t>& marks, std::uint8_t value) {
  std::vector<std::uint32_t> positions;
  for (std::uint32_t i = 0; i < marks.size(); ++i) {
    if (marks[i] == value) positions.push_back(i);
  }
  return positions;
}

/// Marks where a count or a rank is zero: the front.
Array<std::uint8_t> where_zero(const Array<std::uint32_t>& values);

}  // namespace carbonfront
