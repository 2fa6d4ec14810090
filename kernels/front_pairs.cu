#include "kernels/device/launch.hpp"
#include "kernels/front_pairs.hpp"

namespace carbonfront::device {
namespace {

constexpr std::uint32_t kLoaded = 32;   // rows in shared memory
constexpr std::uint32_t kThreads = 64;  // of a block, so that few rows are many blocks
constexpr std::uint32_t kParts = kTile / kThreads;

__global__ void __launch_bounds__(kThreads) mark_keys_kernel(KeysView rows, Share share, std::uint8_t* dominated) {
  std::uint64_t* loaded = shared_memory<std::uint64_t>();  // [columns][kLoaded]
  const std::uint64_t tile = share.index + std::uint64_t{blockIdx.x} / kParts * share.count;
  const std::uint64_t own = tile * kTile + blockIdx.x % kParts * kThreads + threadIdx.x;
  bool found = false;
  for (std::uint64_t first = 0; first < rows.size; first += kLoaded) {
    const auto count = static_cast<std::uint32_t>(rows.size - first < kLoaded ? rows.size - first : kLoaded);
    for (std::uint32_t i = threadIdx.x; i < rows.columns * kLoaded; i += kThreads)
      if (i % kLoaded < count) loaded[i] = rows.column(i / kLoaded)[first + i % kLoaded];
    __syncthreads();
    for (std::uint32_t other = 0; other < count && own < rows.size && !found; ++other)
      found = dominates(
          rows, [&](std::uint32_t k) { return loaded[k * kLoaded + other]; },
          [&](std::uint32_t k) { return rows.column(k)[own]; });
    if (__syncthreads_count(own >= rows.size || found) == static_cast<int>(kThreads)) break;
  }
  if (own < rows.size) dominated[own] = found;
}

}  // namespace

void mark_dominated_keys(const Stream& stream, KeysView rows, Share share, std::uint8_t* dominated) {
  fill_bytes(stream, dominated, 0, rows.size);
  const std::uint64_t tiles = (std::uint64_t{rows.size} + kTile - 1) / kTile;
  if (tiles <= share.index) return;
  const std::uint64_t own = (tiles - share.index - 1) / share.count + 1;
  launch(stream, "mark_keys_kernel", {own * kParts, kThreads, rows.columns * kLoaded * sizeof(std::uint64_t)},
         mark_keys_kernel, rows, share, dominated);
}

}  // namespace carbonfront::device
