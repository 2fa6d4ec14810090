#include <algorithm>
#include <bit>
#include <utility>

#include "kernels/device/primitives.hpp"
#include "kernels/tiles.hpp"

namespace carbonfront::device {
namespace {

constexpr std::uint32_t kKeyBits = 32;
constexpr std::uint32_t kFewestRows = 96;  // of a tile on average

/// Interleaves the leading bits of place and ranks, or of both turned round: `bits` of each column, the most significant
/// first.
__global__ void curve_keys_kernel(OrderView order, bool turned, std::uint32_t bits, std::uint32_t width, std::uint32_t* keys,
                                  std::uint32_t* places) {
  const std::uint64_t i = global_thread();
  if (i >= order.size) return;
  const auto place = static_cast<std::uint32_t>(turned ? order.size - 1 - i : i);
  std::uint32_t key = 0;
  for (std::uint32_t b = 0; b < bits; ++b) {
    for (std::uint32_t c = 0; c <= order.columns; ++c) {
      std::uint32_t value = c == 0 ? place : order.column(c - 1)[place];
      if (turned) value = order.size - 1 - value;
      key = key << 1 | (b < width ? value >> (width - 1 - b) & 1 : 0);
    }
  }
  keys[i] = key;
  places[i] = place;
}

/// How many leading ones of `bits` bits two keys have in common.
__device__ std::uint32_t common_prefix(std::uint32_t a, std::uint32_t b, std::uint32_t bits) {
  return a == b ? bits : static_cast<std::uint32_t>(__clz(static_cast<int>(a ^ b))) - (32 - bits);
}

/// The first of the sorted keys that is not below a key.
__device__ std::uint32_t lower_bound(const std::uint32_t* keys, std::uint32_t size, std::uint32_t key) {
  std::uint32_t begin = 0;
  while (size > 0) {
    const std::uint32_t half = size / 2;
    if (keys[begin + half] < key) {
      begin += half + 1;
      size -= half + 1;
    } else {
      size = half;
    }
  }
  return begin;
}

/// Marks where tiles begin: d(i) is one more than the longest prefix that any kTile + 1 neighbours, i among them, share. The
/// window of their maximum is the end of one block's and the beginning of the next's. One more mark ends the last tile.
__global__ void __launch_bounds__(kTile)
    leaves_kernel(const std::uint32_t* keys, std::uint32_t size, std::uint32_t bits, std::uint8_t* begins) {
  __shared__ std::uint32_t from_here[kTile];
  const std::uint64_t first = std::uint64_t{blockIdx.x} * kTile, i = first + threadIdx.x;
  const auto shared_ahead = [&](std::uint64_t at) -> std::uint32_t {  // of the rows from kTile before `at` up to it
    return at >= kTile && at < size ? 1 + common_prefix(keys[at - kTile], keys[at], bits) : 0;
  };
  std::uint32_t total = 0;
  const std::uint32_t mirrored = scan_block(shared_ahead(first + kTile - 1 - threadIdx.x), Most{}, total);
  from_here[kTile - 1 - threadIdx.x] = mirrored;
  const std::uint32_t ahead = scan_block(shared_ahead(i + kTile), Most{}, total);  // a barrier for the mirrored ones, too
  if (i > size) return;
  const std::uint32_t depth = ahead < from_here[threadIdx.x] ? from_here[threadIdx.x] : ahead;
  bool begin = i == 0 || i == size;
  if (!begin && depth > bits) begin = (i - lower_bound(keys, size, keys[i])) % kTile == 0;
  if (!begin && depth <= bits) begin = common_prefix(keys[i - 1], keys[i], bits) < depth;
  begins[i] = begin;
}

/// What a tile's rows have in a plane.
__device__ std::uint32_t coordinate(OrderView order, std::uint32_t place, std::uint32_t plane, bool turned) {
  std::uint32_t value = place;
  if (plane == 1) value = turned ? order.run_last[place] : order.run_first[place];
  if (plane > 1) value = order.column(plane - 2)[place];
  return turned ? order.size - 1 - value : value;
}

/// Makes one tile a block: its places where slots go by position, its coordinates, their order, and its box.
__global__ void __launch_bounds__(kTile)
    tiles_kernel(OrderView order, TilesView tiles, bool turned, Slots slots, std::uint32_t* places,
                 std::uint32_t* coordinates, std::uint32_t* low, std::uint32_t* high, std::uint8_t* sorted) {
  __shared__ uint4 values[kTile / 4];
  const std::uint32_t begin = tiles.begin[blockIdx.x], rows = tiles.rows_of(blockIdx.x), slot = begin + threadIdx.x;
  const bool present = threadIdx.x < rows;
  std::uint32_t place = present ? places[slot] : 0;
  if (slots == Slots::by_position) {
    const std::uint32_t to = rank_in_tile<false>(present ? order.position[place] : ~0u, rows, values);
    if (present) places[begin + to] = place;
    __syncthreads();
    place = present ? places[slot] : 0;
  }
  for (std::uint32_t plane = 0; plane <= tiles.columns; ++plane) {
    const std::size_t box = std::size_t{plane} * tiles.tiles + blockIdx.x;
    const std::uint32_t own = present ? coordinate(order, place, plane, turned) : ~0u;
    if (present) coordinates[std::size_t{plane} * tiles.rows + slot] = own;
    if (plane == 1) {  // the queries' places, among which runs are equal, need no order
      const std::uint32_t least = reduce_block(own, Least{}), most = reduce_block(present ? own : 0, Most{});
      if (threadIdx.x == 0) low[box] = least;
      if (threadIdx.x == 0) high[box] = most;
      continue;
    }
    const std::uint32_t before = rank_in_tile<false>(own, rows, values);
    if (!present) continue;
    if (before == 0) low[box] = own;
    if (before + 1 == rows) high[box] = own;
    sorted[std::size_t{plane == 0 ? 0 : plane - 1} * tiles.rows + begin + before] = static_cast<std::uint8_t>(threadIdx.x);
  }
}

/// Rows in Z order: keys and places. [size]
struct Curve {
  std::uint32_t size = 0, bits = 0;
  DeviceArray<std::uint32_t> keys, places;
};

Curve curve(const Stream& stream, OrderView order, bool turned) {
  const std::uint32_t columns = order.columns + 1, size = order.size;
  const DeviceArray<std::uint32_t> keys(stream, size), places(stream, size);
  Curve sorted{size, columns * (kKeyBits / columns), {stream, size}, {stream, size}};
  launch(stream, "curve_keys_kernel", one_thread_each(size), curve_keys_kernel, order, turned, kKeyBits / columns,
         static_cast<std::uint32_t>(std::bit_width(size - 1)), keys.data(), places.data());
  sort_pairs(stream, keys.data(), sorted.keys.data(), places.data(), sorted.places.data(), size, 0,
             static_cast<int>(sorted.bits));
  return sorted;
}

/// The marked rows alone.
Curve select(const Stream& stream, const Curve& all, const std::uint8_t* marked) {
  const DeviceArray<std::uint8_t> flags(stream, all.size);
  const DeviceArray<std::uint32_t> count(stream, 1);
  Curve some{0, all.bits, {stream, all.size}, {stream, all.size}};
  gather(stream, all.places.data(), marked, flags.data(), all.size);
  select_flagged(stream, all.places.data(), flags.data(), some.places.data(), count.data(), all.size);
  select_flagged(stream, all.keys.data(), flags.data(), some.keys.data(), count.data(), all.size);
  some.size = read_value(stream, count.data());
  return some;
}

/// The first slots of the trie's leaves, and the end; where these are too many, of every kTile rows. Returns how many tiles.
std::uint32_t cut(const Stream& stream, const Curve& rows, DeviceArray<std::uint32_t>& begin) {
  const std::uint32_t marks = rows.size + 1;
  const DeviceArray<std::uint32_t> indices(stream, marks), found(stream, marks), count(stream, 1);
  const DeviceArray<std::uint8_t> begins(stream, marks);
  launch(stream, "leaves_kernel", one_thread_each(marks, kTile), leaves_kernel, rows.keys.data(), rows.size, rows.bits,
         begins.data());
  fill_with_indices(stream, indices.data(), marks);
  select_flagged(stream, indices.data(), begins.data(), found.data(), count.data(), marks);
  std::uint32_t tiles = read_value(stream, count.data()) - 1;
  if (tiles <= rows.size / kFewestRows + 1) {
    begin = DeviceArray<std::uint32_t>(stream, std::size_t{tiles} + 1);
    copy_across(stream, found.data(), begin.data(), std::size_t{tiles} + 1);
    return tiles;
  }
  tiles = (rows.size - 1) / kTile + 1;
  begin = DeviceArray<std::uint32_t>(stream, std::size_t{tiles} + 1);
  fill_with_indices(stream, begin.data(), tiles, kTile);
  copy_across(stream, indices.data() + rows.size, begin.data() + tiles, 1);
  return tiles;
}

}  // namespace

Tiles make_tiles(const Stream& stream, OrderView order, const std::uint8_t* marked, Direction direction, Slots slots) {
  Tiles tiles;
  tiles.columns = order.columns + 1;
  if (order.size == 0) return tiles;
  const bool turned = direction == Direction::dominates;
  Curve rows = curve(stream, order, turned);
  if (marked) rows = select(stream, rows, marked);
  if (rows.size == 0) return tiles;
  tiles.rows = rows.size;
  tiles.tiles = cut(stream, rows, tiles.begin);
  rows.keys = {};
  tiles.place = std::move(rows.places);
  const std::size_t planes = std::size_t{tiles.columns} + 1;
  tiles.coordinates = DeviceArray<std::uint32_t>(stream, planes * tiles.rows);
  tiles.low = DeviceArray<std::uint32_t>(stream, planes * tiles.tiles);
  tiles.high = DeviceArray<std::uint32_t>(stream, planes * tiles.tiles);
  tiles.sorted = DeviceArray<std::uint8_t>(stream, std::size_t{tiles.columns} * tiles.rows);
  launch(stream, "tiles_kernel", {tiles.tiles, kTile}, tiles_kernel, order, tiles.view(), turned, slots, tiles.place.data(),
         tiles.coordinates.data(), tiles.low.data(), tiles.high.data(), tiles.sorted.data());
  return tiles;
}

}  // namespace carbonfront::device
