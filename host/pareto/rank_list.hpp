#pragma once
// Rows that are counted among themselves, by their ranks among themselves.

#include <cstddef>
#include <cstdint>

namespace carbonfront {

/// Marks a row as a query; its count is the other 31 bits.
inline constexpr std::uint32_t kQuery = 1u << 31;

/// A list of rows, in order of one objective. Another objective is a column: each row's rank in it among the rows of the
/// list, so a permutation of [0, size). Either all rows are sources and queries, or every row is one of the two.
struct RankList {
  std::uint32_t size = 0;
  std::uint32_t queries = 0;
  std::uint32_t sources = 0;
  std::uint32_t columns = 0;       // objectives − 1
  bool all_are_both = false;       // then ids are not marked
  std::uint32_t* ids = nullptr;    // [size] where a row's count is
  std::uint32_t* ranks = nullptr;  // [columns][stride]
  std::size_t stride = 0;          // at least the size

  std::uint32_t* column(std::uint32_t k) const { return ranks + k * stride; }
};

}  // namespace carbonfront
