#pragma once
// Dominance counts by bits: 512 sources are one vector of 512 bits.
//
// For a tile of 512 sources and one objective there are 513 prefix masks: mask p holds the p best of the tile. A query's
// count over the tile is the number of bits left in the and of one mask an objective. Which mask that is, the number of
// sources of the tile that are before the query, is looked up for 8 tiles at a time: one walk an objective gives how many
// sources are before each query, and another, for every such number, how many of them each tile has. Tiles are cut in order
// of one objective, which is so decided for all queries but those inside the tile.

#include <cstdint>
#include <memory>

#include "host/pareto/rank_list.hpp"

namespace carbonfront {

inline constexpr std::uint32_t kTileRows = 512;
inline constexpr std::uint32_t kTiles = 8;
inline constexpr std::uint32_t kBatchRows = kTileRows * kTiles;
inline constexpr std::uint32_t kMostRowsOfTiles = 1 << 16;  // numbered in 16 bits

/// What one thread needs to count a list, kept from one list to the next. About 270 KiB an objective and 20 bytes a row
/// and objective.
struct TileSpace;
struct FreeTileSpace {
  void operator()(TileSpace* space) const;
};
using TileSpacePointer = std::unique_ptr<TileSpace, FreeTileSpace>;
TileSpacePointer make_tile_space();

/// Adds to the counts of all queries of the list the sources of the list that are before them in all objectives; at least
/// three, and at most kMostRowsOfTiles rows. O(sources · queries / 512 · objectives).
void count_by_tiles(const RankList& list, std::uint32_t* counts, TileSpace& space);

}  // namespace carbonfront
