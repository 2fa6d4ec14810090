#pragma once
// Prefix masks of a tile of sources in shared memory: a bitmask of the p sources whose coordinates in a column are least. A
// query finds its p by a search, and what is left after the AND of its masks is below it. Every other mask is kept, and the
// source that an odd one has more beside it: half the memory is twice the blocks on a multiprocessor.
//
// Bound, of a column: to build, 24 shuffles and 4 writes a warp; for 32 queries 8 loads of the search, one of a byte and two
// of 128 bits, all in shared memory. Bits may be numbered otherwise than slots, such as by rank, so that the first is the
// best.

#include "kernels/tiles.hpp"

namespace carbonfront::device {

inline constexpr std::uint32_t kWords = kTile / 32;

/// A bitmask of the rows of a tile.
struct alignas(16) Bits {
  std::uint32_t word[kWords];

  /// The first `rows` bits.
  static __device__ Bits first(std::uint32_t rows) {
    Bits bits;
#pragma unroll
    for (std::uint32_t w = 0; w < kWords; ++w)
      bits.word[w] = rows >= 32 * w + 32 ? ~0u : rows > 32 * w ? (1u << (rows - 32 * w)) - 1 : 0;
    return bits;
  }
  __device__ bool any() const {
    std::uint32_t all = 0;
#pragma unroll
    for (std::uint32_t w = 0; w < kWords; ++w) all |= word[w];
    return all != 0;
  }
  __device__ std::uint32_t count() const {
    std::uint32_t sum = 0;
#pragma unroll
    for (std::uint32_t w = 0; w < kWords; ++w) sum += static_cast<std::uint32_t>(__popc(word[w]));
    return sum;
  }
  /// The first bit that is set; kTile: none.
  __device__ std::uint32_t lowest() const {
    std::uint32_t at = kTile;
#pragma unroll
    for (std::uint32_t w = 0; w < kWords; ++w)
      if (at == kTile && word[w] != 0) at = 32 * w + static_cast<std::uint32_t>(__ffs(static_cast<int>(word[w]))) - 1;
    return at;
  }
  __device__ void clear(std::uint32_t bit) {
#pragma unroll
    for (std::uint32_t w = 0; w < kWords; ++w) word[w] &= ~only(w, bit);
  }
  /// ANDs half of a mask to words w to w + 3; one more bit of it is set.
  __device__ void keep(std::uint32_t w, uint4 mask, std::uint32_t bit) {
    word[w] &= mask.x | only(w, bit);
    word[w + 1] &= mask.y | only(w + 1, bit);
    word[w + 2] &= mask.z | only(w + 2, bit);
    word[w + 3] &= mask.w | only(w + 3, bit);
  }
  /// A bit in the word that it belongs to.
  static __device__ std::uint32_t only(std::uint32_t w, std::uint32_t bit) { return w == bit / 32 ? 1u << bit % 32 : 0; }
};

/// A tile of sources whose masks are in shared memory, as far as they have been asked for. `resident` columns from the first
/// on have room there; in all others a source must be compared itself.
struct Masks {
  static constexpr std::size_t kColumnBytes = kTile * (sizeof(uint4) + sizeof(std::uint32_t) + 1);

  TilesView sources;
  std::uint32_t tile = 0, first = 0, resident = 0;
  unsigned char* memory = nullptr;            // dynamic shared memory, resident · kColumnBytes
  std::uint32_t masks = 0, trees = 0;         // bitmasks of the columns that are there
  const std::uint8_t* bit_of_slot = nullptr;  // [sources.rows] the numbers of bits; null: slots less the tile's first

