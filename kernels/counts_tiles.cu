#include <algorithm>

#include "kernels/counts_tiles.hpp"
#include "kernels/device/block.hpp"
#include "kernels/tiles.hpp"

namespace carbonfront::device {
namespace {

constexpr std::uint32_t kBatch = 4;            // tiles of queries that share the masks of a column
constexpr std::uint32_t kWords = kTile / 32;   // of a mask
constexpr std::uint32_t kMasks = kTile + 1;    // mask p holds the p least sources
constexpr std::uint64_t kFewestBlocks = 8192;  // where one a tile of sources is too few

/// Sorts each column of each tile, and says which slot a sorted coordinate comes from. In place. A tile a block.
__global__ void __launch_bounds__(kTile)
    sort_tiles_kernel(TilesView tiles, std::uint32_t* coordinates, std::uint8_t* slots) {
  __shared__ std::uint32_t values[kTile];
  for (std::uint32_t c = 0; c < tiles.columns; ++c) {
    const std::size_t begin = tiles.at(c, blockIdx.x, 0);
    const std::uint32_t own = coordinates[begin + threadIdx.x];
    values[threadIdx.x] = own;
    __syncthreads();
    std::uint32_t before = 0;
    for (std::uint32_t other = 0; other < kTile; ++other)
      before += values[other] < own || (values[other] == own && other < threadIdx.x);
    coordinates[begin + before] = own;
    slots[begin + before] = static_cast<std::uint8_t>(threadIdx.x);
    __syncthreads();
  }
}

/// A column of a tile of sources in shared memory.
struct Column {
  std::uint32_t* sorted;  // [kTile]
  std::uint32_t* masks;   // [kWords][kMasks]

  /// Loads the column; a warp makes a word of every mask. All threads of the block.
  __device__ void load(const std::uint32_t* coordinates, const std::uint8_t* slots) const {
    const std::uint32_t lane = threadIdx.x % 32, word = threadIdx.x / 32;
    __syncthreads();
    sorted[threadIdx.x] = coordinates[threadIdx.x];
    std::uint32_t before = 0;
    if (lane == 0) masks[word * kMasks] = 0;
    for (std::uint32_t at = lane; at < kTile; at += 32) {
      const std::uint32_t slot = slots[at];
      const std::uint32_t bits = before | scan_warp(slot / 32 == word ? 1u << slot % 32 : 0u, AnyBit{});
      masks[word * kMasks + at + 1] = bits;
      before = __shfl_sync(kAllLanes, bits, 31);
    }
    __syncthreads();
  }

