// The threads of a block as threads of the host, one block at a time: for ThreadSanitizer, which then finds shared memory
// that is read without a barrier after it was written.

#include <algorithm>
#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "kernels/emulation/grid.hpp"

namespace carbonfront::emulation {

constinit thread_local const Place* place = nullptr;

namespace {

/// Lets a number of threads wait for each other, again and again.
class Meeting {
 public:
  explicit Meeting(unsigned all) : all_(all) {}

  /// Waits for all. `arrive` runs under the lock before, `leave` after.
  template <class Arrive, class Leave>
  void wait(Arrive arrive, Leave leave) {
    std::unique_lock lock(mutex_);
    leaving_done_.wait(lock, [&] { return leaving_ == 0; });
    arrive(here_ == 0);
    const std::uint64_t round = round_;
    if (++here_ == all_) {
      leaving_ = all_;
      here_ = 0;
      ++round_;
      all_here_.notify_all();
    }
    all_here_.wait(lock, [&] { return round_ != round; });
    leave();
    if (--leaving_ == 0) leaving_done_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_here_, leaving_done_;
  unsigned all_, here_ = 0, leaving_ = 0;
  std::uint64_t round_ = 0;
};

struct Warp {
  Meeting meeting{32};
  std::uint64_t brought[32] = {};
};

struct Block {
  explicit Block(unsigned threads) : meeting(threads), warps(threads / 32) {
    for (auto& warp : warps) warp = std::make_unique<Warp>();
  }
  Meeting meeting;
  unsigned votes = 0;
  std::vector<std::unique_ptr<Warp>> warps;
};

Block* block_at_work = nullptr;
thread_local std::array<std::uint64_t, 32> exchanged;

unsigned linear_thread() {
  return place->thread.x + place->threads.x * (place->thread.y + place->threads.y * place->thread.z);
}

}  // namespace

unsigned block_barrier(bool predicate, std::source_location) {
  unsigned votes = 0;
  Block& block = *block_at_work;
  block.meeting.wait(
      [&](bool first) {
        if (first) block.votes = 0;
        block.votes += predicate;
      },
      [&] { votes = block.votes; });
  return votes;
}

/// Whole warps only.
const std::uint64_t* warp_exchange(unsigned mask, std::uint64_t value, std::source_location) {
  if (mask != ~0u) std::abort();
  Warp& warp = *block_at_work->warps[linear_thread() / 32];
  warp.meeting.wait([&](bool) { warp.brought[place->lane] = value; },
                    [&] { std::copy(std::begin(warp.brought), std::end(warp.brought), exchanged.begin()); });
  return exchanged.data();
}

std::string run_grid(const Grid& grid, const std::function<void()>& kernel) {
  static std::mutex one_grid;
  std::lock_guard lock(one_grid);
  const dim3 threads = grid.threads, blocks = grid.blocks;
  const unsigned count = threads.x * threads.y * threads.z;
  const std::uint64_t all = std::uint64_t{blocks.x} * blocks.y * blocks.z;
  Block state(count);
  block_at_work = &state;
  const auto shared = std::make_unique_for_overwrite<std::byte[]>(grid.shared_bytes);
  std::vector<std::jthread> running;
  for (unsigned i = 0; i < count; ++i) {
    running.emplace_back([&, i] {
      Place own{{i % threads.x, i / threads.x % threads.y, i / (threads.x * threads.y)},
                {},
                threads,
                blocks,
                i % 32,
                shared.get()};
      place = &own;
      for (std::uint64_t block = 0; block < all; ++block) {
        own.block = {static_cast<unsigned>(block % blocks.x), static_cast<unsigned>(block / blocks.x % blocks.y),
                     static_cast<unsigned>(block / blocks.x / blocks.y)};
        kernel();
        block_barrier(false, {});
      }
    });
  }
  running.clear();
  return {};
}

}  // namespace carbonfront::emulation