  __device__ std::uint32_t resident_columns() const { return (resident < 32 ? (1u << resident) - 1 : ~0u) << first; }
  /// The least and the largest coordinate of the tile.
  __device__ std::uint32_t low(std::uint32_t column) const { return sources.low[sources.source_box(column, tile)]; }
  __device__ std::uint32_t high(std::uint32_t column) const { return sources.high[sources.source_box(column, tile)]; }
  /// [2][kTile / 2] half masks of the 0, 2, 4, … least sources of a column.
  __device__ uint4* masks_of(std::uint32_t column) const {
    return reinterpret_cast<uint4*>(memory) + std::size_t{column - first} * kTile;
  }
  /// [kTile] its coordinates as a search tree: a heap (Eytzinger) from 1.
  __device__ std::uint32_t* tree_of(std::uint32_t column) const {
    return reinterpret_cast<std::uint32_t*>(memory + std::size_t{resident} * kTile * sizeof(uint4)) +
           std::size_t{column - first} * kTile;
  }
  /// [kTile] the bits of its sources, the least coordinate first.
  __device__ std::uint8_t* bits_of(std::uint32_t column) const {
    return memory + (std::size_t{resident} * (sizeof(uint4) + sizeof(std::uint32_t)) + (column - first)) * kTile;
  }

  /// Begins with another tile. Threads that are still with the last one must be waited for.
  __device__ void begin(std::uint32_t another) {
    tile = another;
    masks = trees = 0;
  }

  /// Brings in what is not there yet of the masks and trees of columns, and returns the columns whose masks were not. All
  /// threads of the block; a barrier must follow.
  __device__ std::uint32_t build(std::uint32_t masks_wanted, std::uint32_t trees_wanted) {
    const std::uint32_t new_masks = masks_wanted & resident_columns() & ~masks;
    const std::uint32_t new_trees = (trees_wanted | masks_wanted) & resident_columns() & ~trees;
    for (std::uint32_t rest = new_trees; rest != 0; rest &= rest - 1) build_tree(first_of(rest));
    for (std::uint32_t rest = new_masks; rest != 0; rest &= rest - 1) build_masks(first_of(rest));
    masks |= new_masks;
    trees |= new_trees;
    return new_masks;
  }

  /// How many sources are below a coordinate, of at most kTile − 1. Its column's tree must be there, and not all be below.
  __device__ std::uint32_t below(std::uint32_t column, std::uint32_t coordinate) const {
    const std::uint32_t* tree = tree_of(column);
    std::uint32_t at = 1;
#pragma unroll
    for (std::uint32_t step = 1; step < kTile; step *= 2) at = 2 * at + (tree[at] < coordinate);
    return at - kTile;
  }

  /// Tells whether a source is below a query in the columns that have no masks.
  __device__ bool is_below_in_others(std::uint32_t source, TilesView queries, std::uint32_t query) const {
    for (std::uint32_t c = first + resident; c < sources.columns; ++c)
      if (sources.source(c, source) >= queries.query(c, query)) return false;
    return true;
  }

  static __device__ std::uint32_t first_of(std::uint32_t columns) {
    return static_cast<std::uint32_t>(__ffs(static_cast<int>(columns))) - 1;
  }

 private:
  /// The source at a place of the thread in a sorted column; nothing behind the last.
  __device__ bool sorted_slot(std::uint32_t column, std::uint32_t at, std::uint32_t& slot) const {
    if (at >= sources.rows_of(tile)) return false;
    slot = sources.sorted[std::size_t{column} * sources.rows + sources.begin[tile] + at];
    return true;
  }

  __device__ void build_tree(std::uint32_t column) const {
    std::uint32_t slot = 0, value = ~0u;
    if (sorted_slot(column, threadIdx.x, slot)) value = sources.source(column, sources.begin[tile] + slot);
    const std::uint32_t number = threadIdx.x + 1;  // in order; the last of kTile is no node
    const std::uint32_t height = first_of(number);
    if (number < kTile) tree_of(column)[kTile / 2 >> height | number >> (height + 1)] = value;
  }

  /// The bit of the source at a place in a sorted column; kTile behind the last.
  __device__ std::uint32_t sorted_bit(std::uint32_t column, std::uint32_t at) const {
    std::uint32_t slot = kTile;
    return sorted_slot(column, at, slot) && bit_of_slot ? bit_of_slot[sources.begin[tile] + slot] : slot;
  }

