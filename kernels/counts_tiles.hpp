#pragma once
// Counts by bitset tiles: a tile of 256 sources as prefix masks in shared memory, compared with as many queries at once.
//
// Bound: for every pair of tiles one box test (2 · columns loads). For a pair that boxes leave undecided, each query and
// undecided column takes 9 steps of a search in shared memory, 8 loads and 8 ANDs, and each query 8 popcounts and one
// addition to global memory: about 40 operations a query and column where all pairs take 256 · 2. Masks of a column (8
// operations a source and word) are built once for kBatch tiles of queries. Memory: 4 · columns bytes a query and pair of
// tiles, from L2. 4 launches beside those of tiles.hpp. Speed: not measured.

#include "kernels/pairs.hpp"

namespace carbonfront::device {

/// As count_pairs(); the share is one of tiles of neighbours. Takes 9 · columns + 16 bytes a row.
void count_tiles(const Stream& stream, OrderView order, Direction direction, const std::uint8_t* counted, Share share,
                 std::uint32_t* counts);

}  // namespace carbonfront::device
