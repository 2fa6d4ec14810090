#pragma once
// Aligned tiles of rows in an order: where each begins, and their rows, columns and boxes.

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <cstdint>
#include <vector>

#include "carbonfront/progress.hpp"
#include "host/pareto/tile_path.hpp"
#include "host/pareto/z_order.hpp"

namespace carbonfront {

/// What tiles are for: ranks are raised, rows of a front are killed.
enum class TilesFor { ranks, front };

/// Makes tiles of the distinct rows of an order, with all threads. `names`: as z_order() was given. `proven` by position, or
/// null: rows that nothing dominates, which are not asked about. Throws Stopped.
AlignedTiles make_tiles(const Estimates& estimates, const ZOrder& order, const std::vector<std::uint32_t>* names,
                        const std::uint8_t* proven, TilesFor answer, const Progress& progress);

/// Tiles that one thread works at before it takes others.
inline constexpr std::uint32_t kTilesOfTask = 8;

/// Calls `work(tile)` for the tiles from `begin` on, in parallel. Throws Stopped.
template <class Work>
void for_tiles(const AlignedTiles& tiles, std::uint32_t begin, const Progress& progress, Work work) {
  const auto end = static_cast<std::uint32_t>(tiles.tiles.size());
  if (begin >= end) return;
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(begin, end, kTilesOfTask), [&](const auto& range) {
    progress.throw_if_stopped();
    for (std::uint32_t t = range.begin(); t < range.end(); ++t) work(t);
  });
}

/// Calls `use(position, slot)` for all rows of all tiles, in parallel. Throws Stopped.
template <class Use>
void for_rows(const AlignedTiles& tiles, const Progress& progress, Use use) {
  for_tiles(tiles, 0, progress, [&](std::uint32_t t) {
    const Tile& tile = tiles.tiles[t];
    for (std::uint32_t slot = tile.begin; slot < tile.begin + tile.rows; ++slot) use(tiles.position[slot], slot);
  });
}

/// Says whether a row of tile `s` may be below a row of tile `t`, by their groups and boxes.
bool may_reach(const AlignedTiles& tiles, std::uint32_t s, std::uint32_t t);

/// Makes a source of a tile by its rows' ranks.
void build_source(const AlignedTiles& tiles, const Tile& tile, const TilePath& path, SourceTile& source);

/// Empties a group of sources.
void start_group(SourceGroup& group);

/// Adds a source to a group, to be met before the others or after them.
void prepend_source(const SourceTile& source, SourceGroup& group);
void append_source(const SourceTile& source, SourceGroup& group);

}  // namespace carbonfront
