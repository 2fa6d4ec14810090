#include "kernels/emulation/machine.hpp"

#include <cstring>

#include "kernels/emulation/grid.hpp"

namespace carbonfront::emulation {

Machine& machine() {
  static Machine one;
  return one;
}

constinit thread_local int current_device = 0;
constinit thread_local cudaError_t last_error = cudaSuccess;

cudaError_t result(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

cudaError_t begin_call(Machine& m, cudaError_t error) {
  if (++m.calls == m.failing) return error;
  return m.wrong.empty() ? cudaSuccess : cudaErrorLaunchFailure;
}

void run_until(StreamState& stream, std::uint64_t end) {
  while (stream.taken < end && !stream.work.empty()) {
    std::function<void()> work = std::move(stream.work.front());
    stream.work.pop_front();
    ++stream.taken;
    work();
  }
}

bool lies_in(Machine& m, const void* at, std::size_t bytes, int where) {
  const std::byte* begin = static_cast<const std::byte*>(at);
  auto found = m.allocations.upper_bound(begin);
  if (found == m.allocations.begin()) return bytes == 0;
  --found;
  return found->second.place == where && begin + bytes <= found->first + found->second.bytes;
}

cudaError_t allocate(void** memory, std::size_t bytes, int where) {
  Machine& m = machine();
  std::lock_guard lock(m.mutex);
  if (const cudaError_t error = begin_call(m, cudaErrorMemoryAllocation)) return result(error);
  if (where != kPinned && m.used[where] + bytes > m.device_bytes) return result(cudaErrorMemoryAllocation);
  const bool of_device = where != kPinned && bytes > 0;
  std::unique_ptr<std::byte[], GiveBack> block(of_device ? take_device_memory(bytes) : new std::byte[bytes],
                                               {of_device ? bytes : 0});
  std::memset(block.get(), 0xA5, bytes);
  m.used[where] += bytes;
  if (where != kPinned && m.used[where] > m.reserved[where]) {
    m.reserved[where] = m.used[where];
    ++m.growths;
  }
  *memory = block.get();
  const std::byte* key = block.get();
  m.allocations[key] = {std::move(block), bytes, where, m.number};
  return cudaSuccess;
}

void release(const void* memory) {
  Machine& m = machine();
  std::lock_guard lock(m.mutex);
  const auto found = m.allocations.find(static_cast<const std::byte*>(memory));
  if (found == m.allocations.end()) std::abort();  // freed twice, or never allocated
  if (found->second.machine == m.number) m.used[found->second.place] -= found->second.bytes;
  m.allocations.erase(found);
}

cudaError_t put(cudaStream_t stream, cudaError_t error_if_failing, std::function<void()> work) {
  Machine& m = machine();
  std::lock_guard lock(m.mutex);
  if (const cudaError_t error = begin_call(m, error_if_failing)) return result(error);
  stream->work.push_back(std::move(work));
  return cudaSuccess;
}

cudaError_t launch(const char* name, dim3 blocks, dim3 threads, std::size_t shared_bytes, cudaStream_t stream,
                   std::function<void()> kernel) {
  const std::uint64_t count = std::uint64_t{threads.x} * threads.y * threads.z;
  const bool possible = blocks.x > 0 && blocks.x < 1u << 31 && blocks.y > 0 && blocks.y < 1u << 16 && blocks.z > 0 &&
                        blocks.z < 1u << 16 && count > 0 && count <= 1024 && count % 32 == 0 && shared_bytes <= 227 << 10;
  if (!possible) return result(cudaErrorInvalidConfiguration);
  return put(stream, cudaErrorLaunchFailure, [name, grid = Grid{blocks, threads, shared_bytes}, kernel = std::move(kernel)] {
    LaunchCounts counts{name, 1, std::uint64_t{grid.blocks.x} * grid.blocks.y * grid.blocks.z, {}, 0, 0, {}};
    const bool counts_wanted = is_counting();
    const std::string wrong = run_grid(grid, kernel, counts_wanted ? &counts : nullptr);
    if (counts_wanted) keep_counts(counts);
    std::lock_guard lock(machine().mutex);
    if (machine().wrong.empty()) machine().wrong = wrong;
  });
}

cudaError_t enqueue(cudaStream_t stream, std::function<void()> work, std::function<LaunchCounts()> counts) {
  return put(stream, cudaErrorUnknown, [work = std::move(work), counts = std::move(counts)] {
    const bool counts_wanted = is_counting();
    if (counts_wanted) keep_counts(counts());  // before the work: it may be in place
    work();
  });
}

void fail_call(std::uint64_t number) {
  std::lock_guard lock(machine().mutex);
  machine().calls = 0;
  machine().failing = number;
  machine().wrong.clear();
  last_error = cudaSuccess;
}

std::uint64_t calls() {
  std::lock_guard lock(machine().mutex);
  return machine().calls;
}

std::uint64_t bytes_up() {
  std::lock_guard lock(machine().mutex);
  return machine().bytes_up;
}

std::uint64_t pool_growths() {
  std::lock_guard lock(machine().mutex);
  return machine().growths;
}

std::uint64_t live_objects() {
  std::lock_guard lock(machine().mutex);
  return machine().allocations.size() + machine().streams.size() + machine().events.size();
}

void set_devices(int count, std::size_t bytes_each) {
  std::lock_guard lock(machine().mutex);
  machine().devices = count;
  machine().device_bytes = bytes_each;
  machine().used.clear();
  machine().reserved.clear();
  ++machine().number;
}

}  // namespace carbonfront::emulation
