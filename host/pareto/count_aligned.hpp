#pragma once
// Counts by aligned tiles of exact ranks: boxes decide most pairs of tiles, and bitmasks the others, 512 sources at a time.

#include <cstdint>
#include <optional>

#include "carbonfront/progress.hpp"
#include "host/pareto/order.hpp"
#include "host/pareto/tile_path.hpp"

namespace carbonfront {

/// Counts for every place the rows that are before it in place and in every rank; of a run of equal rows only the first
/// place is to be used. Nothing where a sample of tile pairs says that boxes leave more than `most_undecided` of them, a
/// part of one. O(size² / 512 · objectives) at worst; 16 + 6 · objectives bytes a row. Begins no phase. Throws Stopped.
std::optional<Array<std::uint32_t>> count_by_aligned_tiles(const Order& order, double most_undecided, Progress& progress,
                                                           const TilePath& path = best_tile_path());

}  // namespace carbonfront
