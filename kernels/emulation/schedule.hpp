#pragma once
// In which order the blocks of a grid start.

#include <cstdint>

namespace carbonfront::emulation {

/// A permutation of [0, count).
struct BlockOrder {
  std::uint64_t count = 0, stride = 1, offset = 0;  // the stride has no divisor in common with the count
  std::uint64_t operator[](std::uint64_t i) const { return (i * stride + offset) % count; }
};

/// The order of a launch's blocks: of their index, or pseudo-random where shuffle_blocks() or the environment has asked for
/// it, another for every launch. At most 2^31 blocks.
BlockOrder next_block_order(std::uint64_t blocks);

/// How many workers a launch may have, at least 1.
unsigned most_workers();

}  // namespace carbonfront::emulation