  /// A warp makes a word of every mask; a lane adds two sources to one.
  __device__ void build_masks(std::uint32_t column) const {
    const std::uint32_t lane = threadIdx.x % 32, word = threadIdx.x / 32;
    std::uint32_t* out = reinterpret_cast<std::uint32_t*>(masks_of(column) + word / 4 * (kTile / 2)) + word % 4;
    std::uint32_t before = 0;
    if (lane == 0) out[0] = 0;
    for (std::uint32_t begin = 0; begin < kTile; begin += 64) {
      const std::uint32_t at = begin + 2 * lane, one = sorted_bit(column, at), two = sorted_bit(column, at + 1);
      const std::uint32_t bits = before | scan_warp(Bits::only(word, one) | Bits::only(word, two), AnyBit{});
      if (at + 2 < kTile) out[4 * (at / 2 + 1)] = bits;
      if (begin / 64 == word) bits_of(column)[at] = static_cast<std::uint8_t>(one);
      if (begin / 64 == word) bits_of(column)[at + 1] = static_cast<std::uint8_t>(two);
      before = __shfl_sync(kAllLanes, bits, 31);
    }
  }
};

/// How many columns have room in the shared memory of a block on the current device. Throws DeviceError.
inline std::uint32_t resident_columns(std::uint32_t columns) {
  const auto room = static_cast<std::uint32_t>((most_shared_bytes() - kMostStaticBytes) / Masks::kColumnBytes);
  return columns < room ? columns : room;
}

/// Tells whether the lane's row is beyond a corner in every open column: what is behind it there no source is below. All
/// lanes.
template <class Corner>
__device__ bool is_beyond(Corner corner, TilesView queries, std::uint32_t slot, bool alive, std::uint32_t open) {
  for (std::uint32_t rest = open; rest != 0; rest &= rest - 1) {
    const std::uint32_t c = Masks::first_of(rest);
    if (alive) alive = corner(c) < queries.query(c, slot);
    if (!__any_sync(kAllLanes, alive)) return false;
  }
  return alive;
}

/// ANDs the masks of the open columns to what is left for the lane's row: which sources are below it in all that have masks.
/// All lanes. `second`: whether the lane asks for the second half of the tile, too. Returns how many columns were searched.
__device__ inline unsigned and_masks(const Masks& masks, TilesView queries, std::uint32_t slot, std::uint32_t open,
                                     bool alive, bool second, Bits& left) {
  unsigned searched = 0;
  for (std::uint32_t rest = open & masks.resident_columns(); rest != 0; rest &= rest - 1, ++searched) {
    const std::uint32_t c = Masks::first_of(rest);
    const std::uint32_t own = alive ? queries.query(c, slot) : 0;
    const bool asks = alive && own <= masks.high(c);
    if (asks) {
      const std::uint32_t p = masks.below(c, own), odd = p % 2 == 0 ? kTile : masks.bits_of(c)[p - 1];
      const uint4* column = masks.masks_of(c) + p / 2;
      left.keep(0, column[0], odd);
      if (second) left.keep(4, column[kTile / 2], odd);
      alive = left.any();
    }
    if (!__any_sync(kAllLanes, alive)) return searched + 1;
  }
  return searched;
}

/// The first source that is left for the lane's row and below it in the columns without masks, too; kTile: none. Bits are
/// slots less the tile's first.
__device__ inline std::uint32_t first_below(const Masks& masks, TilesView queries, std::uint32_t slot, Bits left) {
  std::uint32_t source = left.lowest();
  for (; source < kTile; source = left.lowest()) {
    if (masks.is_below_in_others(masks.sources.begin[masks.tile] + source, queries, slot)) break;
    left.clear(source);
  }
  return source;
}

}  // namespace carbonfront::device
