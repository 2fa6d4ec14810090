#include <algorithm>
#include <bit>

#include "kernels/device/block.hpp"
#include "kernels/radix_pass.hpp"

namespace carbonfront::device::radix {
namespace {

constexpr std::uint32_t kBounds = kDigits + 1;  // mask b holds the rows of a warp whose digit is below b
constexpr std::uint32_t kHeader = 32;           // words of state before the tiles'; the first is the ticket
constexpr std::uint32_t kStateShift = 30, kValue = (1u << kStateShift) - 1;
constexpr std::uint32_t kOfTile = 1, kOfCell = 2;  // what a word of look-back counts: its tile, or the cell up to its end

constexpr std::uint32_t bins_of(std::uint32_t axes) { return 1u << kDigitBits * axes; }
constexpr std::uint32_t threads_of(std::uint32_t axes) { return axes == 3 ? 512 : 256; }

/// Writes a warp's masks of rows with a digit below every bound. [kBounds]; all lanes.
__device__ void make_masks(std::uint32_t digit, std::uint32_t* below) {
  const std::uint32_t lane = threadIdx.x % 32;
  unsigned less = lane >> kDigitBits ? kAllLanes : 0, same = kAllLanes;
#pragma unroll
  for (int bit = kDigitBits - 1; bit >= 0; --bit) {
    const unsigned set = __ballot_sync(kAllLanes, static_cast<int>(digit >> bit & 1));
    if (lane >> bit & 1) less |= same & ~set;
    same &= lane >> bit & 1 ? set : ~set;
  }
  if (lane < kBounds) below[lane] = less;
}

__device__ std::uint32_t bits_in(unsigned mask) { return static_cast<std::uint32_t>(__popc(mask)); }
__device__ unsigned lanes_before() { return (1u << threadIdx.x % 32) - 1; }

/// The mask of rows of one warp that come before the thread's. [warp ≤ own]
__device__ unsigned rows_before(std::uint32_t warp) { return warp == threadIdx.x / 32 ? lanes_before() : kAllLanes; }

/// Where a bin is in shared memory, so that lines of bins along any axis lie in different banks.
__device__ std::uint32_t slot_of(std::uint32_t bin) { return bin ^ (bin >> 5 & (kDigits - 1)); }

__device__ std::uint32_t load_fresh(const std::uint32_t* at) { return *static_cast<const volatile std::uint32_t*>(at); }
__device__ void store_fresh(std::uint32_t* at, std::uint32_t value) { *static_cast<volatile std::uint32_t*>(at) = value; }

/// A row in a pass.
template <std::uint32_t kAxes, bool kNew>
struct Row {
  std::uint32_t word = 0, above = 0, digit[kAxes] = {};

  __device__ Row(Pass pass, const Moves& moves, std::uint64_t i) {
    if (i >= pass.size) return;
    word = moves.word[i];
    digit[kAxes - 1] = pass.digit(word);
    if constexpr (kAxes == 3 || (kAxes == 2 && !kNew)) digit[0] = word >> kTopShift;
    if constexpr (kAxes == 3 && !kNew) digit[1] = word >> kSecondShift & (kDigits - 1);
    if constexpr (kNew) {
      above = moves.above[i];
      digit[kAxes - 2] = pass.digit(above);
    }
  }

  __device__ std::uint32_t bin() const {
    std::uint32_t bin = 0;
    for (std::uint32_t axis = 0; axis < kAxes; ++axis) bin = bin * kDigits + digit[axis];
    return bin;
  }
  __device__ bool has_smaller() const {
    bool all = true;
    for (std::uint32_t axis = 0; axis < kAxes; ++axis) all = all && digit[axis] > 0;
    return all;
  }

  /// The word with a new axis among its digits.
  __device__ std::uint32_t with_digits() const {
    if constexpr (!kNew)
      return word;
    else if constexpr (kAxes == 2)
      return (word & ((1u << kTopShift) - 1)) | digit[0] << kTopShift;
    else
      return (word & ((1u << kSecondShift) - 1)) | digit[0] << kTopShift | digit[1] << kSecondShift;
  }
};

/// A block at work on a tile.
template <std::uint32_t kAxes, bool kNew>
struct Part {
  static constexpr std::uint32_t kThreads = threads_of(kAxes), kWarps = kThreads / 32, kBins = bins_of(kAxes);
  static constexpr std::uint32_t kOwn = kBins > kThreads ? kBins / kThreads : 1;  // bins of a thread, kThreads apart
  static constexpr std::uint32_t kOnes = kBins / kDigits + (kAxes == 3 ? kDigits : 0) + (kAxes > 1 ? 1 : 0);
  using Masks = std::uint32_t[kAxes][kWarps][kBounds];

