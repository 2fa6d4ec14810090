#pragma once
// Neighbours in rank space in tiles of kTile, with their boxes: what most pairs of tiles have to say is said by two boxes.
//
// Bound: one radix sort of 32-bit keys, and 8 · columns + 12 bytes a row for each set of tiles; 6 + launches of the sort.

#include "kernels/pairs.hpp"

namespace carbonfront::device {

/// Which side of a comparison rows are on.
enum class Side { sources, queries };

/// Views rows as coordinates in which a source counts for a query exactly when it is *below* it in every column: place, then
/// ranks, or both turned round. Slots behind the last row are above, or below, everything. Device memory.
struct TilesView {
  std::uint32_t size = 0, tiles = 0;
  std::uint32_t columns = 0;                   // of the order, and one for the place
  const std::uint32_t* place = nullptr;        // [size]
  const std::uint32_t* coordinates = nullptr;  // [columns][tiles · kTile]
  const std::uint32_t* low = nullptr;          // [columns][tiles] least and largest of a tile's rows
  const std::uint32_t* high = nullptr;

  CARBONFRONT_HD std::size_t at(std::uint32_t column, std::uint64_t tile, std::uint32_t slot) const {
    return (std::size_t{column} * tiles + tile) * kTile + slot;
  }
};

/// Owns tiles. 4 · (columns + 1) bytes a row.
struct Tiles {
  std::uint32_t size = 0, tiles = 0, columns = 0;
  DeviceArray<std::uint32_t> place, coordinates, low, high;
  TilesView view() const { return {size, tiles, columns, place.data(), coordinates.data(), low.data(), high.data()}; }
};

/// The places in an order that keeps neighbours together: by the leading bits of place and ranks in turn (a Z curve). [size]
DeviceArray<std::uint32_t> neighbours(const Stream& stream, OrderView order);

/// Tiles of the rows that are marked; null: all. `marked` [size] by place. Waits for the stream where rows are marked.
Tiles make_tiles(const Stream& stream, OrderView order, const std::uint32_t* neighbours, const std::uint8_t* marked,
                 Direction direction, Side side);

#if defined(__CUDACC__) || defined(__device__)
/// What the boxes of a tile of sources and one of queries say.
enum class Relation { none, all, undecided };

__device__ inline Relation relation(TilesView sources, std::uint64_t source, TilesView queries, std::uint64_t query) {
  bool all = true;
  for (std::uint32_t c = 0; c < sources.columns; ++c) {
    const std::size_t s = std::size_t{c} * sources.tiles + source, q = std::size_t{c} * queries.tiles + query;
    if (sources.low[s] >= queries.high[q]) return Relation::none;
    all = all && sources.high[s] < queries.low[q];
  }
  return all ? Relation::all : Relation::undecided;
}
#endif

}  // namespace carbonfront::device
