#pragma once
// What a launch is expected to take on a device, from what was counted of it on the emulated one. Within a factor of two,
// and blind to what is not counted: instructions, registers, bank conflicts, atomics that meet.

#include <string>

#include "kernels/emulation/counts.hpp"

namespace carbonfront::bench {

/// What a device does at best. The defaults are an H200's; clocks are those of one multiprocessor.
struct DeviceModel {
  double multiprocessors = 132, clocks_per_second = 1.75e9;  // NVIDIA H200 data sheet; its clock under load
  double copied_bytes = 4.3e12;  // a second, read + written: 0.9 of the data sheet's 4.8e12, as vector copies reach
  double cache_bytes = 5.5e12;   // a second, of the second-level cache: microbenchmarks of its sibling, the H100
  double shared_bytes = 128;   // a clock: a wavefront, 32 banks of 4 bytes (CUDA Programming Guide, compute capability 9.0)
  double sorted32 = 4 * 50e9;  // keys with values of 4 bytes a second and pass: 50e9 on all 32 bits
  double sorted64 = 8 * 12e9;  // 12e9 on all 64 bits
  double launch = 3e-6;        // seconds from a kernel of a stream to the next, where each does next to nothing
  double wait = 10e-6;         // seconds from the end of the device's work to the host's next launch
  double column_clocks = 24;   // of a warp that searches an open column: 15 wavefronts for masks, 9 for the search
  double mask_column_clocks = 400;  // of a block that builds the prefix masks of a column
  double round = 0.06e-6;           // seconds of a round of peeling: two loads of shared memory, eight ANDs, a barrier
};

/// The defaults, with what a result of gpu_bench (bench/results/*.json) has measured in their place. Throws
/// std::runtime_error.
DeviceModel model_with_ceilings(const std::string& path);

/// The seconds of one launch, device-wide call, copy or fill: launching it, the slowest of what it does side by side (device
/// memory, the second-level cache, shared memory and masks, sorting), and its rounds. Few blocks have as little of the
/// device as they can occupy.
double predicted_seconds(const DeviceModel& model, const emulation::LaunchCounts& launch);

}  // namespace carbonfront::bench
