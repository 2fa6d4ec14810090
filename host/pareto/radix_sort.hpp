#pragma once
// A stable sort of rows by 64-bit keys, with all threads of the arena.

#include <cstdint>

#include "carbonfront/array.hpp"
#include "carbonfront/progress.hpp"

namespace carbonfront {

/// Rows in an order. A word has the row in its lowest bits and a key above: 16 bytes a row.
struct KeyedRows {
  std::uint32_t size = 0;
  int row_bits = 0;                   // as many as rows below `size` need
  Array<std::uint64_t> words, spare;  // [size] each

  std::uint32_t row_of(std::uint64_t word) const { return static_cast<std::uint32_t>(word & ((1ull << row_bits) - 1)); }
  std::uint32_t row(std::uint32_t i) const { return row_of(words[i]); }
  std::uint64_t key(std::uint32_t i) const { return words[i] >> row_bits; }
  void set(std::uint32_t i, std::uint64_t key, std::uint32_t row) { words[i] = key << row_bits | row; }
};

/// Makes room for `size` rows below `size`; nothing is in it.
KeyedRows keyed_rows(std::uint32_t size);

/// Sorts the words [begin, end) by key; rows of equal keys stay as they are. Most significant digit first, where a digit is
/// a part of the range of the keys that there are: two passes over most data, and never more than one for every bit in
/// which keys of a bucket can differ. The result does not depend on the number of threads, because a stable sort has only
/// one. Throws Stopped.
void sort_by_key(KeyedRows& rows, std::uint32_t begin, std::uint32_t end, const Progress& progress);

}  // namespace carbonfront
