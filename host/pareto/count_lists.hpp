#pragma once
// Dominance counts by divide and conquer. The parts, from the top: lists of rows are halved in one objective until two
// are left besides it (count_lists.cpp), planes are halved and walked (count_planes.cpp), large walks run in chunks
// (count_chunks.cpp), and what is small enough is counted by tiles (tiles.cpp).

#include <tbb/enumerable_thread_specific.h>

#include <cstdint>
#include <vector>

#include "carbonfront/progress.hpp"
#include "host/pareto/order.hpp"
#include "host/pareto/rank_list.hpp"
#include "host/pareto/rank_set.hpp"
#include "host/pareto/tiles.hpp"

namespace carbonfront {

/// Where one way to count ends and the next begins. Any values give the same counts. Chosen by the processor time of 10⁶
/// independent rows with AVX-512 (pareto_bench, dominated_by). Three objectives: the same within a tenth from 2²⁰ to 2²⁴
/// pairs, more from 2²⁵ on. Eight: the same from 2²⁸ to 2³⁰, a quarter more at 2²⁶; four and five hardly care.
struct CountLimits {
  std::uint64_t plane_pairs = std::uint64_t{1} << 24;  // three objectives: most pairs that are left to tiles
  std::uint64_t pairs = std::uint64_t{1} << 29;        // more objectives
  std::uint32_t tile_rows = 1 << 16;                   // most rows that are left to tiles
  std::uint32_t task_rows = 1 << 13;                   // fewest rows of which both halves are worth a task
  std::uint32_t chunk_rows = 1 << 17;                  // fewest rows that are walked in chunks
  std::uint32_t aligned_objectives = 6;                // fewest that aligned tiles are tried for, instead of halving
  std::uint32_t aligned_rows = 1 << 16;                // fewest rows
  double aligned_undecided = 0.004;  // most pairs of tiles that boxes may leave, a part of one, by objectives²
};

/// What a thread needs for the part of a list that it works on alone. Not to be held while waiting for other tasks: this
/// thread may run one of them.
struct CountSpace {
  TileSpacePointer tiles = make_tile_space();
  RankSet set;
  Array<RankWord> words;
};

/// What all tasks of a count share. Each of them has rows, and so counts, of its own.
struct CountTasks {
  std::uint32_t* counts;
  CountLimits limits;
  Progress& progress;
  tbb::enumerable_thread_specific<CountSpace> spaces;
};

/// Adds to the counts of the queries of the list; at least three objectives. `steps` of progress. The list is left as it
/// is. Throws Stopped.
void count_list(CountTasks& tasks, const RankList& list, std::uint64_t steps);

/// The same for three objectives. `to` and `other` have room for the list; `other` may be the list itself.
void count_planes(CountTasks& tasks, const RankList& list, const RankList& to, const RankList& other, std::uint64_t steps);

/// Counts by place for two objectives: for every place the sources before it whose rank is before its own. `is_query` by
/// place; null: all are both. O(size · log size).
Array<std::uint32_t> count_pairs_in_chunks(const Array<std::uint32_t>& ranks, const std::uint8_t* is_query,
                                           std::uint32_t chunks, Progress& progress);

/// Walks a list whose rows are all both in `chunks` parts, see count_planes.cpp.
void walk_planes_in_chunks(CountTasks& tasks, const RankList& list, std::uint32_t middle, std::uint32_t chunks,
                           const RankList& to);

/// Chunks for all threads of the arena. Their bitmaps take chunks / 8 bytes a row.
std::uint32_t chunks_for_arena();

/// The rows [begin, begin + size) of a list's memory, as a list of its own.
RankList part_of(const RankList& list, std::uint32_t begin, std::uint32_t size);

/// Says whether a list is counted by tiles.
bool is_for_tiles(const CountLimits& limits, const RankList& list);

/// count_dominators and count_dominators_of with limits of one's own. For tests.
Array<std::uint32_t> count_dominators(const Order& order, const CountLimits& limits, Progress& progress);
Array<std::uint32_t> count_dominators_of(const Order& order, const std::uint8_t* is_source, const CountLimits& limits,
                                         Progress& progress);

}  // namespace carbonfront
