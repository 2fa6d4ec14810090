#pragma once
// Fronts and ranks of three objectives and more, by aligned tiles (tile_path.hpp): no order of any column, and O(size²) bits
// at worst, most of which boxes decide 512 × 512 at a time, whatever the number of fronts.
//
// Tiles are taken in the order of their rows, sixteen at a time. Those settle among themselves, then every later tile meets
// them all while it is in the cache; the tiles of the next sixteen meet them first, so that these settle meanwhile.

#include <cstdint>
#include <optional>
#include <vector>

#include "carbonfront/progress.hpp"
#include "host/pareto/tile_path.hpp"

namespace carbonfront {

/// Finds every point's front number, kNone behind the first `max_rank` fronts unless that is 0. [size] by position. Throws
/// Stopped.
Array<std::uint32_t> ranks_by_tiles(PointsView points, std::uint32_t max_rank, Progress& progress,
                                    const TilePath& path = best_tile_path(), TileWork* work = nullptr);

/// Finds the non-dominated points. [size] by position. Throws Stopped.
Array<std::uint8_t> front_by_tiles(PointsView points, Progress& progress, const TilePath& path = best_tile_path(),
                                   TileWork* work = nullptr);

/// Gives ascending positions among which all non-dominated ones are: those that the strongest rows do not dominate. Nothing
/// where these would not pay, or in groups. Throws Stopped.
std::optional<std::vector<std::uint32_t>> strong_candidates(PointsView points, const Progress& progress,
                                                            const TilePath& path = best_tile_path());

/// The most bytes a row that ranks or a front take beside the points and the answer.
std::uint64_t tile_bytes(std::uint32_t objectives, bool grouped);

}  // namespace carbonfront
