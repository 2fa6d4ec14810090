#include <algorithm>
#include <bit>

#include "kernels/device/block.hpp"
#include "kernels/device/primitives.hpp"
#include "kernels/front_filter.hpp"
#include "kernels/strong_rows.hpp"

namespace carbonfront::device {
namespace {

constexpr std::uint32_t kThreads = 256;
constexpr std::uint32_t kFirst = 4;           // strong rows that every row is compared with
constexpr std::uint32_t kMostChunk = 8192;    // rows of a block
constexpr std::uint32_t kRounds = 2;          // at most
constexpr std::uint32_t kManyLeft = 1 << 17;  // rows for which another round pays

/// Tells whether a strong row, its keys [columns] at `strong`, dominates a row in memory.
__device__ inline bool dominates_row(const std::uint64_t* strong, KeysView rows, std::uint64_t i) {
  return dominates(
      rows, [=](std::uint32_t k) { return strong[k]; }, [&](std::uint32_t k) { return rows.column(k)[i]; });
}

/// Tells whether one of the first strong rows, in shared memory, dominates the row whose keys are in registers. Looks only
/// at the first of them that is no worse: who equals it is dominated by no other, or dropped later.
template <std::uint32_t kColumns>
__device__ bool dropped_at_once(const std::uint64_t* first, std::uint32_t count, bool grouped, const std::uint64_t* own) {
  std::uint32_t hit = count;
#pragma unroll
  for (std::uint32_t s = 0; s < kFirst; ++s) {
    bool no_worse = s < count && hit == count;
#pragma unroll
    for (std::uint32_t k = 0; k < kColumns; ++k) no_worse = no_worse && first[s * kColumns + k] <= own[k];
    if (no_worse && (!grouped || first[s * kColumns + kColumns - 1] == own[kColumns - 1])) hit = s;
  }
  if (hit == count) return false;
  bool equal = true;
#pragma unroll
  for (std::uint32_t k = 0; k < kColumns; ++k) equal = equal && first[hit * kColumns + k] == own[k];
  return !equal;
}

/// Marks the rows of a chunk that none of the first strong rows dominates, a bit each. kColumns keys of each of kRows rows
/// are in registers; 0: any number, from memory.
template <std::uint32_t kColumns, std::uint32_t kRows>
__device__ void compare_with_first(KeysView rows, std::uint64_t begin, std::uint32_t chunk, const std::uint64_t* first,
                                   std::uint32_t count, std::uint32_t* bits) {
  for (std::uint32_t at = threadIdx.x; at < chunk; at += kThreads * kRows) {
    bool kept[kRows];
    if constexpr (kColumns > 0) {
      std::uint64_t own[kRows][kColumns];
#pragma unroll
      for (std::uint32_t r = 0; r < kRows; ++r) {
        const std::uint64_t i = begin + at + r * kThreads;
        kept[r] = at + r * kThreads < chunk && i < rows.size;
#pragma unroll
        for (std::uint32_t k = 0; k < kColumns; ++k) own[r][k] = kept[r] ? rows.column(k)[i] : 0;
      }
#pragma unroll
      for (std::uint32_t r = 0; r < kRows; ++r)
        kept[r] = kept[r] && !dropped_at_once<kColumns>(first, count, rows.grouped, own[r]);
    } else {
      const std::uint64_t i = begin + at;
      kept[0] = i < rows.size;
      for (std::uint32_t s = 0; s < count && kept[0]; ++s) kept[0] = !dominates_row(first + s * rows.columns, rows, i);
    }
#pragma unroll
    for (std::uint32_t r = 0; r < kRows; ++r) {
      const unsigned word = __ballot_sync(kAllLanes, kept[r]);
      const std::uint32_t to = at + r * kThreads;
      if (threadIdx.x % 32 == 0 && to < chunk) bits[to / 32] = word;
    }
  }
  __syncthreads();
}

/// Lists the rows of a chunk's bits, ascending. Returns how many. All threads of the block.
__device__ inline std::uint32_t list_bits(const std::uint32_t* bits, std::uint32_t words, std::uint16_t* list) {
  std::uint32_t word = threadIdx.x < words ? bits[threadIdx.x] : 0, total = 0;
  const auto own = static_cast<std::uint32_t>(__popc(word));
  std::uint32_t at = scan_block(own, Sum{}, total) - own;
  for (; word != 0; word &= word - 1)
    list[at++] =
        static_cast<std::uint16_t>(threadIdx.x * 32 + static_cast<std::uint32_t>(__ffs(static_cast<int>(word))) - 1);
  __syncthreads();
  return total;
}

/// Tells whether a strong row of a tile dominates a row: who is no worse by the masks is compared.
__device__ inline bool dropped_by_tile(const StrongColumn* tile, std::uint32_t masked, const std::uint64_t* strong,
                                       KeysView rows, std::uint64_t i) {
  constexpr std::uint32_t kWords = kStrongTile / 32;
  std::uint32_t left[kWords];
#pragma unroll
  for (std::uint32_t& word : left) word = ~0u;
  for (std::uint32_t c = 0; c < masked; ++c) {
    const std::uint64_t key = rows.column(c)[i];
    std::uint32_t r = 0;
#pragma unroll
    for (std::uint32_t step = kStarts / 2; step > 0; step /= 2)
      if (tile[c].starts[r + step - 1] <= key) r += step;
    r += tile[c].starts[r] <= key;
    const uint4 low = tile[c].masks[r][0], high = tile[c].masks[r][1];
    const std::uint32_t mask[kWords] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
    std::uint32_t any = 0;
#pragma unroll
    for (std::uint32_t w = 0; w < kWords; ++w) any |= left[w] &= mask[w];
    if (any == 0) return false;
  }
#pragma unroll
  for (std::uint32_t w = 0; w < kWords; ++w) {
    for (std::uint32_t word = left[w]; word != 0; word &= word - 1) {
      const std::uint32_t s = w * 32 + static_cast<std::uint32_t>(__ffs(static_cast<int>(word))) - 1;
      if (dominates_row(strong + s * rows.columns, rows, i)) return true;
    }
  }
  return false;
}

/// Brings a tile of strong rows into shared memory. All threads of the block.
__device__ inline void load_tile(const StrongColumn* from, std::uint32_t masked, StrongColumn* to) {
  const auto* words = reinterpret_cast<const std::uint64_t*>(from);
  for (std::uint32_t i = threadIdx.x; i < masked * (sizeof(StrongColumn) / 8); i += kThreads)
    reinterpret_cast<std::uint64_t*>(to)[i] = words[i];
}

/// Writes a bit for every row of the block's chunk that no strong row dominates, and how many there are; the number alone,
/// of all rows, where the strongest tile drops less than half of the sample. Rows that the first strong rows leave are
/// compared with a tile at a time, by what the tile before left.
template <std::uint32_t kColumns, std::uint32_t kRows>
__global__ void __launch_bounds__(kThreads, 6)
    drop_kernel(KeysView rows, StrongView strong, std::uint32_t chunk, std::uint32_t* words, std::uint32_t* kept) {
  __shared__ std::uint32_t bits[kMostChunk / 32];
  auto* tile = shared_memory<StrongColumn>();
  auto* first = reinterpret_cast<std::uint64_t*>(tile + strong.masked);
  auto* list = reinterpret_cast<std::uint16_t*>(first + kFirst * rows.columns);
  const std::uint64_t begin = std::uint64_t{blockIdx.x} * chunk;
  const StrongFound found = *strong.found;
  if (std::uint64_t{found.dropped} * 2 < strong.sample) {
    if (threadIdx.x == 0)
      kept[blockIdx.x] = static_cast<std::uint32_t>(rows.size - begin < chunk ? rows.size - begin : chunk);
    return;
  }
  const std::uint32_t firsts = found.rows < kFirst ? found.rows : kFirst;
  for (std::uint32_t i = threadIdx.x; i < firsts * rows.columns; i += kThreads) first[i] = strong.keys[i];
  load_tile(strong.tiles, strong.masked, tile);
  __syncthreads();
  compare_with_first<kColumns, kRows>(rows, begin, chunk, first, firsts, bits);
  std::uint32_t left = list_bits(bits, chunk / 32, list);
  for (std::uint32_t t = 0; t * kStrongTile < found.rows && left > 0; ++t) {
    if (t > 0) load_tile(strong.tiles + t * strong.masked, strong.masked, tile);
    __syncthreads();
    const std::uint64_t* keys = strong.keys + std::size_t{t} * kStrongTile * rows.columns;
    for (std::uint32_t at = threadIdx.x; at < left; at += kThreads)
      if (dropped_by_tile(tile, strong.masked, keys, rows, begin + list[at]))
        atomicAnd(bits + list[at] / 32, ~(1u << list[at] % 32));
    __syncthreads();
    left = list_bits(bits, chunk / 32, list);
  }
  if (threadIdx.x < chunk / 32) words[blockIdx.x * (chunk / 32) + threadIdx.x] = bits[threadIdx.x];
  if (threadIdx.x == 0) kept[blockIdx.x] = left;
}

/// Writes the rows of a chunk's bits to where the chunk's rows begin. A chunk a block.
__global__ void __launch_bounds__(kThreads)
    list_rows_kernel(const std::uint32_t* words, std::uint32_t chunk, const std::uint32_t* begins, std::uint32_t* rows) {
  std::uint32_t word = threadIdx.x < chunk / 32 ? words[blockIdx.x * (chunk / 32) + threadIdx.x] : 0, total = 0;
  const auto own = static_cast<std::uint32_t>(__popc(word));
  std::uint32_t at = begins[blockIdx.x] + scan_block(own, Sum{}, total) - own;
  const std::uint32_t first = blockIdx.x * chunk + threadIdx.x * 32;
  for (; word != 0; word &= word - 1) rows[at++] = first + static_cast<std::uint32_t>(__ffs(static_cast<int>(word))) - 1;
}

/// Picks rows: out[k][i] = keys.column(k)[rows[i]].
__global__ void pick_keys_kernel(KeysView keys, const std::uint32_t* rows, std::uint32_t picked, std::uint64_t* out) {
  const std::uint64_t i = global_thread();
  if (i >= picked) return;
  for (std::uint32_t k = 0; k < keys.columns; ++k) out[std::size_t{k} * picked + i] = keys.column(k)[rows[i]];
}

using Drop = void (*)(KeysView, StrongView, std::uint32_t, std::uint32_t*, std::uint32_t*);

/// Two rows at a time where they have few columns, to have enough bytes on the way.
Drop drop_for(std::uint32_t columns) {
  constexpr Drop kDrops[] = {drop_kernel<0, 1>, drop_kernel<1, 2>, drop_kernel<2, 2>, drop_kernel<3, 2>, drop_kernel<4, 2>,
                             drop_kernel<5, 1>, drop_kernel<6, 1>, drop_kernel<7, 1>, drop_kernel<8, 1>};
  return columns <= 8 ? kDrops[columns] : kDrops[0];
}

/// The index of every row that no strong row dominates; nothing where more than half are left.
DeviceArray<std::uint32_t> kept_rows(const Stream& stream, const Keys& keys) {
  const StrongRows strong = find_strong_rows(stream, keys.view());
  const std::uint32_t chunk = std::bit_ceil(std::clamp(keys.size / 512, kThreads, kMostChunk));
  const std::uint32_t chunks = (keys.size - 1) / chunk + 1;
  const DeviceArray<std::uint32_t> bits(stream, std::size_t{chunks} * (chunk / 32)), begins(stream, std::size_t{chunks} + 1);
  fill_bytes(stream, begins.data() + chunks, 0, 1);
  Shape shape{chunks, kThreads};
  shape.shared_bytes = strong.masked * sizeof(StrongColumn) + kFirst * keys.columns * sizeof(std::uint64_t) + 2 * chunk;
  launch(stream, "drop_kernel", shape, drop_for(keys.columns), keys.view(), strong.view(), chunk, bits.data(),
         begins.data());
  exclusive_sum(stream, begins.data(), begins.data(), chunks + 1);
  const std::uint32_t kept = read_value(stream, begins.data() + chunks);
  if (kept > keys.size / 2) return {};
  DeviceArray<std::uint32_t> rows(stream, kept);
  launch(stream, "list_rows_kernel", {chunks, kThreads}, list_rows_kernel, bits.data(), chunk, begins.data(), rows.data());
  return rows;
}

}  // namespace

DeviceArray<std::uint32_t> filter_front(const Stream& stream, Keys& keys) {
  DeviceArray<std::uint32_t> left;
  for (std::uint32_t round = 0; round < kRounds && keys.size > 0; ++round) {
    const bool all_scored = keys.size <= kMostScored;
    DeviceArray<std::uint32_t> rows = kept_rows(stream, keys);
    const auto kept = static_cast<std::uint32_t>(rows.size());
    if (kept == 0) break;
    Keys picked{kept, keys.columns, keys.grouped, {stream, std::size_t{keys.columns} * kept}};
    launch(stream, "pick_keys_kernel", one_thread_each(kept), pick_keys_kernel, keys.view(), rows.data(), kept,
           picked.keys.data());
    keys = std::move(picked);
    if (left.size() > 0) {
      DeviceArray<std::uint32_t> among_all(stream, kept);
      gather(stream, rows.data(), left.data(), among_all.data(), kept);
      left = std::move(among_all);
    } else {
      left = std::move(rows);
    }
    if (all_scored || kept < kManyLeft) break;
  }
  return left;
}

}  // namespace carbonfront::device
