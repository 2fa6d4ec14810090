#include <algorithm>
#include <bit>

#include "kernels/device/block.hpp"
#include "kernels/device/primitives.hpp"
#include "kernels/front_filter.hpp"
#include "kernels/order.hpp"

namespace carbonfront::device {
namespace {

constexpr std::uint32_t kSample = 2048;    // rows, at most, among which strong ones are looked for
constexpr std::uint32_t kStrong = 32;      // strong rows a round
constexpr std::uint32_t kRounds = 16;      // at most
constexpr std::uint32_t kRowsAThread = 4;  // so that a block's strong rows are loaded once for 1,024

/// Picks rows: out[k][i] = keys.column(k)[rows[i]].
__global__ void pick_keys_kernel(KeysView keys, const std::uint32_t* rows, std::uint32_t picked, std::uint64_t* out) {
  const std::uint64_t i = global_thread();
  if (i >= picked) return;
  for (std::uint32_t k = 0; k < keys.columns; ++k) out[std::size_t{k} * picked + i] = keys.column(k)[rows[i]];
}

/// Keys sample rows by the share of the space that they dominate, the largest first. Only the speed depends on rounding.
__global__ void volumes_kernel(KeysView sample, std::uint32_t* keys, std::uint32_t* indices) {
  const std::uint64_t i = global_thread();
  if (i >= sample.size) return;
  const std::uint64_t* groups = sample.grouped ? sample.column(sample.columns - 1) : nullptr;
  float volume = 1;
  for (std::uint32_t k = 0; k < sample.objectives(); ++k) {
    const std::uint64_t own = sample.column(k)[i];
    std::uint32_t not_better = 0;
    for (std::uint32_t other = 0; other < sample.size; ++other)
      not_better += sample.column(k)[other] >= own && (!groups || groups[other] == groups[i]);
    volume *= static_cast<float>(not_better) / static_cast<float>(sample.size);
  }
  keys[i] = ~std::bit_cast<std::uint32_t>(volume);
  indices[i] = static_cast<std::uint32_t>(i);
}

/// Tells whether strong row `s` of a round dominates the row with the keys that `own(k)` gives.
template <std::uint32_t kColumns, class Own>
__device__ bool drops(const std::uint64_t* strong, std::uint32_t s, KeysView rows, Own own) {
  const std::uint32_t columns = kColumns > 0 ? kColumns : rows.columns;
  bool no_worse = true, better = false;
#pragma unroll
  for (std::uint32_t k = 0; k < columns; ++k) {
    const std::uint64_t other = strong[k * kStrong + s];
    no_worse = no_worse && (rows.grouped && k + 1 == columns ? other == own(k) : other <= own(k));
    better = better || other < own(k);
  }
  return no_worse && better;
}

/// Brings `count` strong rows into shared memory, [columns][kStrong]; all threads of the block.
__device__ inline const std::uint64_t* load_strong(KeysView strong, std::uint32_t begin, std::uint32_t count) {
  std::uint64_t* loaded = shared_memory<std::uint64_t>();
  const std::uint32_t s = threadIdx.x % kStrong;
  for (std::uint32_t k = threadIdx.x / kStrong; k < strong.columns && s < count; k += blockDim.x / kStrong)
    loaded[k * kStrong + s] = strong.column(k)[begin + s];
  __syncthreads();
  return loaded;
}

/// Writes a bit for every row that none of `count` strong rows dominates, and how many a word of 32 rows has. `kColumns`
/// keys a row are held in registers; 0: any number, from memory.
template <std::uint32_t kColumns>
__global__ void __launch_bounds__(256)
    filter_kernel(KeysView rows, KeysView strong, std::uint32_t first, std::uint32_t count, std::uint32_t* words,
                  std::uint32_t* kept_in_word) {
  const std::uint64_t* loaded = load_strong(strong, first, count);
  const std::uint64_t begin = std::uint64_t{blockIdx.x} * blockDim.x * kRowsAThread + threadIdx.x;
  for (std::uint32_t turn = 0; turn < kRowsAThread; ++turn) {
    const std::uint64_t i = begin + std::uint64_t{turn} * blockDim.x;
    bool kept = i < rows.size;
    if constexpr (kColumns > 0) {
      std::uint64_t own[kColumns];
#pragma unroll
      for (std::uint32_t k = 0; k < kColumns; ++k) own[k] = kept ? rows.column(k)[i] : 0;
      for (std::uint32_t s = 0; s < count && kept; ++s)
        kept = !drops<kColumns>(loaded, s, rows, [&](std::uint32_t k) { return own[k]; });
    } else {
      for (std::uint32_t s = 0; s < count && kept; ++s)
        kept = !drops<0>(loaded, s, rows, [&](std::uint32_t k) { return rows.column(k)[i]; });
    }
    const unsigned word = __ballot_sync(kAllLanes, kept);
    if (threadIdx.x % 32 != 0 || i >= rows.size) continue;
    words[i / 32] = word;
    kept_in_word[i / 32] = static_cast<std::uint32_t>(__popc(word));
  }
}

/// Writes the rows of a word's bits to where the word's rows begin.
__global__ void list_rows_kernel(const std::uint32_t* words, const std::uint32_t* begins, std::uint32_t count,
                                 std::uint32_t* rows) {
  const std::uint64_t i = global_thread();
  if (i >= count) return;
  std::uint32_t at = begins[i];
  for (std::uint32_t word = words[i]; word != 0; word &= word - 1)
    rows[at++] = static_cast<std::uint32_t>(i * 32) + static_cast<std::uint32_t>(__ffs(static_cast<int>(word)) - 1);
}

Keys pick(const Stream& stream, const Keys& from, const std::uint32_t* rows, std::uint32_t count) {
  Keys picked{count, from.columns, from.grouped, DeviceArray<std::uint64_t>(stream, std::size_t{from.columns} * count)};
  launch(stream, "pick_keys_kernel", one_thread_each(count), pick_keys_kernel, from.view(), rows, count, picked.keys.data());
  return picked;
}

/// A sample, the strongest row first.
Keys strong_rows(const Stream& stream, const Keys& keys) {
  const std::uint32_t step = (keys.size - 1) / kSample + 1, samples = (keys.size - 1) / step + 1;
  const DeviceArray<std::uint32_t> rows(stream, samples), volumes(stream, samples), sorted(stream, samples),
      indices(stream, samples), strongest(stream, samples);
  fill_with_indices(stream, rows.data(), samples, step);
  const Keys sample = pick(stream, keys, rows.data(), samples);
  launch(stream, "volumes_kernel", one_thread_each(samples, 64), volumes_kernel, sample.view(), volumes.data(),
         indices.data());
  sort_pairs(stream, volumes.data(), sorted.data(), indices.data(), strongest.data(), samples, 0, 32);
  return pick(stream, sample, strongest.data(), samples);
}

using Filter = void (*)(KeysView, KeysView, std::uint32_t, std::uint32_t, std::uint32_t*, std::uint32_t*);

Filter filter_for(std::uint32_t columns) {
  constexpr Filter kFilters[] = {filter_kernel<0>, filter_kernel<1>, filter_kernel<2>, filter_kernel<3>, filter_kernel<4>,
                                 filter_kernel<5>, filter_kernel<6>, filter_kernel<7>, filter_kernel<8>};
  return columns <= 8 ? kFilters[columns] : kFilters[0];
}

/// The index of every row that none of the strong rows from `first` on dominates; nothing where fewer than an eighth go.
DeviceArray<std::uint32_t> kept_rows(const Stream& stream, const Keys& keys, const Keys& strong, std::uint32_t first) {
  const std::uint32_t words = (keys.size - 1) / 32 + 1;
  const DeviceArray<std::uint32_t> bits(stream, words), begins(stream, std::size_t{words} + 1);
  fill_bytes(stream, begins.data() + words, 0, 1);
  Shape shape = one_thread_each((std::uint64_t{keys.size} + kRowsAThread - 1) / kRowsAThread);
  shape.shared_bytes = std::size_t{keys.columns} * kStrong * sizeof(std::uint64_t);
  launch(stream, "filter_kernel", shape, filter_for(keys.columns), keys.view(), strong.view(), first,
         std::min(kStrong, strong.size - first), bits.data(), begins.data());
  exclusive_sum(stream, begins.data(), begins.data(), words + 1);
  const std::uint32_t kept = read_value(stream, begins.data() + words);
  if (std::uint64_t{kept} + keys.size / 8 >= keys.size) return {};
  DeviceArray<std::uint32_t> rows(stream, kept);
  launch(stream, "list_rows_kernel", one_thread_each(words), list_rows_kernel, bits.data(), begins.data(), words,
         rows.data());
  return rows;
}

}  // namespace

DeviceArray<std::uint32_t> filter_front(const Stream& stream, Keys& keys) {
  DeviceArray<std::uint32_t> left;
  if (keys.size == 0) return left;
  const Keys strong = strong_rows(stream, keys);
  for (std::uint32_t first = 0; first < strong.size && first < kRounds * kStrong; first += kStrong) {
    DeviceArray<std::uint32_t> rows = kept_rows(stream, keys, strong, first);
    const auto kept = static_cast<std::uint32_t>(rows.size());
    if (kept == 0) break;
    keys = pick(stream, keys, rows.data(), kept);
    if (left.size() > 0) {
      DeviceArray<std::uint32_t> among_all(stream, kept);
      gather(stream, rows.data(), left.data(), among_all.data(), kept);
      left = std::move(among_all);
    } else {
      left = std::move(rows);
    }
  }
  return left;
}

}  // namespace carbonfront::device