  Pass pass;
  Moves moves;
  std::uint32_t* rows;  // [kBins] of the cell before those at hand; shared, as all that follows
  std::uint32_t* sums;  // [kBins] of them, with at most these digits

  __device__ static bool owns(std::uint32_t own) { return threadIdx.x + own * kThreads < kBins; }

  /// Counts the rows of the cell before the tile. All threads; ends in a barrier.
  __device__ void carry(std::uint32_t tile, std::uint32_t* state) const {
    for (std::uint32_t bin = threadIdx.x; bin < kBins; bin += kThreads) rows[bin] = 0;
    __syncthreads();
    if (!pass.is_chained()) return;
    const std::uint32_t cell_tiles = 1u << (pass.cell_bits - kTileBits);
    const bool first = tile % cell_tiles == 0, last = tile % cell_tiles == cell_tiles - 1;  // nobody asks the last
    std::uint32_t* own = state + kHeader + std::size_t{tile} * kBins + threadIdx.x;
    if (!last) {
      count_tile(tile);
      for (std::uint32_t at = 0; at < kOwn && owns(at); ++at)
        store_fresh(own + at * kThreads, rows[threadIdx.x + at * kThreads] | (first ? kOfCell : kOfTile) << kStateShift);
    }
    std::uint32_t before[kOwn] = {};
    if (!first && owns(0)) look_back(own, before);
#pragma unroll
    for (std::uint32_t at = 0; at < kOwn; ++at) {
      if (!owns(at)) break;
      std::uint32_t& bin = rows[threadIdx.x + at * kThreads];
      if (!first && !last) store_fresh(own + at * kThreads, (before[at] + bin) | kOfCell << kStateShift);
      bin = before[at];
    }
    __syncthreads();
  }

  /// Adds the tile's rows by bin. All threads; ends in a barrier.
  __device__ void count_tile(std::uint32_t tile) const {
    for (std::uint32_t row = threadIdx.x; row < kTileRows; row += kThreads) {
      const std::uint64_t i = std::uint64_t{tile} * kTileRows + row;
      if (i < pass.size) atomicAdd(&rows[slot_of(Row<kAxes, kNew>(pass, moves, i).bin())], 1u);
    }
    __syncthreads();
  }

  /// Adds up the thread's bins over the tiles before, from the nearest on to one that knows its cell.
  __device__ static void look_back(const std::uint32_t* own, std::uint32_t (&sum)[kOwn]) {
    std::uint32_t open = (1u << kOwn) - 1;
    while (open != 0) {
      own -= kBins;
      std::uint32_t word[kOwn];
      for (bool missing = true; missing;) {
        missing = false;
#pragma unroll
        for (std::uint32_t at = 0; at < kOwn; ++at) word[at] = load_fresh(own + at * kThreads);
#pragma unroll
        for (std::uint32_t at = 0; at < kOwn; ++at) missing = missing || word[at] >> kStateShift == 0;
        if (missing) __nanosleep(64);
      }
#pragma unroll
      for (std::uint32_t at = 0; at < kOwn; ++at) {
        if (open >> at & 1) sum[at] += word[at] & kValue;
        if (word[at] >> kStateShift == kOfCell) open &= ~(1u << at);
      }
    }
  }

  /// Sums the bins along every axis. All threads; ends in a barrier.
  __device__ void sum_up() const {
#pragma unroll
    for (std::uint32_t axis = kAxes; axis-- > 0;) {
      const std::uint32_t stride = bins_of(kAxes - 1 - axis);
      const std::uint32_t* from = axis == kAxes - 1 ? rows : sums;
      const std::uint32_t line = threadIdx.x, begin = line / stride * stride * kDigits + line % stride;
      std::uint32_t sum = 0;
      if (line < kBins / kDigits) {
#pragma unroll
        for (std::uint32_t digit = 0; digit < kDigits; ++digit) {
          const std::uint32_t slot = slot_of(begin + digit * stride);
          sum += from[slot];
          sums[slot] = sum;
        }
      }
      __syncthreads();
    }
  }

  /// How many rows before those at hand have this digit on an axis.
  __device__ std::uint32_t before(std::uint32_t axis, std::uint32_t digit) const {
    const std::uint32_t stride = bins_of(kAxes - 1 - axis), bin = kBins - 1 - (kDigits - 1 - digit) * stride;
    return sums[slot_of(bin)] - (digit > 0 ? sums[slot_of(bin - stride)] : 0);
  }

