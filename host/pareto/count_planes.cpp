// Three objectives: halve the rows in objective A. Those pairs whose dominator is in the lower half and whose other row is
// in the upper are counted by a walk in order of objective B, which inserts the lower half's ranks in objective C into a
// rank set and asks it for the upper half's. Pairs inside a half are the halves' own: the walk splits the list stably.
// (Bentley, Multidimensional divide-and-conquer, 1980, with rank sets in place of the last recursion.)

#include <tbb/parallel_invoke.h>

#include <algorithm>

#include "host/pareto/count_lists.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kRowsAtOnce = 1 << 20;  // between questions whether to stop

struct Halves {
  std::uint32_t lower_sources = 0, upper_queries = 0;
};

/// Marks which ranks in objective C are the lower half's.
void mark_lower(const RankList& list, std::uint32_t middle, Array<RankWord>& words) {
  words.assign(list.size / 64 + 1, RankWord{0, 0});
  const std::uint32_t *a = list.column(0), *c = list.column(1);
  for (std::uint32_t i = 0; i < list.size; ++i) words[c[i] / 64].bits |= std::uint64_t{a[i] < middle} << (c[i] % 64);
  count_words(words.data(), list.size);
}

/// Counts, and writes the lower half to [0, middle) of `to` and the upper behind it. Ranks in C become ranks in the half:
/// a row of the lower half takes its own as member of the set.
template <int kLevels, bool kBoth>
CARBONFRONT_INLINE Halves walk(const RankList& list, std::uint32_t middle, const RankWord* words, RankSet& members,
                               const RankList& to, std::uint32_t* counts, const Progress& progress) {
  const RankView<kLevels> set(members);
  const std::uint32_t *ids = list.ids, *a = list.column(0), *c = list.column(1);
  std::uint32_t *to_ids = to.ids, *to_a = to.column(0), *to_c = to.column(1);
  std::uint32_t lower = 0, upper = middle;
  Halves found;
  for (std::uint32_t i = 0, size = list.size; i < size; ++i) {
    if (i % kRowsAtOnce == 0) progress.throw_if_stopped();
    const std::uint32_t id = ids[i], rank_a = a[i], rank_c = c[i];
    const std::uint32_t rank = words[rank_c / 64].rank(rank_c);
    if (rank_a < middle) {
      if (kBoth || !(id & kQuery)) {
        set.insert(rank);
        ++found.lower_sources;
      }
      to_ids[lower] = id;
      to_a[lower] = rank_a;
      to_c[lower++] = rank;
    } else {
      if (kBoth || (id & kQuery)) {
        counts[id & ~kQuery] += set.rank(rank);
        ++found.upper_queries;
      }
      to_ids[upper] = id;
      to_a[upper] = rank_a - middle;
      to_c[upper++] = rank_c - rank;
    }
  }
  return found;
}

CARBONFRONT_CLONES Halves walk_alone(const RankList& list, std::uint32_t middle, CountSpace& space, const RankList& to,
                                     std::uint32_t* counts, const Progress& progress) {
  mark_lower(list, middle, space.words);
  clear(space.set, middle + 1);  // a row of the upper half may ask behind them all
  Halves found;
  with_rank_levels(
      middle + 1, [&]<int kLevels>() __attribute__((always_inline)) {
        found = list.all_are_both ? walk<kLevels, true>(list, middle, space.words.data(), space.set, to, counts, progress)
                                  : walk<kLevels, false>(list, middle, space.words.data(), space.set, to, counts, progress);
      });
  return found;
}

}  // namespace

RankList part_of(const RankList& list, std::uint32_t begin, std::uint32_t size) {
  RankList part = list;
  part.size = size;
  part.ids += begin;
  part.ranks += begin;
  return part;
}

bool is_for_tiles(const CountLimits& limits, const RankList& list) {
  const std::uint64_t pairs = std::uint64_t{list.sources} * list.queries >> list.all_are_both;
  const std::uint32_t most_rows = std::min(limits.tile_rows, kMostRowsOfTiles);
  return list.size < 4 || (list.size <= most_rows && pairs <= (list.columns == 2 ? limits.plane_pairs : limits.pairs));
}

void count_planes(CountTasks& tasks, const RankList& list, const RankList& to, const RankList& other, std::uint64_t steps) {
  tasks.progress.throw_if_stopped();
  if (list.sources == 0 || list.queries == 0) return tasks.progress.add(steps);
  if (is_for_tiles(tasks.limits, list)) {
    count_by_tiles(list, tasks.counts, *tasks.spaces.local().tiles);
    return tasks.progress.add(steps);
  }
  const std::uint32_t middle = list.size / 2;
  RankList lower = part_of(to, 0, middle), upper = part_of(to, middle, list.size - middle);
  lower.all_are_both = upper.all_are_both = list.all_are_both;
  Halves found{middle, list.size - middle};
  if (list.all_are_both && list.size >= tasks.limits.chunk_rows) {
    walk_planes_in_chunks(tasks, list, middle, chunks_for_arena(), to);
  } else {
    found = walk_alone(list, middle, tasks.spaces.local(), to, tasks.counts, tasks.progress);
  }
  lower.sources = found.lower_sources;
  lower.queries = list.all_are_both ? middle : middle - found.lower_sources;
  upper.sources = list.all_are_both ? upper.size : list.sources - lower.sources;
  upper.queries = found.upper_queries;
  const std::uint64_t own = steps / 16, half = (steps - own) / 2;
  tasks.progress.add(own);
  const auto count_lower = [&] { count_planes(tasks, lower, part_of(other, 0, middle), lower, half); };
  const auto count_upper = [&] {
    count_planes(tasks, upper, part_of(other, middle, upper.size), upper, steps - own - half);
  };
  if (list.size < tasks.limits.task_rows) {
    count_lower();
    count_upper();
  } else {
    tbb::parallel_invoke(count_lower, count_upper);
  }
}

}  // namespace carbonfront
