#include <sys/mman.h>

#include <algorithm>
#include <map>
#include <new>

#include "kernels/emulation/memory.hpp"

namespace carbonfront::emulation {
namespace {

constexpr std::size_t kAlignment = 256;

/// Free ranges by where they begin.
std::map<std::size_t, std::size_t>& free_ranges() {
  static std::map<std::size_t, std::size_t> ranges{{0, kArenaBytes}};
  return ranges;
}

std::size_t aligned(std::size_t bytes) { return std::max(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment); }

std::byte* reserve() {
  void* range = ::mmap(nullptr, kArenaBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::byte*>(range);
}

}  // namespace

std::byte* const arena = reserve();

std::byte* take_device_memory(std::size_t bytes) {
  bytes = aligned(bytes);
  for (auto range = free_ranges().begin(); range != free_ranges().end(); ++range) {
    const auto [begin, free] = *range;
    if (free < bytes) continue;
    free_ranges().erase(range);
    if (free > bytes) free_ranges()[begin + bytes] = free - bytes;
    return arena + begin;
  }
  throw std::bad_alloc();
}

void give_device_memory(std::byte* memory, std::size_t bytes) {
  bytes = aligned(bytes);
  std::size_t begin = static_cast<std::size_t>(memory - arena);
  auto next = free_ranges().lower_bound(begin);
  if (next != free_ranges().end() && next->first == begin + bytes) {
    bytes += next->second;
    next = free_ranges().erase(next);
  }
  if (next != free_ranges().begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == begin) {
      before->second += bytes;
      return;
    }
  }
  free_ranges()[begin] = bytes;
}

}  // namespace carbonfront::emulation