  /// Counts for the thread's row and moves it. Masks of the block's rows must be there.
  __device__ void move(const Masks& below, const Row<kAxes, kNew>& row, std::uint64_t i) const {
    std::uint32_t smaller = 0, same = 0, same_above = 0;
    for (std::uint32_t warp = 0; warp <= threadIdx.x / 32; ++warp) {
      const unsigned earlier = rows_before(warp);
      unsigned all = earlier;
#pragma unroll
      for (std::uint32_t axis = 0; axis < kAxes; ++axis) {
        const unsigned less = below[axis][warp][row.digit[axis]];
        all &= less;
        if (axis + 1 < kAxes && !(kNew && axis + 2 == kAxes)) continue;
        const std::uint32_t equal = bits_in(below[axis][warp][row.digit[axis] + 1] & ~less & earlier);
        (axis + 1 == kAxes ? same : same_above) += equal;
      }
      smaller += bits_in(all);
    }
    if (i >= pass.size) return;
    const std::uint32_t digit = row.digit[kAxes - 1];
    const std::uint64_t cell = pass.cell_begin(i);
    const std::uint64_t to = cell + (std::uint64_t{digit} << pass.sub_bits()) + before(kAxes - 1, digit) + same;
    moves.word_out[to] = row.with_digits();
    if (moves.moved_to) moves.moved_to[i] = static_cast<std::uint32_t>(to);
    if constexpr (kNew) {
      const std::uint32_t above = row.digit[kAxes - 2];
      moves.above_out[cell + (std::uint64_t{above} << pass.sub_bits()) + before(kAxes - 2, above) + same_above] = row.above;
    }
    if (!moves.count_out) return;
    if (row.has_smaller()) smaller += sums[slot_of(row.bin() - kOnes)];
    moves.count_out[to] = smaller + (moves.count ? moves.count[i] : 0);
  }

