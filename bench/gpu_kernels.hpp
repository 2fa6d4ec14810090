#pragma once
// What the GPU benchmark times on the device, by the device's own clock: ceilings, and kernels one by one. Plain C++.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace carbonfront::bench {

/// Repeated until `most` times or `seconds` in all, at least once after a warm-up.
struct Repeat {
  int most = 7;
  double seconds = 2;
};

/// Seconds on the device, between CUDA events.
struct Times {
  double median = 0, least = 0, most = 0;
  int repetitions = 0;
};

/// What the device can do at best, a second. Bytes are those read and those written; a compare is one of the M of a
/// dominance test on ranks in registers; keys are sorted with a value of 4 bytes, on all their bits.
struct Ceilings {
  double copied_bytes = 0, compares = 0, sorted_u32 = 0, sorted_u64 = 0;
};

/// Measures all four. `bytes` are copied and `keys` sorted at a time. Throws device::Failure.
Ceilings measure_ceilings(std::size_t bytes, std::uint32_t keys, std::uint64_t compares_a_thread, Repeat repeat);

/// What a kernel must at least do; its bound is the longest of the four at the ceilings.
struct Work {
  double bytes = 0, compares = 0, sorted_u32 = 0, sorted_u64 = 0;
};

/// Points [objectives × rows] as float64 in device memory, with their order and front.
class PointsOnDevice {
 public:
  PointsOnDevice(const double* points, std::uint32_t rows, std::uint32_t objectives);
  PointsOnDevice(PointsOnDevice&&) = delete;
  ~PointsOnDevice();
  std::uint32_t front_rows() const;

  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// One way to one answer, for so many objectives at most. What it must at least do leaves out what depends on the points:
/// it is expected to take at most `slower` times its bound, and 20 times what all pairs do where it compares them.
struct Kernel {
  const char* task;
  const char* method;
  Work (*least)(double rows, double objectives, double front);
  Times (*time)(PointsOnDevice& points, Repeat repeat);
  double slower = 20;
  std::uint32_t most_objectives = 32;
  bool all_pairs = false;
};

/// All kernels on points. A faster kernel gets a line in this list.
const std::vector<Kernel>& kernels();

/// Times emissions of `rows` rows of three columns in device memory: 24 bytes read and 16 written a row.
Times time_emissions(std::uint64_t rows, Repeat repeat);

/// Makes the first usable device current and names it. Throws device::Failure where there is none, with the reason.
std::string take_device();

}  // namespace carbonfront::bench
