#pragma once
// The passes of a radix divide and conquer (counts_radix.hpp): rows fall apart by a digit and are counted; cells that are
// small enough are compared row by row.
//
// An axis is an objective of which a pass looks at one digit. Rows lie in cells of 2^k, each beginning at a multiple of its
// size, in the order of the last objective. A row is a word: its key, a rank that no other row of its cell has, below, and
// the digits of the axes above it in the top bits, kDigitBits each. The bits of the key above the cell are those of the
// row's index.
//
// What is before a tile comes from the tiles before it in its cell by single-pass look-back (Merrill & Garland 2016): a word
// a bin and tile, which carries its own state, so that nothing must be ordered between words. Tiles are numbered by a ticket
// as blocks start: a block waits for none that has not started. So a tile's rows are read twice, the second time from a
// cache, and moved once.

#include <cstdint>

#include "kernels/device/runtime.hpp"
#include "kernels/host_device.hpp"

namespace carbonfront::device::radix {

inline constexpr std::uint32_t kLeafBits = 8, kDigitBits = 4, kDigits = 1 << kDigitBits;
inline constexpr std::uint32_t kTileBits = 12, kTileRows = 1 << kTileBits;  // of look-back; no tile lies in two cells
inline constexpr std::uint32_t kMostAxes = 3;
inline constexpr std::uint32_t kTopShift = 32 - kDigitBits, kSecondShift = kTopShift - kDigitBits;  // of axes in a word

/// Cells of 2^cell_bits rows fall apart by the next digit of the key.
struct Pass {
  std::uint32_t size;
  std::uint32_t cell_bits, digit_bits;

  CARBONFRONT_HD std::uint32_t sub_bits() const { return cell_bits - digit_bits; }
  CARBONFRONT_HD std::uint32_t digit(std::uint32_t key) const { return key >> sub_bits() & ((1u << digit_bits) - 1); }
  CARBONFRONT_HD std::uint64_t cell_begin(std::uint64_t i) const { return i >> cell_bits << cell_bits; }
  CARBONFRONT_HD std::uint32_t tiles() const { return (size - 1) / kTileRows + 1; }
  /// Whether cells have several tiles, which then need look-back.
  CARBONFRONT_HD bool is_chained() const { return cell_bits > kTileBits && size > kTileRows; }
};

/// The first pass: all rows are one cell, and the first digit is what the others leave.
Pass first_pass(std::uint32_t size);
/// The pass after it.
inline Pass next_pass(Pass pass) { return {pass.size, pass.sub_bits(), kDigitBits}; }
inline bool is_leaf(Pass pass) { return pass.cell_bits <= kLeafBits; }

/// What a pass moves; [size] each, device memory.
struct Moves {
  const std::uint32_t* word;             // in
  const std::uint32_t* count = nullptr;  // in; null: 0
  std::uint32_t* word_out;
  std::uint32_t* count_out = nullptr;  // null: nothing is counted
  std::uint32_t* moved_to = nullptr;   // the new index of each; null: not asked for
  // Only where the axis above the key is new: where that has each row, and the list of this, parted by its digit.
  const std::uint32_t* above = nullptr;
  std::uint32_t* above_out = nullptr;
};

/// Words of look-back that passes over so many axes need.
std::size_t state_words(std::uint32_t size, std::uint32_t axes);

/// Parts rows stably by the digit of the pass, and adds to their counts the earlier rows of their cell that are smaller in
/// this digit and in those of the other axes. `axes` counts the key: 1 to kMostAxes. `state` [state_words]. One launch, and
/// one of a fill where cells have several tiles. A row costs 8 bytes read (8 where the axis above is new) and 8 written
/// (12), and per tile of kTileRows two words a bin of 16^axes. Throws DeviceError.
void part(const Stream& stream, std::uint32_t axes, Pass pass, Moves moves, std::uint32_t* state);

/// Rows in leaves: cells of 2^kLeafBits in the order of the last objective. [size] each, device memory.
struct Leaves {
  std::uint32_t size;
  const std::uint32_t* word;                // the rank on axis 0 below, digits on top
  const std::uint32_t* lists[2] = {};       // the rank on the next axis of each rank on the one before
  const std::uint32_t* count = nullptr;     // of each row so far; null: 0
  const std::uint32_t* totals[3] = {};      // more of it, by the rank on each axis; null: 0
  const std::uint32_t* moved_to = nullptr;  // where totals go that are for a rank on the last axis; null: there
  std::uint32_t* out;                       // [size] the sums
};

/// Adds the earlier rows of each row's leaf that are smaller on all axes: `digits` of which words have the digit on top, and
/// `ranks` axes of which the leaf's own bits decide. At most kMostAxes in all. One launch; per row 8 to 28 bytes, and five
/// loads of shared memory for every 32 rows and axis. Throws DeviceError.
void add_leaves(const Stream& stream, std::uint32_t digits, std::uint32_t ranks, Leaves leaves);

}  // namespace carbonfront::device::radix
