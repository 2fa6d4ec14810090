#pragma once
// Streams and events, the check of every call, and the tally of what is asked of devices.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "carbonfront/errors.hpp"
#include "kernels/device/platform.hpp"

namespace carbonfront::device {

/// What a call of the runtime, a launch included, that failed ends in.
inline DeviceError device_error(const std::string& call, const std::string& why, const std::string& advice) {
  return {"the device failed in " + call, why, advice};
}

/// Throws DeviceError naming the call unless it succeeded.
inline void check(cudaError_t error, const char* call) {
  if (error == cudaSuccess) return;
  cudaGetLastError();
  throw device_error(call, std::string(cudaGetErrorName(error)) + ": " + cudaGetErrorString(error),
                     error == cudaErrorMemoryAllocation
                         ? "give the device less at a time with --memory-limit, or use --backend cpu"
                         : "look at the device with nvidia-smi, or use --backend cpu");
}

/// What a thread has asked of devices so far. A launch is a kernel of ours or a device-wide call, which may be several
/// kernels; a wait is the host's; allocations come from the stream's pool, pinned ones from the driver.
struct Tally {
  std::uint64_t launches = 0, waits = 0, allocations = 0, pinned = 0;
};
inline thread_local Tally tally;

/// A queue of work on the device that was current when it was made, with a few pinned bytes through which values come down.
class Stream {
 public:
  static constexpr std::size_t kWordBytes = 512;

  Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags"); }
  Stream(Stream&& other) noexcept
      : stream_(std::exchange(other.stream_, nullptr)), words_(std::exchange(other.words_, nullptr)) {}
  Stream& operator=(Stream&& other) noexcept {
    std::swap(stream_, other.stream_);
    std::swap(words_, other.words_);
    return *this;
  }
  ~Stream() {
    if (words_) {
      cudaStreamSynchronize(stream_);
      cudaFreeHost(words_);
    }
    if (stream_) cudaStreamDestroy(stream_);
  }
  cudaStream_t get() const { return stream_; }

  /// Waits until all work so far is done. Throws DeviceError, also for work that failed.
  void synchronize() const {
    ++tally.waits;
    check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  }

  /// The stream's own pinned memory, kWordBytes; taken when it is first asked for. One thread at a time.
  void* words() const {
    if (words_) return words_;
    ++tally.pinned;
    check(cudaHostAlloc(&words_, kWordBytes, cudaHostAllocDefault), "cudaHostAlloc");
    return words_;
  }

 private:
  cudaStream_t stream_ = nullptr;
  mutable void* words_ = nullptr;
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
  void synchronize() const {
    ++tally.waits;
    check(cudaEventSynchronize(event_), "cudaEventSynchronize");
  }
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

}  // namespace carbonfront::device
