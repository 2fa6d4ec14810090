#include <algorithm>
#include <bit>

#include "kernels/counts_radix.hpp"
#include "kernels/device/block.hpp"
#include "kernels/device/primitives.hpp"

namespace carbonfront::device {
namespace {

constexpr std::uint32_t kLeafBits = 8, kDigitBits = 4, kDigits = 1 << kDigitBits;
constexpr std::uint32_t kWarps = kTile / 32;
constexpr std::uint32_t kPitch = kDigits + 1;  // of a histogram's row, free of bank conflicts
static_assert(kTile == 1 << kLeafBits, "a tile must lie in one cell");

/// Rows under way. `x` and `count` may be null.
struct Rows {
  std::uint32_t *x, *key, *count;  // [size]
};

/// A pass: cells of 2^cell_bits keys fall apart by their next digit. [size] rows.
struct Pass {
  std::uint32_t size, tiles;
  std::uint32_t cell_bits, digit_bits;  // of the key
  std::uint32_t x_shift;                // of the digit of x

  __device__ std::uint32_t sub_bits() const { return cell_bits - digit_bits; }
  __device__ std::uint32_t digit(std::uint32_t key) const { return key >> sub_bits() & ((1u << digit_bits) - 1); }
  __device__ std::uint32_t x_digit(std::uint32_t x) const { return x >> x_shift & (kDigits - 1); }
  __device__ std::uint64_t cell_begin(std::uint64_t i) const { return i >> cell_bits << cell_bits; }
};

/// Says which lanes have a digit smaller than the caller's, and which the same.
struct Lanes {
  unsigned smaller = 0, same = kAllLanes;

  __device__ explicit Lanes(std::uint32_t digit) {
#pragma unroll
    for (int bit = kDigitBits - 1; bit >= 0; --bit) {
      const bool set = digit >> bit & 1;
      const unsigned lanes = __ballot_sync(kAllLanes, set);
      if (set) smaller |= same & ~lanes;
      same &= set ? lanes : ~lanes;
    }
  }
};

/// Counts the digits of each tile: [kXDigits][kDigits][tiles].
template <std::uint32_t kXDigits>
__global__ void __launch_bounds__(kTile) histogram_kernel(Pass pass, Rows rows, std::uint32_t* histograms) {
  __shared__ std::uint32_t bins[kXDigits * kDigits];
  const std::uint64_t i = global_thread();
  if (threadIdx.x < kXDigits * kDigits) bins[threadIdx.x] = 0;
  __syncthreads();
  if (i < pass.size) {
    const std::uint32_t x = kXDigits > 1 ? pass.x_digit(rows.x[i]) : 0;
    atomicAdd(&bins[x * kDigits + pass.digit(rows.key[i])], 1u);
  }
  __syncthreads();
  if (threadIdx.x < kXDigits * kDigits) histograms[std::size_t{threadIdx.x} * pass.tiles + blockIdx.x] = bins[threadIdx.x];
}

/// What a tile's rows find before them in their cell: before each warp, by digits, and summed over smaller digits.
template <std::uint32_t kXDigits>
struct Before {
  std::uint32_t (*sums)[kXDigits * kPitch];  // [kWarps] rows with at most this digit of x and at most this of the key
  std::uint32_t (*same)[kDigits];            // [kWarps] rows with this digit of the key

  /// Fills in; all threads of the block. `scanned` are the sums of the tiles' histograms.
  __device__ void fill(Pass pass, bool present, std::uint32_t x, std::uint32_t digit, const std::uint32_t* scanned) const {
    const std::uint32_t warp = threadIdx.x / 32, own = threadIdx.x / kDigits * kPitch + threadIdx.x % kDigits;
    for (std::uint32_t w = 0; w < kWarps; ++w)
      for (std::uint32_t i = threadIdx.x; i < kXDigits * kPitch; i += kTile) sums[w][i] = 0;
    __syncthreads();
    if (present) atomicAdd(&sums[warp][x * kPitch + digit], 1u);
    __syncthreads();
    if (threadIdx.x < kXDigits * kDigits) {
      const std::uint32_t* bin = scanned + std::size_t{threadIdx.x} * pass.tiles;
      std::uint32_t sum = bin[blockIdx.x] - bin[pass.cell_begin(std::uint64_t{blockIdx.x} * kTile) / kTile];
      for (std::uint32_t w = 0; w < kWarps; ++w) {
        const std::uint32_t in_warp = sums[w][own];
        sums[w][own] = sum;
        sum += in_warp;
      }
    }
    __syncthreads();
    accumulate();
  }

