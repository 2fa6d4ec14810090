#include <algorithm>

#include "kernels/device/primitives.hpp"
#include "kernels/ranks_tiles.hpp"
#include "kernels/stripes.hpp"

namespace carbonfront::device {
namespace {

constexpr std::uint32_t kDepths = 32;         // below a tile's highest rank, that have corners of their own
constexpr std::uint32_t kBlocks = 792;        // that a device has at once, about: 6 on each of 132 multiprocessors
constexpr std::uint32_t kEnoughItems = 2112;  // of a level, so that blocks end together
constexpr std::uint32_t kFewQueries = 32;     // of an item where a level has few
constexpr std::uint32_t kLevelsAtOnce = 16;   // at most, between two looks of the host

/// What is known of rows, by slot, and of tiles, while ranks settle.
struct Ranking {
  TilesView tiles;
  std::uint32_t limit;     // ranks from it on need not be told apart
  std::uint32_t* rank;     // [rows] as far as it is raised
  Bits* inside;            // [rows] who of the tile is below a row
  std::uint8_t* depth;     // [rows] rank of a row among its tile's
  std::uint8_t* bit;       // [rows] number of a slot in order of descending rank
  std::uint8_t* slot_of;   // [rows] the slot of a number
  std::uint32_t* ranked;   // [rows] the rank of a number
  std::uint32_t* base;     // [tiles] all rows of the tile rank at least so
  std::uint32_t* least;    // [tiles] no row of the tile ranks lower
  std::uint32_t* waiting;  // [tiles] for so many tiles
  std::uint32_t* corners;  // [tiles][columns][kDepths] least coordinates of the rows at most so deep
  std::uint32_t* queue;    // [tiles] in the order in which they became ready
  std::uint32_t* ends;     // [levels + 1] of the queue, before each level
  std::uint32_t* end;      // [1] of the queue

