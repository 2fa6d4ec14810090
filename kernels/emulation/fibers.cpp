// The threads of a block as fibers: they run one after the other from barrier to barrier.

#include <algorithm>
#include <boost/context/fiber.hpp>
#include <boost/context/preallocated.hpp>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <numeric>
#include <vector>

#include "kernels/emulation/grid.hpp"
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace carbonfront::emulation {

constinit thread_local const Place* place = nullptr;

namespace {

namespace context = boost::context;

#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kStackBytes = 512 << 10;
#else
constexpr std::size_t kStackBytes = 64 << 10;
#endif

/// Ends a fiber of a block that cannot go on.
struct Abandoned {};

enum class State { ready, at_block_barrier, at_warp_exchange, done };

struct StackInPlace {
  std::byte* bottom;
  context::stack_context allocate() {
    context::stack_context stack;
    stack.size = kStackBytes;
    stack.sp = bottom + kStackBytes;
    return stack;
  }
  void deallocate(context::stack_context&) {}
};

/// One thread of a block; it lives from launch to launch and is parked in between.
struct Fiber : Place {
  State state = State::done;
  unsigned mask = 0;
  std::uint64_t value = 0;
  std::source_location where;
  struct Worker* worker = nullptr;
  std::unique_ptr<std::byte[]> stack = std::make_unique_for_overwrite<std::byte[]>(kStackBytes);
  union {
    context::fiber itself;  // never unwound: it waits for ever, with nothing on its stack that needs an end
  };
  context::fiber scheduler;
#if defined(__SANITIZE_ADDRESS__)
  void* fake_stack = nullptr;
#endif
  Fiber() { std::construct_at(&itself); }
  ~Fiber() {}
  [[noreturn]] void run();
  void resume();
  void yield();
};

/// A core's fibers, and the block that they work on.
struct Worker {
  std::vector<std::unique_ptr<Fiber>> fibers;
  const std::function<void()>* kernel = nullptr;
  std::vector<std::uint64_t> brought;  // [warps × 32]
  unsigned votes = 0;
  bool abandoned = false;
#if defined(__SANITIZE_ADDRESS__)
  const void* stack_bottom = nullptr;
  std::size_t stack_size = 0;
#endif

  void make_fibers(unsigned count);
  std::string run_block(unsigned threads);
  void run_warp(unsigned first, unsigned threads, bool backwards);
  bool release_lanes(unsigned first, unsigned threads);
  std::string release_block(unsigned threads);
  void abandon(unsigned threads);
};

void Fiber::run() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &worker->stack_bottom, &worker->stack_size);
#endif
  while (true) {
    try {
      (*worker->kernel)();
    } catch (const Abandoned&) {
    }
    state = State::done;
    yield();
  }
}

/// Runs the fiber until it yields.
void Fiber::resume() {
  place = this;
#if defined(__SANITIZE_ADDRESS__)
  void* own_fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&own_fake_stack, stack.get(), kStackBytes);
#endif
  itself = std::move(itself).resume();
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(own_fake_stack, nullptr, nullptr);
#endif
}

void Fiber::yield() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&fake_stack, worker->stack_bottom, worker->stack_size);
#endif
  scheduler = std::move(scheduler).resume();
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake_stack, &worker->stack_bottom, &worker->stack_size);
#endif
}

void Worker::make_fibers(unsigned count) {
  while (fibers.size() < count) {
    auto fiber = std::make_unique<Fiber>();
    Fiber* self = fiber.get();
    self->worker = this;
    StackInPlace stack{self->stack.get()};
    const context::stack_context place_of_stack = stack.allocate();
    self->itself =
        context::fiber(std::allocator_arg, context::preallocated(place_of_stack.sp, place_of_stack.size, place_of_stack),
                       stack, [self](context::fiber&& scheduler) -> context::fiber {
                         self->scheduler = std::move(scheduler);
                         self->run();
                       });
    fibers.push_back(std::move(fiber));
  }
  brought.resize((std::size_t{count} + 31) / 32 * 32);
}

bool same_line(const std::source_location& a, const std::source_location& b) {
  return a.line() == b.line() && a.column() == b.column();
}

std::string line_of(const std::source_location& where) {
  return std::string(where.file_name()) + ":" + std::to_string(where.line());
}

