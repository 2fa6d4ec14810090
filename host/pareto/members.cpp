// "a < b in every coordinate" without comparing: ranks are not negative, so a − b does not overflow, and the bitwise and
// of all differences is negative exactly when every one of them is. Subtract and and run on all vector ports.

#include "host/pareto/members.hpp"

#include <algorithm>

#include "host/pareto/clones.hpp"

namespace carbonfront {
namespace {

/// Sixteen ranks in the compiler's own vector type; half a block.
typedef std::int32_t Ranks __attribute__((vector_size(64), aligned(4), may_alias));
constexpr std::uint32_t kHalf = kLanes / 2;

/// Gives a negative number for each of sixteen members that is below the row in every coordinate.
template <std::uint32_t kCoordinates>
CARBONFRONT_INLINE void lanes_below(const std::int32_t* members, std::uint32_t coordinates, const std::int32_t* row,
                                    Ranks& below) {
  if constexpr (kCoordinates > 0) coordinates = kCoordinates;
  below = *reinterpret_cast<const Ranks*>(members) - row[0];
  for (std::uint32_t k = 1; k < coordinates; ++k) {
    below &= *reinterpret_cast<const Ranks*>(members + k * kLanes) - row[k];
  }
}

/// Says whether any of `kBlocks` blocks has a member below the row in every coordinate.
template <std::uint32_t kCoordinates, int kBlocks>
CARBONFRONT_INLINE bool any_below(const std::int32_t* ranks, std::uint32_t coordinates, const std::int32_t* row) {
  Ranks any = {};
  for (int b = 0; b < kBlocks; ++b) {
    Ranks low, high;
    lanes_below<kCoordinates>(ranks, coordinates, row, low);
    lanes_below<kCoordinates>(ranks + kHalf, coordinates, row, high);
    any |= low | high;
    ranks += std::size_t{kLanes} * coordinates;
  }
  std::int32_t one = 0;
  for (std::uint32_t lane = 0; lane < kHalf; ++lane) one |= any[lane];
  return one < 0;
}

/// Looks at four blocks at a time: to fold lanes into one answer costs as much as to compare a block.
template <std::uint32_t kCoordinates>
CARBONFRONT_INLINE std::size_t first_block(const std::int32_t* ranks, std::size_t blocks, std::uint32_t coordinates,
                                           const std::int32_t* row) {
  const std::size_t step = std::size_t{kLanes} * coordinates;
  std::size_t b = 0;
  while (b + 4 <= blocks && !any_below<kCoordinates, 4>(ranks + b * step, coordinates, row)) b += 4;
  while (b < blocks && !any_below<kCoordinates, 1>(ranks + b * step, coordinates, row)) ++b;
  return b;
}

template <std::uint32_t kCoordinates>
CARBONFRONT_INLINE std::int32_t highest(const std::int32_t* ranks, const std::int32_t* values, std::size_t blocks,
                                        std::uint32_t coordinates, const std::int32_t* row) {
  Ranks best = {};
  for (std::size_t half = 0; half < 2 * blocks; ++half) {
    Ranks below;
    lanes_below<kCoordinates>(ranks + (half / 2 * coordinates * kLanes + half % 2 * kHalf), coordinates, row, below);
    const Ranks value = (below >> 31) & *reinterpret_cast<const Ranks*>(values + half * kHalf);
    best = best > value ? best : value;
  }
  std::int32_t one = 0;
  for (std::uint32_t lane = 0; lane < kHalf; ++lane) one = std::max(one, static_cast<std::int32_t>(best[lane]));
  return one;
}

/// Finds the first block with a member below the row in every coordinate; `blocks` if none has.
CARBONFRONT_CLONES std::size_t first_dominating_block(const std::int32_t* ranks, std::size_t blocks,
                                                      std::uint32_t coordinates, const std::int32_t* row) {
  switch (coordinates) {
    case 2:
      return first_block<2>(ranks, blocks, 2, row);
    case 3:
      return first_block<3>(ranks, blocks, 3, row);
    case 4:
      return first_block<4>(ranks, blocks, 4, row);
    case 5:
      return first_block<5>(ranks, blocks, 5, row);
    case 6:
      return first_block<6>(ranks, blocks, 6, row);
    case 7:
      return first_block<7>(ranks, blocks, 7, row);
    case 8:
      return first_block<8>(ranks, blocks, 8, row);
    default:
      return first_block<0>(ranks, blocks, coordinates, row);
  }
}

CARBONFRONT_CLONES std::int32_t highest_in_blocks(const std::int32_t* ranks, const std::int32_t* values, std::size_t blocks,
                                                  std::uint32_t coordinates, const std::int32_t* row) {
  switch (coordinates) {
    case 2:
      return highest<2>(ranks, values, blocks, 2, row);
    case 3:
      return highest<3>(ranks, values, blocks, 3, row);
    case 4:
      return highest<4>(ranks, values, blocks, 4, row);
    case 5:
      return highest<5>(ranks, values, blocks, 5, row);
    case 6:
      return highest<6>(ranks, values, blocks, 6, row);
    case 7:
      return highest<7>(ranks, values, blocks, 7, row);
    default:
      return highest<0>(ranks, values, blocks, coordinates, row);
  }
}

/// Compares one member, `step` apart from coordinate to coordinate.
bool is_below(const std::int32_t* member, std::size_t step, std::uint32_t coordinates, const std::int32_t* row) {
  for (std::uint32_t k = 0; k < coordinates; ++k) {
    if (member[k * step] >= row[k]) return false;
  }
  return true;
}

}  // namespace

void append(Members& members, const std::int32_t* row) {
  const std::uint32_t coordinates = members.coordinates;
  members.ranks.insert(members.ranks.end(), row, row + coordinates);
  if (++members.size % kLanes != 0) return;
  std::int32_t* block = members.ranks.data() + std::size_t{members.size - kLanes} * coordinates;
  const std::vector<std::int32_t> rows(block, block + std::size_t{kLanes} * coordinates);
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    for (std::uint32_t k = 0; k < coordinates; ++k) block[k * kLanes + lane] = rows[lane * coordinates + k];
  }
}

std::uint32_t first_dominator(const Members& members, const std::int32_t* row) {
  const std::uint32_t coordinates = members.coordinates;
  const std::size_t blocks = members.size / kLanes;
  const std::size_t found = first_dominating_block(members.ranks.data(), blocks, coordinates, row);
  auto member = static_cast<std::uint32_t>(found * kLanes);
  const std::int32_t* ranks = members.ranks.data() + found * kLanes * coordinates;
  if (found < blocks) {
    while (!is_below(ranks, kLanes, coordinates, row)) ++ranks, ++member;
    return member;
  }
  for (; member < members.size; ++member, ranks += coordinates) {
    if (is_below(ranks, 1, coordinates, row)) return member;
  }
  return members.size;
}

std::int32_t highest_of_dominators(const std::int32_t* ranks, const std::int32_t* values, std::size_t blocks,
                                   std::uint32_t coordinates, const std::int32_t* row) {
  return highest_in_blocks(ranks, values, blocks, coordinates, row);
}

}  // namespace carbonfront
