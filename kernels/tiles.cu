#include <algorithm>
#include <bit>
#include <utility>

#include "kernels/device/primitives.hpp"
#include "kernels/tiles.hpp"

namespace carbonfront::device {
namespace {

constexpr std::uint32_t kKeyBits = 32;

/// Mixes the leading bits of place and ranks: `bits` of each of the first `columns`, the most significant first.
__global__ void curve_keys_kernel(OrderView order, std::uint32_t columns, std::uint32_t bits, std::uint32_t width,
                                  std::uint32_t* keys) {
  const std::uint64_t i = global_thread();
  if (i >= order.size) return;
  std::uint32_t key = 0;
  for (std::uint32_t b = 0; b < bits; ++b) {
    for (std::uint32_t c = 0; c < columns; ++c) {
      const std::uint32_t value = c == 0 ? static_cast<std::uint32_t>(i) : order.column(c - 1)[i];
      key = key << 1 | (b < width ? value >> (width - 1 - b) & 1 : 0);
    }
  }
  keys[i] = key;
}

/// Coordinates and boxes of one tile a block.
__global__ void __launch_bounds__(kTile)
    tiles_kernel(OrderView order, const std::uint32_t* places, TilesView tiles, Direction direction, Side side,
                 std::uint32_t* coordinates, std::uint32_t* low, std::uint32_t* high) {
  const std::uint64_t tile = blockIdx.x, i = tile * kTile + threadIdx.x;
  const bool present = i < tiles.size, turned = direction == Direction::dominates;
  const std::uint32_t place = present ? places[i] : 0;
  for (std::uint32_t c = 0; c < tiles.columns; ++c) {
    std::uint32_t value = place;
    if (c > 0)
      value = order.column(c - 1)[place];
    else if (side == Side::queries)
      value = turned ? order.run_last[place] : order.run_first[place];
    if (turned) value = order.size - 1 - value;
    coordinates[tiles.at(c, tile, threadIdx.x)] = present ? value : side == Side::sources ? ~0u : 0;
    const std::uint32_t least = reduce_block(present ? value : ~0u, Least{}),
                        largest = reduce_block(present ? value : 0u, Most{});
    if (threadIdx.x != 0) continue;
    low[std::size_t{c} * tiles.tiles + tile] = least;
    high[std::size_t{c} * tiles.tiles + tile] = largest;
  }
}

}  // namespace

DeviceArray<std::uint32_t> neighbours(const Stream& stream, OrderView order) {
  const std::uint32_t columns = std::min(order.columns + 1, kKeyBits), bits = kKeyBits / columns;
  const DeviceArray<std::uint32_t> keys(stream, order.size), sorted(stream, order.size), places(stream, order.size);
  DeviceArray<std::uint32_t> near(stream, order.size);
  fill_with_indices(stream, places.data(), order.size);
  launch(stream, "curve_keys_kernel", one_thread_each(order.size), curve_keys_kernel, order, columns, bits,
         static_cast<std::uint32_t>(std::bit_width(order.size - 1)), keys.data());
  sort_pairs(stream, keys.data(), sorted.data(), places.data(), near.data(), order.size, 0,
             static_cast<int>(columns * bits));
  return near;
}

Tiles make_tiles(const Stream& stream, OrderView order, DeviceArray<std::uint32_t> places, std::uint32_t size,
                 Direction direction, Side side) {
  Tiles tiles;
  tiles.size = size;
  tiles.columns = order.columns + 1;
  tiles.place = std::move(places);
  tiles.tiles = static_cast<std::uint32_t>((std::uint64_t{size} + kTile - 1) / kTile);
  if (tiles.tiles == 0) return tiles;
  const std::size_t boxes = std::size_t{tiles.columns} * tiles.tiles;
  tiles.coordinates = DeviceArray<std::uint32_t>(stream, boxes * kTile);
  tiles.low = DeviceArray<std::uint32_t>(stream, boxes);
  tiles.high = DeviceArray<std::uint32_t>(stream, boxes);
  launch(stream, "tiles_kernel", {tiles.tiles, kTile}, tiles_kernel, order, tiles.place.data(), tiles.view(), direction,
         side, tiles.coordinates.data(), tiles.low.data(), tiles.high.data());
  return tiles;
}

Tiles make_tiles(const Stream& stream, OrderView order, const std::uint32_t* neighbours, const std::uint8_t* marked,
                 Direction direction, Side side) {
  DeviceArray<std::uint32_t> places(stream, order.size);
  std::uint32_t size = order.size;
  if (marked) {
    const DeviceArray<std::uint8_t> flags(stream, order.size);
    const DeviceArray<std::uint32_t> count(stream, 1);
    gather(stream, neighbours, marked, flags.data(), order.size);
    select_flagged(stream, neighbours, flags.data(), places.data(), count.data(), order.size);
    size = read_value(stream, count.data());
  } else {
    copy_across(stream, neighbours, places.data(), order.size);
  }
  return make_tiles(stream, order, std::move(places), size, direction, side);
}

}  // namespace carbonfront::device
