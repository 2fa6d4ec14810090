#include "kernels/front_tiles.hpp"
#include "kernels/tiles.hpp"

namespace carbonfront::device {
namespace {

__global__ void __launch_bounds__(kTile)
    mark_tiles_kernel(TilesView sources, TilesView queries, Share share, std::uint8_t* dominated) {
  const std::uint64_t query = share.index + std::uint64_t{blockIdx.x} * share.count, own = query * kTile + threadIdx.x;
  const std::uint64_t found = first_below(sources, queries, query, true, shared_memory<std::uint32_t>());
  if (own < queries.size) dominated[queries.place[own]] = found != ~std::uint64_t{0};
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
