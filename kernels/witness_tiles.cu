#include <utility>

#include "kernels/device/primitives.hpp"
#include "kernels/tiles.hpp"
#include "kernels/witness_tiles.hpp"

namespace carbonfront::device {
namespace {

__global__ void __launch_bounds__(kTile)
    witness_tiles_kernel(OrderView order, TilesView marked, TilesView asking, Share share, std::uint32_t* witnesses) {
  const std::uint64_t query = share.index + std::uint64_t{blockIdx.x} * share.count, own = query * kTile + threadIdx.x;
  const std::uint64_t found = first_below(marked, asking, query, false, shared_memory<std::uint32_t>());
  if (own < asking.size && found != ~std::uint64_t{0}) witnesses[asking.place[own]] = order.position[marked.place[found]];
}

/// Tiles of the marked rows by position.
Tiles marked_by_position(const Stream& stream, OrderView order, const std::uint8_t* marked) {
  const DeviceArray<std::uint32_t> at_position(stream, order.size), count(stream, 1);
  const DeviceArray<std::uint8_t> flags(stream, order.size);
  invert(stream, order.position, at_position.data(), order.size);
  scatter(stream, order.position, marked, flags.data(), order.size);
  DeviceArray<std::uint32_t> list(stream, order.size);
  select_flagged(stream, at_position.data(), flags.data(), list.data(), count.data(), order.size);
  const std::uint32_t size = read_value(stream, count.data());
  return make_tiles(stream, order, std::move(list), size, Direction::dominated_by, Side::sources);
}

}  // namespace

void find_witnesses_tiles(const Stream& stream, OrderView order, const std::uint8_t* nondominated, Share share,
                          std::uint32_t* witnesses) {
  fill_bytes(stream, witnesses, 0xFF, order.size);
  if (order.size == 0) return;
  const Tiles marked = marked_by_position(stream, order, nondominated);
  const DeviceArray<std::uint8_t> unmarked(stream, order.size);
  flag_zeros(stream, nondominated, unmarked.data(), order.size);
  const DeviceArray<std::uint32_t> near = neighbours(stream, order);
  const Tiles asking = make_tiles(stream, order, near.data(), unmarked.data(), Direction::dominated_by, Side::queries);
  if (marked.tiles == 0 || asking.tiles <= share.index) return;
  const std::uint32_t own = (asking.tiles - share.index - 1) / share.count + 1;
  launch(stream, "witness_tiles_kernel", {own, kTile, std::size_t{marked.columns} * kTile * sizeof(std::uint32_t)},
         witness_tiles_kernel, order, marked.view(), asking.view(), share, witnesses);
}

}  // namespace carbonfront::device
