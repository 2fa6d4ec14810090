#pragma once
// The device's plain way to every answer: all pairs, tile by tile. It is what faster kernels are tested against on the
// device, and what they fall back on. Answers are by place; all threads of a block take part in every tile.

#include "kernels/order.hpp"

namespace carbonfront::device {

/// Whom an answer counts: those that dominate the row, or those that it dominates.
enum class Direction { dominated_by, dominates };

/// A device's part of the rows: of tiles of kTile places those whose number leaves `index` when divided by `count`.
struct Share {
  std::uint32_t index = 0, count = 1;
};

inline constexpr std::uint32_t kTile = 256;

/// Counts for every place of the share the other rows that dominate it, or that it dominates; 0 for other places. `counted`
/// [size] by place says which rows count; null: all. O(size² · objectives).
void count_pairs(const Stream& stream, OrderView order, Direction direction, const std::uint8_t* counted, Share share,
                 std::uint32_t* counts);

/// Marks with 1 the places of the share that a source dominates; 0 for all others. `is_source` [size] by place; null: all.
/// O(size² · objectives), less where dominators are found early.
void mark_dominated_pairs(const Stream& stream, OrderView order, const std::uint8_t* is_source, Share share,
                          std::uint8_t* dominated);

/// Raises the ranks of the rows that are not sources above those of the sources that dominate them. [size] by place.
void raise_ranks_pairs(const Stream& stream, OrderView order, const std::uint8_t* is_source, std::uint32_t* ranks);

/// Raises all ranks to front numbers, from lower bounds such as 0. [size] by place. O(size² · objectives), whatever the
/// number of fronts; two launches for every kTile places.
void settle_ranks_pairs(const Stream& stream, OrderView order, std::uint32_t* ranks);

/// Finds for every place of the share the lowest position among the marked places that dominate it, all ones where there is
/// none; all ones for other places. O(size · marked · objectives).
void find_witnesses_pairs(const Stream& stream, OrderView order, const std::uint8_t* nondominated, Share share,
                          std::uint32_t* witnesses);

}  // namespace carbonfront::device
