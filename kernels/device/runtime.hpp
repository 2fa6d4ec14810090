#pragma once
// Owners of what a device gives, and the check of every call. Owners are move-only; whatever works in a stream names it.
// Destructors never throw: they wait for the stream where the memory may still be in use.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "kernels/device/failure.hpp"
#include "kernels/device/platform.hpp"

namespace carbonfront::device {

/// Throws Failure naming the call unless it succeeded.
inline void check(cudaError_t error, const char* call) {
  if (error == cudaSuccess) return;
  cudaGetLastError();
  throw Failure(call, std::string(cudaGetErrorName(error)) + ": " + cudaGetErrorString(error),
                error == cudaErrorMemoryAllocation
                    ? "give the device less at a time with --memory-limit, or use --backend cpu"
                    : "look at the device with nvidia-smi, or use --backend cpu");
}

/// A queue of work on the device that was current when it was made.
class Stream {
 public:
  Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags"); }
  Stream(Stream&& other) noexcept : stream_(std::exchange(other.stream_, nullptr)) {}
  Stream& operator=(Stream&& other) noexcept {
    std::swap(stream_, other.stream_);
    return *this;
  }
  ~Stream() {
    if (stream_) cudaStreamDestroy(stream_);
  }
  cudaStream_t get() const { return stream_; }

  /// Waits until all work so far is done. Throws Failure, also for work that failed.
  void synchronize() const { check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize"); }

 private:
  cudaStream_t stream_ = nullptr;
};

/// A point in a stream.
class Event {
 public:
  Event() { check(cudaEventCreateWithFlags(&event_, cudaEventDefault), "cudaEventCreateWithFlags"); }
  Event(Event&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  Event& operator=(Event&& other) noexcept {
    std::swap(event_, other.event_);
    return *this;
  }
  ~Event() {
    if (event_) cudaEventDestroy(event_);
  }

  /// Marks the end of the stream's work so far.
  void record(const Stream& stream) { check(cudaEventRecord(event_, stream.get()), "cudaEventRecord"); }
  /// Makes the host wait for it.
  void synchronize() const { check(cudaEventSynchronize(event_), "cudaEventSynchronize"); }
  /// Makes a stream wait for it; the host does not.
  void hold(const Stream& stream) const { check(cudaStreamWaitEvent(stream.get(), event_, 0), "cudaStreamWaitEvent"); }
  /// Seconds on the device from `begin` to this; both must be done.
  double seconds_since(const Event& begin) const {
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begin.event_, event_), "cudaEventElapsedTime");
    return milliseconds / 1e3;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

/// Memory of the device, from the stream's pool and given back in the stream's order: free of synchronisation.
/// Uninitialised. The stream must outlive it.
template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  DeviceArray(const Stream& stream, std::size_t size) : stream_(stream.get()), size_(size) {
    if (size == 0) return;
    void* memory = nullptr;
    check(cudaMallocAsync(&memory, size * sizeof(T), stream_), "cudaMallocAsync");
    data_ = static_cast<T*>(memory);
  }
  DeviceArray(DeviceArray&& other) noexcept { swap(other); }
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    DeviceArray old(std::move(*this));
    swap(other);
    return *this;
  }
  ~DeviceArray() {
    if (data_) cudaFreeAsync(data_, stream_);
  }
  T* data() const { return data_; }
  std::size_t size() const { return size_; }
  T* begin() const { return data_; }

 private:
  void swap(DeviceArray& other) {
    std::swap(data_, other.data_);
    std::swap(stream_, other.stream_);
    std::swap(size_, other.size_);
  }
  T* data_ = nullptr;
  cudaStream_t stream_ = nullptr;
  std::size_t size_ = 0;
};

/// Pinned memory of the host, for copies in the named stream. The destructor waits for that stream, which must outlive it.
template <class T>
class PinnedArray {
 public:
  PinnedArray(const Stream& stream, std::size_t size) : stream_(stream.get()), size_(size) {
    if (size == 0) return;
    void* memory = nullptr;
    check(cudaHostAlloc(&memory, size * sizeof(T), cudaHostAllocDefault), "cudaHostAlloc");
    data_ = static_cast<T*>(memory);
  }
  PinnedArray(PinnedArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), stream_(other.stream_), size_(other.size_) {}
  PinnedArray& operator=(PinnedArray&&) = delete;
  ~PinnedArray() {
    if (!data_) return;
    cudaStreamSynchronize(stream_);
    cudaFreeHost(data_);
  }
  T* data() const { return data_; }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  cudaStream_t stream_ = nullptr;
  std::size_t size_ = 0;
};

/// Copies `count` values from pinned memory to the device, in the stream.
template <class T>
void copy_up(const Stream& stream, const T* pinned, T* device, std::size_t count) {
  if (count == 0) return;
  check(cudaMemcpyAsync(device, pinned, count * sizeof(T), cudaMemcpyHostToDevice, stream.get()),
        "cudaMemcpyAsync to the device");
}

/// Copies `count` values from the device to pinned memory, in the stream.
template <class T>
void copy_down(const Stream& stream, const T* device, T* pinned, std::size_t count) {
  if (count == 0) return;
  check(cudaMemcpyAsync(pinned, device, count * sizeof(T), cudaMemcpyDeviceToHost, stream.get()),
        "cudaMemcpyAsync from the device");
}

/// Copies on the device, in the stream.
template <class T>
void copy_across(const Stream& stream, const T* from, T* to, std::size_t count) {
  if (count == 0) return;
  check(cudaMemcpyAsync(to, from, count * sizeof(T), cudaMemcpyDeviceToDevice, stream.get()),
        "cudaMemcpyAsync on the device");
}

/// Sets every byte, in the stream.
template <class T>
void fill_bytes(const Stream& stream, T* device, int byte, std::size_t count) {
  if (count == 0) return;
  check(cudaMemsetAsync(device, byte, count * sizeof(T), stream.get()), "cudaMemsetAsync");
}

/// Reads one value; waits for the stream.
template <class T>
T read_value(const Stream& stream, const T* device) {
  PinnedArray<T> value(stream, 1);
  copy_down(stream, device, value.data(), 1);
  stream.synchronize();
  return value[0];
}

}  // namespace carbonfront::device
