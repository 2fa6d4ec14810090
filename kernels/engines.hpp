#pragma once
// One name for every answer: the fastest kernel that there is for the number of objectives.

#include "kernels/counts_tiles.hpp"
#include "kernels/front_tiles.hpp"

namespace carbonfront::device {

inline void count(const Stream& stream, OrderView order, Direction direction, const std::uint8_t* counted, Share share,
                  std::uint32_t* counts) {
  count_tiles(stream, order, direction, counted, share, counts);
}

inline void mark_dominated(const Stream& stream, OrderView order, const std::uint8_t* is_source, Share share,
                           std::uint8_t* dominated) {
  mark_dominated_tiles(stream, order, is_source, share, dominated);
}

}  // namespace carbonfront::device
