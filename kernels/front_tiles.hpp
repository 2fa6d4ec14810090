#pragma once
// The front by aligned tiles: every tile of sources against every later tile of queries in one launch. A dominated source is
// still a valid one, so that items need not wait for each other; the first tiles, which are the strongest, run first.
//
// Bound: T²/2 box tests for T tiles; what is left of them costs 24 shared-memory wavefronts a column for 32 rows that are
// neither dominated yet nor before the source's low corner. Speed: not measured.

#include "kernels/tiles.hpp"

namespace carbonfront::device {

/// Marks with 1 the places of the share's tiles of queries that a source is below; 0 for all others. `sources` are tiles of
/// some or all rows, `queries` of all; the same object: the same rows. [size] by place. Takes 32 bytes a tile.
void mark_dominated_tiles(const Stream& stream, const Tiles& sources, const Tiles& queries, Share share,
                          std::uint8_t* dominated);

}  // namespace carbonfront::device
