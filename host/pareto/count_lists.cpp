// More than three objectives: halve the rows in column 0. What the lower half's sources are to the upper half's queries is a
// problem with one objective less; the halves are problems of their own (Bentley 1980). Quadratic work falls by a quarter
// a halving only, so tiles take over early.

#include "host/pareto/count_lists.hpp"

#include <tbb/parallel_for.h>
#include <tbb/parallel_invoke.h>

#include <algorithm>
#include <memory>

#include "host/clones.hpp"

namespace carbonfront {
namespace {

/// A list that owns its memory, with room for one row more than it has.
struct OwnedList : RankList {
  Array<std::uint32_t> memory;
};

OwnedList make_list(std::uint32_t size, std::uint32_t columns) {
  OwnedList list;
  list.size = size;
  list.columns = columns;
  list.stride = std::size_t{size} + 1;
  list.memory = Array<std::uint32_t>(list.stride * (columns + 1));
  list.ids = list.memory.data();
  list.ranks = list.ids + list.stride;
  return list;
}

/// The rows of a list by what becomes of them.
constexpr std::uint8_t kUpper = 1, kCrosses = 2;

struct Sides {
  std::uint32_t lower_sources = 0, upper_queries = 0;
};

/// Sides every row: lower sources and upper queries meet.
Sides find_sides(const RankList& list, std::uint32_t middle, std::uint8_t* sides) {
  const std::uint32_t *first = list.column(0), *ids = list.ids;
  Sides found;
  for (std::uint32_t i = 0; i < list.size; ++i) {
    const bool upper = first[i] >= middle;
    const bool query = ids[i] & kQuery;
    const bool crosses = list.all_are_both || upper == query;
    sides[i] = static_cast<std::uint8_t>(upper * kUpper + crosses * kCrosses);
    found.lower_sources += crosses && !upper;
    found.upper_queries += crosses && upper;
  }
  return found;
}

/// Marks the ranks of the rows that have `side`, and sums.
CARBONFRONT_CLONES void mark_side(const std::uint32_t* ranks, std::uint32_t size, const std::uint8_t* sides,
                                  std::uint8_t side, Array<RankWord>& marks) {
  marks.assign(size / 64 + 1, RankWord{0, 0});
  RankWord* words = marks.data();
  for (std::uint32_t i = 0; i < size; ++i) {
    words[ranks[i] / 64].bits |= std::uint64_t{(sides[i] & side) != 0} << (ranks[i] % 64);
  }
  count_words(words, size);
}

/// Writes the ranks of the rows that meet, among themselves.
CARBONFRONT_CLONES void keep_crossing(const std::uint32_t* ranks, std::uint32_t size, const std::uint8_t* sides,
                                      const RankWord* crossing, std::uint32_t* to) {
  for (std::uint32_t i = 0; i < size; ++i) {
    *to = crossing[ranks[i] / 64].rank(ranks[i]);
    to += (sides[i] & kCrosses) != 0;
  }
}

/// Writes the ranks in the lower half to [0, middle) and those in the upper behind.
CARBONFRONT_CLONES void halve_ranks(const std::uint32_t* ranks, std::uint32_t size, const std::uint8_t* sides,
                                    const RankWord* upper_half, std::uint32_t middle, std::uint32_t* to) {
  std::uint32_t lower = 0, upper = middle;
  for (std::uint32_t i = 0; i < size; ++i) {
    const bool is_upper = sides[i] & kUpper;
    const std::uint32_t rank = upper_half[ranks[i] / 64].rank(ranks[i]);
    to[is_upper ? upper : lower] = is_upper ? rank : ranks[i] - rank;
    upper += is_upper;
    lower += !is_upper;
  }
}

/// Fills the ids and column 0 of the halves, the lower first, and the ids of the rows that meet.
void split_ids(const RankList& list, const std::uint8_t* sides, std::uint32_t middle, const RankList& halves,
               const RankList& cross) {
  std::uint32_t lower = 0, upper = middle, crossing = 0;
  for (std::uint32_t i = 0; i < list.size; ++i) {
    const bool is_upper = sides[i] & kUpper;
    const std::uint32_t to = is_upper ? upper : lower;
    halves.ids[to] = list.ids[i];
    halves.column(0)[to] = list.column(0)[i] - (is_upper ? middle : 0);
    cross.ids[crossing] = (list.ids[i] & ~kQuery) | (is_upper ? kQuery : 0);
    upper += is_upper;
    lower += !is_upper;
    crossing += (sides[i] & kCrosses) != 0;
  }
}

/// Fills column `k` > 0 of the halves, and of the rows that meet, who have no column 0 to be compared in.
void split_column(const RankList& list, std::uint32_t k, const std::uint8_t* sides, std::uint32_t middle,
                  Array<RankWord>& words, const RankList& halves, const RankList& cross, const Progress& progress) {
  const std::uint32_t* ranks = list.column(k);
  progress.throw_if_stopped();
  mark_side(ranks, list.size, sides, kUpper, words);
  halve_ranks(ranks, list.size, sides, words.data(), middle, halves.column(k));
  progress.throw_if_stopped();
  if (list.all_are_both) {
    std::copy(ranks, ranks + list.size, cross.column(k - 1));
  } else {
    mark_side(ranks, list.size, sides, kCrosses, words);
    keep_crossing(ranks, list.size, sides, words.data(), cross.column(k - 1));
  }
}

/// A list in two halves, and who of them meet.
struct SplitList {
  OwnedList halves, cross;
};

/// Splits the list stably, columns side by side.
SplitList split(CountTasks& tasks, const RankList& list, std::uint32_t middle) {
  const auto sides = std::make_unique_for_overwrite<std::uint8_t[]>(list.size);
  const Sides found = find_sides(list, middle, sides.get());
  SplitList parts{make_list(list.size, list.columns),
                  make_list(found.lower_sources + found.upper_queries, list.columns - 1)};
  parts.cross.sources = found.lower_sources;
  parts.cross.queries = found.upper_queries;
  tbb::parallel_for(0u, list.columns, [&](std::uint32_t k) {
    if (k == 0) return split_ids(list, sides.get(), middle, parts.halves, parts.cross);
    split_column(list, k, sides.get(), middle, tasks.spaces.local().words, parts.halves, parts.cross, tasks.progress);
  });
  return parts;
}

}  // namespace

void count_list(CountTasks& tasks, const RankList& list, std::uint64_t steps) {
  tasks.progress.throw_if_stopped();
  if (list.sources == 0 || list.queries == 0) return tasks.progress.add(steps);
  if (is_for_tiles(tasks.limits, list)) {
    count_by_tiles(list, tasks.counts, *tasks.spaces.local().tiles);
    return tasks.progress.add(steps);
  }
  if (list.columns == 2) {
    const OwnedList to = make_list(list.size, 2), other = make_list(list.size, 2);
    return count_planes(tasks, list, to, other, steps);
  }
  const std::uint32_t middle = list.size / 2;
  const std::uint64_t crossing = steps / 2, half = (steps - crossing) / 2;
  SplitList parts = split(tasks, list, middle);
  count_list(tasks, parts.cross, crossing);
  RankList lower = part_of(parts.halves, 0, middle), upper = part_of(parts.halves, middle, list.size - middle);
  lower.sources = parts.cross.sources;
  upper.queries = parts.cross.queries;
  parts.cross.memory = {};
  lower.all_are_both = upper.all_are_both = list.all_are_both;
  lower.queries = list.all_are_both ? middle : middle - lower.sources;
  upper.sources = list.all_are_both ? upper.size : list.sources - lower.sources;
  tbb::parallel_invoke([&] { count_list(tasks, lower, half); }, [&] { count_list(tasks, upper, steps - crossing - half); });
}

}  // namespace carbonfront
