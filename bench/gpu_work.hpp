#pragma once
// What the GPU benchmark does on the device: ceilings by the device's own clock, and answers from device memory to device
// memory. Plain C++.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "carbonfront/verdict.hpp"

namespace carbonfront::bench {

/// Makes the first usable device current and names it. Throws DeviceError where there is none, with the reason.
std::string take_device();

/// Launches one small kernel and looks at what it wrote: what a profiler or checker that works must get through. Throws
/// DeviceError.
void probe();

/// What the device can do at best, a second. Bytes are those read and those written; a compare is one of the M of a
/// dominance test on ranks in registers; keys are sorted with a value of 4 bytes, on all their bits.
struct Ceilings {
  double copied_bytes = 0, compares = 0, sorted_u32 = 0, sorted_u64 = 0;
};

/// Measures all four, between CUDA events: the best of up to seven. `bytes` are copied and `keys` sorted at a time. Throws
/// DeviceError.
Ceilings measure_ceilings(std::size_t bytes, std::uint32_t keys, std::uint64_t compares_a_thread);

/// A share of the device memory that so many rows need at once.
std::size_t bytes_of_blocks(std::uint32_t rows, std::uint32_t objectives, double share);

/// What one call asked of the device, and where its time went by the name of what was launched.
struct Asked {
  std::uint64_t launches = 0, waits = 0, allocations = 0, pinned = 0;
  struct Line {
    double seconds = 0;
    std::uint64_t times = 0;
  };
  std::map<std::string, Line> by_name;
};

/// Float64 columns in device memory, and answers for them that stay there.
class DeviceWork {
 public:
  /// Takes the columns up: `points` [objectives × rows]. With `as_for_many` few rows go to the kernels for many rows.
  DeviceWork(const std::vector<double>& points, std::uint32_t rows, std::uint32_t objectives, bool as_for_many);
  DeviceWork(DeviceWork&&) = delete;
  ~DeviceWork();

  /// Answers once, and waits for the device: a verdict, or emissions of the three columns, as host/emissions has them.
  void answer(VerdictRequest wanted);
  void emissions();

  /// The same once more, tallied and timed by name.
  Asked trace(const std::function<void()>& work);

  /// What was answered last, in host memory.
  Verdict verdict() const;
  std::vector<double> emitted() const;  // energy, then CO2e

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace carbonfront::bench
