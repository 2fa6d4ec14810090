#pragma once
// The Z order (Morton order) of rows by their estimates: a linear extension of dominance in which neighbours are close, and
// the leaves of its binary trie, which are boxes that hardly overlap.

#include <cstdint>
#include <utility>
#include <vector>

#include "host/pareto/estimates.hpp"
#include "host/pareto/radix_sort.hpp"

namespace carbonfront {

/// Interleaves some bits of every column's estimates, the first column's first, by a table for each of an estimate's two
/// bytes.
struct Interleaving {
  struct Column {
    std::uint64_t of_high[256] = {}, of_low[256] = {};
  };
  std::vector<Column> columns;

  std::uint64_t key(const std::uint16_t* row) const {
    std::uint64_t key = 0;
    for (std::size_t k = 0; k < columns.size(); ++k)
      key |= columns[k].of_high[row[k] >> 8] | columns[k].of_low[row[k] & 255];
    return key;
  }
};

/// Takes of every column the bits behind the leading `first`, as many as all have room for in `key_bits` bits; where that is
/// none, the first columns have one. Says in `bits` how many.
Interleaving interleaving(std::uint32_t columns, int first, int key_bits, int& bits);

/// Distinct rows in an order in which dominators come first: by group, then Z key, then lexicographically.
struct ZOrder {
  std::uint32_t size = 0;  // distinct rows
  int key_bits = 0;        // of a key: the group's, then those of the columns in turn
  KeyedRows rows;          // [size] in order: key, and the place in `names` or else the position
  std::vector<std::pair<std::uint32_t, std::uint32_t>> twins;  // a row that was left out, and the equal one before it
};

/// Sorts the positions `names`; all positions if it is null. O(rows · objectives), 16 bytes a row, of which 8 stay. Throws
/// Stopped.
ZOrder z_order(const Estimates& estimates, const std::vector<std::uint32_t>* names, const Progress& progress);

/// Finds where tiles begin: at the leaves of the trie of the keys, its largest subtrees of at most `most` rows; rows that
/// not even whole keys tell apart are cut by number. Neighbours that together have at most a quarter of that are one. Ends
/// with the size. There are at most 8 · size / most + 2 of them.
std::vector<std::uint32_t> trie_leaves(const KeyedRows& rows, std::uint32_t size, int key_bits, std::uint32_t most);

}  // namespace carbonfront
