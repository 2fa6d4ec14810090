#include "kernels/emulation/counts.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>

namespace carbonfront::emulation {
namespace {

std::mutex mutex;
std::vector<LaunchCounts> kept;
std::atomic<bool> open{false};
std::atomic<std::uint32_t> counted_launches{0};

}  // namespace

constinit thread_local Counted* counted = nullptr;

Traffic& Traffic::operator+=(const Traffic& other) {
  read += other.read;
  written += other.written;
  block_sectors += other.block_sectors;
  launch_sectors += other.launch_sectors;
  shared += other.shared;
  atomics += other.atomics;
  return *this;
}

Counting::Counting() {
  if (open.exchange(true)) std::abort();  // one at a time
  std::lock_guard lock(mutex);
  kept.clear();
}

Counting::~Counting() { open = false; }

std::vector<LaunchCounts> Counting::launches() const {
  std::lock_guard lock(mutex);
  return kept;
}

bool is_counting() { return open.load(std::memory_order_relaxed); }

void keep_counts(const LaunchCounts& counts) {
  std::lock_guard lock(mutex);
  kept.push_back(counts);
}

std::uint32_t next_counted_launch() { return ++counted_launches; }

void Counted::begin(std::uint32_t number, const std::byte* shared_memory, std::size_t bytes) {
  sums = {}, most = {}, traffic = {};
  launch = number;
  shared = shared_memory, shared_bytes = bytes;
}

void Counted::add_to(LaunchCounts& counts, std::array<std::uint64_t, kCounters>& largest) const {
  counts.traffic += traffic;
  for (std::size_t i = 0; i < kCounters; ++i) {
    counts.work[i] += sums[i];
    largest[i] = std::max(largest[i], most[i]);
  }
}

}  // namespace carbonfront::emulation
