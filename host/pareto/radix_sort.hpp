#pragma once
// A stable sort of (key, row) pairs by 64-bit keys, with all threads of the arena.

#include <cstdint>
#include <memory>

namespace carbonfront {

struct KeyedRow {
  std::uint64_t key;
  std::uint32_t row;
};

/// Rows in an order, each with its key, and room for a second copy: 32 bytes a row.
struct KeyedRows {
  std::uint32_t size = 0;
  std::unique_ptr<KeyedRow[]> rows, spare;  // [size] each
};

/// Makes room for `size` rows; nothing is in it.
KeyedRows keyed_rows(std::uint32_t size);

/// Sorts by key; rows of equal keys stay as they are. Most significant digit first, where a digit is a part of the range of
/// the keys that there are: two passes over most data, and never more than one for every bit in which keys of a bucket can
/// differ. The result does not depend on the number of threads, because a stable sort has only one. Throws Stopped.
void sort_by_key(KeyedRows& rows);

}  // namespace carbonfront
