#pragma once
// What a launch is expected to take on a device, from what was counted of it on the emulated one. Within a factor of two,
// and blind to what is not counted: instructions, registers, bank conflicts, atomics that meet.

#include <string>

#include "kernels/emulation/counts.hpp"

namespace carbonfront::bench {

/// What a device does at best. The defaults are an H200's; clocks are those of one multiprocessor. What comes from no data
/// sheet is an assumption of the simulations that the kernels were designed by, and nothing has been measured yet.
struct DeviceModel {
  double multiprocessors = 132;       // NVIDIA H200 data sheet
  double clocks_per_second = 1.75e9;  // assumed under load; 1.98e9 at most
  double copied_bytes = 4.3e12;       // a second, read + written, by vector accesses: 0.9 of the data sheet's 4.8e12
  double cache_bytes = 5.5e12;        // a second, of the second-level cache; assumed
  double wavefront_bytes = 128;       // a clock: 32 lanes of 4 bytes, of shared memory or a first-level cache (CUDA C++
                                      // Programming Guide, compute capability 9.0); without conflicts of banks
  double sorted32 = 4 * 50e9;  // keys with values of 4 bytes, a second and pass: 50e9 a second on all 32 bits; assumed
  double sorted64 = 8 * 12e9;  // 12e9 a second on all 64 bits; assumed
  double launch = 3e-6;        // seconds from a kernel of a stream to the next, where each does next to nothing; assumed
  double wait = 10e-6;         // seconds from the end of the device's work to the host's next launch; assumed
  double column_clocks = 24;   // of a warp that searches an open column: 15 wavefronts for masks, 9 for the search,
                               // conflicts of banks among them, counted in simulations of 8 objectives
  double mask_column_clocks = 400;  // of a block that builds the prefix masks of a column; assumed
  double round = 0.06e-6;           // seconds of a round of peeling: 100 clocks for two loads of shared memory, eight ANDs,
                                    // a ballot and a barrier; assumed
};

/// The defaults, with what a result of gpu_bench (bench/results/*.json) has measured in their place. Throws
/// std::runtime_error.
DeviceModel model_with_ceilings(const std::string& path);

/// The seconds of one launch, device-wide call, copy or fill: launching it, the slowest of what it does side by side (device
/// memory, the second-level cache, accesses or masks on the multiprocessors, sorting), and its rounds. Few blocks have as
/// little of the device as they can occupy.
double predicted_seconds(const DeviceModel& model, const emulation::LaunchCounts& launch);

}  // namespace carbonfront::bench