/// Releases the lanes of a warp that wait for each other and are all there.
bool Worker::release_lanes(unsigned first, unsigned threads) {
  bool released = false;
  const unsigned lanes = std::min(32u, threads - first);
  for (unsigned lane = 0; lane < lanes; ++lane) {
    const Fiber& leader = *fibers[first + lane];
    if (leader.state != State::at_warp_exchange) continue;
    const unsigned mask = lanes < 32 ? leader.mask & ((1u << lanes) - 1) : leader.mask;
    bool all = mask >> lane & 1;
    for (unsigned other = 0; other < lanes; ++other) {
      const Fiber& fiber = *fibers[first + other];
      if (mask >> other & 1)
        all = all && fiber.state == State::at_warp_exchange && fiber.mask == leader.mask &&
              same_line(fiber.where, leader.where);
    }
    if (!all) continue;
    for (unsigned other = 0; other < lanes; ++other) {
      if (!(mask >> other & 1)) continue;
      brought[first + other] = fibers[first + other]->value;
      fibers[first + other]->state = State::ready;
    }
    released = true;
  }
  return released;
}

/// Runs a warp until no lane can go on by itself.
void Worker::run_warp(unsigned first, unsigned threads, bool backwards) {
  const unsigned lanes = std::min(32u, threads - first);
  do {
    for (unsigned i = 0; i < lanes; ++i) {
      Fiber& fiber = *fibers[first + (backwards ? lanes - 1 - i : i)];
      if (fiber.state == State::ready) fiber.resume();
    }
    backwards = !backwards;
  } while (release_lanes(first, threads));
}

/// Releases a block of which all threads wait at the same barrier. Returns what is wrong if they do not.
std::string Worker::release_block(unsigned threads) {
  const Fiber* waiting = nullptr;
  const Fiber* other = nullptr;
  votes = 0;
  for (unsigned i = 0; i < threads; ++i) {
    const Fiber& fiber = *fibers[i];
    if (fiber.state == State::at_warp_exchange)
      return "a warp exchange at " + line_of(fiber.where) + " waits for lanes of its mask that do not come";
    if (fiber.state == State::at_block_barrier && !waiting) waiting = &fiber;
    if (fiber.state == State::done || (waiting && !same_line(fiber.where, waiting->where))) other = &fiber;
    if (fiber.state == State::at_block_barrier) votes += fiber.value != 0;
  }
  if (waiting && other)
    return "not all threads of a block reach the barrier at " + line_of(waiting->where) +
           (other->state == State::done ? ", some have ended" : ", some wait at " + line_of(other->where));
  if (waiting)
    for (unsigned i = 0; i < threads; ++i) fibers[i]->state = State::ready;
  return {};
}

void Worker::abandon(unsigned threads) {
  abandoned = true;
  for (unsigned i = 0; i < threads; ++i)
    while (fibers[i]->state != State::done) fibers[i]->resume();
  abandoned = false;
}

std::string Worker::run_block(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) fibers[i]->state = State::ready;
  for (bool backwards = false;; backwards = !backwards) {
    for (unsigned first = 0; first < threads; first += 32)
      run_warp(backwards ? (threads - 1) / 32 * 32 - first : first, threads, backwards);
    std::string wrong = release_block(threads);
    if (!wrong.empty()) abandon(threads);
    if (!wrong.empty() || fibers[0]->state == State::done) return wrong;
  }
}

/// The fiber that runs: its place is its base.
Fiber& running() { return const_cast<Fiber&>(static_cast<const Fiber&>(*place)); }

void wait_as(State state, std::uint64_t value, std::source_location where) {
  Fiber& self = running();
  self.state = state;
  self.value = value;
  self.where = where;
  self.yield();
  if (self.worker->abandoned) throw Abandoned{};
}

/// One grid at work: blocks are taken until none is left or one has failed, in order, backwards or scrambled by turns.
struct Work {
  Work(const Grid& a_grid, const std::function<void()>& a_kernel) : grid(a_grid), kernel(a_kernel) {
    static std::atomic<unsigned> grids{0};
    const unsigned turn = grids++ % 3;
    if (turn == 1) stride = blocks() - 1;
    if (turn == 2) stride = std::max<std::uint64_t>(1, blocks() * 5 / 8);
    while (std::gcd(stride, blocks()) != 1) ++stride;
  }
  const Grid& grid;
  const std::function<void()>& kernel;
  std::uint64_t stride = 1;  // from block to block, around the end; no divisor of their number

