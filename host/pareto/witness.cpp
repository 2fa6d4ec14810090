// The one row that shows why a row is dominated: the lowest non-dominated position of its group that dominates it.

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <vector>

#include "host/pareto/engine.hpp"
#include "host/pareto/members.hpp"
#include "host/pareto/verdict.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kBlockRows = 1024;

/// Lists the places between `begin` and `end` that start a non-dominated run. The first of a run has its lowest position.
std::vector<std::uint32_t> front_places(const Order& order, const std::vector<std::uint8_t>& nondominated,
                                        std::uint32_t begin, std::uint32_t end) {
  std::vector<std::uint32_t> places;
  for (std::uint32_t place = begin; place < end; ++place) {
    if (order.run_start[place] == place && nondominated[order.position[place]]) places.push_back(place);
  }
  return places;
}

/// Calls `answer(place)` for the first place of every dominated run between `begin` and `end`, in parallel.
template <class Answer>
void for_dominated(const Order& order, const std::vector<std::uint8_t>& nondominated, std::uint32_t begin, std::uint32_t end,
                   Progress& progress, Answer answer) {
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(begin, end, kBlockRows), [&](const auto& range) {
    throw_if_stopped();
    for (std::uint32_t place = range.begin(); place < range.end(); ++place) {
      if (order.run_start[place] == place && !nondominated[order.position[place]]) answer(place);
    }
    progress.add(range.end() - range.begin());
  });
}

/// Lowest of an interval, by a tree over its leaves. [2 · leaves]: node i is the lower of nodes 2i and 2i + 1.
struct LowestTree {
  std::size_t leaves;
  std::vector<std::uint32_t> nodes;
};

LowestTree lowest_tree(const Order& order, const std::vector<std::uint32_t>& places) {
  LowestTree tree{places.size(), std::vector<std::uint32_t>(2 * places.size(), kNone)};
  for (std::size_t i = 0; i < places.size(); ++i) tree.nodes[tree.leaves + i] = order.position[places[i]];
  for (std::size_t i = tree.leaves; i-- > 1;) tree.nodes[i] = std::min(tree.nodes[2 * i], tree.nodes[2 * i + 1]);
  return tree;
}

std::uint32_t lowest_between(const LowestTree& tree, std::size_t begin, std::size_t end) {
  std::uint32_t lowest = kNone;
  for (begin += tree.leaves, end += tree.leaves; begin < end; begin /= 2, end /= 2) {
    if (begin % 2) lowest = std::min(lowest, tree.nodes[begin++]);
    if (end % 2) lowest = std::min(lowest, tree.nodes[--end]);
  }
  return lowest;
}

/// Two objectives: along the front, places rise and ranks in objective 2 fall, so a row's dominators are an interval.
std::vector<std::uint32_t> witnesses_by_interval(const Order& order, const std::vector<std::uint8_t>& nondominated,
                                                 Progress& progress) {
  const std::vector<std::uint32_t>& second = order.ranks[0];
  const std::vector<std::uint32_t> front = front_places(order, nondominated, 0, order.size);
  const LowestTree tree = lowest_tree(order, front);
  std::vector<std::uint32_t> witness(order.size, kNone);
  for_dominated(order, nondominated, 0, order.size, progress, [&](std::uint32_t place) {
    const auto end = std::lower_bound(front.begin(), front.end(), place);
    const auto begin =
        std::partition_point(front.begin(), end, [&](std::uint32_t member) { return second[member] > second[place]; });
    witness[place] = lowest_between(tree, begin - front.begin(), end - front.begin());
  });
  return witness;
}

/// Fills [objectives] with the ranks of a place, its own number first.
void take_row(const Order& order, std::uint32_t place, std::int32_t* row) {
  *row++ = static_cast<std::int32_t>(place);
  for (const auto& ranks : order.ranks) *row++ = static_cast<std::int32_t>(ranks[place]);
}

/// Any number of objectives, one group: the front in order of position, so that the first to dominate is the answer.
void witnesses_of_group(const Order& order, const std::vector<std::uint8_t>& nondominated, std::uint32_t begin,
                        std::uint32_t end, Progress& progress, std::vector<std::uint32_t>& witness) {
  std::vector<std::uint32_t> front = front_places(order, nondominated, begin, end);
  std::sort(front.begin(), front.end(),
            [&](std::uint32_t a, std::uint32_t b) { return order.position[a] < order.position[b]; });
  const auto objectives = static_cast<std::uint32_t>(order.ranks.size() + 1);
  Members members{objectives, 0, {}};
  std::vector<std::int32_t> member(objectives);
  for (const std::uint32_t place : front) {
    take_row(order, place, member.data());
    append(members, member.data());
  }
  for_dominated(order, nondominated, begin, end, progress, [&](std::uint32_t place) {
    thread_local std::vector<std::int32_t> row;
    row.resize(objectives);
    take_row(order, place, row.data());
    witness[place] = order.position[front[first_dominator(members, row.data())]];
  });
}

}  // namespace

std::vector<std::uint32_t> find_witnesses(const Order& order, const std::vector<std::uint8_t>& nondominated,
                                          Progress& progress) {
  progress.begin("witness", order.size);
  if (order.ranks.size() == 1) return by_position(order, witnesses_by_interval(order, nondominated, progress));
  std::vector<std::uint32_t> witness(order.size, kNone);
  tbb::parallel_for(std::size_t{1}, order.group_start.size(), [&](std::size_t group) {
    witnesses_of_group(order, nondominated, order.group_start[group - 1], order.group_start[group], progress, witness);
  });
  return by_position(order, witness);
}

}  // namespace carbonfront
