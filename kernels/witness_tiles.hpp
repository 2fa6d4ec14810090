#pragma once
// Witnesses: marked rows in order of their number, so that the first that dominates a row is its witness.
//
// Bound: for every tile of rows that are not marked one box test a tile of marked ones (2 · columns loads), and kTile² ·
// columns compares for each tile of marked rows until every row of the tile has its witness: all of them at worst. 7
// launches beside those of tiles.hpp. Speed: not measured.

#include "kernels/pairs.hpp"

namespace carbonfront::device {

/// As find_witnesses_pairs(), of marked rows none of which dominates another; the share is one of tiles of neighbours.
void find_witnesses_tiles(const Stream& stream, OrderView order, const std::uint8_t* nondominated, Share share,
                          std::uint32_t* witnesses);

}  // namespace carbonfront::device