  /// Sums over digits of x, then of the key. All threads of the block.
  __device__ void accumulate() const {
    const std::uint32_t w = threadIdx.x / kDigits, at = threadIdx.x % kDigits;
    if (w < kWarps) {
      for (std::uint32_t x = 1; x < kXDigits; ++x) sums[w][x * kPitch + at] += sums[w][(x - 1) * kPitch + at];
      same[w][at] = sums[w][(kXDigits - 1) * kPitch + at];
    }
    __syncthreads();
    if (w < kWarps && at < kXDigits)
      for (std::uint32_t digit = 1; digit < kDigits; ++digit)
        sums[w][at * kPitch + digit] += sums[w][at * kPitch + digit - 1];
    __syncthreads();
  }
};

/// Counts for each row the earlier ones of its cell with smaller digits, and moves it, stably, to the cell of its digit.
template <std::uint32_t kXDigits>
__global__ void __launch_bounds__(kTile) part_kernel(Pass pass, Rows in, const std::uint32_t* scanned, Rows out) {
  __shared__ std::uint32_t sums[kWarps][kXDigits * kPitch], same[kWarps][kDigits];
  const std::uint64_t i = global_thread();
  const bool present = i < pass.size;
  const std::uint32_t own_x = present && in.x ? in.x[i] : 0, key = present ? in.key[i] : 0;
  const std::uint32_t x = kXDigits > 1 ? pass.x_digit(own_x) : 0, digit = pass.digit(key), warp = threadIdx.x / 32;
  Before<kXDigits>{sums, same}.fill(pass, present, x, digit, scanned);
  const unsigned earlier = (1u << threadIdx.x % 32) - 1;  // rows that are not there come last
  const Lanes by_key(digit);
  const std::uint32_t before = same[warp][digit] + static_cast<std::uint32_t>(__popc(by_key.same & earlier));
  const std::uint64_t to = pass.cell_begin(i) + (std::uint64_t{digit} << pass.sub_bits()) + before;
  unsigned smaller = by_key.smaller & earlier;
  if constexpr (kXDigits > 1) smaller &= Lanes(x).smaller;
  if (!present) return;
  out.key[to] = key;
  if (in.x) out.x[to] = own_x;
  if (!in.count) return;
  std::uint32_t count = in.count[i] + static_cast<std::uint32_t>(__popc(smaller));
  if (digit > 0 && kXDigits == 1) count += sums[warp][digit - 1];
  if (digit > 0 && kXDigits > 1 && x > 0) count += sums[warp][(x - 1) * kPitch + digit - 1];
  out.count[to] = count;
}

/// Adds the pairs inside cells of kTile rows, whose key, and digit of x where `kXDigits` > 1, decide; adds up by x.
template <std::uint32_t kXDigits>
__global__ void __launch_bounds__(kTile) leaf_kernel(Pass pass, Rows rows, std::uint32_t* totals) {
  __shared__ std::uint32_t keys[kTile], digits[kTile];
  const std::uint64_t i = global_thread();
  const bool present = i < pass.size;
  const std::uint32_t x = present ? rows.x[i] : 0, key = present ? rows.key[i] : 0;
  const std::uint32_t digit = pass.x_digit(x);
  keys[threadIdx.x] = key;
  digits[threadIdx.x] = digit;
  __syncthreads();
  std::uint32_t count = present ? rows.count[i] : 0;
  for (std::uint32_t other = 0; other < threadIdx.x; ++other)
    count += keys[other] < key && (kXDigits == 1 || digits[other] < digit);
  if (present) totals[x] += count;
}

/// An order's ranks, or its mirror image's.
struct Ranks {
  OrderView order;
  bool turned;
  __device__ std::uint32_t turn(std::uint32_t rank) const { return turned ? order.size - 1 - rank : rank; }
  __device__ std::uint32_t of(std::uint32_t column, std::uint64_t x) const {
    return turn(order.column(column)[turn(static_cast<std::uint32_t>(x))]);
  }
};

/// Counts the pairs of three objectives inside tiles of places.
__global__ void __launch_bounds__(kTile) place_leaf_kernel(Ranks ranks, std::uint32_t* totals) {
  __shared__ std::uint32_t y[kTile], z[kTile];
  const std::uint64_t i = global_thread();
  const bool present = i < ranks.order.size;
  const std::uint32_t own_y = present ? ranks.of(0, i) : 0, own_z = present ? ranks.of(1, i) : 0;
  y[threadIdx.x] = own_y;
  z[threadIdx.x] = own_z;
  __syncthreads();
  std::uint32_t count = 0;
  for (std::uint32_t other = 0; other < threadIdx.x; ++other) count += y[other] < own_y && z[other] < own_z;
  if (present) totals[i] = count;
}

/// Lists x in the order of a column.
__global__ void list_kernel(Ranks ranks, std::uint32_t column, std::uint32_t* list) {
  const std::uint64_t i = global_thread();
  if (i < ranks.order.size) list[ranks.of(column, i)] = static_cast<std::uint32_t>(i);
}

/// Begins with rows in order of z, keyed by where y's list has them; without lists, in order of x and keyed by y.
__global__ void begin_kernel(Ranks ranks, const std::uint32_t* by_z, const std::uint32_t* in_y, Rows rows) {
  const std::uint64_t i = global_thread();
  if (i >= ranks.order.size) return;
  const std::uint32_t x = by_z ? by_z[i] : static_cast<std::uint32_t>(i);
  rows.x[i] = x;
  rows.key[i] = in_y ? in_y[x] : ranks.of(0, i);
  rows.count[i] = 0;
}

/// Gives all rows of a run the count of its first in the order, or in its mirror image.
__global__ void share_kernel(Ranks ranks, const std::uint32_t* totals, std::uint32_t* counts) {
  const std::uint64_t i = global_thread();
  if (i >= ranks.order.size) return;
  counts[i] = totals[ranks.turn(ranks.turned ? ranks.order.run_last[i] : ranks.order.run_first[i])];
}

/// Memory for rows on their way from pass to pass.
struct Work {
  const Stream& stream;
  std::uint32_t size;
  DeviceArray<std::uint32_t> memory[2], histograms;
  int from = 0;

