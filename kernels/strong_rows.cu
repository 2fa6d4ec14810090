#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "kernels/device/block.hpp"
#include "kernels/strong_rows.hpp"

namespace carbonfront::device {
namespace {

constexpr std::uint32_t kSample = 2048;      // rows, at most, that give the distribution of each objective
constexpr std::uint32_t kQuantiles = 256;    // of it, at most
constexpr std::uint32_t kRun = 256;          // neighbours that are scored together
constexpr std::uint32_t kRunsABlock = 4;     // so that a block's quantiles are loaded once for 1,024 rows
constexpr std::uint32_t kColumnsAtOnce = 8;  // whose quantiles a block holds
constexpr std::uint32_t kThreads = 256;
constexpr std::uint32_t kBins = 1280;  // of costs: 64 an octave from 2⁻⁸, the least cost but 0, on
constexpr std::uint32_t kBitsBelowBin = 17, kFirstBin = (127 - 8) << 6;
constexpr std::uint32_t kAbsent = ~0u;  // the cost of no row

/// Numbers spread over all below `of`: number i is i · stride modulo `of`, each once, as the stride is prime to `of`. No
/// power of two is near it, so that nothing periodic in the rows is met in one phase.
struct Spread {
  std::uint32_t size = 0, of = 0, stride = 1;
  CARBONFRONT_HD std::uint32_t at(std::uint32_t i) const {
    return stride == 1 ? i : static_cast<std::uint32_t>(std::uint64_t{i} * stride % of);
  }
};

Spread spread(std::uint32_t most, std::uint32_t of) {
  if (of <= most) return {of, of, 1};
  auto stride = static_cast<std::uint32_t>(0.6180339887 * of) | 1;
  while (std::gcd(stride, of) != 1) stride += 2;
  return {most, of, stride % of};
}

__device__ inline std::uint32_t bin_of(std::uint32_t cost) {
  const std::uint32_t bin = cost >> kBitsBelowBin;
  if (bin < kFirstBin) return 0;
  return bin - kFirstBin + 1 < kBins ? bin - kFirstBin + 1 : kBins - 1;
}

/// Writes every `step`-th of the sample's sorted keys, of each objective. A key a thread, an objective in `parts` blocks.
__global__ void quantiles_kernel(KeysView keys, Spread sample, std::uint32_t parts, std::uint32_t step,
                                 std::uint64_t* quantiles) {
  std::uint64_t* loaded = shared_memory<std::uint64_t>();
  const std::uint32_t k = blockIdx.x / parts, own_at = blockIdx.x % parts * blockDim.x + threadIdx.x;
  for (std::uint32_t i = threadIdx.x; i < sample.size; i += blockDim.x) loaded[i] = keys.column(k)[sample.at(i)];
  __syncthreads();
  if (own_at >= sample.size) return;
  const std::uint64_t own = loaded[own_at];
  std::uint32_t until = 1;
#pragma unroll 8
  for (std::uint32_t i = 0; i < own_at; ++i) until += loaded[i] <= own;
#pragma unroll 8
  for (std::uint32_t i = own_at + 1; i < sample.size; ++i) until += loaded[i] < own;
  if (until % step == 0) quantiles[k * kQuantiles + until / step - 1] = own;
}

/// How many quantiles are below a key. [kQuantiles], all ones behind the last.
__device__ inline std::uint32_t below(const std::uint64_t* quantiles, std::uint64_t key) {
  std::uint32_t count = 0;
#pragma unroll
  for (std::uint32_t step = kQuantiles / 2; step > 0; step /= 2)
    if (quantiles[count + step - 1] < key) count += step;
  return count + (quantiles[count] < key);
}

/// Adds to the costs of the thread's rows −log(1 − F̂) for each objective. All threads of the block.
__device__ inline void add_costs(KeysView keys, const std::uint64_t* quantiles, std::uint32_t count, const float* logs,
                                 const std::uint64_t* rows, float* costs) {
  std::uint64_t* loaded = shared_memory<std::uint64_t>();
  for (std::uint32_t first = 0; first < keys.objectives(); first += kColumnsAtOnce) {
    const std::uint32_t columns = keys.objectives() - first < kColumnsAtOnce ? keys.objectives() - first : kColumnsAtOnce;
    __syncthreads();
    for (std::uint32_t i = threadIdx.x; i < columns * kQuantiles; i += blockDim.x)
      loaded[i] = i % kQuantiles < count ? quantiles[first * kQuantiles + i] : ~std::uint64_t{0};
    __syncthreads();
    for (std::uint32_t k = 0; k < columns; ++k) {
#pragma unroll
      for (std::uint32_t j = 0; j < kRunsABlock; ++j)
        if (rows[j] < keys.size) costs[j] += logs[below(loaded + k * kQuantiles, keys.column(first + k)[rows[j]])];
    }
  }
}

/// Scores rows: the bits of their costs, a non-negative float, the strongest least; and how many there are in each bin.
__global__ void __launch_bounds__(kThreads)
    score_kernel(KeysView keys, Spread runs, const std::uint64_t* quantiles, std::uint32_t count, std::uint32_t* costs,
                 std::uint32_t* histogram) {
  __shared__ float logs[kQuantiles + 1];
  __shared__ std::uint32_t bins[kBins];
  for (std::uint32_t i = threadIdx.x; i < kBins; i += kThreads) bins[i] = 0;
  for (std::uint32_t i = threadIdx.x; i <= count; i += kThreads)
    logs[i] = i == 0 ? 0.0f : -std::log(static_cast<float>(count + 1 - i) / static_cast<float>(count + 1));
  std::uint64_t rows[kRunsABlock];
  float sums[kRunsABlock] = {};
#pragma unroll
  for (std::uint32_t j = 0; j < kRunsABlock; ++j) {
    const std::uint32_t run = blockIdx.x * kRunsABlock + j;
    rows[j] = run < runs.size ? std::uint64_t{runs.at(run)} * kRun + threadIdx.x : keys.size;
  }
  add_costs(keys, quantiles, count, logs, rows, sums);
#pragma unroll
  for (std::uint32_t j = 0; j < kRunsABlock; ++j) {
    const std::uint32_t cost = rows[j] < keys.size ? std::bit_cast<std::uint32_t>(sums[j]) : kAbsent;
    costs[(blockIdx.x * kRunsABlock + j) * kRun + threadIdx.x] = cost;
    if (cost != kAbsent) atomicAdd(bins + bin_of(cost), 1u);
  }
  __syncthreads();
  for (std::uint32_t i = threadIdx.x; i < kBins; i += kThreads)
    if (bins[i] > 0) atomicAdd(histogram + i, bins[i]);
}

/// The bin that the last of the `wanted` least costs is in, and how many costs are in bins before it.
struct Cut {
  std::uint32_t bin, before;
};

/// Finds it. All threads of the block.
__device__ inline Cut find_cut(const std::uint32_t* histogram, std::uint32_t wanted) {
  __shared__ Cut cut;
  constexpr std::uint32_t kEach = kBins / kThreads;
  std::uint32_t own = 0, total = 0;
  for (std::uint32_t b = 0; b < kEach; ++b) own += histogram[threadIdx.x * kEach + b];
  std::uint32_t before = scan_block(own, Sum{}, total) - own;
  if (before < wanted && before + own >= wanted) {
    std::uint32_t bin = threadIdx.x * kEach;
    while (before + histogram[bin] < wanted) before += histogram[bin++];
    cut = {bin, before};
  }
  __syncthreads();
  return cut;
}

/// Counts of the thread's four costs those before the cut's bin, and above 32 bits those in it.
__device__ inline std::uint64_t count_chosen(const std::uint32_t* costs, Cut cut) {
  std::uint64_t count = 0;
#pragma unroll
  for (std::uint32_t j = 0; j < kRunsABlock; ++j) {
    const std::uint32_t cost = costs[(blockIdx.x * kThreads + threadIdx.x) * kRunsABlock + j];
    if (cost != kAbsent && bin_of(cost) <= cut.bin) count += bin_of(cost) < cut.bin ? 1 : std::uint64_t{1} << 32;
  }
  return count;
}

__global__ void __launch_bounds__(kThreads) count_chosen_kernel(const std::uint32_t* costs, const std::uint32_t* histogram,
                                                                std::uint32_t wanted, std::uint64_t* counts) {
  const std::uint64_t count = reduce_block(count_chosen(costs, find_cut(histogram, wanted)), Sum{});
  if (threadIdx.x == 0) counts[blockIdx.x] = count;
}

/// Lists rows of the `wanted` least costs, the costs in the upper half: all in bins before the cut's, of its own the first.
__global__ void __launch_bounds__(kThreads)
    list_chosen_kernel(const std::uint32_t* costs, Spread runs, const std::uint32_t* histogram, std::uint32_t wanted,
                       const std::uint64_t* counts, std::uint64_t* chosen) {
  const Cut cut = find_cut(histogram, wanted);
  std::uint64_t before = 0, total = 0;
  for (std::uint32_t block = threadIdx.x; block < blockIdx.x; block += kThreads) before += counts[block];
  before = reduce_block(before, Sum{});
  const std::uint64_t own = count_chosen(costs, cut);
  before += scan_block(own, Sum{}, total) - own;
  auto at = static_cast<std::uint32_t>(before), at_cut = cut.before + static_cast<std::uint32_t>(before >> 32);
#pragma unroll
  for (std::uint32_t j = 0; j < kRunsABlock; ++j) {
    const std::uint32_t i = (blockIdx.x * kThreads + threadIdx.x) * kRunsABlock + j, cost = costs[i];
    if (cost == kAbsent || bin_of(cost) > cut.bin) continue;
    const std::uint32_t to = bin_of(cost) < cut.bin ? at++ : at_cut++;
    if (to < wanted) chosen[to] = std::uint64_t{cost} << 32 | (runs.at(i / kRun) * kRun + i % kRun);
  }
}

/// Brings the chosen rows' keys into the order of their costs, then rows. [columns][count]
__global__ void order_strong_kernel(KeysView keys, const std::uint64_t* chosen, std::uint32_t count, std::uint64_t* sorted) {
  __shared__ std::uint64_t all[kMostStrong];
  for (std::uint32_t i = threadIdx.x; i < count; i += blockDim.x) all[i] = chosen[i];
  __syncthreads();
  const std::uint64_t i = global_thread();
  if (i >= count) return;
  std::uint32_t stronger = 0;
#pragma unroll 8
  for (std::uint32_t other = 0; other < count; ++other) stronger += all[other] < all[i];
  const auto row = static_cast<std::uint32_t>(all[i]);
  for (std::uint32_t k = 0; k < keys.columns; ++k) sorted[k * count + stronger] = keys.column(k)[row];
}

/// Tells of every strong row whether it is of use: no stronger one dominates or equals it; and counts the sample's rows that
/// one of the kStrongTile strongest dominates. A warp a row, a strong row a lane.
__global__ void weed_kernel(KeysView keys, Spread sample, const std::uint64_t* sorted, std::uint32_t count,
                            std::uint8_t* useful, StrongFound* found) {
  const auto item = static_cast<std::uint32_t>(global_thread() / 32);
  const bool is_strong = item < count, present = item < count + sample.size;
  const std::uint32_t row = present && !is_strong ? sample.at(item - count) : 0;
  std::uint32_t limit = is_strong ? item : count < kStrongTile ? count : kStrongTile;
  if (!present) limit = 0;
  bool beaten = false;
  for (std::uint32_t first = 0; first < limit && !beaten; first += 32) {
    const std::uint32_t s = first + threadIdx.x % 32;
    bool no_worse = s < limit, better = is_strong;
    for (std::uint32_t k = 0; k < keys.columns && no_worse; ++k) {
      const std::uint64_t other = sorted[k * count + s], own = is_strong ? sorted[k * count + item] : keys.column(k)[row];
      no_worse = keys.grouped && k + 1 == keys.columns ? other == own : other <= own;
      better = better || other < own;
    }
    beaten = __any_sync(kAllLanes, no_worse && better);
  }
  if (is_strong && threadIdx.x % 32 == 0) useful[item] = !beaten;
  const int dropped = __syncthreads_count(!is_strong && beaten && threadIdx.x % 32 == 0);
  if (dropped > 0 && threadIdx.x == 0) atomicAdd(&found->dropped, static_cast<std::uint32_t>(dropped));
}

/// The ranks of the useful rows of a tile, and how many there are. All threads of the block.
__device__ inline std::uint32_t list_useful(const std::uint8_t* useful, std::uint32_t count, std::uint32_t tile,
                                            std::uint32_t* ranks, StrongFound* found) {
  constexpr std::uint32_t kEach = kMostStrong / kThreads;
  std::uint32_t own = 0, total = 0;
  const std::uint32_t first = threadIdx.x * kEach;
  for (std::uint32_t i = first; i < first + kEach; ++i) own += i < count && useful[i];
  std::uint32_t at = scan_block(own, Sum{}, total) - own;
  for (std::uint32_t i = first; i < first + kEach; ++i) {
    if (i >= count || !useful[i]) continue;
    if (at / kStrongTile == tile) ranks[at % kStrongTile] = i;
    ++at;
  }
  __syncthreads();
  if (blockIdx.x == 0 && threadIdx.x == 0) found->rows = total;
  if (total < tile * kStrongTile) return 0;
  return total - tile * kStrongTile < kStrongTile ? total - tile * kStrongTile : kStrongTile;
}

/// Makes an objective of a tile of the useful strong rows, and brings its share of their keys into place.
__global__ void __launch_bounds__(kStrongTile)
    strong_tiles_kernel(const std::uint64_t* sorted, const std::uint8_t* useful, std::uint32_t count, std::uint32_t columns,
                        std::uint32_t masked, std::uint64_t* keys, StrongColumn* tiles, StrongFound* found) {
  __shared__ std::uint32_t ranks[kStrongTile], slots[kStrongTile];
  __shared__ std::uint64_t values[kStrongTile];
  const std::uint32_t tile = blockIdx.x / masked, c = blockIdx.x % masked, own = threadIdx.x;
  const std::uint32_t present = list_useful(useful, count, tile, ranks, found);
  if (present == 0) return;
  for (std::uint32_t k = c; k < columns && own < present; k += masked)
    keys[(tile * kStrongTile + own) * columns + k] = sorted[k * count + ranks[own]];
  values[own] = own < present ? sorted[c * count + ranks[own]] : ~std::uint64_t{0};
  __syncthreads();
  std::uint32_t before = 0;
#pragma unroll 8
  for (std::uint32_t other = 0; other < kStrongTile; ++other)
    before += values[other] < values[own] || (values[other] == values[own] && other < own);
  slots[before] = own;
  if (before % (kStrongTile / kStarts) == 0) tiles[blockIdx.x].starts[before / (kStrongTile / kStarts)] = values[own];
  __syncthreads();
  auto* masks = reinterpret_cast<std::uint32_t*>(tiles[blockIdx.x].masks);  // [kStarts + 1][8]
  const std::uint32_t word = own % 8, rows = own / 8 * (kStrongTile / kStarts);
  std::uint32_t bits = 0;
  for (std::uint32_t at = 0; at < rows; ++at)
    if (slots[at] / 32 == word && slots[at] < present) bits |= 1u << slots[at] % 32;
  masks[own] = bits;
  if (own >= 8) return;
  masks[kStarts * 8 + word] = present >= word * 32 + 32 ? ~0u : present <= word * 32 ? 0 : (1u << present % 32) - 1;
}

/// Scores rows, and lists the strongest: row, and the cost above it. [at most kMostStrong]
DeviceArray<std::uint64_t> choose_strong(const Stream& stream, KeysView keys, Spread sample) {
  const std::uint32_t step = (sample.size - 1) / kQuantiles + 1, count = sample.size / step;
  const DeviceArray<std::uint64_t> quantiles(stream, std::size_t{keys.objectives()} * kQuantiles);
  constexpr std::uint32_t kSorters = 64;
  const std::uint32_t parts = (sample.size - 1) / kSorters + 1;
  launch(stream, "quantiles_kernel",
         {std::uint64_t{keys.objectives()} * parts, kSorters, sample.size * sizeof(std::uint64_t)}, quantiles_kernel, keys,
         sample, parts, step, quantiles.data());

  const Spread runs = spread(kMostScored / kRun, (keys.size - 1) / kRun + 1);
  const std::uint32_t blocks = (runs.size - 1) / kRunsABlock + 1, wanted = std::min(kMostStrong, keys.size);
  const DeviceArray<std::uint32_t> costs(stream, std::size_t{blocks} * kRunsABlock * kRun), histogram(stream, kBins);
  const DeviceArray<std::uint64_t> counts(stream, blocks);
  DeviceArray<std::uint64_t> chosen(stream, wanted);
  fill_bytes(stream, histogram.data(), 0, kBins);
  const std::size_t shared = std::min(kColumnsAtOnce, keys.objectives()) * kQuantiles * sizeof(std::uint64_t);
  launch(stream, "score_kernel", {blocks, kThreads, shared}, score_kernel, keys, runs, quantiles.data(), count, costs.data(),
         histogram.data());
  launch(stream, "count_chosen_kernel", {blocks, kThreads}, count_chosen_kernel, costs.data(), histogram.data(), wanted,
         counts.data());
  launch(stream, "list_chosen_kernel", {blocks, kThreads}, list_chosen_kernel, costs.data(), runs, histogram.data(), wanted,
         counts.data(), chosen.data());
  return chosen;
}

}  // namespace

StrongRows find_strong_rows(const Stream& stream, KeysView keys) {
  const Spread sample = spread(kSample, keys.size);
  const DeviceArray<std::uint64_t> chosen = choose_strong(stream, keys, sample);
  const auto count = static_cast<std::uint32_t>(chosen.size());
  const DeviceArray<std::uint64_t> sorted(stream, std::size_t{keys.columns} * count);
  launch(stream, "order_strong_kernel", one_thread_each(count, 64), order_strong_kernel, keys, chosen.data(), count,
         sorted.data());
  const DeviceArray<std::uint8_t> useful(stream, count);
  const std::uint32_t masked = std::min(kMostMasked, keys.objectives()), tiles = (count - 1) / kStrongTile + 1;
  StrongRows strong{
      sample.size, keys.columns, masked, {stream, std::size_t{keys.columns} * count}, {stream, std::size_t{tiles} * masked},
      {stream, 1}};
  fill_bytes(stream, strong.found.data(), 0, 1);
  launch(stream, "weed_kernel", one_thread_each(std::uint64_t{32} * (count + sample.size)), weed_kernel, keys, sample,
         sorted.data(), count, useful.data(), strong.found.data());
  launch(stream, "strong_tiles_kernel", {std::uint64_t{tiles} * masked, kStrongTile}, strong_tiles_kernel, sorted.data(),
         useful.data(), count, keys.columns, masked, strong.keys.data(), strong.tiles.data(), strong.found.data());
  return strong;
}

}  // namespace carbonfront::device
