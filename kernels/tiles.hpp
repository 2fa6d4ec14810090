#pragma once
// Neighbours in rank space in tiles of kTile, with their boxes: what most pairs of tiles have to say is said by two boxes.
//
// Bound: one radix sort of 32-bit keys, and 8 · columns + 12 bytes a row for each set of tiles; 6 + launches of the sort.

#include "kernels/device/block.hpp"
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

/// Tiles of the places in a list, in its order. `places` [size].
Tiles make_tiles(const Stream& stream, OrderView order, DeviceArray<std::uint32_t> places, std::uint32_t size,
                 Direction direction, Side side);

/// Tiles of the rows that are marked; null: all. `neighbours` [size], `marked` [size] by place. Waits for the stream where
/// rows are marked.
Tiles make_tiles(const Stream& stream, OrderView order, const std::uint32_t* neighbours, const std::uint8_t* marked,
                 Direction direction, Side side);

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

/// Finds the first source below the thread's query in all columns, ~0: none; any such source where `any` is set. `loaded` is
/// shared memory, [columns][kTile]. All threads of the block.
__device__ inline std::uint64_t first_below(TilesView sources, TilesView queries, std::uint64_t query, bool any,
                                            std::uint32_t* loaded) {
  __shared__ std::uint32_t list[kTile];
  const bool present = query * kTile + threadIdx.x < queries.size;
  std::uint64_t found = ~std::uint64_t{0};
  bool done = false;
  for (std::uint64_t first = 0; first < sources.tiles && !done; first += kTile) {
    const std::uint64_t tile = first + threadIdx.x;
    const Relation boxes = tile < sources.tiles ? relation(sources, tile, queries, query) : Relation::none;
    std::uint32_t total = 0;
    const std::uint32_t until = scan_block(std::uint32_t{boxes != Relation::none}, Sum{}, total);
    if (boxes != Relation::none) list[until - 1] = static_cast<std::uint32_t>(tile);
    done = __syncthreads_or(any && boxes == Relation::all);
    if (done) found = 0;
    for (std::uint32_t t = 0; t < total && !done; ++t) {
      done = __syncthreads_count(!present || found != ~std::uint64_t{0}) == static_cast<int>(kTile);
      if (done) break;
      for (std::uint32_t c = 0; c < sources.columns; ++c)
        loaded[c * kTile + threadIdx.x] = sources.coordinates[sources.at(c, list[t], threadIdx.x)];
      __syncthreads();
      for (std::uint32_t slot = 0; slot < kTile && present && found == ~std::uint64_t{0}; ++slot) {
        bool below = true;
        for (std::uint32_t c = 0; c < sources.columns && below; ++c)
          below = loaded[c * kTile + slot] < queries.coordinates[queries.at(c, query, threadIdx.x)];
        if (below) found = std::uint64_t{list[t]} * kTile + slot;
      }
    }
    __syncthreads();
  }
  return found;
}

}  // namespace carbonfront::device
