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
// tells where its rows went, which the next gathers. Counts stay in the order of a list and move with it. So nothing is
// scattered but the first lists, and nothing gathered at random beyond a node.
//
// Carried from tile to tile (radix_pass.hpp): rows by bin, 16^A of them with A = objectives − 1, from each tile of 4,096
// rows to the next of its cell. Of three axes the bins are summed up for every 512 rows, 16 KiB twice in shared memory; of
// fewer the sums are kept, and grow by what 256 rows add to each.
//
// Bound, with D = ⌈(bits of size − 8) / 4⌉ digits. Passes that count: (D + A − 1 choose A), of 16 bytes a row, 20 where they
// begin a list, and with three axes 16 of look-back where cells are larger than a tile. Lists to part, and gathers: with
// A = 2 D of each, with A = 3 D (D + 7) / 2 and D (D + 5) / 2, of 12 each, a gather across all rows at worst 40. Leaves
// after every list that passes go down, 16 to 24. In all, as if no cache held anything from launch to launch:
//
//   size × objectives   D   counting passes   launches, fills of look-back   bytes a row   bytes
//   10⁶ × 3             3    6                18, 5                            350         0.35 GB
//   10⁷ × 3             4   10                25, 9                            490         4.9 GB
//   10⁸ × 3             5   15                33, 14                           620         62 GB
//   10⁷ × 4             4   20                77, 25                         1,520         15 GB
//
// Instructions of a row and counting pass, by hand: 200, with three axes 430. Predicted, ±2×: 10⁷ × 3 2.5 ms, 10⁸ × 3 25 ms,
// 10⁷ × 4 10 ms. Memory: 24, 40 and 64 bytes a row; look-back 4 more with three axes. Speed: not measured.

#include "kernels/pairs.hpp"

namespace carbonfront::device {

/// The fewest rows of four objectives for which passes take less time than comparing tiles; predicted, not measured.
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
