#include "kernels/device/block.hpp"
#include "kernels/front_tiles.hpp"
#include "kernels/tiles.hpp"

namespace carbonfront::device {
namespace {

/// Lists, in order, which of the kTile tiles of sources from `first` on are undecided for a tile of queries. Returns their
/// number, or kTile + 1 where a tile is wholly ahead. All threads of the block.
__device__ std::uint32_t undecided_tiles(TilesView sources, std::uint64_t first, TilesView queries, std::uint64_t query,
                                         std::uint32_t* list) {
  const std::uint64_t tile = first + threadIdx.x;
  const Relation found = tile < sources.tiles ? relation(sources, tile, queries, query) : Relation::none;
  if (__syncthreads_or(found == Relation::all)) return kTile + 1;
  const std::uint32_t undecided = found == Relation::undecided;
  std::uint32_t total = 0;
  const std::uint32_t until = scan_block(undecided, Sum{}, total);
  if (undecided) list[until - 1] = static_cast<std::uint32_t>(tile);
  __syncthreads();
  return total;
}

__global__ void __launch_bounds__(kTile)
    mark_tiles_kernel(TilesView sources, TilesView queries, Share share, std::uint8_t* dominated) {
  std::uint32_t* loaded = shared_memory<std::uint32_t>();
  __shared__ std::uint32_t list[kTile];
  const std::uint64_t query = share.index + std::uint64_t{blockIdx.x} * share.count;
  const bool present = query * kTile + threadIdx.x < queries.size;
  bool found = false, done = false;
  for (std::uint64_t first = 0; first < sources.tiles && !done; first += kTile) {
    const std::uint32_t undecided = undecided_tiles(sources, first, queries, query, list);
    if (undecided > kTile) found = done = true;
    for (std::uint32_t t = 0; t < undecided && !done; ++t) {
      done = __syncthreads_count(!present || found) == static_cast<int>(kTile);
      if (done) break;
      for (std::uint32_t c = 0; c < sources.columns; ++c)
        loaded[c * kTile + threadIdx.x] = sources.coordinates[sources.at(c, list[t], threadIdx.x)];
      __syncthreads();
      for (std::uint32_t slot = 0; slot < kTile && present && !found; ++slot) {
        bool below = true;
        for (std::uint32_t c = 0; c < sources.columns && below; ++c)
          below = loaded[c * kTile + slot] < queries.coordinates[queries.at(c, query, threadIdx.x)];
        found = below;
      }
    }
    __syncthreads();
  }
  if (present) dominated[queries.place[query * kTile + threadIdx.x]] = found;
}

}  // namespace

void mark_dominated_tiles(const Stream& stream, OrderView order, const std::uint8_t* is_source, Share share,
                          std::uint8_t* dominated) {
  fill_bytes(stream, dominated, 0, order.size);
  if (order.size == 0) return;
  const DeviceArray<std::uint32_t> near = neighbours(stream, order);
  const Tiles sources = make_tiles(stream, order, near.data(), is_source, Direction::dominated_by, Side::sources);
  const Tiles queries = make_tiles(stream, order, near.data(), nullptr, Direction::dominated_by, Side::queries);
  if (sources.tiles == 0 || queries.tiles <= share.index) return;
  const std::uint32_t own = (queries.tiles - share.index - 1) / share.count + 1;
  launch(stream, "mark_tiles_kernel", {own, kTile, std::size_t{sources.columns} * kTile * sizeof(std::uint32_t)},
         mark_tiles_kernel, sources.view(), queries.view(), share, dominated);
}

}  // namespace carbonfront::device
