#pragma once
// Counts for two to four objectives by radix divide and conquer, level by level, without recursion.
//
// Ranks are permutations x (the place), y, z and w. Take three objectives. Rows with the same leading digits of x are a
// node; a pair that dominates falls apart at exactly one digit of x. Inside the nodes of a level rows get a local rank in y,
// and fall apart at exactly one of its digits. So for each of the two levels the rows stand in order of (node, digits of y,
// z), and every row counts the rows of its cell before it that have a smaller digit of x and of y: a prefix sum over bins of
// digits, carried from tile to tile, and inside a step of a tile the AND of prefix masks, one an axis. Two objectives need
// one axis; four put a level above: a row counts those before it in w that are smaller in a digit of x, of y and of z, 16³
// bins. Cells of 256 rows are compared by masks. Ranks being permutations, every cell begins at a multiple of its size.
//
// Lists say the order of each node: by y of x, by z of where y's list has them, by w of where z's has them. Parting one
// tells the next where its rows went, so that each list is one gather of the one before. Counts stay in the order of a list
// and move with it: only the first lists are scattered, and only their gathers are random beyond a node.
//
// Bound, with D = ⌈(bits of size − 8) / 4⌉ digits, A = objectives − 1: (D+A−1 choose A) passes that count, of 16 bytes a row
// (20 where they begin a list), and 16^A · 8 / 4,096 bytes of look-back unless a cell is a tile of 4,096 rows (three
// objectives 0.5, four 32); three objectives D, four D (D + 7) / 2 passes of lists, of 12, and as many gathers less D, of
// 12, at worst of 40; leaves of 20 to 28 a row, one set a list. Launches, counting fills: counts_radix.cu's are listed in
// launches(). Memory: 24, 40 and 64 bytes a row, four objectives 4 more of look-back. At 10⁷ × 3: 10 passes, 0.5 KB a row;
// 10⁷ × 4: 20 passes, 1.6 KB; 10⁸ × 3: 15 passes, 0.7 KB. Instructions of a row and pass: about 100, with three axes 200.
// Speed: not measured.

#include "kernels/pairs.hpp"

namespace carbonfront::device {

/// The fewest rows of four objectives for which passes take less time than comparing tiles.
inline constexpr std::uint32_t kFewestOfFour = 10'000'000;

/// As count_pairs() of all rows and for all: with at most four objectives, and at most 2³¹ rows, of four 2²⁸.
void count_radix(const Stream& stream, OrderView order, Direction direction, std::uint32_t* counts);

/// Tells whether count_radix() can, and is faster than tiles: always with at most three objectives, with four from
/// `fewest_of_four` rows on, which tests lower.
inline bool fits_radix(OrderView order, std::uint32_t fewest_of_four = kFewestOfFour) {
  return order.columns <= 2   ? order.size <= std::uint32_t{1} << 31
         : order.columns == 3 ? order.size >= fewest_of_four && order.size <= std::uint32_t{1} << 28
                              : false;
}

}  // namespace carbonfront::device
