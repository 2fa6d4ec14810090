#include "host/pareto/rank_set.hpp"

#include <algorithm>

namespace carbonfront {
namespace {

OnesBehind ones_behind() {
  OnesBehind ones{};
  for (std::uint32_t place = 0; place < kBlockWords; ++place) {
    for (std::uint32_t k = place + 1; k < kBlockWords; ++k) ones.words[place][k] = 1;
  }
  for (std::uint32_t place = 0; place < 16; ++place) {
    for (std::uint32_t k = place + 1; k < 16; ++k) ones.sixteen[place][k] = 1;
  }
  return ones;
}

}  // namespace

const OnesBehind kOnesBehind = ones_behind();

void clear(RankSet& set, std::uint32_t size) {
  std::size_t places = (std::size_t{size} >> kBlockBits) + 1;
  set.blocks.assign(places, RankBlock{});
  set.levels.resize(std::max<std::size_t>(set.levels.size(), rank_levels(size)));
  for (int k = 0; k < rank_levels(size); ++k) {
    places = places / 16 + 1;
    set.levels[k].assign(places, RankCounts{});
  }
}

CARBONFRONT_CLONES void assign(RankSet& set, std::uint32_t size, const std::uint64_t* bits) {
  clear(set, size);
  const std::size_t words = (std::size_t{size} + 63) / 64;
  std::vector<std::uint32_t> members(set.blocks.size(), 0);  // of a block, then of a sixteen, and so on
  for (std::size_t b = 0; b < members.size(); ++b) {
    for (std::uint32_t k = 0; k < kBlockWords && b * kBlockWords + k < words; ++k) {
      const std::uint64_t word = bits[b * kBlockWords + k];
      set.blocks[b].bits[k] = word;
      set.blocks[b].before[k] = static_cast<std::uint16_t>(members[b]);
      members[b] += static_cast<std::uint32_t>(__builtin_popcountll(word));
    }
  }
  for (int k = 0; k < rank_levels(size); ++k) {
    std::vector<std::uint32_t> sixteens(members.size() / 16 + 1, 0);
    for (std::size_t i = 0; i < members.size(); ++i) {
      set.levels[k][i / 16].before[i % 16] = sixteens[i / 16];
      sixteens[i / 16] += members[i];
    }
    members.swap(sixteens);
  }
}

CARBONFRONT_CLONES void count_words(RankWord* words, std::size_t size) {
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < (size + 63) / 64; ++i) {
    words[i].before = before;
    before += static_cast<std::uint64_t>(__builtin_popcountll(words[i].bits));
  }
}

}  // namespace carbonfront
