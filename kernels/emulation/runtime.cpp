// CUDA's calls, by their own names, on the emulated machine.

#include "kernels/emulation/runtime.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "kernels/emulation/machine.hpp"

using namespace carbonfront::emulation;

namespace {

/// The device's side of a copy.
LaunchCounts counts_of_copy(cudaMemcpyKind kind, std::uint64_t bytes) {
  const std::uint64_t read = kind == cudaMemcpyHostToDevice ? 0 : bytes,
                      written = kind == cudaMemcpyDeviceToHost ? 0 : bytes;
  const std::uint64_t sectors = (read + written + kSectorBytes - 1) / kSectorBytes;
  const char* name = kind == cudaMemcpyHostToDevice   ? "cudaMemcpyAsync to the device"
                     : kind == cudaMemcpyDeviceToHost ? "cudaMemcpyAsync from the device"
                                                      : "cudaMemcpyAsync on the device";
  return {name, 1, 0, {read, written, sectors, sectors, 0, 0}, 0, 0, {}};
}

}  // namespace

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

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int device) {
  std::lock_guard lock(machine().mutex);
  if (const cudaError_t error = begin_call(machine(), cudaErrorUnknown)) return result(error);
  if (device < 0 || device >= machine().devices) return result(cudaErrorInvalidDevice);
  *value = device > 0 || machine().first_capability >= 90 ? 227 << 10 : 99 << 10;
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  std::lock_guard lock(machine().mutex);
  if (const cudaError_t error = begin_call(machine(), cudaErrorUnknown)) return result(error);
  *total = machine().device_bytes;
  *free = machine().device_bytes - std::min(machine().device_bytes, machine().reserved[current_device]);
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

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t, cudaMemPoolAttr attribute, void* value) {
  std::lock_guard lock(machine().mutex);
  const bool used = attribute == cudaMemPoolAttrUsedMemCurrent;
  const std::uint64_t bytes = (used ? machine().used : machine().reserved)[current_device];
  std::memcpy(value, &bytes, sizeof bytes);
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
  return enqueue(
      stream, [=] { std::memcpy(to, from, bytes); }, [=] { return counts_of_copy(kind, bytes); });
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  {
    std::lock_guard lock(machine().mutex);
    if (!lies_in(machine(), memory, bytes, stream->device)) return result(cudaErrorInvalidValue);
  }
  return enqueue(
      stream, [=] { std::memset(memory, value, bytes); },
      [=] {
        const std::uint64_t sectors = (bytes + kSectorBytes - 1) / kSectorBytes;
        return LaunchCounts{"cudaMemsetAsync", 1, 0, {0, bytes, sectors, sectors, 0, 0}, 0, 0, {}};
      });
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
