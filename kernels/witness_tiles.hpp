#pragma once
// Witnesses by aligned tiles of the front: slots in order of row number, so that the first source that is below a row is its
// witness in that tile, and tiles in order of their lowest row number, so that most rows know a better one soon.
//
// Bound: F · T box tests for F tiles of the front; what is left of them costs 24 shared-memory wavefronts a column for 32
// rows whose witness so far has a higher number than the tile's lowest. Speed: not measured.

#include "kernels/tiles.hpp"

namespace carbonfront::device {

/// As find_witnesses_pairs(), of marked rows none of which dominates another, for the rows of the share's tiles. `tiles` are
/// those of all rows. Takes 4 bytes a row and 4 a tile, beside the tiles of the marked rows. Waits for the stream.
void find_witnesses_tiles(const Stream& stream, OrderView order, const Tiles& tiles, const std::uint8_t* nondominated,
                          Share share, std::uint32_t* witnesses);

}  // namespace carbonfront::device
