#pragma once
// A growing set of integers below a size, for one question: how many members are below z?
//
// A bitmap with counters over it: how many members are before each word of its block of 32 words, before each block of its
// sixteen, before each of those of their sixteen, and so on. Inserting adds one to all counters behind the new member of its
// own sixteen, which is one vector addition a level; asking adds one counter a level and the bits of one word.

#include <cstdint>
#include <utility>
#include <vector>

#include "carbonfront/array.hpp"
#include "host/clones.hpp"

namespace carbonfront {

inline constexpr std::uint32_t kBlockWords = 32;
inline constexpr std::uint32_t kBlockBits = 11;  // 32 words of 64 values

/// 2,048 values. The members of the block before each word, and the members.
struct alignas(64) RankBlock {
  typedef std::uint16_t Counts __attribute__((vector_size(2 * kBlockWords)));
  Counts before;
  std::uint64_t bits[kBlockWords];
};

/// Members before each of sixteen blocks, or before each of sixteen sixteens, from where these begin.
struct alignas(64) RankCounts {
  typedef std::uint32_t Counts __attribute__((vector_size(64)));
  Counts before;
};

/// The set. About 0.16 bytes a value.
struct RankSet {
  Array<RankBlock> blocks;
  std::vector<std::vector<RankCounts>> levels;  // from the blocks up, as many as the size needs
};

/// What the additions add: one behind each place.
struct OnesBehind {
  RankBlock::Counts words[kBlockWords];
  RankCounts::Counts sixteen[16];
};
extern const OnesBehind kOnesBehind;

/// Counters of sixteens that `size` values need: 0 up to 2,048 values, then one more for every factor of 16.
constexpr int rank_levels(std::uint32_t size) {
  int levels = 0;
  for (std::uint64_t room = 1u << kBlockBits; room < size; room <<= 4) ++levels;
  return levels;
}

/// Empties the set and makes room for values below `size`. O(size / 50) bytes.
void clear(RankSet& set, std::uint32_t size);

/// Empties the set, makes room and inserts the values whose bits are set. O(size / 64).
void assign(RankSet& set, std::uint32_t size, const std::uint64_t* bits);

/// The set by its pointers, with the number of levels known to the compiler: what the loops over rows work on.
template <int kLevels>
struct RankView {
  RankBlock* blocks;
  RankCounts* levels[kLevels > 0 ? kLevels : 1];

  explicit RankView(RankSet& set) : blocks(set.blocks.data()) {
    for (int k = 0; k < kLevels; ++k) levels[k] = set.levels[k].data();
  }
  CARBONFRONT_INLINE void insert(std::uint32_t value) const {
    RankBlock& block = blocks[value >> kBlockBits];
    const std::uint32_t word = (value >> 6) % kBlockWords;
    block.bits[word] |= 1ull << (value % 64);
    block.before += kOnesBehind.words[word];
    for (int k = 0; k < kLevels; ++k) {
      const std::uint32_t place = value >> (kBlockBits + 4 * k);
      levels[k][place / 16].before += kOnesBehind.sixteen[place % 16];
    }
  }
  CARBONFRONT_INLINE std::uint32_t rank(std::uint32_t value) const {
    const RankBlock& block = blocks[value >> kBlockBits];
    const std::uint32_t word = (value >> 6) % kBlockWords;
    const std::uint64_t below = (1ull << (value % 64)) - 1;
    std::uint32_t rank = reinterpret_cast<const AnyShort*>(&block.before)[word] +
                         static_cast<std::uint32_t>(__builtin_popcountll(block.bits[word] & below));
    for (int k = 0; k < kLevels; ++k) {
      rank += reinterpret_cast<const AnyWord*>(levels[k])[value >> (kBlockBits + 4 * k)];
    }
    return rank;
  }

 private:
  typedef std::uint16_t AnyShort __attribute__((may_alias));
  typedef std::uint32_t AnyWord __attribute__((may_alias));
};

/// Calls `use.template operator()<levels>()` with the levels that `size` values need.
template <class Use>
CARBONFRONT_INLINE void with_rank_levels(std::uint32_t size, Use use) {
  switch (rank_levels(size)) {
    case 0:
      return use.template operator()<0>();
    case 1:
      return use.template operator()<1>();
    case 2:
      return use.template operator()<2>();
    case 3:
      return use.template operator()<3>();
    case 4:
      return use.template operator()<4>();
    case 5:
      return use.template operator()<5>();
    default:
      return use.template operator()<6>();
  }
}

/// 64 values of a set that no longer grows: which of them are members, and how many members are before them.
struct RankWord {
  std::uint64_t bits;
  std::uint64_t before;

  CARBONFRONT_INLINE std::uint32_t rank(std::uint32_t value) const {
    const std::uint64_t below = (1ull << (value % 64)) - 1;
    return static_cast<std::uint32_t>(before) + static_cast<std::uint32_t>(__builtin_popcountll(bits & below));
  }
};

/// Sums the bits into `before`. [size / 64, rounded up]
void count_words(RankWord* words, std::size_t size);

}  // namespace carbonfront
