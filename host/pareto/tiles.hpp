#pragma once
// Dominance counts by bits: 512 sources are one vector of 512 bits.
//
// For a tile of 512 source rows and one objective there are 513 prefix masks: mask p holds the p best rows of the tile. A
// query's count over the tile is the number of bits left in the and of one mask an objective. Which mask that is comes in
// two steps: 8 tiles are a batch; a bitmap over all ranks says how many rows of the batch are before the query, once a
// batch, and a table of 4,097 entries a tile how many of those are in the tile.

#include <cstdint>
#include <vector>

#include "host/pareto/order.hpp"

namespace carbonfront {

inline constexpr std::uint32_t kTileRows = 512;
inline constexpr std::uint32_t kTiles = 8;
inline constexpr std::uint32_t kBatchRows = kTileRows * kTiles;
inline constexpr std::uint32_t kQueryRows = 2048;  // divides kBatchRows, so that a block is in one batch or behind it

/// A bit for each row of a tile, in the compiler's own vector type: machines without vectors of this size get several. Its
/// alignment is said here because the type's own differs between the instruction sets that one file is compiled for.
struct alignas(kTileRows / 8) Mask {
  typedef std::uint64_t Words __attribute__((vector_size(kTileRows / 8)));
  Words words;
};

/// 64 ranks: which of them rows of the batch have, and how many of its rows are before them.
struct RankWord {
  std::uint64_t bits;
  std::uint64_t before;
};

/// One objective of a batch of sources. About 330 KiB and size / 4 bytes.
struct BatchColumn {
  std::vector<RankWord> words;       // [size / 64]; empty for objective 1, where the rank is the place
  std::vector<std::uint16_t> local;  // [tiles][kBatchRows + 1] rows of the tile among the first r rows of the batch
  std::vector<Mask> prefix;          // [tiles][kTileRows + 1] the first p rows of the tile
  std::uint32_t lowest[kTiles];      // rank in the batch of the best row of each tile
  std::uint32_t highest[kTiles];     // and of the worst
};

/// Fills the column with the sources at places [begin, end); null ranks stand for the places themselves.
void fill_column(const std::uint32_t* ranks, std::uint32_t size, std::uint32_t begin, std::uint32_t end,
                 BatchColumn& column);

/// Adds to the counts of the places [first, last) the sources at places [begin, end) before them in all objectives.
/// Only the first place of a run is counted.
void count_batch(const Order& order, const std::vector<BatchColumn>& batch, std::uint32_t begin, std::uint32_t end,
                 std::uint32_t first, std::uint32_t last, std::uint32_t* counts);

}  // namespace carbonfront
