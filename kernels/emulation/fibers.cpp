// The threads of a block as fibers: they run one after the other from barrier to barrier.

#include <algorithm>
#include <boost/context/fiber.hpp>
#include <boost/context/preallocated.hpp>
#include <cstddef>
#include <memory>
#include <vector>

#include "kernels/emulation/grid.hpp"
#if defined(CARBONFRONT_TELL_ADDRESS_SANITIZER)
#include <sanitizer/common_interface_defs.h>
#endif

namespace carbonfront::emulation {

constinit thread_local const Place* place = nullptr;

namespace {

namespace context = boost::context;

#if defined(CARBONFRONT_TELL_ADDRESS_SANITIZER)
constexpr std::size_t kStackBytes = 512 << 10;
#else
constexpr std::size_t kStackBytes = 64 << 10;
#endif

/// Ends a fiber of a block that cannot go on.
struct Abandoned {};

enum class State { fresh, ready, at_block_barrier, at_warp_exchange, done };

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

/// One thread of a block.
struct Thread : Place {
  State state = State::done;
  unsigned mask = 0;
  std::uint64_t value = 0;
  std::source_location where;
  struct Worker* worker = nullptr;
  struct Fiber* fiber = nullptr;  // that it runs on, from its start to its end
};

/// Where one left off: empty while it runs.
struct Context {
  union {
    context::fiber itself;  // never unwound: nothing on its stack needs an end
  };
#if defined(CARBONFRONT_TELL_ADDRESS_SANITIZER)
  void* fake_stack = nullptr;
  const void* bottom = nullptr;
  std::size_t size = 0;
#endif
  Context() { std::construct_at(&itself); }
  ~Context() {}
};

/// What threads run on, one after the other; it lives from launch to launch and is parked in between.
struct Fiber : Context {
  Worker* worker = nullptr;
  std::unique_ptr<std::byte[]> stack = std::make_unique_for_overwrite<std::byte[]>(kStackBytes);
  [[noreturn]] void serve();
};

/// A core's threads and fibers, and the block that they work on.
struct Worker {
  std::vector<std::unique_ptr<Thread>> threads;
  std::vector<std::unique_ptr<Fiber>> fibers;
  std::vector<Fiber*> idle;
  Context scheduler;
  Context* left = nullptr;  // by whoever goes on now
  const std::function<void()>* kernel = nullptr;
  std::unique_ptr<Counted> counted_here = std::make_unique<Counted>();  // not thread-local memory: that is shared memory
  std::vector<std::uint64_t> brought;                                   // [warps × 32]
  std::vector<Thread*> turn;  // the threads of a warp, in the order in which they run, and which of them is next
  std::size_t at = 0;
  unsigned votes = 0;
  bool abandoned = false;

