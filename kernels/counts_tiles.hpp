#pragma once
// Counts by aligned tiles: prefix masks of a tile of sources, ANDed and counted for 32 queries at a time.
//
// Bound: T²/2 box tests for T tiles (T² where sources and queries are different rows). A pair that boxes leave undecided in
// one column costs a search of 9 wavefronts for 32 rows; one that is open in more 24 a column and 8 popcounts; only rows
// that are not above the source's box in a column search it. One addition to global memory for a row and pair of tiles.
// Stripes of queries follow each other, so that their coordinates stay in L2. Speed: not measured.

#include "kernels/tiles.hpp"

namespace carbonfront::device {

/// Counts for every row of the share's tiles of queries the sources that are below it; 0 for other rows. `sources` are tiles
/// of some or all rows, `queries` of all; the same object: the same rows. [size] by place. Takes 4 bytes a row and 4 a tile.
void count_tiles(const Stream& stream, const Tiles& sources, const Tiles& queries, Share share, std::uint32_t* counts);

}  // namespace carbonfront::device
