// Front numbers by halves (Jensen 2003; Buzdalov & Shalyto 2014, with tiles of bits for their inner recursion): rank the
// first half of the places, raise the second half to one more than the ranks of its dominators in the first, rank the second
// half. Only what is between the halves is left to compare, and objective 1 has decided there. Leaves compare row by row.

#include <tbb/parallel_invoke.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "host/pareto/engine.hpp"
#include "host/pareto/members.hpp"
#include "host/pareto/verdict.hpp"

namespace carbonfront {
namespace {

constexpr std::size_t kLeafRows = 512;

/// Ranks as far as they are known, and room for the work.
struct Halves {
  const Order& order;
  RankColumns columns;
  Progress& progress;
  std::vector<std::uint32_t>& ranks;  // [size] by place: at least
  std::uint32_t limit;                // ranks from here on are all given as this
};

/// Ranks up to kLeafRows places whose dominators elsewhere have been taken into account. One thread.
void rank_leaf(const Halves& work, std::vector<std::uint32_t> places) {
  const std::uint32_t coordinates = work.columns.count();
  const std::size_t lanes = (places.size() + kLanes - 1) / kLanes * kLanes;
  std::vector<std::int32_t> members(lanes * coordinates, std::numeric_limits<std::int32_t>::max()), row(coordinates);
  std::vector<std::int32_t> behind(lanes, 0);  // the rank of whoever a row dominates, at least
  std::sort(places.begin(), places.end());
  std::size_t kept = 0;
  for (const std::uint32_t place : places) {
    std::uint32_t& rank = work.ranks[place];
    if (rank >= work.limit) continue;
    for (std::uint32_t k = 0; k < coordinates; ++k) row[k] = static_cast<std::int32_t>(work.columns.rank(k, place));
    const std::int32_t inside =
        highest_of_dominators(members.data(), behind.data(), (kept + kLanes - 1) / kLanes, coordinates, row.data());
    rank = std::max(rank, static_cast<std::uint32_t>(inside));
    if (rank >= work.limit) continue;
    for (std::uint32_t k = 0; k < coordinates; ++k) {
      members[(kept / kLanes * coordinates + k) * kLanes + kept % kLanes] = row[k];
    }
    behind[kept++] = static_cast<std::int32_t>(rank) + 1;
  }
}

/// Removes the places whose rank is at the limit: nothing raises them, and they raise nobody below it.
void remove_ranked(const Halves& work, std::vector<std::uint32_t>& places) {
  if (work.limit == kNone) return;
  std::erase_if(places, [&](std::uint32_t place) { return work.ranks[place] >= work.limit; });
}

/// Raises the rows of the second half to one more than the highest rank of their dominators in the first.
void raise_second(const Halves& work, const std::vector<std::uint32_t>& first, const std::vector<std::uint32_t>& second) {
  const Cloud sources = take_cloud(work.columns, first.data(), static_cast<std::uint32_t>(first.size()));
  const Cloud queries = take_cloud(work.columns, second.data(), static_cast<std::uint32_t>(second.size()));
  std::vector<std::uint32_t> scores(first.size()), best(second.size());
  for (std::size_t i = 0; i < first.size(); ++i) scores[i] = work.ranks[first[i]] + 1;
  for (std::size_t i = 0; i < second.size(); ++i) best[i] = work.ranks[second[i]];
  raise_by_dominators(sources, scores, queries, best, nullptr);
  for (std::size_t i = 0; i < second.size(); ++i) work.ranks[second[i]] = best[i];
}

/// Splits the places into those before `middle` and the others. Keeps their order; no branches.
void split(const std::vector<std::uint32_t>& places, std::uint32_t middle, std::vector<std::uint32_t>& first,
           std::vector<std::uint32_t>& second) {
  first.resize(places.size() + 1);
  second.resize(places.size() + 1);
  std::size_t before = 0, after = 0;
  for (const std::uint32_t place : places) {
    first[before] = second[after] = place;
    before += place < middle;
    after += place >= middle;
  }
  first.resize(before);
  second.resize(after);
  first.shrink_to_fit();
  second.shrink_to_fit();
}

/// Finds the place between `begin` and `end` where to halve: where a group begins if there is more than one.
std::uint32_t middle_of(const Order& order, std::uint32_t begin, std::uint32_t end, bool& groups) {
  const std::uint32_t middle = begin + (end - begin) / 2;
  const auto above = std::lower_bound(order.group_start.begin(), order.group_start.end(), middle);
  const std::uint32_t after = *above, before = above == order.group_start.begin() ? 0 : *(above - 1);
  groups = after < end || before > begin;
  if (!groups) return middle;
  if (before <= begin) return after;
  return after >= end || middle - before < after - middle ? before : after;
}

/// Ranks the given places, all in [begin, end), in the order of their neighbourhoods. Depth: 2 log₂ size.
void rank_places(const Halves& work, std::vector<std::uint32_t> places, std::uint32_t begin, std::uint32_t end) {
  throw_if_stopped();
  if (places.size() <= kLeafRows) {
    rank_leaf(work, std::move(places));
    work.progress.add(end - begin);
    return;
  }
  bool groups;
  const std::uint32_t middle = middle_of(work.order, begin, end, groups);
  std::vector<std::uint32_t> first, second;
  split(places, middle, first, second);
  places = {};
  if (groups) {
    tbb::parallel_invoke([&] { rank_places(work, std::move(first), begin, middle); },
                         [&] { rank_places(work, std::move(second), middle, end); });
    return;
  }
  rank_places(work, first, begin, middle);
  remove_ranked(work, first);
  raise_second(work, first, second);
  first = {};
  remove_ranked(work, second);
  rank_places(work, std::move(second), middle, end);
}

}  // namespace

std::vector<std::uint32_t> ranks_by_halves(const Order& order, std::vector<std::uint32_t> places, std::uint32_t limit,
                                           Progress& progress) {
  std::vector<std::uint32_t> ranks(order.size, 0);
  rank_places({order, {order, false}, progress, ranks, limit}, std::move(places), 0, order.size);
  return ranks;
}

}  // namespace carbonfront