  __device__ std::uint32_t highest(std::uint32_t tile) const { return ranked[tiles.begin[tile]]; }
};

/// Counts the tiles that a tile waits for: those before it whose boxes are not apart. Those that wait for none are ready.
__global__ void __launch_bounds__(kTile, 4) waiting_kernel(Ranking ranking) {
  const std::uint32_t tile = blockIdx.x;
  std::uint32_t count = 0;
  for (std::uint32_t before = threadIdx.x; before < tile; before += kTile)
    count += !compare_boxes(ranking.tiles, before, ranking.tiles, tile).apart;
  count = reduce_block(count, Sum{});
  if (threadIdx.x != 0) return;
  ranking.waiting[tile] = count;
  if (count == 0) ranking.queue[atomicAdd(ranking.end, 1u)] = tile;
}

/// Peels the rows of a tile: each round takes the least rank that a row of whose dominators none is left can have, and the
/// rows that have it go. From the limit on rows need not be told apart. All threads of the block; returns the row's rank.
__device__ std::uint32_t peel(const Bits& inside, bool present, std::uint32_t known, std::uint32_t limit) {
  __shared__ std::uint32_t left[kWords], least[kWords];
  std::uint32_t rank = known, after = 0, rounds = 0;
  bool here = present;
  for (;; ++rounds) {
    const unsigned word = __ballot_sync(kAllLanes, here);
    if (threadIdx.x % 32 == 0) left[threadIdx.x / 32] = word;
    __syncthreads();
    std::uint32_t dominators = 0;
#pragma unroll
    for (std::uint32_t w = 0; w < kWords; ++w) dominators |= inside.word[w] & left[w];
    const std::uint32_t own = here && dominators == 0 ? (known < after ? after : known) : ~0u;
    const std::uint32_t of_warp = reduce_warp(own, Least{});
    if (threadIdx.x % 32 == 0) least[threadIdx.x / 32] = of_warp;
    __syncthreads();
    std::uint32_t round = least[0];
#pragma unroll
    for (std::uint32_t w = 1; w < kWords; ++w) round = least[w] < round ? least[w] : round;
    if (round >= limit) break;  // also where none is left
    if (own == round) {
      rank = round;
      here = false;
    }
    after = round + 1;
  }
  if (here && rank < limit) rank = limit;
  if (threadIdx.x == 0) count_most(Work::rounds, rounds);
  return rank;
}

/// Finds who of its own tile is below each row, by the masks of one column at a time, and how deep the row is among them.
__global__ void __launch_bounds__(kTile, 4) inside_kernel(Ranking ranking) {
  const TilesView tiles = ranking.tiles;
  const std::uint32_t rows = tiles.rows_of(blockIdx.x), slot = tiles.begin[blockIdx.x] + threadIdx.x;
  const bool present = threadIdx.x < rows;
  Bits inside = Bits::first(present ? rows : 0);
  Masks masks{tiles, blockIdx.x, 0, 1, shared_memory<unsigned char>()};
  for (masks.first = 0; masks.first < tiles.columns; ++masks.first) {
    __syncthreads();
    masks.begin(blockIdx.x);
    masks.build(1u << masks.first, 0);
    __syncthreads();
    and_masks(masks, tiles, slot, 1u << masks.first, present, true, inside);
  }
  const std::uint32_t depth = peel(inside, present, 0, ~0u);
  if (!present) return;
  ranking.inside[slot] = inside;
  ranking.depth[slot] = static_cast<std::uint8_t>(depth);
}

/// What a block has of a tile that it settled. [kTile] each, shared memory.
struct Settled {
  std::uint32_t* ranks;  // by number: the highest first
  std::uint8_t* slots;   // by number
};

/// Writes the least coordinates of the rows that are at most so deep below the highest. A warp takes a column.
__device__ void find_corners(Ranking ranking, std::uint32_t tile, Settled settled) {
  __shared__ std::uint32_t of_depth[kWords][kDepths];
  const std::uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const std::uint32_t begin = ranking.tiles.begin[tile], rows = ranking.tiles.rows_of(tile);
  const auto depth = [&](std::uint32_t number) {
    const std::uint32_t below = settled.ranks[0] - settled.ranks[number];
    return below < kDepths ? below : kDepths - 1;
  };
  for (std::uint32_t c = warp; c < ranking.tiles.columns; c += kWords) {
    of_depth[warp][lane] = ~0u;
    __syncwarp();
    std::uint32_t least = ~0u;
    for (std::uint32_t first = 0; first < rows; first += 32) {
      const std::uint32_t number = first + lane;
      const std::uint32_t own = number < rows ? ranking.tiles.source(c, begin + settled.slots[number]) : ~0u;
      const std::uint32_t so_far = scan_warp(own, Least{}), corner = so_far < least ? so_far : least;
      if (number < rows && (number + 1 == rows || depth(number + 1) != depth(number)))
        of_depth[warp][depth(number)] = corner;
      least = __shfl_sync(kAllLanes, corner, 31);
    }
    __syncwarp();
    const std::uint32_t corner = scan_warp(of_depth[warp][lane], Least{});
    ranking.corners[(std::size_t{tile} * ranking.tiles.columns + c) * kDepths + lane] = corner;
    __syncwarp();
  }
}

/// Settles the ranks of a tile that waits for none, and numbers its rows by descending rank. All threads of the block.
__device__ void settle_tile(Ranking ranking, std::uint32_t tile) {
  __shared__ uint4 values[kTile / 4];
  __shared__ std::uint32_t ranks[kTile];
  __shared__ std::uint8_t slots[kTile];
  const std::uint32_t begin = ranking.tiles.begin[tile], rows = ranking.tiles.rows_of(tile), slot = begin + threadIdx.x;
  const bool present = threadIdx.x < rows;
  std::uint32_t rank = present ? ranking.rank[slot] : 0;
  if (present && rank < ranking.base[tile]) rank = ranking.base[tile];
  const std::uint32_t least = reduce_block(present ? rank : ~0u, Least{}), most = reduce_block(rank, Most{});
  if (least == most)  // then ranks inside the tile are known
    rank += present ? ranking.depth[slot] : 0;
  else
    rank = peel(present ? ranking.inside[slot] : Bits{}, present, rank, ranking.limit);
  const std::uint32_t number = rank_in_tile<true>(present ? ~rank : ~0u, rows, values);
  if (present) {
    ranks[number] = rank;
    slots[number] = static_cast<std::uint8_t>(threadIdx.x);
    ranking.rank[slot] = ranking.ranked[begin + number] = rank;
    ranking.bit[slot] = static_cast<std::uint8_t>(number);
    ranking.slot_of[begin + number] = static_cast<std::uint8_t>(threadIdx.x);
  }
  __syncthreads();
  find_corners(ranking, tile, {ranks, slots});
  __syncthreads();
}

/// Settles the tiles that have become ready since the last level.
__global__ void __launch_bounds__(kTile, 4) settle_kernel(Ranking ranking, std::uint32_t level) {
  const std::uint32_t begin = ranking.ends[level], end = *ranking.end;
  if (global_thread() == 0) {
    ranking.ends[level + 1] = end;
    if (begin < end) count_work(Work::levels);
  }
  for (std::uint64_t at = begin + std::uint64_t{blockIdx.x}; at < end; at += gridDim.x)
    settle_tile(ranking, ranking.queue[at]);
}

/// A settled tile as a source, in a block's shared memory.
struct Source {
  Masks masks;
  const std::uint32_t* corners;  // [columns][kDepths]
  std::uint32_t begin, rows, highest;
  std::uint32_t most;  // rows that rank higher are not raised

