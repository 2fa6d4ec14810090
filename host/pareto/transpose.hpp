#pragma once
// Rows to columns and back, eight by eight, in the compiler's own vectors.

#include <cstdint>

namespace carbonfront {

/// Eight lanes of 16 bits.
typedef std::uint16_t EightLanes __attribute__((vector_size(16), aligned(2), may_alias));

/// Writes the 8 × 8 block at `from`, its rows `from_stride` apart, transposed to `to`.
inline void transpose(const std::uint16_t* from, std::size_t from_stride, std::uint16_t* to, std::size_t to_stride) {
  typedef std::uint32_t Pairs __attribute__((vector_size(16), may_alias));
  typedef std::uint64_t Fours __attribute__((vector_size(16), may_alias));
  EightLanes in[8], ones[8], out[8];
  for (std::size_t r = 0; r < 8; ++r) in[r] = *reinterpret_cast<const EightLanes*>(from + r * from_stride);
  for (std::size_t r = 0; r < 4; ++r) {
    ones[r] = __builtin_shufflevector(in[2 * r], in[2 * r + 1], 0, 8, 1, 9, 2, 10, 3, 11);
    ones[r + 4] = __builtin_shufflevector(in[2 * r], in[2 * r + 1], 4, 12, 5, 13, 6, 14, 7, 15);
  }
  for (std::size_t half = 0; half < 2; ++half) {
    const EightLanes* own = ones + half * 4;
    const Pairs low[2] = {__builtin_shufflevector((Pairs)own[0], (Pairs)own[1], 0, 4, 1, 5),
                          __builtin_shufflevector((Pairs)own[2], (Pairs)own[3], 0, 4, 1, 5)};
    const Pairs high[2] = {__builtin_shufflevector((Pairs)own[0], (Pairs)own[1], 2, 6, 3, 7),
                           __builtin_shufflevector((Pairs)own[2], (Pairs)own[3], 2, 6, 3, 7)};
    out[half * 4] = (EightLanes)__builtin_shufflevector((Fours)low[0], (Fours)low[1], 0, 2);
    out[half * 4 + 1] = (EightLanes)__builtin_shufflevector((Fours)low[0], (Fours)low[1], 1, 3);
    out[half * 4 + 2] = (EightLanes)__builtin_shufflevector((Fours)high[0], (Fours)high[1], 0, 2);
    out[half * 4 + 3] = (EightLanes)__builtin_shufflevector((Fours)high[0], (Fours)high[1], 1, 3);
  }
  for (std::size_t r = 0; r < 8; ++r) *reinterpret_cast<EightLanes*>(to + r * to_stride) = out[r];
}

}  // namespace carbonfront
