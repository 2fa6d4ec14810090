#pragma once
// Ranks tile by tile: a settled tile of 256 places raises the later ones, box tests first, its highest ranks first.
//
// Bound: for T = size / 256 tiles T² / 2 box tests; for a pair of tiles that boxes leave undecided at most kTile² · columns
// compares, fewer where a row finds its highest dominator early, and 4 · columns · kTile bytes from L2. Two launches a tile,
// one after the other, are the floor: at 3 µs a launch 24 ms at 10⁶ rows. Speed: not measured.

#include "kernels/pairs.hpp"

namespace carbonfront::device {

/// As settle_ranks_pairs(). Takes 8 · columns + 16 bytes a row.
void settle_ranks_tiles(const Stream& stream, OrderView order, std::uint32_t* ranks);

}  // namespace carbonfront::device