  Work(const Stream& a_stream, std::uint32_t a_size, std::uint32_t x_digits)
      : stream(a_stream),
        size(a_size),
        memory{{a_stream, std::size_t{3} * a_size}, {a_stream, std::size_t{3} * a_size}},
        histograms(a_stream, std::size_t{x_digits} * kDigits * tiles()) {}

  std::uint32_t tiles() const { return (size - 1) / kTile + 1; }
  Rows rows(int which) const {
    std::uint32_t* begin = memory[which].data();
    return {begin, begin + size, begin + std::size_t{2} * size};
  }

  template <std::uint32_t kXDigits>
  void part(Pass pass, Rows in, Rows out) {
    launch(stream, "histogram_kernel", {tiles(), kTile}, histogram_kernel<kXDigits>, pass, in, histograms.data());
    exclusive_sum(stream, histograms.data(), histograms.data(), kXDigits * kDigits * tiles());
    launch(stream, "part_kernel", {tiles(), kTile}, part_kernel<kXDigits>, pass, in, histograms.data(), out);
  }

  /// Takes the rows through all digits below `pass`, and adds what they count.
  template <std::uint32_t kXDigits>
  void count_cells(Pass pass, std::uint32_t* totals) {
    while (pass.cell_bits > kLeafBits) {
      part<kXDigits>(pass, rows(from), rows(1 - from));
      from = 1 - from;
      pass.cell_bits -= pass.digit_bits;
      pass.digit_bits = kDigitBits;
    }
    launch(stream, "leaf_kernel", {tiles(), kTile}, leaf_kernel<kXDigits>, pass, rows(from), totals);
  }

  /// Parts a list of x by the digit of the pass.
  void part_list(Pass pass, DeviceArray<std::uint32_t>& list) {
    part<1>(pass, {nullptr, list.data(), nullptr}, {nullptr, memory[0].data(), nullptr});
    copy_across(stream, memory[0].data(), list.data(), size);
  }
};

/// The first pass: all rows are one cell, and the first digit is what the others leave.
Pass first_pass(std::uint32_t size, std::uint32_t tiles) {
  const auto bits = std::max(kLeafBits, static_cast<std::uint32_t>(std::bit_width(size - 1)));
  const std::uint32_t rest = (bits - kLeafBits) % kDigitBits;
  const std::uint32_t digit_bits = rest == 0 && bits > kLeafBits ? kDigitBits : rest;
  return {size, tiles, bits, digit_bits, bits - digit_bits};
}

void count_three(const Stream& stream, Ranks ranks, std::uint32_t* totals) {
  const std::uint32_t size = ranks.order.size;
  Work work(stream, size, kDigits);
  launch(stream, "place_leaf_kernel", {work.tiles(), kTile}, place_leaf_kernel, ranks, totals);
  Pass pass = first_pass(size, work.tiles());
  DeviceArray<std::uint32_t> by_y(stream, size), by_z(stream, size);
  const DeviceArray<std::uint32_t> in_y(stream, size);
  launch(stream, "list_kernel", one_thread_each(size), list_kernel, ranks, 0, by_y.data());
  launch(stream, "list_kernel", one_thread_each(size), list_kernel, ranks, 1, by_z.data());
  while (pass.cell_bits > kLeafBits) {
    invert(stream, by_y.data(), in_y.data(), size);
    launch(stream, "begin_kernel", one_thread_each(size), begin_kernel, ranks, by_z.data(), in_y.data(),
           work.rows(work.from));
    work.count_cells<kDigits>(pass, totals);
    work.part_list(pass, by_y);
    work.part_list(pass, by_z);
    pass.cell_bits -= pass.digit_bits;
    pass.digit_bits = kDigitBits;
    pass.x_shift = pass.cell_bits - kDigitBits;
  }
}

}  // namespace

void count_radix(const Stream& stream, OrderView order, Direction direction, std::uint32_t* counts) {
  if (order.size == 0) return;
  const Ranks ranks{order, direction == Direction::dominates};
  const DeviceArray<std::uint32_t> totals(stream, order.size);
  if (order.columns == 2) {
    count_three(stream, ranks, totals.data());
  } else {
    fill_bytes(stream, totals.data(), 0, order.size);
    Work work(stream, order.size, 1);
    launch(stream, "begin_kernel", one_thread_each(order.size), begin_kernel, ranks, nullptr, nullptr, work.rows(0));
    work.count_cells<1>(first_pass(order.size, work.tiles()), totals.data());
  }
  launch(stream, "share_kernel", one_thread_each(order.size), share_kernel, ranks, totals.data(), counts);
}

}  // namespace carbonfront::device
