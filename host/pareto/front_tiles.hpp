#pragma once
// Which rows of a tile dominate a row, by bits: 512 sources are one vector of 512 bits.
//
// For every coordinate a tile has prefix masks: mask p holds the p best rows. The and of one mask a coordinate leaves the
// rows that may dominate a query. Which mask it is says a table of 2,048 buckets over the tile's range of ranks; rows in the
// query's own bucket are in the mask whether they are before it or not, so whoever is left is compared once more, exactly.
// That is rarely anyone: a bucket holds a quarter of a row.

#include <cstdint>
#include <vector>

namespace carbonfront {

inline constexpr std::uint32_t kTile = 512;
inline constexpr std::uint32_t kMostCoordinates = 64;

/// A bit for each row of a tile. Its alignment is said here because the vector type's own differs between instruction sets.
struct alignas(kTile / 8) TileMask {
  typedef std::uint64_t Words __attribute__((vector_size(kTile / 8)));
  Words words;
};

/// Up to 512 sources, the ones with the highest scores first. About 37 KiB a coordinate.
struct SourceTile {
  std::uint32_t coordinates = 0, rows = 0;
  std::uint32_t scores[kTile];              // [rows] descending
  std::uint32_t shift[kMostCoordinates];    // rank − lowest rank of the tile, shifted by this, is the bucket
  std::vector<std::uint32_t> ranks;         // [rows][coordinates]
  std::vector<std::uint16_t> up_to_bucket;  // [coordinates][kBuckets + 1] rows in buckets below this one
  std::vector<TileMask> prefix;             // [coordinates][kTile + 1]
};

/// Fills the tile from `rows` columns of ranks, `stride` apart from coordinate to coordinate, all in [lowest, highest].
void fill_tile(const std::uint32_t* ranks, std::size_t stride, const std::uint32_t* scores, std::uint32_t rows,
               std::uint32_t coordinates, const std::uint32_t* lowest, const std::uint32_t* highest, SourceTile& tile);

/// Up to 512 queries: those of a block that the tile may still raise.
struct QueryBlock {
  const std::uint32_t* ranks;  // [coordinates][stride]
  std::size_t stride;
  std::uint32_t count;
  std::uint16_t rows[kTile];  // [count] where they are in the block
  std::uint32_t
      best[kTile];  // [count] in: scores up to this one are of no interest; out: the highest score found, or as it was
};

/// Raises the queries to the highest score among the rows of the tile that are below them in every coordinate. In the
/// coordinates not in `undecided` all rows of the tile are below all queries; in the others they may or may not be.
void raise_by_tile(const SourceTile& tile, const std::uint32_t* lowest, const std::uint32_t* undecided,
                   std::uint32_t undecided_count, QueryBlock& queries);

}  // namespace carbonfront
