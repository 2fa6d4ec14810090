#pragma once
// One name for every answer: the fastest kernel that there is for the number of rows and objectives.

#include <optional>

#include "kernels/counts_radix.hpp"
#include "kernels/counts_tiles.hpp"
#include "kernels/front_tiles.hpp"
#include "kernels/ranks_tiles.hpp"
#include "kernels/witness_tiles.hpp"

namespace carbonfront::device {

/// Below it all pairs take less time than the launches of anything better, and no tiles that are filled up. Tests lower it.
inline constexpr std::uint32_t kFewRows = 4096;

/// Answers for the rows of one order, which must outlive it. Tiles of all rows are made when they are first needed, once.
class Engines {
 public:
  Engines(const Stream& stream, OrderView order, std::uint32_t few_rows = kFewRows)
      : stream_(stream), order_(order), few_(order.size < few_rows) {}

  /// As count_pairs(), up to the shares' tiles: shares add up.
  void count(Direction direction, const std::uint8_t* counted, Share share, std::uint32_t* counts) {
    if (few_) return count_pairs(stream_, order_, direction, counted, share, counts);
    if (fits_radix(order_) && !counted && share.count == 1) return count_radix(stream_, order_, direction, counts);
    std::optional<Tiles> turned, marked;
    if (direction == Direction::dominates) turned = make_tiles(stream_, order_, nullptr, direction);
    if (counted) marked = make_tiles(stream_, order_, counted, direction);
    const Tiles& queries = turned ? *turned : tiles();
    count_tiles(stream_, marked ? *marked : queries, queries, share, counts);
  }

  /// As mark_dominated_pairs(), up to the shares' tiles: shares add up.
  void mark_dominated(const std::uint8_t* is_source, Share share, std::uint8_t* dominated) {
    if (few_) return mark_dominated_pairs(stream_, order_, is_source, share, dominated);
    std::optional<Tiles> sources;
    if (is_source) sources = make_tiles(stream_, order_, is_source, Direction::dominated_by);
    mark_dominated_tiles(stream_, sources ? *sources : tiles(), tiles(), share, dominated);
  }

  /// As settle_ranks_pairs(); ranks from `limit` on may stay anything from it on, 0: no limit.
  void settle_ranks(std::uint32_t limit, std::uint32_t* ranks) {
    if (few_) return settle_ranks_pairs(stream_, order_, ranks);
    settle_ranks_tiles(stream_, tiles(), limit, ranks);
  }

  /// As find_witnesses_tiles(): of marked rows none of which dominates another.
  void find_witnesses(const std::uint8_t* nondominated, Share share, std::uint32_t* witnesses) {
    if (few_) return find_witnesses_pairs(stream_, order_, nondominated, share, witnesses);
    find_witnesses_tiles(stream_, order_, tiles(), nondominated, share, witnesses);
  }

 private:
  const Tiles& tiles() {
    if (!tiles_) tiles_ = make_tiles(stream_, order_, nullptr, Direction::dominated_by);
    return *tiles_;
  }

  const Stream& stream_;
  OrderView order_;
  bool few_;
  std::optional<Tiles> tiles_;
};

}  // namespace carbonfront::device
