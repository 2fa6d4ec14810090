// The blocks of a grid on all cores, where the threads of a block are fibers.

#include "kernels/emulation/grid.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "kernels/emulation/schedule.hpp"

namespace carbonfront::emulation {
namespace {

/// One grid at work: blocks are taken in turn until none is left or one has failed.
struct Work {
  Work(const Grid& a_grid, const std::function<void()>& a_kernel, LaunchCounts* a_counts)
      : grid(a_grid), kernel(a_kernel), counts(a_counts) {}
  const Grid& grid;
  const std::function<void()>& kernel;
  const BlockOrder order = next_block_order(std::uint64_t{grid.blocks.x} * grid.blocks.y * grid.blocks.z);
  std::atomic<std::uint64_t> next{0};
  std::mutex mutex;
  std::string wrong;
  LaunchCounts* counts;  // null: nobody counts
  std::uint32_t number = counts ? next_counted_launch() : 0;
  std::array<std::uint64_t, kCounters> most{};

  bool failed() {
    std::lock_guard lock(mutex);
    return !wrong.empty();
  }
};

void take_blocks(Work& work) {
  const std::size_t shared_bytes = work.grid.shared_bytes;
  const auto shared = std::make_unique_for_overwrite<std::byte[]>(shared_bytes);
  Counted* here = begin_blocks(work.grid, work.kernel, shared.get());
  if (work.counts) {
    here->begin(work.number, shared.get(), shared_bytes);
    counted = here;
  }
  const dim3 blocks = work.grid.blocks;
  for (std::uint64_t i = work.next++; i < work.order.count && !work.failed(); i = work.next++) {
    const std::uint64_t block = work.order[i];
    std::memset(shared.get(), 0xA5, shared_bytes);  // nobody may rely on what is there
    const std::string wrong =
        run_block(work.grid, {static_cast<unsigned>(block % blocks.x), static_cast<unsigned>(block / blocks.x % blocks.y),
                              static_cast<unsigned>(block / blocks.x / blocks.y)});
    if (wrong.empty()) continue;
    std::lock_guard lock(work.mutex);
    work.wrong = wrong;
  }
  if (!work.counts) return;
  counted = nullptr;
  std::lock_guard lock(work.mutex);
  here->add_to(*work.counts, work.most);
}

/// Threads that help with blocks; they live as long as the program.
class Helpers {
 public:
  explicit Helpers(unsigned count) {
    for (unsigned i = 0; i < count; ++i) threads_.emplace_back([this, i] { help(i); });
  }
  ~Helpers() {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  /// Works on the grid with all helpers, or alone where they are busy with another.
  void run(Work& work) {
    std::unique_lock turn(turn_, std::defer_lock);
    const std::size_t wanted = std::min<std::size_t>(most_workers() - 1, threads_.size());
    if (wanted > 0 && turn.try_lock()) {
      std::lock_guard lock(mutex_);
      work_ = &work;
      wanted_ = wanted;
      busy_ = threads_.size();
      ++round_;
      wake_.notify_all();
    }
    take_blocks(work);
    if (!turn) return;
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return busy_ == 0; });
  }

 private:
  void help(unsigned number) {
    std::uint64_t seen = 0;
    for (;;) {
      Work* work = nullptr;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return ending_ || round_ != seen; });
        if (ending_) return;
        seen = round_;
        work = number < wanted_ ? work_ : nullptr;
      }
      if (work) take_blocks(*work);
      std::lock_guard lock(mutex_);
      if (--busy_ == 0) done_.notify_all();
    }
  }

  std::mutex turn_, mutex_;
  std::condition_variable wake_, done_;
  std::vector<std::thread> threads_;
  Work* work_ = nullptr;
  std::size_t wanted_ = 0, busy_ = 0;
  std::uint64_t round_ = 0;
  bool ending_ = false;
};

}  // namespace

std::string run_grid(const Grid& grid, const std::function<void()>& kernel, LaunchCounts* counts) {
  Work work(grid, kernel, counts);
  if (work.order.count == 1) {
    take_blocks(work);
  } else {
    static Helpers helpers(std::max(1u, std::thread::hardware_concurrency()) - 1);
    helpers.run(work);
  }
  if (counts)
    for (std::size_t i = 0; i < kCounters; ++i) counts->work[i] += work.most[i];
  return work.wrong;
}

}  // namespace carbonfront::emulation
