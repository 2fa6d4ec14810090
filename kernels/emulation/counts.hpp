#pragma once
// What is done on the emulated device, counted while somebody wants to know: what kernels say of themselves
// (kernels/device/work.hpp), and, in the library whose kernels are compiled for it, every access to memory.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace carbonfront::emulation {

inline constexpr std::size_t kCounters = 16;
inline constexpr std::uint64_t kSectorBytes = 32;  // of device memory: the least that a cache asks for

/// Accesses to memory. A sector counts once where it is read and once where it is written.
struct Traffic {
  std::uint64_t read = 0, written = 0;  // bytes of device memory, as threads ask for them
  std::uint64_t block_sectors = 0;      // of each block's own, however often it comes back: past a first-level cache
  std::uint64_t launch_sectors = 0;     // of the launch's: past a second-level cache that holds all of them
  std::uint64_t shared = 0;             // bytes of shared memory, read and written
  std::uint64_t atomics = 0;            // on device memory; their bytes are read and written, too

  Traffic& operator+=(const Traffic& other);
};

/// A launch, a device-wide call, a copy or a fill.
struct LaunchCounts {
  const char* name = "";                  // a literal
  std::uint64_t kernels = 1, blocks = 0;  // no blocks: as many as the device likes
  Traffic traffic;
  std::uint64_t sorted32 = 0, sorted64 = 0;     // keys of a radix sort, each once a pass
  std::array<std::uint64_t, kCounters> work{};  // by device::Work
};

/// Counts what the emulated machine does while this lives; one at a time. Work that was put into a stream before, and is
/// done while this lives, counts, too.
class Counting {
 public:
  Counting();
  Counting(Counting&&) = delete;
  ~Counting();

  /// What was done so far, in the order in which it ended.
  std::vector<LaunchCounts> launches() const;
};

/// Tells whether somebody counts, and hands over what was done. For the emulated machine.
bool is_counting();
void keep_counts(const LaunchCounts& counts);

/// What a worker counts of the launch that it works on.
struct Counted {
  std::array<std::uint64_t, kCounters> sums{}, most{};
  Traffic traffic;
  std::uint32_t launch = 0, block = 0;  // numbers, from 1, of the launch and of the worker's block
  const std::byte* shared = nullptr;    // dynamic shared memory of the block
  std::size_t shared_bytes = 0;

  /// Begins a launch.
  void begin(std::uint32_t number, const std::byte* shared_memory, std::size_t bytes);
  /// Adds what was counted to a launch; of `most` the largest is kept there until end_launch() adds it to the sums.
  void add_to(LaunchCounts& counts, std::array<std::uint64_t, kCounters>& largest) const;
};

/// The number of the next launch that is counted, from 1.
std::uint32_t next_counted_launch();

/// Of the worker's launch; null: nobody counts.
extern constinit thread_local Counted* counted;

}  // namespace carbonfront::emulation