  __device__ std::uint32_t corner(std::uint32_t column, std::uint32_t rank) const {
    const std::uint32_t depth = highest - rank;
    return corners[column * kDepths + (depth < kDepths ? depth : kDepths - 1)];
  }
};

/// Tells whether the sources that rank at least so high may be below rows of a tile of queries.
__device__ bool may_raise(const Ranking& ranking, const Source& source, std::uint32_t query, std::uint32_t rank) {
  if (rank > source.most) return false;
  for (std::uint32_t c = 0; c < ranking.tiles.columns; ++c)
    if (source.corner(c, rank) >= ranking.tiles.high[ranking.tiles.query_box(c, query)]) return false;
  return true;
}

/// The first number from the left whose source is below the query also in the columns without masks; kTile: none that ranks
/// at least so high.
__device__ std::uint32_t best_of(const Ranking& ranking, const Source& source, Bits& left, std::uint32_t slot,
                                 std::uint32_t rank) {
  for (;;) {
    const std::uint32_t number = left.lowest();
    if (number == kTile || ranking.ranked[source.begin + number] < rank) return kTile;
    const std::uint32_t own = source.begin + ranking.slot_of[source.begin + number];
    if (source.masks.is_below_in_others(own, ranking.tiles, slot)) return number;
    left.clear(number);
  }
}

/// Raises 32 rows of a tile of queries above the sources that are below them. All lanes; returns the rank known of the row.
__device__ std::uint32_t raise_rows(const Ranking& ranking, const Source& source, std::uint32_t query, std::uint32_t open,
                                    std::uint32_t chunk) {
  const std::uint32_t slot = ranking.tiles.begin[query] + chunk * 32 + threadIdx.x % 32;
  const bool present = slot < ranking.tiles.begin[query + 1];
  std::uint32_t rank = present ? ranking.rank[slot] : ~0u;
  if (rank < ranking.base[query]) rank = ranking.base[query];
  const bool asks = present && rank <= source.most;
  const bool alive = is_beyond([&](std::uint32_t c) { return source.corner(c, rank); }, ranking.tiles, slot, asks, open);
  const unsigned lanes = __ballot_sync(kAllLanes, alive);
  if (lanes == 0) return rank;
  const bool second = alive && source.rows > kTile / 2 && ranking.ranked[source.begin + kTile / 2] >= rank;
  Bits left = Bits::first(!alive ? 0 : second ? source.rows : source.rows < kTile / 2 ? source.rows : kTile / 2);
  count_item(lanes, and_masks(source.masks, ranking.tiles, slot, open, alive, second, left));
  const std::uint32_t number = alive ? best_of(ranking, source, left, slot, rank) : kTile;
  if (number == kTile) return rank;
  rank = ranking.ranked[source.begin + number] + 1;
  atomicMax(ranking.rank + slot, rank);
  return rank;
}

/// Raises the rows of later tiles [first, end), up to kTile of them. All threads of the block.
__device__ void raise_stripe(const Ranking& ranking, Source& source, std::uint32_t first, std::uint32_t end) {
  __shared__ std::uint32_t least_found[kTile];
  const std::uint32_t query = first + threadIdx.x;
  Boxes boxes;
  bool looks = false;
  if (query < end) {
    boxes = compare_boxes(ranking.tiles, source.masks.tile, ranking.tiles, query);
    if (!boxes.apart && boxes.open == 0 && ranking.base[query] <= source.highest)
      atomicMax(ranking.base + query, source.highest + 1);
    const std::uint32_t rank = ranking.base[query] < ranking.least[query] ? ranking.least[query] : ranking.base[query];
    looks = boxes.open != 0 && may_raise(ranking, source, query, rank);
    count_pair(boxes, looks);
  }
  least_found[threadIdx.x] = ~0u;
  const Listed listed = list_undecided(looks ? chunks_of(ranking.tiles.rows_of(query)) : 0, boxes.open);
  count_build(source.masks.build(listed.columns, 0));
  __syncthreads();
  for_items(listed, [&](std::uint32_t number, std::uint32_t chunk) {
    const std::uint32_t rank = raise_rows(ranking, source, first + number, listed.open[number], chunk);
    const std::uint32_t least = reduce_warp(rank, Least{});
    if (threadIdx.x % 32 == 0) atomicMin(&least_found[number], least);
  });
  __syncthreads();
  if (looks && least_found[threadIdx.x] > ranking.least[query]) atomicMax(ranking.least + query, least_found[threadIdx.x]);
  if (!boxes.apart && atomicAdd(ranking.waiting + query, ~0u) == 1) ranking.queue[atomicAdd(ranking.end, 1u)] = query;
}

/// Raises all later tiles above those of a level. An item is a tile of sources and a part of the later tiles.
__global__ void __launch_bounds__(kTile, 4) raise_kernel(Ranking ranking, std::uint32_t level, std::uint32_t resident) {
  __shared__ std::uint32_t corners[32 * kDepths];
  const TilesView tiles = ranking.tiles;
  const std::uint32_t begin = ranking.ends[level], ready = ranking.ends[level + 1] - begin;
  if (ready == 0) return;
  const std::uint32_t step = std::uint64_t{ready} * ((tiles.tiles + kTile - 1) / kTile) < kEnoughItems ? kFewQueries : kTile;
  const std::uint32_t steps = (tiles.tiles + step - 1) / step, enough = (kEnoughItems + ready - 1) / ready;
  const std::uint32_t wanted = steps < enough ? steps : enough, width = (steps + wanted - 1) / wanted * step;
  const std::uint32_t parts = (tiles.tiles + width - 1) / width;
  for (std::uint64_t item = blockIdx.x; item < std::uint64_t{ready} * parts; item += gridDim.x) {
    const std::uint32_t tile = ranking.queue[begin + item / parts];
    const auto from = static_cast<std::uint32_t>(item % parts) * width;
    const std::uint32_t end = tiles.tiles - from < width ? tiles.tiles : from + width;
    if (end <= tile + 1) continue;
    const std::uint32_t highest = ranking.highest(tile);
    Source source{{tiles, tile, 0, resident, shared_memory<unsigned char>(), 0, 0, ranking.bit},
                  corners,
                  tiles.begin[tile],
                  tiles.rows_of(tile),
                  highest,
                  highest < ranking.limit ? highest : ranking.limit - 1};
    __syncthreads();
    for (std::uint32_t i = threadIdx.x; i < tiles.columns * kDepths; i += kTile)
      corners[i] = ranking.corners[std::size_t{tile} * tiles.columns * kDepths + i];
    __syncthreads();
    for (std::uint32_t first = from <= tile ? tile + 1 : from; first < end; first += step)
      raise_stripe(ranking, source, first, end - first < step ? end : first + step);
  }
}

}  // namespace

void settle_ranks_tiles(const Stream& stream, const Tiles& tiles, std::uint32_t limit, std::uint32_t* ranks) {
  if (tiles.rows == 0) return;
  const std::size_t rows = tiles.rows, count = tiles.tiles;
  const DeviceArray<std::uint32_t> rank(stream, rows), ranked(stream, rows), of_tiles(stream, 4 * count),
      ends(stream, count + kLevelsAtOnce + 2), corners(stream, count * tiles.columns * kDepths);
  const DeviceArray<Bits> inside(stream, rows);
  const DeviceArray<std::uint8_t> bytes(stream, 3 * rows);
  fill_bytes(stream, of_tiles.data(), 0, of_tiles.size());
  fill_bytes(stream, ends.data(), 0, ends.size());
  gather(stream, tiles.place.data(), ranks, rank.data(), tiles.rows);
  std::uint32_t* const end = ends.data() + (ends.size() - 1);
  const Ranking ranking{tiles.view(),
                        limit == 0 ? ~0u : limit,
                        rank.data(),
                        inside.data(),
                        bytes.data(),
                        bytes.data() + rows,
                        bytes.data() + 2 * rows,
                        ranked.data(),
                        of_tiles.data(),
                        of_tiles.data() + count,
                        of_tiles.data() + 2 * count,
                        corners.data(),
                        of_tiles.data() + 3 * count,
                        ends.data(),
                        end};
  launch(stream, "waiting_kernel", {count, kTile}, waiting_kernel, ranking);
  launch(stream, "inside_kernel", {count, kTile, Masks::kColumnBytes}, inside_kernel, ranking);
  const std::uint32_t resident = resident_columns(tiles.columns);
  const Shape settle{std::min<std::uint64_t>(count, kBlocks), kTile};
  const Shape raise{std::min<std::uint64_t>(count * ((count - 1) / kFewQueries + 1), kBlocks), kTile,
                    resident * Masks::kColumnBytes};
  for (std::uint32_t level = 0, settled = 0; settled < tiles.tiles; settled = read_value(stream, ends.data() + level)) {
    for (const std::uint32_t until = level + std::min(kLevelsAtOnce, tiles.tiles); level < until; ++level) {
      launch(stream, "settle_kernel", settle, settle_kernel, ranking, level);
      launch(stream, "raise_kernel", raise, raise_kernel, ranking, level, resident);
    }
  }
  scatter(stream, tiles.place.data(), rank.data(), ranks, tiles.rows);
}

}  // namespace carbonfront::device
