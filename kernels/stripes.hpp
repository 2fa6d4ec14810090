#pragma once
// A block's work: one tile of sources against a stripe of tiles of queries, up to kTile at a time. A thread compares the
// boxes of one tile of queries; the tiles that boxes leave undecided are listed, and the warps share their rows, 32 at a
// time.

#include "kernels/masks.hpp"

namespace carbonfront::device {

/// The rows that a block's warps look at: 32 at a time of the listed tiles.
struct Listed {
  const std::uint32_t* open;   // [kTile] open columns of the tile of a thread's number
  const std::uint16_t* items;  // [count] that number, times kWords, and which 32 rows of the tile
  std::uint32_t count;
  std::uint32_t columns;  // open in any listed tile
  std::uint32_t several;  // open in any listed tile of which more than one is open
};

/// Lists the tiles of queries that threads found undecided: `chunks` is a bitmask of the 32 rows each to be looked at, 0:
/// none. All threads of the block; the list is there until the next call.
__device__ inline Listed list_undecided(std::uint32_t chunks, std::uint32_t open) {
  __shared__ std::uint32_t open_columns[kTile], both[2];
  __shared__ std::uint16_t items[kTile * kWords];
  __syncthreads();
  open_columns[threadIdx.x] = open;
  if (threadIdx.x < 2) both[threadIdx.x] = 0;
  std::uint32_t total = 0, until = static_cast<std::uint32_t>(__popc(chunks));
  until = scan_block(until, Sum{}, total);
  for (std::uint32_t rest = chunks; rest != 0; rest &= rest - 1)
    items[until - static_cast<std::uint32_t>(__popc(rest))] =
        static_cast<std::uint16_t>(threadIdx.x * kWords + Masks::first_of(rest));
  const std::uint32_t any = reduce_warp(chunks != 0 ? open : 0, AnyBit{});
  const std::uint32_t several = reduce_warp(chunks != 0 && (open & (open - 1)) != 0 ? open : 0, AnyBit{});
  if (threadIdx.x % 32 == 0 && any != 0) atomicOr(&both[0], any);
  if (threadIdx.x % 32 == 0 && several != 0) atomicOr(&both[1], several);
  __syncthreads();
  return {open_columns, items, total, both[0], both[1]};
}

/// Calls `look(number, chunk)` for every item of the list, each on one warp. Threads must be waited for before the next list
/// is made.
template <class Look>
__device__ void for_items(const Listed& listed, Look look) {
  for (std::uint32_t k = threadIdx.x / 32; k < listed.count; k += blockDim.x / 32)
    look(listed.items[k] / kWords, listed.items[k] % kWords);
}

/// The chunks of a tile: 32 rows each, the last may have fewer.
__device__ inline std::uint32_t chunks_of(std::uint32_t rows) { return (1u << (rows + 31) / 32) - 1; }

/// Says what boxes say to the counters. A tile that is apart has no open columns.
__device__ inline void count_pair([[maybe_unused]] Boxes boxes, [[maybe_unused]] bool looked_at) {
  if (boxes.apart)
    count_work(Work::pairs_none);
  else if (boxes.open == 0)
    count_work(Work::pairs_all);
  else if (looked_at)
    count_work(Work::pairs_undecided);
}

/// Says what a warp looked at to the counters: its rows that are alive, and the columns that it searched for them.
__device__ inline void count_item([[maybe_unused]] unsigned alive, [[maybe_unused]] unsigned columns) {
  if (threadIdx.x % 32 != 0) return;
  count_work(Work::warp_items);
  count_work(Work::lanes, static_cast<unsigned>(__popc(alive)));
  count_work(Work::open_columns, columns);
}

/// Says for which columns masks were built to the counters.
__device__ inline void count_build([[maybe_unused]] std::uint32_t columns) {
  if (threadIdx.x != 0 || columns == 0) return;
  count_work(Work::mask_builds);
  count_work(Work::mask_columns, static_cast<unsigned>(__popc(columns)));
}

/// How tiles of sources and stripes of tiles of queries make items, one a block. Where both are the same tiles no source is
/// below a query of an earlier tile, and only the later stripes have items.
struct Stripes {
  std::uint32_t sources, queries, width;
  bool same;
  bool by_stripe;  // stripe after stripe, each with the sources in turn; else source after source

  CARBONFRONT_HD std::uint32_t count() const { return (queries + width - 1) / width; }
  /// Sources that are earlier than a stripe's end.
  CARBONFRONT_HD std::uint32_t sources_of(std::uint32_t stripe) const {
    const std::uint64_t end = std::uint64_t{stripe + 1} * width;
    return same && end < sources ? static_cast<std::uint32_t>(end) : sources;
  }
  CARBONFRONT_HD std::uint64_t items() const {
    std::uint64_t all = 0;
    for (std::uint32_t s = 0; s < count(); ++s) all += sources_of(s);
    return all;
  }

  struct Item {
    std::uint32_t source, first, end;  // queries [first, end)
  };
  CARBONFRONT_HD Item item(std::uint64_t number) const {
    std::uint32_t source = 0, stripe = 0;
    if (by_stripe) {
      for (; number >= sources_of(stripe); ++stripe) number -= sources_of(stripe);
      source = static_cast<std::uint32_t>(number);
    } else {  // groups of `width` sources have as many stripes
      std::uint32_t left = count();
      for (; same && number >= std::uint64_t{width} * left; --left) number -= std::uint64_t{width} * left;
      source = (count() - left) * width + static_cast<std::uint32_t>(number / left);
      stripe = count() - left + static_cast<std::uint32_t>(number % left);
    }
    std::uint32_t first = stripe * width;
    const std::uint32_t end = queries - first < width ? queries : first + width;
    if (same && source > first) first = source;
    return {source, first, end};
  }
};

}  // namespace carbonfront::device
