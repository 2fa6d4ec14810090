#pragma once
// Owners of memory, copies and fills. Owners are move-only; whatever works in a stream names it.
// Destructors never throw: they wait for the stream where the memory may still be in use.

#include <cstddef>
#include <cstring>
#include <utility>

#include "kernels/device/trace.hpp"

namespace carbonfront::device {

/// Memory of the device, from the stream's pool and given back in the stream's order: free of synchronisation.
/// Uninitialised. The stream must outlive it.
template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  DeviceArray(const Stream& stream, std::size_t size) : stream_(stream.get()), size_(size) {
    if (size == 0) return;
    void* memory = nullptr;
    ++tally.allocations;
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
    ++tally.pinned;
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
  put(stream, "cudaMemcpyAsync to the device",
      [&] { return cudaMemcpyAsync(device, pinned, count * sizeof(T), cudaMemcpyHostToDevice, stream.get()); });
}

/// Copies `count` values from the device to pinned memory, in the stream.
template <class T>
void copy_down(const Stream& stream, const T* device, T* pinned, std::size_t count) {
  if (count == 0) return;
  put(stream, "cudaMemcpyAsync from the device",
      [&] { return cudaMemcpyAsync(pinned, device, count * sizeof(T), cudaMemcpyDeviceToHost, stream.get()); });
}

/// Copies on the device, in the stream.
template <class T>
void copy_across(const Stream& stream, const T* from, T* to, std::size_t count) {
  if (count == 0) return;
  put(stream, "cudaMemcpyAsync on the device",
      [&] { return cudaMemcpyAsync(to, from, count * sizeof(T), cudaMemcpyDeviceToDevice, stream.get()); });
}

/// Sets every byte, in the stream.
template <class T>
void fill_bytes(const Stream& stream, T* device, int byte, std::size_t count) {
  if (count == 0) return;
  put(stream, "cudaMemsetAsync", [&] { return cudaMemsetAsync(device, byte, count * sizeof(T), stream.get()); });
}

/// Reads values through the stream's own pinned memory, Stream::kWordBytes at most; waits for the stream.
template <class T>
void read_values(const Stream& stream, const T* device, T* to, std::size_t count) {
  if (count * sizeof(T) > Stream::kWordBytes) check(cudaErrorInvalidValue, "read_values");
  T* words = static_cast<T*>(stream.words());
  copy_down(stream, device, words, count);
  stream.synchronize();
  std::memcpy(to, words, count * sizeof(T));
}

/// Reads one value; waits for the stream.
template <class T>
T read_value(const Stream& stream, const T* device) {
  T value;
  read_values(stream, device, &value, 1);
  return value;
}

}  // namespace carbonfront::device
