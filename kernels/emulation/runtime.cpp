#include "kernels/emulation/runtime.hpp"

#include <chrono>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "kernels/emulation/grid.hpp"

namespace carbonfront::emulation {

struct StreamState {
  int device;
  std::deque<std::function<void()>> work;
  std::uint64_t taken = 0;  // done or under way

  std::uint64_t end() const { return taken + work.size(); }
};

struct EventState {
  StreamState* stream = nullptr;
  std::uint64_t after = 0;  // the stream's work up to here
  std::shared_ptr<double> seconds = std::make_shared<double>(0);
};

namespace {

constexpr int kPinned = -1;
struct Allocation {
  std::unique_ptr<std::byte[]> memory;
  std::size_t bytes;
  int place;  // device, or kPinned
};

std::uint64_t number_in_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// All of the emulated machine. One lock: calls are short, and work runs outside of it.
struct Machine {
  std::mutex mutex;
  int devices = static_cast<int>(number_in_environment("CARBONFRONT_EMULATED_DEVICES", 1));
  std::size_t device_bytes = number_in_environment("CARBONFRONT_EMULATED_MEMORY", std::size_t{1} << 32);
  int first_capability = static_cast<int>(number_in_environment("CARBONFRONT_EMULATED_CAPABILITY", 90));
  std::uint64_t bytes_up = 0;
  std::uint64_t calls = 0, failing = number_in_environment("CARBONFRONT_EMULATED_FAULT", 0);
  std::map<const std::byte*, Allocation> allocations;
  std::map<int, std::size_t> used;
  std::set<StreamState*> streams;
  std::set<EventState*> events;
  std::string wrong;  // a kernel failed: all calls fail from now on, as on a device
};

Machine& machine() {
  static Machine one;
  return one;
}

thread_local int current_device = 0;
thread_local cudaError_t last_error = cudaSuccess;

cudaError_t result(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

/// Counts a call. The one that is to fail gives `error`, and so does every call after a kernel that failed.
cudaError_t begin_call(Machine& m, cudaError_t error) {
  if (++m.calls == m.failing) return error;
  return m.wrong.empty() ? cudaSuccess : cudaErrorLaunchFailure;
}

/// Runs a stream's work up to `end`.
void run_until(StreamState& stream, std::uint64_t end) {
  while (stream.taken < end && !stream.work.empty()) {
    std::function<void()> work = std::move(stream.work.front());
    stream.work.pop_front();
    ++stream.taken;
    work();
  }
}

/// Tells whether [at, at + bytes) lies in one allocation of the place.
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
  auto block = std::make_unique_for_overwrite<std::byte[]>(bytes);
  std::memset(block.get(), 0xA5, bytes);
  m.used[where] += bytes;
  *memory = block.get();
  const std::byte* key = block.get();
  m.allocations[key] = {std::move(block), bytes, where};
  return cudaSuccess;
}

void release(const void* memory) {
  Machine& m = machine();
  std::lock_guard lock(m.mutex);
  const auto found = m.allocations.find(static_cast<const std::byte*>(memory));
  if (found == m.allocations.end()) std::abort();  // freed twice, or never allocated
  m.used[found->second.place] -= found->second.bytes;
  m.allocations.erase(found);
}

/// Counts a call that puts work into a stream, and puts it there.
cudaError_t put(cudaStream_t stream, cudaError_t error_if_failing, std::function<void()> work) {
  Machine& m = machine();
  std::lock_guard lock(m.mutex);
  if (const cudaError_t error = begin_call(m, error_if_failing)) return result(error);
  stream->work.push_back(std::move(work));
  return cudaSuccess;
}

}  // namespace

cudaError_t launch(dim3 blocks, dim3 threads, std::size_t shared_bytes, cudaStream_t stream, std::function<void()> kernel) {
  const std::uint64_t count = std::uint64_t{threads.x} * threads.y * threads.z;
  const bool possible = blocks.x > 0 && blocks.x < 1u << 31 && blocks.y > 0 && blocks.y < 1u << 16 && blocks.z > 0 &&
                        blocks.z < 1u << 16 && count > 0 && count <= 1024 && count % 32 == 0 && shared_bytes <= 227 << 10;
  if (!possible) return result(cudaErrorInvalidConfiguration);
  return put(stream, cudaErrorLaunchFailure, [grid = Grid{blocks, threads, shared_bytes}, kernel = std::move(kernel)] {
    const std::string wrong = run_grid(grid, kernel);
    std::lock_guard lock(machine().mutex);
    if (machine().wrong.empty()) machine().wrong = wrong;
  });
}

cudaError_t enqueue(cudaStream_t stream, std::function<void()> work) {
  return put(stream, cudaErrorUnknown, std::move(work));
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

std::uint64_t live_objects() {
  std::lock_guard lock(machine().mutex);
  return machine().allocations.size() + machine().streams.size() + machine().events.size();
}

void set_devices(int count, std::size_t bytes_each) {
  std::lock_guard lock(machine().mutex);
  machine().devices = count;
  machine().device_bytes = bytes_each;
}

}  // namespace carbonfront::emulation

using namespace carbonfront::emulation;

cudaError_t cudaGetDeviceCount(int* count) {
  std::lock_guard lock(machine().mutex);
  if (const cudaError_t error = begin_call(machine(), cudaErrorUnknown)) return result(error);
  if (machine().devices == 0) return result(cudaErrorNoDevice);
  *count = machine().devices;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  std::lock_guard lock(machine().mutex);
  if (const cudaError_t error = begin_call(machine(), cudaErrorUnknown)) return result(error);
  if (device < 0 || device >= machine().devices) return result(cudaErrorInvalidDevice);
  current_device = device;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  std::lock_guard lock(machine().mutex);
  *device = current_device;
  return result(begin_call(machine(), cudaErrorUnknown));
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  std::lock_guard lock(machine().mutex);
  if (const cudaError_t error = begin_call(machine(), cudaErrorUnknown)) return result(error);
  if (device < 0 || device >= machine().devices) return result(cudaErrorInvalidDevice);
  const int capability = device == 0 ? machine().first_capability : 90;
  *properties = {"emulated device", machine().device_bytes, 4, capability / 10, capability % 10};
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  std::lock_guard lock(machine().mutex);
  if (const cudaError_t error = begin_call(machine(), cudaErrorUnknown)) return result(error);
  *total = machine().device_bytes;
  *free = machine().device_bytes - machine().used[current_device];
  return cudaSuccess;
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int) {
  std::lock_guard lock(machine().mutex);
  *pool = nullptr;
  return result(begin_call(machine(), cudaErrorUnknown));
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) {
  std::lock_guard lock(machine().mutex);
  return result(begin_call(machine(), cudaErrorUnknown));
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, std::size_t) {
  std::lock_guard lock(machine().mutex);
  return result(begin_call(machine(), cudaErrorUnknown));
}

cudaError_t cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t stream) {
  std::vector<StreamState*> giving_back;  // as the pool does before it says that there is no memory
  {
    std::lock_guard lock(machine().mutex);
    if (machine().used[stream->device] + bytes > machine().device_bytes)
      for (StreamState* other : machine().streams)
        if (other->device == stream->device) giving_back.push_back(other);
  }
  for (StreamState* other : giving_back) run_until(*other, other->end());
  return allocate(memory, bytes, stream->device);
}

cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
  std::lock_guard lock(machine().mutex);
  stream->work.push_back([memory] { release(memory); });
  return cudaSuccess;
}

cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned) { return allocate(memory, bytes, kPinned); }

cudaError_t cudaFreeHost(void* memory) {
  release(memory);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  {
    std::lock_guard lock(machine().mutex);
    const int device = stream->device;
    if (!lies_in(machine(), to, bytes, kind == cudaMemcpyDeviceToHost ? kPinned : device) ||
        !lies_in(machine(), from, bytes, kind == cudaMemcpyHostToDevice ? kPinned : device))
      return result(cudaErrorInvalidValue);
    if (kind == cudaMemcpyHostToDevice) machine().bytes_up += bytes;
  }
  return put(stream, cudaErrorUnknown, [=] { std::memcpy(to, from, bytes); });
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  {
    std::lock_guard lock(machine().mutex);
    if (!lies_in(machine(), memory, bytes, stream->device)) return result(cudaErrorInvalidValue);
  }
  return put(stream, cudaErrorUnknown, [=] { std::memset(memory, value, bytes); });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  std::lock_guard lock(machine().mutex);
  if (const cudaError_t error = begin_call(machine(), cudaErrorUnknown)) return result(error);
  *stream = new StreamState{current_device, {}};
  machine().streams.insert(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  run_until(*stream, stream->end());
  std::lock_guard lock(machine().mutex);
  for (EventState* event : machine().events)
    if (event->stream == stream) event->stream = nullptr;
  machine().streams.erase(stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  {
    std::lock_guard lock(machine().mutex);
    if (const cudaError_t error = begin_call(machine(), cudaErrorUnknown)) return result(error);
  }
  run_until(*stream, stream->end());
  std::lock_guard lock(machine().mutex);
  return result(machine().wrong.empty() ? cudaSuccess : cudaErrorLaunchFailure);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  StreamState* other = event->stream;
  const std::uint64_t after = event->after;
  return put(stream, cudaErrorUnknown, [=] {
    bool waits = other && other != stream;
    {
      std::lock_guard lock(machine().mutex);
      waits = waits && machine().streams.count(other) > 0;  // else it is destroyed, and was done before
    }
    if (waits) run_until(*other, after);
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  std::lock_guard lock(machine().mutex);
  if (const cudaError_t error = begin_call(machine(), cudaErrorUnknown)) return result(error);
  *event = new EventState;
  machine().events.insert(*event);
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  std::lock_guard lock(machine().mutex);
  machine().events.erase(event);
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const auto seconds = event->seconds = std::make_shared<double>(0);
  const cudaError_t error = put(stream, cudaErrorUnknown, [seconds] {
    *seconds = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  });
  if (error != cudaSuccess) return error;
  event->stream = stream;
  event->after = stream->end();
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  {
    std::lock_guard lock(machine().mutex);
    if (const cudaError_t error = begin_call(machine(), cudaErrorUnknown)) return result(error);
  }
  if (event->stream) run_until(*event->stream, event->after);
  std::lock_guard lock(machine().mutex);
  return result(machine().wrong.empty() ? cudaSuccess : cudaErrorLaunchFailure);
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  std::lock_guard lock(machine().mutex);
  if (const cudaError_t error = begin_call(machine(), cudaErrorUnknown)) return result(error);
  *milliseconds = static_cast<float>(1e3 * (*end->seconds - *begin->seconds));
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = last_error;
  last_error = cudaSuccess;
  return error;
}

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorLaunchFailure:
      return "cudaErrorLaunchFailure";
    default:
      return "cudaErrorUnknown";
  }
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorNoDevice:
      return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorLaunchFailure:
      return machine().wrong.empty() ? "unspecified launch failure" : machine().wrong.c_str();
    default:
      return cudaGetErrorName(error);
  }
}
