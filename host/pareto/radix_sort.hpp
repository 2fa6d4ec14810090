#pragma once
// A stable sort of (key, row) pairs by 64-bit keys, with all threads of the arena.

#include <cstdint>
#include <vector>

namespace carbonfront {

/// Rows in an order, and the key of each in that order, with room for a second copy. 24 bytes a row.
struct KeyedOrder {
  std::vector<std::uint64_t> keys, spare_keys;  // [size] each
  std::vector<std::uint32_t> order, spare_order;
};

/// Makes room for `size` rows, in their given order 0, 1, 2, …
KeyedOrder keyed_order(std::uint32_t size);

/// Sorts by key; rows of equal keys stay as they are. Least significant byte first, one pass for each byte in which keys
/// differ: bytes that are the same in all keys cost nothing. The result does not depend on the number of threads, because
/// a stable sort has only one. Throws Stopped.
void sort_by_key(KeyedOrder& rows);

}  // namespace carbonfront
