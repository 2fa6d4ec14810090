#pragma once
// The state of the emulated machine, and what the calls of CUDA's interface are made of.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "kernels/emulation/memory.hpp"
#include "kernels/emulation/runtime.hpp"

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

inline constexpr int kPinned = -1;

/// Gives memory back to where it was taken.
struct GiveBack {
  std::size_t device_bytes = 0;  // 0: of the host
  void operator()(std::byte* memory) const { device_bytes > 0 ? give_device_memory(memory, device_bytes) : delete[] memory; }
};

struct Allocation {
  std::unique_ptr<std::byte[], GiveBack> memory;
  std::size_t bytes;
  int place;    // device, or kPinned
  int machine;  // number of the machine that it was taken of
};

inline std::uint64_t number_in_environment(const char* name, std::uint64_t otherwise) {
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
  std::map<int, std::size_t> used, reserved;  // of a device's pool: given out, and kept
  std::uint64_t growths = 0;
  int number = 0;  // of the machine, where others were before
  std::set<StreamState*> streams;
  std::set<EventState*> events;
  std::string wrong;  // a kernel failed: all calls fail from now on, as on a device
};

Machine& machine();

extern constinit thread_local int current_device;
extern constinit thread_local cudaError_t last_error;

/// Keeps an error as the thread's last one, and gives it back.
cudaError_t result(cudaError_t error);

/// Counts a call. The one that is to fail gives `error`, and so does every call after a kernel that failed. Under the lock.
cudaError_t begin_call(Machine& m, cudaError_t error);

/// Runs a stream's work up to `end`, outside of the lock.
void run_until(StreamState& stream, std::uint64_t end);

/// Tells whether [at, at + bytes) lies in one allocation of the place. Under the lock.
bool lies_in(Machine& m, const void* at, std::size_t bytes, int where);

/// Takes memory filled with rubbish, at a place; gives it back, or ends the program where it was not taken. Both take the
/// lock.
cudaError_t allocate(void** memory, std::size_t bytes, int where);
void release(const void* memory);

/// Counts a call that puts work into a stream, and puts it there. Takes the lock.
cudaError_t put(cudaStream_t stream, cudaError_t error_if_failing, std::function<void()> work);

}  // namespace carbonfront::emulation
