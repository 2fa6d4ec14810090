#include "kernels/device/primitives.hpp"
#include "kernels/ranks_tiles.hpp"
#include "kernels/tiles.hpp"

namespace carbonfront::device {
namespace {

/// Loads a tile's coordinates into shared memory, the slot that `from` names into the thread's own. [columns][kTile]
__device__ void load(TilesView tiles, std::uint64_t tile, std::uint32_t from, std::uint32_t* loaded) {
  for (std::uint32_t c = 0; c < tiles.columns; ++c)
    loaded[c * kTile + threadIdx.x] = tiles.coordinates[tiles.at(c, tile, from)];
}

/// Tells whether a loaded source is below the thread's query.
__device__ bool is_below(const std::uint32_t* loaded, std::uint32_t slot, TilesView queries, std::uint64_t query) {
  for (std::uint32_t c = 0; c < queries.columns; ++c)
    if (loaded[c * kTile + slot] >= queries.coordinates[queries.at(c, query, threadIdx.x)]) return false;
  return true;
}

/// Settles the ranks of one tile, row by row; those of earlier tiles have been taken into account. `highest` gets the tile's
/// slots, the highest rank first. One block.
__global__ void __launch_bounds__(kTile) settle_tile_kernel(TilesView sources, TilesView queries, std::uint32_t tile,
                                                            std::uint32_t* ranks, std::uint32_t* highest) {
  __shared__ std::uint32_t settled[kTile];
  std::uint32_t* loaded = shared_memory<std::uint32_t>();
  const std::uint64_t own = std::uint64_t{tile} * kTile + threadIdx.x;
  const bool present = own < queries.size;
  load(sources, tile, threadIdx.x, loaded);
  settled[threadIdx.x] = present ? ranks[own] : 0;
  __syncthreads();
  for (std::uint32_t slot = 0; slot + 1 < kTile; ++slot) {
    const std::uint32_t rank = settled[slot];
    if (present && settled[threadIdx.x] <= rank && is_below(loaded, slot, queries, tile)) settled[threadIdx.x] = rank + 1;
    __syncthreads();
  }
  const std::uint32_t rank = settled[threadIdx.x];
  if (present) ranks[own] = rank;
  std::uint32_t before = 0;  // rows that are not there have rank 0 and come last
  for (std::uint32_t other = 0; other < kTile; ++other)
    before += settled[other] > rank || (settled[other] == rank && other < threadIdx.x);
  highest[before] = threadIdx.x;
}

/// Raises the ranks of later tiles above those of a full, settled tile of sources. A tile a block.
__global__ void __launch_bounds__(kTile) raise_tiles_kernel(TilesView sources, TilesView queries, std::uint32_t tile,
                                                            const std::uint32_t* highest, std::uint32_t* ranks) {
  __shared__ std::uint32_t settled[kTile];
  std::uint32_t* loaded = shared_memory<std::uint32_t>();
  const std::uint64_t query = std::uint64_t{tile} + 1 + blockIdx.x, own = query * kTile + threadIdx.x;
  const Relation boxes = relation(sources, tile, queries, query);
  const bool asks = own < queries.size && boxes != Relation::none;
  const std::uint32_t from = highest[threadIdx.x], rank = asks ? ranks[own] : 0;
  settled[threadIdx.x] = ranks[std::uint64_t{tile} * kTile + from];
  if (boxes == Relation::undecided) load(sources, tile, from, loaded);
  __syncthreads();
  for (std::uint32_t slot = 0; slot < kTile && asks && settled[slot] >= rank; ++slot) {
    if (boxes == Relation::undecided && !is_below(loaded, slot, queries, query)) continue;
    ranks[own] = settled[slot] + 1;
    break;
  }
}

}  // namespace

void settle_ranks_tiles(const Stream& stream, OrderView order, std::uint32_t* ranks) {
  if (order.size == 0) return;
  const DeviceArray<std::uint32_t> places(stream, order.size), highest(stream, kTile);
  fill_with_indices(stream, places.data(), order.size);
  const auto side = [&](Side which) {
    return make_tiles(stream, order, places.data(), nullptr, Direction::dominated_by, which);
  };
  const Tiles sources = side(Side::sources), queries = side(Side::queries);
  const std::size_t shared = std::size_t{sources.columns} * kTile * sizeof(std::uint32_t);
  for (std::uint32_t tile = 0; tile < sources.tiles; ++tile) {
    launch(stream, "settle_tile_kernel", {1, kTile, shared}, settle_tile_kernel, sources.view(), queries.view(), tile, ranks,
           highest.data());
    if (tile + 1 == sources.tiles) return;
    launch(stream, "raise_tiles_kernel", {sources.tiles - tile - 1, kTile, shared}, raise_tiles_kernel, sources.view(),
           queries.view(), tile, highest.data(), ranks);
  }
}

}  // namespace carbonfront::device
