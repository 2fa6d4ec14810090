// The threads of a block as threads of the host, one block at a time: for ThreadSanitizer, which then finds shared memory
// that is read without a barrier after it was written.

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <climits>
#include <memory>
#include <mutex>
#include <vector>

#include "kernels/emulation/grid.hpp"
#include "kernels/emulation/schedule.hpp"

namespace carbonfront::emulation {

constinit thread_local const Place* place = nullptr;

namespace {

/// Sleeps until woken if the word still is `value`; std::atomic's own waiting spins, which hundreds of threads must not.
void sleep_while(std::atomic<int>& word, int value) {
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}
void wake_all(std::atomic<int>& word) { ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0); }

/// Lets a number of threads wait for each other, again and again, and counts votes.
class Meeting {
 public:
  explicit Meeting(unsigned all) : all_(all) {}

  struct Outcome {
    int turn;
    unsigned votes;
  };

  /// Waits for all. What threads bring they write to the place of the turn, 0 or 1, that `bring` is called with, and read
  /// there afterwards: whoever comes to the meeting after next finds that all have left this one.
  template <class Bring>
  Outcome wait(unsigned vote, Bring bring) {
    const int round = round_.load(std::memory_order_acquire), turn = round & 1;
    bring(turn);
    votes_[turn].fetch_add(vote, std::memory_order_relaxed);
    if (here_.fetch_add(1, std::memory_order_acq_rel) + 1 == all_) {
      here_.store(0, std::memory_order_relaxed);
      votes_[1 - turn].store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      wake_all(round_);
    } else {
      while (round_.load(std::memory_order_acquire) == round) sleep_while(round_, round);
    }
    return {turn, votes_[turn].load(std::memory_order_relaxed)};
  }

 private:
  unsigned all_;
  std::atomic<unsigned> here_{0}, votes_[2]{};
  std::atomic<int> round_{0};
};

struct Warp {
  Meeting meeting{32};
  std::uint64_t brought[2][32] = {};
};

struct Block {
  explicit Block(unsigned threads) : meeting(threads), warps(threads / 32) {
    for (auto& warp : warps) warp = std::make_unique<Warp>();
  }
  Meeting meeting;
  std::vector<std::unique_ptr<Warp>> warps;
};

Block* block_at_work = nullptr;
thread_local std::array<std::uint64_t, 32> exchanged;

unsigned linear_thread() {
  return place->thread.x + place->threads.x * (place->thread.y + place->threads.y * place->thread.z);
}

}  // namespace

unsigned block_barrier(bool predicate, std::source_location) {
  return block_at_work->meeting.wait(predicate, [](int) {}).votes;
}

/// Whole warps only.
const std::uint64_t* warp_exchange(unsigned mask, std::uint64_t value, std::source_location) {
  if (mask != ~0u) std::abort();
  Warp& warp = *block_at_work->warps[linear_thread() / 32];
  const int turn = warp.meeting.wait(0, [&](int which) { warp.brought[which][place->lane] = value; }).turn;
  std::copy(std::begin(warp.brought[turn]), std::end(warp.brought[turn]), exchanged.begin());
  return exchanged.data();
}

namespace {

/// Threads of the host that wait for work: making them anew for every kernel takes longer than most kernels.
class Crew {
 public:
  explicit Crew(unsigned count) : meeting_(count + 1) {
    for (unsigned i = 0; i < count; ++i) threads_.emplace_back([this, i] { serve(i); });
  }
  ~Crew() {
    work_ = nullptr;
    meet();
  }
  unsigned size() const { return static_cast<unsigned>(threads_.size()); }

  /// Calls `work(i)` on every thread, and waits for all.
  void run(const std::function<void(unsigned)>& work) {
    work_ = &work;
    meet();
    meet();
  }

 private:
  void meet() {
    meeting_.wait(0, [](int) {});
  }
  void serve(unsigned i) {
    for (meet(); work_; meet()) {
      (*work_)(i);
      meet();
    }
  }

  Meeting meeting_;
  const std::function<void(unsigned)>* work_ = nullptr;
  std::vector<std::jthread> threads_;
};

}  // namespace

std::string run_grid(const Grid& grid, const std::function<void()>& kernel, LaunchCounts*) {
  static std::mutex one_grid;
  static std::unique_ptr<Crew> crew;
  std::lock_guard lock(one_grid);
  const dim3 threads = grid.threads, blocks = grid.blocks;
  const unsigned count = threads.x * threads.y * threads.z;
  const BlockOrder order = next_block_order(std::uint64_t{blocks.x} * blocks.y * blocks.z);
  Block state(count);
  block_at_work = &state;
  const auto shared = std::make_unique_for_overwrite<std::byte[]>(grid.shared_bytes);
  if (!crew || crew->size() != count) crew = std::make_unique<Crew>(count);
  crew->run([&](unsigned i) {
    Place own{
        {i % threads.x, i / threads.x % threads.y, i / (threads.x * threads.y)}, {}, threads, blocks, i % 32, shared.get()};
    place = &own;
    for (std::uint64_t next = 0; next < order.count; ++next) {
      const std::uint64_t block = order[next];
      own.block = {static_cast<unsigned>(block % blocks.x), static_cast<unsigned>(block / blocks.x % blocks.y),
                   static_cast<unsigned>(block / blocks.x / blocks.y)};
      kernel();
      block_barrier(false, {});
    }
  });
  return {};
}

}  // namespace carbonfront::emulation
