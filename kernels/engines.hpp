#pragma once
// One name for every answer: the fastest kernel that there is for the number of rows and objectives.

#include "kernels/counts_radix.hpp"
#include "kernels/counts_tiles.hpp"
#include "kernels/front_tiles.hpp"
#include "kernels/ranks_tiles.hpp"
#include "kernels/witness_tiles.hpp"

namespace carbonfront::device {

/// Below it all pairs take less time than the launches of anything better, and no tiles that are filled up. Every engine
/// takes it as `few_rows`, which tests lower.
inline constexpr std::uint32_t kFewRows = 4096;

/// As count_pairs(), up to the shares' tiles: shares add up.
inline void count(const Stream& stream, OrderView order, Direction direction, const std::uint8_t* counted, Share share,
                  std::uint32_t* counts, std::uint32_t few_rows = kFewRows) {
  if (order.size < few_rows)
    count_pairs(stream, order, direction, counted, share, counts);
  else if (fits_radix(order) && !counted && share.count == 1)
    count_radix(stream, order, direction, counts);
  else
    count_tiles(stream, order, direction, counted, share, counts);
}

/// As mark_dominated_pairs(), up to the shares' tiles: shares add up.
inline void mark_dominated(const Stream& stream, OrderView order, const std::uint8_t* is_source, Share share,
                           std::uint8_t* dominated, std::uint32_t few_rows = kFewRows) {
  (order.size < few_rows ? mark_dominated_pairs : mark_dominated_tiles)(stream, order, is_source, share, dominated);
}

/// As settle_ranks_pairs().
inline void settle_ranks(const Stream& stream, OrderView order, std::uint32_t* ranks, std::uint32_t few_rows = kFewRows) {
  (order.size < few_rows ? settle_ranks_pairs : settle_ranks_tiles)(stream, order, ranks);
}

/// As find_witnesses_tiles(): of marked rows none of which dominates another.
inline void find_witnesses(const Stream& stream, OrderView order, const std::uint8_t* nondominated, Share share,
                           std::uint32_t* witnesses, std::uint32_t few_rows = kFewRows) {
  (order.size < few_rows ? find_witnesses_pairs : find_witnesses_tiles)(stream, order, nondominated, share, witnesses);
}

}  // namespace carbonfront::device
