#pragma once
// Integers instead of values: dense ranks of every column, one lexicographic order of the rows, a unique rank for every row
// in every objective. The device's twin of host/pareto/order.hpp, with the same words.

#include <cstdint>
#include <vector>

#include "kernels/device/runtime.hpp"
#include "kernels/host_device.hpp"

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

/// Ranks keys densely: equal keys have equal ranks. One radix sort on the bits in which any two keys differ. 40 bytes a row
/// while it works. Waits for the stream. Throws Failure.
DenseColumn dense_ranks(const Stream& stream, DeviceArray<std::uint64_t> keys, std::uint32_t size);

/// Orders rows by their dense ranks: at least one objective; `groups` may be null. Rows of different groups come out
/// incomparable. At most two radix sorts an objective, on as many bits as its distinct values need; none where values are
/// distinct. 28 bytes a row while it works. Throws Failure.
Order make_order(const Stream& stream, const std::vector<DenseColumn>& objectives, const DenseColumn* groups,
                 std::uint32_t size);

/// Writes 0, 1, 2, … [size].
void fill_with_indices(const Stream& stream, std::uint32_t* out, std::uint32_t size);

/// Moves answers by place to positions: out[position[i]] = in[i]. [size]
void scatter(const Stream& stream, const std::uint32_t* position, const std::uint32_t* in, std::uint32_t* out,
             std::uint32_t size);
void scatter(const Stream& stream, const std::uint32_t* position, const std::uint8_t* in, std::uint8_t* out,
             std::uint32_t size);

/// Moves what is known by position to places: out[i] = in[position[i]]. [size]
void gather(const Stream& stream, const std::uint32_t* position, const std::uint32_t* in, std::uint32_t* out,
            std::uint32_t size);
void gather(const Stream& stream, const std::uint32_t* position, const std::uint64_t* in, std::uint64_t* out,
            std::uint32_t size);
void gather(const Stream& stream, const std::uint32_t* position, const std::uint8_t* in, std::uint8_t* out,
            std::uint32_t size);

}  // namespace carbonfront::device