  /// Adds the block's rows to the sums. At most two axes.
  __device__ void add(const Masks& below) const {
    if (threadIdx.x >= kBins) return;
    std::uint32_t count = 0;
#pragma unroll
    for (std::uint32_t warp = 0; warp < kWarps; ++warp) {
      unsigned all = below[kAxes - 1][warp][threadIdx.x % kDigits + 1];
      if constexpr (kAxes > 1) all &= below[0][warp][threadIdx.x / kDigits + 1];
      count += bits_in(all);
    }
    sums[slot_of(threadIdx.x)] += count;
  }
};

/// Parts a tile, kThreads rows at a time.
template <std::uint32_t kAxes, bool kNew>
__global__ void __launch_bounds__(threads_of(kAxes), kAxes == 3 ? 3 : 8)
    part_kernel(Pass pass, Moves moves, std::uint32_t* state) {
  using Block = Part<kAxes, kNew>;
  __shared__ typename Block::Masks below[kAxes < 3 ? 2 : 1];
  __shared__ std::uint32_t ticket;
  if (threadIdx.x == 0) ticket = pass.is_chained() ? atomicAdd(state, 1u) : blockIdx.x;
  __syncthreads();
  const std::uint32_t tile = ticket;
  std::uint32_t* bins = shared_memory<std::uint32_t>();
  const Block block{pass, moves, bins, bins + Block::kBins};
  block.carry(tile, state);
  if (kAxes < 3) block.sum_up();
  for (std::uint32_t step = 0; step < kTileRows / Block::kThreads; ++step) {
    const std::uint64_t begin = std::uint64_t{tile} * kTileRows + step * Block::kThreads, i = begin + threadIdx.x;
    if (begin >= pass.size) return;
    const Row<kAxes, kNew> row(pass, moves, i);
    typename Block::Masks& masks = below[kAxes < 3 ? step % 2 : 0];
    for (std::uint32_t axis = 0; axis < kAxes; ++axis) make_masks(row.digit[axis], masks[axis][threadIdx.x / 32]);
    if (kAxes < 3)
      __syncthreads();
    else
      block.sum_up();
    block.move(masks, row, i);
    if (kAxes == 3 && i < pass.size) atomicAdd(&block.rows[slot_of(row.bin())], 1u);
    __syncthreads();
    if constexpr (kAxes < 3) block.add(masks);
  }
}

/// Compares the rows of a leaf. A leaf a block.
template <std::uint32_t kDigitAxes, std::uint32_t kRankAxes>
__global__ void __launch_bounds__(1 << kLeafBits) leaf_kernel(Leaves leaves) {
  constexpr std::uint32_t kMasks = kDigitAxes + 2 * kRankAxes, kRows = 1 << kLeafBits;
  __shared__ std::uint32_t below[kMasks][kRows / 32][kBounds];
  const std::uint64_t i = global_thread();
  const bool present = i < leaves.size;
  const std::uint32_t word = present ? leaves.word[i] : 0;
  std::uint32_t digit[kMasks], rank = blockIdx.x * kRows + word % kRows,
                               total = present && leaves.count ? leaves.count[i] : 0;
  if constexpr (kDigitAxes > 0) digit[0] = word >> kTopShift;
  if constexpr (kDigitAxes > 1) digit[1] = word >> kSecondShift & (kDigits - 1);
#pragma unroll
  for (std::uint32_t axis = 0; axis < kRankAxes; ++axis) {
    if (axis > 0 && present) rank = leaves.lists[axis - 1][rank];
    if (leaves.totals[axis] && present) total += leaves.totals[axis][rank];
    digit[kDigitAxes + 2 * axis] = rank % kRows / kDigits;
    digit[kDigitAxes + 2 * axis + 1] = rank % kDigits;
  }
#pragma unroll
  for (std::uint32_t mask = 0; mask < kMasks; ++mask) make_masks(digit[mask], below[mask][threadIdx.x / 32]);
  __syncthreads();
  for (std::uint32_t warp = 0; warp <= threadIdx.x / 32; ++warp) {
    unsigned all = rows_before(warp);
#pragma unroll
    for (std::uint32_t mask = 0; mask != kDigitAxes; ++mask) all &= below[mask][warp][digit[mask]];
#pragma unroll
    for (std::uint32_t mask = kDigitAxes; mask < kMasks; mask += 2) {
      const unsigned less = below[mask][warp][digit[mask]], at_most = below[mask][warp][digit[mask] + 1];
      all &= less | (at_most & below[mask + 1][warp][digit[mask + 1]]);
    }
    total += bits_in(all);
  }
  if (present) leaves.out[leaves.moved_to ? leaves.moved_to[rank] : rank] = total;
}

template <std::uint32_t kAxes, bool kNew>
void launch_part(const Stream& stream, Pass pass, Moves moves, std::uint32_t* state) {
  if (pass.is_chained()) fill_bytes(stream, state, 0, kHeader + std::size_t{pass.tiles()} * bins_of(kAxes));
  launch(stream, "part_kernel", {pass.tiles(), threads_of(kAxes), 2 * sizeof(std::uint32_t) * bins_of(kAxes)},
         part_kernel<kAxes, kNew>, pass, moves, state);
}

}  // namespace

Pass first_pass(std::uint32_t size) {
  const auto bits = std::max(kLeafBits, static_cast<std::uint32_t>(std::bit_width(size - 1)));
  const std::uint32_t rest = (bits - kLeafBits) % kDigitBits;
  return {size, bits, rest == 0 && bits > kLeafBits ? kDigitBits : rest};
}

std::size_t state_words(std::uint32_t size, std::uint32_t axes) {
  const Pass pass = first_pass(size);
  return pass.is_chained() ? kHeader + std::size_t{pass.tiles()} * bins_of(axes) : 0;
}

void part(const Stream& stream, std::uint32_t axes, Pass pass, Moves moves, std::uint32_t* state) {
  if (axes == 1) return launch_part<1, false>(stream, pass, moves, state);
  if (axes == 2) return (moves.above ? launch_part<2, true> : launch_part<2, false>)(stream, pass, moves, state);
  (moves.above ? launch_part<3, true> : launch_part<3, false>)(stream, pass, moves, state);
}

void add_leaves(const Stream& stream, std::uint32_t digits, std::uint32_t ranks, Leaves leaves) {
  const auto kernel = ranks == 3    ? leaf_kernel<0, 3>
                      : ranks == 2  ? (digits == 1 ? leaf_kernel<1, 2> : leaf_kernel<0, 2>)
                      : digits == 2 ? leaf_kernel<2, 1>
                      : digits == 1 ? leaf_kernel<1, 1>
                                    : leaf_kernel<0, 1>;
  launch(stream, "leaf_kernel", one_thread_each(leaves.size, 1 << kLeafBits), kernel, leaves);
}

}  // namespace carbonfront::device::radix
