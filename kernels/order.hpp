#pragma once
// Integers instead of values: dense ranks of every column, one lexicographic order of the rows, a unique rank for every row
// in every objective. The device's twin of host/pareto/order.hpp, with the same words.

#include <cstdint>
#include <vector>

#include "kernels/key_column.hpp"

namespace carbonfront::device {

/// A column of small integers that order the rows as its values do. [size] by position, device memory.
struct DenseColumn {
  DeviceArray<std::uint32_t> rank;
  std::uint32_t distinct = 0;  // ranks are below it
};

/// Views an order; device memory. A *place* is an index into the lexicographic order by (group, objective 1, …). Of two rows
/// that are not in one run of equal rows, p dominates q exactly when p comes before q in place and in every rank.
struct OrderView {
  std::uint32_t size = 0;
  std::uint32_t columns = 0;                 // objectives − 1, at least 1: an objective alone gets a constant second one
  const std::uint32_t* position = nullptr;   // [size] the point at a place
  const std::uint32_t* run_first = nullptr;  // [size] first place of the run of equal rows that a place is in
  const std::uint32_t* run_last = nullptr;   // [size] last place of it
  const std::uint32_t* ranks = nullptr;      // [columns][size] by place; the rank in objective 1 is the place

  CARBONFRONT_HD const std::uint32_t* column(std::uint32_t k) const { return ranks + std::size_t{k} * size; }
};

/// Owns an order. 4 · (columns + 3) bytes a row.
struct Order {
  std::uint32_t size = 0, columns = 0;
  DeviceArray<std::uint32_t> position, run_first, run_last, ranks;
  OrderView view() const { return {size, columns, position.data(), run_first.data(), run_last.data(), ranks.data()}; }
};

/// Ranks every column of keys densely: equal keys have equal ranks. A radix sort a column on 32 of the bits in which any two
/// keys differ, after which short runs that have them in common are mended; on all of these bits where a run is too long.
/// Every other column is ranked in the stream `side`, which the work waits for. Beside the ranks 24 bytes a row in each
/// stream while they work. Two waits, whatever the number of columns; a third where a column is sorted again. Throws
/// DeviceError.
std::vector<DenseColumn> dense_ranks(const Stream& work, const Stream& side, KeysView keys);

/// Orders rows by their dense ranks: at least one objective; `groups` may be null. Rows of different groups come out
/// incomparable. At most two radix sorts an objective, on as many bits as its distinct values need; none where values are
/// distinct. 28 bytes a row while it works. Throws DeviceError.
Order make_order(const Stream& stream, const std::vector<DenseColumn>& objectives, const DenseColumn* groups,
                 std::uint32_t size);

}  // namespace carbonfront::device
