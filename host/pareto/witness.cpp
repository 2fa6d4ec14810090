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
constexpr std::uint32_t kFewMembers = 1024;  // so few that sorting the dominated rows costs more than it saves

/// Lists the places between `begin` and `end` that start a non-dominated run. The first of a run has its lowest position.
std::vector<std::uint32_t> front_places(const Order& order, const Array<std::uint8_t>& nondominated, std::uint32_t begin,
                                        std::uint32_t end) {
  std::vector<std::uint32_t> places;
  for (std::uint32_t place = begin; place < end; ++place) {
    if (place % kBlockRows == 0) throw_if_stopped();
    if (order.run_start[place] == place && nondominated[order.position[place]]) places.push_back(place);
  }
  return places;
}

/// Calls `answer(place)` for the first place of every dominated run between `begin` and `end`, in parallel.
template <class Answer>
void for_dominated(const Order& order, const Array<std::uint8_t>& nondominated, std::uint32_t begin, std::uint32_t end,
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
std::vector<std::uint32_t> witnesses_by_interval(const Order& order, const Array<std::uint8_t>& nondominated,
                                                 Progress& progress) {
  const Array<std::uint32_t>& second = order.ranks[0];
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

/// Any number of objectives: every row's score is how low its position is, and the highest wins.
std::vector<std::uint32_t> witnesses_by_tiles(const Order& order, const Array<std::uint8_t>& nondominated,
                                              Progress& progress) {
  const RankColumns columns{order, true};
  std::vector<std::uint32_t> front = front_places(order, nondominated, 0, order.size), dominated;
  for (std::uint32_t place = 0; place < order.size; ++place) {
    if (place % kBlockRows == 0) throw_if_stopped();
    if (order.run_start[place] == place && !nondominated[order.position[place]]) dominated.push_back(place);
  }
  sort_by_neighbourhood(columns, front);
  if (front.size() > kFewMembers) sort_by_neighbourhood(columns, dominated);
  std::vector<std::uint32_t> scores(front.size()), best(dominated.size(), 0), witness(order.size, kNone);
  for (std::size_t i = 0; i < front.size(); ++i) scores[i] = kNone - order.position[front[i]];
  raise_by_dominators(take_cloud(columns, front.data(), static_cast<std::uint32_t>(front.size())), scores,
                      take_cloud(columns, dominated.data(), static_cast<std::uint32_t>(dominated.size())), best, &progress);
  for (std::size_t i = 0; i < dominated.size(); ++i) witness[dominated[i]] = kNone - best[i];
  progress.add(order.size - front.size());
  return witness;
}

}  // namespace

Array<std::uint32_t> find_witnesses(const Order& order, const Array<std::uint8_t>& nondominated, Progress& progress) {
  progress.begin("witness", order.size);
  if (order.ranks.size() == 1) return by_position(order, witnesses_by_interval(order, nondominated, progress));
  return by_position(order, witnesses_by_tiles(order, nondominated, progress));
}

}  // namespace carbonfront
