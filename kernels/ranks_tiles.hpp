#pragma once
// Ranks by levels of aligned tiles: Kahn's algorithm over the tiles. A tile is ready when none is left whose rows may be
// below its own. Ready tiles settle their rows among themselves, then raise the rows of later tiles above them.
//
// Settle: a row's dominators inside its tile are a bitmask, made beforehand for all tiles; rows are peeled in rounds, then
// numbered by descending rank. Raise: a source tile's prefix masks in these numbers, so that the first bit left is the best;
// only rows beyond the low corner of the sources that could still raise them (by depth below the tile's highest rank) are
// looked at. All changes are maxima, so that no schedule changes the answer.
//
// Bound: T²/2 box tests for T tiles; what is left of them costs 24 shared-memory wavefronts a column for 32 rows. Two
// launches a level, and a wait of the host every 16 levels: counted on the emulated device, 10⁶ rows of 2, 3, 4 and 8
// objectives take 207, 72, 39 and 23 levels. A total order is T levels. Speed: not measured.

#include "kernels/tiles.hpp"

namespace carbonfront::device {

/// Raises ranks [size] by place to front numbers, from lower bounds such as 0. `tiles` are those of all rows. Ranks from
/// `limit` on may stay anything from it on; 0: no limit. Takes 45 bytes a row, and 128 · columns + 24 a tile. Waits for the
/// stream.
void settle_ranks_tiles(const Stream& stream, const Tiles& tiles, std::uint32_t limit, std::uint32_t* ranks);

}  // namespace carbonfront::device
