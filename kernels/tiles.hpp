#pragma once
// Aligned tiles: the Z order of the rows cut at the leaves of its binary trie, that is at the largest prefixes of the key
// with at most kTile rows. Boxes of such tiles hardly overlap, so that they decide most pairs of tiles.
//
// Bound: one radix sort of 32-bit keys; of every tile and column kTile² compares in shared memory, which sort it; 9 ·
// columns + 16 bytes a row read and 5 · columns + 8 written. Five launches beside the sort, and one wait of the host for the
// number of tiles. Rule of the cuts: for d(i) the longest prefix that row i shares with more than kTile rows around it,
// plus one, a tile begins where the prefix shared with the row before is shorter than d(i).

#include "kernels/device/block.hpp"
#include "kernels/device/work.hpp"
#include "kernels/pairs.hpp"

namespace carbonfront::device {

/// Views rows as coordinates in which a source counts for a query exactly when it is *below* it in every column: place, then
/// ranks, or both turned round. Sources and queries differ in the first column alone, where a query has the place of the
/// first of its run of equal rows: planes are column 0 of sources, then every column of queries. A later tile, or slot of a
/// tile, is never below an earlier one. Device memory.
struct TilesView {
  std::uint32_t rows = 0, tiles = 0;
  std::uint32_t columns = 0;                   // of the order, and one for the place
  const std::uint32_t* begin = nullptr;        // [tiles + 1] the first slot of a tile
  const std::uint32_t* place = nullptr;        // [rows] by slot
  const std::uint32_t* coordinates = nullptr;  // [columns + 1][rows] planes
  const std::uint32_t* low = nullptr;          // [columns + 1][tiles] the least and the largest of a tile's rows
  const std::uint32_t* high = nullptr;
  const std::uint8_t* sorted = nullptr;  // [columns][rows] slots of a tile, less its first, by a source's coordinate

  static CARBONFRONT_HD std::uint32_t source_plane(std::uint32_t column) { return column + (column > 0); }
  static CARBONFRONT_HD std::uint32_t query_plane(std::uint32_t column) { return column + 1; }
  CARBONFRONT_HD std::uint32_t source(std::uint32_t column, std::uint32_t slot) const {
    return coordinates[std::size_t{source_plane(column)} * rows + slot];
  }
  CARBONFRONT_HD std::uint32_t query(std::uint32_t column, std::uint32_t slot) const {
    return coordinates[std::size_t{query_plane(column)} * rows + slot];
  }
  CARBONFRONT_HD std::size_t source_box(std::uint32_t column, std::uint32_t tile) const {
    return std::size_t{source_plane(column)} * tiles + tile;
  }
  CARBONFRONT_HD std::size_t query_box(std::uint32_t column, std::uint32_t tile) const {
    return std::size_t{query_plane(column)} * tiles + tile;
  }
  CARBONFRONT_HD std::uint32_t rows_of(std::uint32_t tile) const { return begin[tile + 1] - begin[tile]; }
};

/// Owns tiles. 5 · columns + 8 bytes a row, and 8 · columns + 12 a tile.
struct Tiles {
  std::uint32_t rows = 0, tiles = 0, columns = 0;
  DeviceArray<std::uint32_t> begin, place, coordinates, low, high;
  DeviceArray<std::uint8_t> sorted;
  TilesView view() const {
    return {rows, tiles, columns, begin.data(), place.data(), coordinates.data(), low.data(), high.data(), sorted.data()};
  }
};

/// How the slots of a tile follow one another: as the Z order has them, or by position.
enum class Slots { in_z_order, by_position };

/// Makes tiles of the rows that are marked; null: of all. `marked` [size] by place. There are at most size / 96 + 1 of them:
/// where the trie has more leaves, rows are cut by number. Waits for the stream, once more where rows are marked. Takes 20
/// bytes a row of the order beside them.
Tiles make_tiles(const Stream& stream, OrderView order, const std::uint8_t* marked, Direction direction,
                 Slots slots = Slots::in_z_order);

/// How many values of a tile come before the thread's own, equal ones by slot where there are any. All threads of the block;
/// `values` is shared [kTile / 4], and the own value of threads without a row all ones.
template <bool kTies>
__device__ std::uint32_t rank_in_tile(std::uint32_t own, std::uint32_t rows, uint4* values) {
  __syncthreads();
  reinterpret_cast<std::uint32_t*>(values)[threadIdx.x] = own;
  __syncthreads();
  const auto precedes = [own](std::uint32_t value, std::uint32_t slot) {
    return std::uint32_t{value < own || (kTies && value == own && slot < threadIdx.x)};
  };
  std::uint32_t before = 0;
  for (std::uint32_t slot = 0; slot < rows; slot += 4) {
    const uint4 four = values[slot / 4];
    before += precedes(four.x, slot) + precedes(four.y, slot + 1) + precedes(four.z, slot + 2) + precedes(four.w, slot + 3);
  }
  return before;
}

/// What the boxes of a tile of sources and one of queries say: that no source is below a query, or in which columns a source
/// may not be below one. Where none is open, all are below all.
struct Boxes {
  bool apart = true;
  std::uint32_t open = 0;  // bitmask of columns
};

__device__ inline Boxes compare_boxes(TilesView sources, std::uint32_t source, TilesView queries, std::uint32_t query) {
  std::uint32_t open = 0;
  for (std::uint32_t c = 0; c < sources.columns; ++c) {
    const std::size_t s = sources.source_box(c, source), q = queries.query_box(c, query);
    if (sources.low[s] >= queries.high[q]) return {};
    if (sources.high[s] >= queries.low[q]) open |= 1u << c;
  }
  return {false, open};
}

}  // namespace carbonfront::device
