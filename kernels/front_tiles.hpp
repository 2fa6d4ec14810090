#pragma once
// Dominated rows by tiles of neighbours: box tests first, then pairs with early exit.
//
// Bound: for every tile of queries one box test a tile of sources (2 · columns loads), and for the pairs of tiles that boxes
// leave undecided at most kTile² · columns compares, fewer where dominators are found early; such a pair of tiles moves 4 ·
// columns · kTile bytes from L2. 1 launch beside those of tiles.hpp. Speed: not measured.

#include "kernels/pairs.hpp"

namespace carbonfront::device {

/// As mark_dominated_pairs(); the share is one of tiles of neighbours.
void mark_dominated_tiles(const Stream& stream, OrderView order, const std::uint8_t* is_source, Share share,
                          std::uint8_t* dominated);

}  // namespace carbonfront::device