  void make_threads(unsigned count);
  Fiber* take_fiber();
  void change(Context& here, Context& there);
  void arrive(Context& here, context::fiber from);
  void resume(Thread& thread, Context& here);
  void go_on(Fiber& here);
  Thread* next_of_turn();
  std::string run_block(unsigned count);
  void run_warp(unsigned first, unsigned count, bool backwards);
  bool release_lanes(unsigned first, unsigned count);
  std::string release_block(unsigned count);
  void abandon(unsigned count);
};

/// The thread that runs: its place is its base.
Thread& running() { return const_cast<Thread&>(static_cast<const Thread&>(*place)); }

/// Leaves `here` and goes on where `there` left off, until one comes back.
void Worker::change(Context& here, Context& there) {
  left = &here;
#if defined(CARBONFRONT_TELL_ADDRESS_SANITIZER)
  __sanitizer_start_switch_fiber(&here.fake_stack, there.bottom, there.size);
#endif
  arrive(here, std::move(there.itself).resume());
}

/// Keeps where the one left off from whom `here` was reached.
void Worker::arrive([[maybe_unused]] Context& here, context::fiber from) {
  left->itself = std::move(from);
#if defined(CARBONFRONT_TELL_ADDRESS_SANITIZER)
  __sanitizer_finish_switch_fiber(here.fake_stack, &left->bottom, &left->size);
#endif
}

void Fiber::serve() {
  while (true) {
    try {
      (*worker->kernel)();
    } catch (const Abandoned&) {
    }
    Thread& ended = running();
    ended.state = State::done;
    ended.fiber = nullptr;
    worker->idle.push_back(this);
    worker->go_on(*this);
  }
}

void Worker::make_threads(unsigned count) {
  while (threads.size() < count) {
    threads.push_back(std::make_unique<Thread>());
    threads.back()->worker = this;
  }
  brought.resize((std::size_t{count} + 31) / 32 * 32);
}

Fiber* Worker::take_fiber() {
  if (idle.empty()) {
    fibers.push_back(std::make_unique<Fiber>());
    Fiber* self = fibers.back().get();
    self->worker = this;
#if defined(CARBONFRONT_TELL_ADDRESS_SANITIZER)
    self->bottom = self->stack.get();
    self->size = kStackBytes;
#endif
    StackInPlace stack{self->stack.get()};
    const context::stack_context place_of_stack = stack.allocate();
    self->itself =
        context::fiber(std::allocator_arg, context::preallocated(place_of_stack.sp, place_of_stack.size, place_of_stack),
                       stack, [self](context::fiber&& from) -> context::fiber {
                         self->worker->arrive(*self, std::move(from));
                         self->serve();
                       });
    return self;
  }
  Fiber* fiber = idle.back();
  idle.pop_back();
  return fiber;
}

/// Runs a thread, on a fiber of its own from its start on, until one comes back here.
void Worker::resume(Thread& thread, Context& here) {
  thread.state = State::ready;
  if (!thread.fiber) thread.fiber = take_fiber();
  place = &thread;
  if (thread.fiber != &here) change(here, *thread.fiber);
}

/// The next thread of the turn that can run.
Thread* Worker::next_of_turn() {
  while (!abandoned && at < turn.size()) {
    Thread* thread = turn[at++];
    if (thread->state == State::fresh || thread->state == State::ready) return thread;
  }
  return nullptr;
}

/// Leaves a fiber whose thread waits or has ended for the next thread of the turn, behind the last one for the scheduler. A
/// thread that begins on the fiber of one that ended takes no switch: kernels without barriers so take one a warp.
void Worker::go_on(Fiber& here) {
  if (Thread* next = next_of_turn())
    resume(*next, here);
  else
    change(here, scheduler);
}

bool same_line(const std::source_location& a, const std::source_location& b) {
  return a.line() == b.line() && a.column() == b.column();
}

std::string line_of(const std::source_location& where) {
  return std::string(where.file_name()) + ":" + std::to_string(where.line());
}

/// Releases the lanes of a warp that wait for each other and are all there.
bool Worker::release_lanes(unsigned first, unsigned count) {
  bool released = false;
  const unsigned lanes = std::min(32u, count - first);
  for (unsigned lane = 0; lane < lanes; ++lane) {
    const Thread& leader = *threads[first + lane];
    if (leader.state != State::at_warp_exchange) continue;
    const unsigned mask = lanes < 32 ? leader.mask & ((1u << lanes) - 1) : leader.mask;
    bool all = mask >> lane & 1;
    for (unsigned other = 0; other < lanes; ++other) {
      const Thread& thread = *threads[first + other];
      if (mask >> other & 1)
        all = all && thread.state == State::at_warp_exchange && thread.mask == leader.mask &&
              same_line(thread.where, leader.where);
    }
    if (!all) continue;
    for (unsigned other = 0; other < lanes; ++other) {
      if (!(mask >> other & 1)) continue;
      brought[first + other] = threads[first + other]->value;
      threads[first + other]->state = State::ready;
    }
    released = true;
  }
  return released;
}

/// Runs a warp until no lane can go on by itself.
void Worker::run_warp(unsigned first, unsigned count, bool backwards) {
  const unsigned lanes = std::min(32u, count - first);
  turn.resize(lanes);
  do {
    for (unsigned i = 0; i < lanes; ++i) turn[i] = threads[first + (backwards ? lanes - 1 - i : i)].get();
    at = 0;
    if (Thread* thread = next_of_turn()) resume(*thread, scheduler);
    backwards = !backwards;
  } while (release_lanes(first, count));
}

/// Releases a block of which all threads wait at the same barrier. Returns what is wrong if they do not.
std::string Worker::release_block(unsigned count) {
  const Thread* waiting = nullptr;
  const Thread* other = nullptr;
  votes = 0;
  for (unsigned i = 0; i < count; ++i) {
    const Thread& thread = *threads[i];
    if (thread.state == State::at_warp_exchange)
      return "a warp exchange at " + line_of(thread.where) + " waits for lanes of its mask that do not come";
    if (thread.state == State::at_block_barrier && !waiting) waiting = &thread;
    if (thread.state == State::done || (waiting && !same_line(thread.where, waiting->where))) other = &thread;
    if (thread.state == State::at_block_barrier) votes += thread.value != 0;
  }
  if (waiting && other)
    return "not all threads of a block reach the barrier at " + line_of(waiting->where) +
           (other->state == State::done ? ", some have ended" : ", some wait at " + line_of(other->where));
  if (waiting)
    for (unsigned i = 0; i < count; ++i) threads[i]->state = State::ready;
  return {};
}

void Worker::abandon(unsigned count) {
  abandoned = true;
  for (unsigned i = 0; i < count; ++i)
    while (threads[i]->state != State::done) resume(*threads[i], scheduler);
  abandoned = false;
}

std::string Worker::run_block(unsigned count) {
  for (unsigned i = 0; i < count; ++i) threads[i]->state = State::fresh;
  for (bool backwards = false;; backwards = !backwards) {
    for (unsigned first = 0; first < count; first += 32)
      run_warp(backwards ? (count - 1) / 32 * 32 - first : first, count, backwards);
    std::string wrong = release_block(count);
    if (!wrong.empty()) abandon(count);
    if (!wrong.empty() || threads[0]->state == State::done) return wrong;
  }
}

void wait_as(State state, std::uint64_t value, std::source_location where) {
  Thread& self = running();
  self.state = state;
  self.value = value;
  self.where = where;
  self.worker->go_on(*self.fiber);
  if (self.worker->abandoned) throw Abandoned{};
}

thread_local Worker worker;

}  // namespace

unsigned block_barrier(bool predicate, std::source_location where) {
  wait_as(State::at_block_barrier, predicate, where);
  return running().worker->votes;
}

const std::uint64_t* warp_exchange(unsigned mask, std::uint64_t value, std::source_location where) {
  Thread& self = running();
  self.mask = mask;
  wait_as(State::at_warp_exchange, value, where);
  const unsigned linear = self.thread.x + self.threads.x * (self.thread.y + self.threads.y * self.thread.z);
  return self.worker->brought.data() + linear / 32 * 32;
}

Counted* begin_blocks(const Grid& grid, const std::function<void()>& kernel, std::byte* shared) {
  const unsigned count = grid.threads.x * grid.threads.y * grid.threads.z;
  worker.make_threads(count);
  worker.kernel = &kernel;
  for (unsigned i = 0; i < count; ++i) {
    const dim3 threads = grid.threads;
    const uint3 index{i % threads.x, i / threads.x % threads.y, i / (threads.x * threads.y)};
    static_cast<Place&>(*worker.threads[i]) = {index, {}, threads, grid.blocks, i % 32, shared};
  }
  return worker.counted_here.get();
}

std::string run_block(const Grid& grid, uint3 index) {
  const unsigned count = grid.threads.x * grid.threads.y * grid.threads.z;
  for (unsigned i = 0; i < count; ++i) worker.threads[i]->block = index;
  ++worker.counted_here->block;
  std::string wrong = worker.run_block(count);
  place = nullptr;
  return wrong;
}

}  // namespace carbonfront::emulation
