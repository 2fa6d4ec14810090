// "a < b in every coordinate" without comparing: ranks are not negative, so a − b does not overflow, and the bitwise and
// of all differences is negative exactly when every one of them is. Subtract and and run on all vector ports.

#include <algorithm>

#include "host/clones.hpp"
#include "host/pareto/members.hpp"

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

}  // namespace

std::int32_t highest_of_dominators(const std::int32_t* ranks, const std::int32_t* values, std::size_t blocks,
                                   std::uint32_t coordinates, const std::int32_t* row) {
  return highest_in_blocks(ranks, values, blocks, coordinates, row);
}

}  // namespace carbonfront
