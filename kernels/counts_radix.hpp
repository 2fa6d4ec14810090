#pragma once
// Counts for two and three objectives by radix divide and conquer, level by level, without recursion.
//
// Ranks are permutations x (the place), y and z. Rows with the same leading digits of x are a node; a pair that dominates
// falls apart at exactly one digit of x. Inside the nodes of a level rows get a local rank in y, and fall apart at exactly
// one of its digits. So for each of the two levels the rows stand in order of (node, digits of y, z), and every row counts
// the rows of its cell before it that have a smaller digit of x and of y; cells of 256 rows are compared pair by pair. Two
// objectives need y alone. Ranks being permutations, every cell begins at a multiple of its size.
//
// Bound, with D = ⌈(bits of size − 8) / 4⌉ digits: D passes for two objectives; for three D (D + 1) / 2, and 2 D that part
// lists alone. A pass moves 32 bytes a row, of a list 20, and for three objectives 16 more for histograms of 16 × 16 digits;
// about 150 operations a row. At 10⁷ × 3: D = 4, 10 passes and 8 of lists, 6.4 GB, 1.5 ms at 4.3 TB/s. Two launches and the
// scan's a pass. Memory: 48 bytes a row. Speed: not measured.

#include "kernels/pairs.hpp"

namespace carbonfront::device {

/// As count_pairs() of all rows and for all: with at most three objectives, and at most 2³¹ rows.
void count_radix(const Stream& stream, OrderView order, Direction direction, std::uint32_t* counts);

/// Tells whether count_radix() can.
inline bool fits_radix(OrderView order) { return order.columns <= 2 && order.size <= std::uint32_t{1} << 31; }

}  // namespace carbonfront::device
