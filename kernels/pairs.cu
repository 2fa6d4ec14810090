#include "kernels/device/block.hpp"
#include "kernels/device/primitives.hpp"
#include "kernels/pairs.hpp"

namespace carbonfront::device {
namespace {

constexpr std::uint32_t kNowhere = 0xFFFFFFFFu;

/// The ranks of up to kTile rows in shared memory. [columns][kTile]
struct Tile {
  std::uint32_t* ranks;

  /// Loads the row at `place` into the thread's slot; all threads of the block.
  __device__ void load(OrderView order, std::uint64_t place, bool present) const {
    for (std::uint32_t k = 0; k < order.columns; ++k)
      ranks[k * kTile + threadIdx.x] = present ? order.column(k)[place] : kNowhere;
  }
};

/// Tells whether the row in `slot` is before the one at `place` in all ranks, or behind it in all.
template <Direction direction>
__device__ bool beats(Tile tile, std::uint32_t slot, OrderView order, std::uint64_t place) {
  for (std::uint32_t k = 0; k < order.columns; ++k) {
    const std::uint32_t other = tile.ranks[k * kTile + slot], own = order.column(k)[place];
    if (direction == Direction::dominated_by ? other > own : other < own) return false;
  }
  return true;
}

/// Tells whether a place comes into question as a counterpart: before the own run, or behind it.
template <Direction direction>
__device__ bool in_question(OrderView order, std::uint64_t own, std::uint64_t other) {
  return direction == Direction::dominated_by ? other < order.run_first[own] : other > order.run_last[own];
}

__device__ std::uint64_t own_place(Share share) {
  return (share.index + std::uint64_t{blockIdx.x} * share.count) * kTile + threadIdx.x;
}

template <Direction direction>
__global__ void __launch_bounds__(kTile)
    count_pairs_kernel(OrderView order, const std::uint8_t* counted, Share share, std::uint32_t* counts) {
  const Tile tile{shared_memory<std::uint32_t>()};
  const std::uint64_t own = own_place(share), own_tile = own / kTile;
  const std::uint64_t tiles = (std::uint64_t{order.size} + kTile - 1) / kTile;
  const std::uint64_t begin = direction == Direction::dominated_by ? 0 : own_tile;
  const std::uint64_t end = direction == Direction::dominated_by ? own_tile + 1 : tiles;
  std::uint32_t count = 0;
  for (std::uint64_t t = begin; t < end; ++t) {
    tile.load(order, t * kTile + threadIdx.x, t * kTile + threadIdx.x < order.size);
    __syncthreads();
    for (std::uint32_t slot = 0; slot < kTile && own < order.size && t * kTile + slot < order.size; ++slot) {
      const std::uint64_t other = t * kTile + slot;
      if (counted && !counted[other]) continue;
      count += in_question<direction>(order, own, other) && beats<direction>(tile, slot, order, own);
    }
    __syncthreads();
  }
  if (own < order.size) counts[own] = count;
}

__global__ void __launch_bounds__(kTile)
    mark_dominated_kernel(OrderView order, const std::uint8_t* is_source, Share share, std::uint8_t* dominated) {
  const Tile tile{shared_memory<std::uint32_t>()};
  const std::uint64_t own = own_place(share), own_tile = own / kTile;
  bool found = false;
  for (std::uint64_t t = 0; t <= own_tile; ++t) {
    tile.load(order, t * kTile + threadIdx.x, t * kTile + threadIdx.x < order.size);
    if (__syncthreads_count(own >= order.size || found) == static_cast<int>(kTile)) break;
    for (std::uint32_t slot = 0; slot < kTile && own < order.size && !found; ++slot) {
      const std::uint64_t other = t * kTile + slot;
      if (!in_question<Direction::dominated_by>(order, own, other)) break;
      if (is_source && !is_source[other]) continue;
      found = beats<Direction::dominated_by>(tile, slot, order, own);
    }
    __syncthreads();
  }
  if (own < order.size) dominated[own] = found;
}

/// Raises the ranks of the places from `first_query` on above those of the sources in [begin, end).
__global__ void __launch_bounds__(kTile)
    raise_ranks_kernel(OrderView order, std::uint64_t begin, std::uint64_t end, std::uint64_t first_query,
                       const std::uint8_t* is_source, std::uint32_t* ranks) {
  const Tile tile{shared_memory<std::uint32_t>()};
  const std::uint64_t own = first_query + global_thread();
  const bool asks = own < order.size && !(is_source && is_source[own]);
  std::uint32_t rank = asks ? ranks[own] : 0;
  for (std::uint64_t at = begin; at < end; at += kTile) {
    tile.load(order, at + threadIdx.x, at + threadIdx.x < end);
    __syncthreads();
    for (std::uint32_t slot = 0; slot < kTile && asks && at + slot < end; ++slot) {
      const std::uint64_t other = at + slot;
      if (!in_question<Direction::dominated_by>(order, own, other)) break;
      if ((is_source && !is_source[other]) || ranks[other] < rank) continue;
      if (beats<Direction::dominated_by>(tile, slot, order, own)) rank = ranks[other] + 1;
    }
    __syncthreads();
  }
  if (asks) ranks[own] = rank;
}

/// Settles the ranks of one tile, row by row; those of earlier tiles have been taken into account. One block.
__global__ void __launch_bounds__(kTile) settle_tile_kernel(OrderView order, std::uint64_t begin, std::uint32_t* ranks) {
  __shared__ std::uint32_t settled[kTile];
  const Tile tile{shared_memory<std::uint32_t>()};
  const std::uint64_t own = begin + threadIdx.x;
  const bool present = own < order.size;
  tile.load(order, own, present);
  settled[threadIdx.x] = present ? ranks[own] : 0;
  __syncthreads();
  for (std::uint32_t slot = 0; slot + 1 < kTile; ++slot) {
    const std::uint32_t rank = settled[slot];
    if (present && settled[threadIdx.x] <= rank && in_question<Direction::dominated_by>(order, own, begin + slot) &&
        beats<Direction::dominated_by>(tile, slot, order, own))
      settled[threadIdx.x] = rank + 1;
    __syncthreads();
  }
  if (present) ranks[own] = settled[threadIdx.x];
}

__global__ void __launch_bounds__(kTile)
    find_witnesses_kernel(OrderView order, const std::uint32_t* front, const std::uint32_t* front_size, Share share,
                          std::uint32_t* witnesses) {
  const Tile tile{shared_memory<std::uint32_t>()};
  __shared__ std::uint32_t place_of[kTile], position_of[kTile];
  const std::uint64_t own = own_place(share);
  const std::uint32_t size = *front_size;
  std::uint32_t lowest = kNowhere;
  for (std::uint32_t at = 0; at < size; at += kTile) {
    const bool present = at + threadIdx.x < size;
    const std::uint32_t place = present ? front[at + threadIdx.x] : 0;
    tile.load(order, place, present);
    place_of[threadIdx.x] = present ? place : kNowhere;
    position_of[threadIdx.x] = present ? order.position[place] : kNowhere;
    __syncthreads();
    for (std::uint32_t slot = 0; slot < kTile && own < order.size; ++slot) {
      if (!in_question<Direction::dominated_by>(order, own, place_of[slot])) break;
      if (position_of[slot] < lowest && beats<Direction::dominated_by>(tile, slot, order, own)) lowest = position_of[slot];
    }
    if (__syncthreads_count(own < order.size && in_question<Direction::dominated_by>(order, own, place_of[kTile - 1])) == 0)
      break;
  }
  if (own < order.size) witnesses[own] = lowest;
}

Shape tiles_of(OrderView order, Share share) {
  const std::uint64_t tiles = (std::uint64_t{order.size} + kTile - 1) / kTile;
  const std::uint64_t own = tiles <= share.index ? 0 : (tiles - share.index + share.count - 1) / share.count;
  return {own, kTile, std::size_t{order.columns} * kTile * sizeof(std::uint32_t)};
}

}  // namespace

void count_pairs(const Stream& stream, OrderView order, Direction direction, const std::uint8_t* counted, Share share,
                 std::uint32_t* counts) {
  fill_bytes(stream, counts, 0, order.size);
  const Shape shape = tiles_of(order, share);
  if (shape.blocks == 0) return;
  launch(stream, "count_pairs_kernel", shape,
         direction == Direction::dominated_by ? count_pairs_kernel<Direction::dominated_by>
                                              : count_pairs_kernel<Direction::dominates>,
         order, counted, share, counts);
}

void mark_dominated_pairs(const Stream& stream, OrderView order, const std::uint8_t* is_source, Share share,
                          std::uint8_t* dominated) {
  fill_bytes(stream, dominated, 0, order.size);
  const Shape shape = tiles_of(order, share);
  if (shape.blocks == 0) return;
  launch(stream, "mark_dominated_kernel", shape, mark_dominated_kernel, order, is_source, share, dominated);
}

void raise_ranks_pairs(const Stream& stream, OrderView order, const std::uint8_t* is_source, std::uint32_t* ranks) {
  if (order.size == 0) return;
  launch(stream, "raise_ranks_kernel", tiles_of(order, {}), raise_ranks_kernel, order, 0, order.size, 0, is_source, ranks);
}

void settle_ranks_pairs(const Stream& stream, OrderView order, std::uint32_t* ranks) {
  Shape shape = tiles_of(order, {});
  const std::uint64_t tiles = shape.blocks;
  for (std::uint64_t t = 0; t < tiles; ++t) {
    shape.blocks = 1;
    launch(stream, "settle_tile_kernel", shape, settle_tile_kernel, order, t * kTile, ranks);
    shape.blocks = tiles - t - 1;
    if (shape.blocks == 0) return;
    launch(stream, "raise_ranks_kernel", shape, raise_ranks_kernel, order, t * kTile, (t + 1) * kTile, (t + 1) * kTile,
           nullptr, ranks);
  }
}

void find_witnesses_pairs(const Stream& stream, OrderView order, const std::uint8_t* nondominated, Share share,
                          std::uint32_t* witnesses) {
  fill_bytes(stream, witnesses, 0xFF, order.size);
  const Shape shape = tiles_of(order, share);
  if (shape.blocks == 0) return;
  const DeviceArray<std::uint32_t> places(stream, order.size), front(stream, order.size), front_size(stream, 1);
  fill_with_indices(stream, places.data(), order.size);
  select_flagged(stream, places.data(), nondominated, front.data(), front_size.data(), order.size);
  launch(stream, "find_witnesses_kernel", shape, find_witnesses_kernel, order, front.data(), front_size.data(), share,
         witnesses);
}

}  // namespace carbonfront::device
