#pragma once
// Integers instead of values: one lexicographic order of the rows, and a rank for every row in every objective.

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <cstdint>
#include <vector>

#include "carbonfront/array.hpp"
#include "carbonfront/points.hpp"
#include "carbonfront/progress.hpp"

namespace carbonfront {

/// The rows in lexicographic order by (group, objective 1, objective 2, …), best first; a *place* is an index into it.
/// Ranks are unique in every objective: equal values follow the order of places. So of two rows that differ, p dominates
/// q exactly when p comes before q in place and in every rank, and rows equal in everything are runs of places. Groups
/// lead objective 1 ascending and objective 2 descending, which makes rows of different groups incomparable.
/// There is always an objective 2: one objective alone gets a constant second one.
struct Order {
  std::uint32_t size = 0;
  Array<std::uint32_t> position;            // [size] the point at a place; ascending within a run
  Array<std::uint32_t> run_start;           // [size] first place of the run of equal rows a place is in
  std::vector<Array<std::uint32_t>> ranks;  // [objectives − 1][size] by place; the rank in objective 1 is the place
  std::vector<std::uint32_t> group_start;   // [groups + 1] places where groups begin, and the size
};

/// Sorts the points: O(size · objectives), 21 bytes a row while it works besides the answer. Throws Stopped.
Order lexicographic_order(PointsView points, Progress& progress);

/// Turns the order round, so that whoever was dominated now dominates. Twice is the same as not at all. Throws Stopped.
void mirror(Order& order, const Progress& progress);

/// Spreads answers found for the first place of every run to all points. [size] by place in, [size] by position out.
/// Throws Stopped.
template <class Answers>
Array<typename Answers::value_type> by_position(const Order& order, const Answers& by_place, const Progress& progress) {
  Array<typename Answers::value_type> answers(order.size);
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, order.size, 1 << 13), [&](const auto& places) {
    progress.throw_if_stopped();
    for (std::uint32_t place = places.begin(); place < places.end(); ++place) {
      answers[order.position[place]] = by_place[order.run_start[place]];
    }
  });
  return answers;
}

}  // namespace carbonfront