  std::uint64_t blocks() const { return std::uint64_t{grid.blocks.x} * grid.blocks.y * grid.blocks.z; }
  std::atomic<std::uint64_t> next{0};
  std::mutex mutex;
  std::string wrong;

  bool failed() {
    std::lock_guard lock(mutex);
    return !wrong.empty();
  }
};

void take_blocks(Work& work) {
  thread_local Worker worker;
  const dim3 threads = work.grid.threads, blocks = work.grid.blocks;
  const unsigned count = threads.x * threads.y * threads.z;
  const std::uint64_t all = work.blocks();
  worker.make_fibers(count);
  worker.kernel = &work.kernel;
  const auto shared = std::make_unique_for_overwrite<std::byte[]>(work.grid.shared_bytes);
  for (unsigned i = 0; i < count; ++i) {
    const uint3 index{i % threads.x, i / threads.x % threads.y, i / (threads.x * threads.y)};
    static_cast<Place&>(*worker.fibers[i]) = {index, {}, threads, blocks, i % 32, shared.get()};
  }
  for (std::uint64_t taken = work.next++; taken < all && !work.failed(); taken = work.next++) {
    const std::uint64_t block = (taken + 1) * work.stride % all;
    const uint3 index{static_cast<unsigned>(block % blocks.x), static_cast<unsigned>(block / blocks.x % blocks.y),
                      static_cast<unsigned>(block / blocks.x / blocks.y)};
    for (unsigned i = 0; i < count; ++i) worker.fibers[i]->block = index;
    std::memset(shared.get(), 0xA5, work.grid.shared_bytes);  // nobody may rely on what is there
    std::string wrong = worker.run_block(count);
    if (wrong.empty()) continue;
    std::lock_guard lock(work.mutex);
    work.wrong = wrong;
  }
  place = nullptr;
}

/// Threads that help with blocks; they live as long as the program.
class Helpers {
 public:
  explicit Helpers(unsigned count) {
    for (unsigned i = 0; i < count; ++i) threads_.emplace_back([this] { help(); });
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
    std::unique_lock turn(turn_, std::try_to_lock);
    if (turn && !threads_.empty()) {
      std::lock_guard lock(mutex_);
      work_ = &work;
      busy_ = threads_.size();
      ++round_;
      wake_.notify_all();
    }
    take_blocks(work);
    if (!turn || threads_.empty()) return;
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return busy_ == 0; });
  }

 private:
  void help() {
    std::uint64_t seen = 0;
    for (;;) {
      Work* work = nullptr;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return ending_ || round_ != seen; });
        if (ending_) return;
        seen = round_;
        work = work_;
      }
      take_blocks(*work);
      std::lock_guard lock(mutex_);
      if (--busy_ == 0) done_.notify_all();
    }
  }

  std::mutex turn_, mutex_;
  std::condition_variable wake_, done_;
  std::vector<std::thread> threads_;
  Work* work_ = nullptr;
  std::size_t busy_ = 0;
  std::uint64_t round_ = 0;
  bool ending_ = false;
};

}  // namespace

unsigned block_barrier(bool predicate, std::source_location where) {
  wait_as(State::at_block_barrier, predicate, where);
  return running().worker->votes;
}

const std::uint64_t* warp_exchange(unsigned mask, std::uint64_t value, std::source_location where) {
  Fiber& self = running();
  self.mask = mask;
  wait_as(State::at_warp_exchange, value, where);
  const unsigned linear = self.thread.x + self.threads.x * (self.thread.y + self.threads.y * self.thread.z);
  return self.worker->brought.data() + linear / 32 * 32;
}

std::string run_grid(const Grid& grid, const std::function<void()>& kernel) {
  Work work(grid, kernel);
  if (work.blocks() == 1) {
    take_blocks(work);
  } else {
    static Helpers helpers(std::max(1u, std::thread::hardware_concurrency()) - 1);
    helpers.run(work);
  }
  return work.wrong;
}

}  // namespace carbonfront::emulation