  /// How many sources are below a coordinate.
  __device__ std::uint32_t below(std::uint32_t coordinate) const {
    std::uint32_t count = 0;
    for (std::uint32_t step = kTile / 2; step > 0; step /= 2)
      if (sorted[count + step - 1] < coordinate) count += step;
    return count + (sorted[count] < coordinate);
  }
};

/// Tells whether a column must be looked at for a tile of queries: not all its sources are below.
__device__ bool is_open(TilesView sources, std::uint64_t source, TilesView queries, std::uint64_t query, std::uint32_t c) {
  return sources.high[std::size_t{c} * sources.tiles + source] >= queries.low[std::size_t{c} * queries.tiles + query];
}

/// Counts for up to kBatch undecided tiles of queries. All threads of the block.
__device__ void count_batch(TilesView sources, const std::uint8_t* slots, std::uint64_t source, TilesView queries,
                            const std::uint32_t* list, std::uint32_t batch, Column column, std::uint32_t* counts) {
  std::uint32_t left[kBatch][kWords];
#pragma unroll
  for (std::uint32_t j = 0; j < kBatch; ++j)
#pragma unroll
    for (std::uint32_t w = 0; w < kWords; ++w) left[j][w] = ~0u;
  for (std::uint32_t c = 0; c < sources.columns; ++c) {
    bool open = false;
    for (std::uint32_t j = 0; j < batch; ++j) open = open || is_open(sources, source, queries, list[j], c);
    if (!open) continue;
    column.load(sources.coordinates + sources.at(c, source, 0), slots + sources.at(c, source, 0));
#pragma unroll
    for (std::uint32_t j = 0; j < kBatch; ++j) {
      if (j >= batch || !is_open(sources, source, queries, list[j], c)) continue;
      const std::uint32_t below = column.below(queries.coordinates[queries.at(c, list[j], threadIdx.x)]);
#pragma unroll
      for (std::uint32_t w = 0; w < kWords; ++w) left[j][w] &= column.masks[w * kMasks + below];
    }
  }
#pragma unroll
  for (std::uint32_t j = 0; j < kBatch; ++j) {
    if (j >= batch) continue;
    std::uint32_t count = 0;
#pragma unroll
    for (std::uint32_t w = 0; w < kWords; ++w) count += static_cast<std::uint32_t>(__popc(left[j][w]));
    if (count > 0) atomicAdd(counts + std::size_t{list[j]} * kTile + threadIdx.x, count);
  }
}

/// Compares a tile of sources with the tiles of queries of a stripe. `counts` by slot of the queries; `whole` by tile, for
/// all its rows.
__global__ void __launch_bounds__(kTile)
    count_tiles_kernel(TilesView sources, const std::uint8_t* slots, TilesView queries, Share share, std::uint32_t stripe,
                       std::uint32_t* counts, std::uint32_t* whole) {
  __shared__ std::uint32_t sorted[kTile], masks[kWords * kMasks], list[kTile];
  const std::uint64_t source = blockIdx.x % sources.tiles;
  const std::uint64_t begin = std::uint64_t{blockIdx.x} / sources.tiles * stripe;
  const std::uint64_t end = begin + stripe < queries.tiles ? begin + stripe : queries.tiles;
  for (std::uint64_t first = begin; first < end; first += kTile) {
    const std::uint64_t query = first + threadIdx.x;
    Relation found = Relation::none;
    if (query < end && query % share.count == share.index) found = relation(sources, source, queries, query);
    if (found == Relation::all) {
      const std::uint64_t rows = sources.size - source * kTile;
      atomicAdd(whole + query, static_cast<std::uint32_t>(rows < kTile ? rows : kTile));
    }
    std::uint32_t total = 0;
    const std::uint32_t until = scan_block(std::uint32_t{found == Relation::undecided}, Sum{}, total);
    if (found == Relation::undecided) list[until - 1] = static_cast<std::uint32_t>(query);
    __syncthreads();
    for (std::uint32_t at = 0; at < total; at += kBatch)
      count_batch(sources, slots, source, queries, list + at, total - at < kBatch ? total - at : kBatch, {sorted, masks},
                  counts);
    __syncthreads();
  }
}

__global__ void hand_out_kernel(TilesView queries, const std::uint32_t* by_slot, const std::uint32_t* whole,
                                std::uint32_t* counts) {
  const std::uint64_t i = global_thread();
  if (i < queries.size) counts[queries.place[i]] = by_slot[i] + whole[i / kTile];
}

}  // namespace

void count_tiles(const Stream& stream, OrderView order, Direction direction, const std::uint8_t* counted, Share share,
                 std::uint32_t* counts) {
  fill_bytes(stream, counts, 0, order.size);
  if (order.size == 0) return;
  const DeviceArray<std::uint32_t> near = neighbours(stream, order);
  const Tiles sources = make_tiles(stream, order, near.data(), counted, direction, Side::sources);
  const Tiles queries = make_tiles(stream, order, near.data(), nullptr, direction, Side::queries);
  if (sources.tiles == 0) return;
  const DeviceArray<std::uint8_t> slots(stream, sources.coordinates.size());
  launch(stream, "sort_tiles_kernel", {sources.tiles, kTile}, sort_tiles_kernel, sources.view(), sources.coordinates.data(),
         slots.data());
  const DeviceArray<std::uint32_t> by_slot(stream, std::size_t{queries.tiles} * kTile), whole(stream, queries.tiles);
  fill_bytes(stream, by_slot.data(), 0, by_slot.size());
  fill_bytes(stream, whole.data(), 0, whole.size());
  const std::uint64_t wanted = std::clamp<std::uint64_t>(kFewestBlocks / sources.tiles, 1, queries.tiles / 64 + 1);
  const auto stripe = static_cast<std::uint32_t>((queries.tiles + wanted - 1) / wanted);
  const std::uint64_t stripes = (queries.tiles + stripe - 1) / stripe;
  launch(stream, "count_tiles_kernel", {sources.tiles * stripes, kTile}, count_tiles_kernel, sources.view(), slots.data(),
         queries.view(), share, stripe, by_slot.data(), whole.data());
  launch(stream, "hand_out_kernel", one_thread_each(order.size), hand_out_kernel, queries.view(), by_slot.data(),
         whole.data(), counts);
}

}  // namespace carbonfront::device
