#pragma once
// Runs the blocks of a grid on the host.

#include <cstddef>
#include <functional>
#include <string>

#include "kernels/emulation/counts.hpp"
#include "kernels/emulation/device_side.hpp"

namespace carbonfront::emulation {

struct Grid {
  dim3 blocks, threads;
  std::size_t shared_bytes = 0;  // dynamic shared memory of a block
};

/// Runs `kernel` for every thread of the grid and returns when all are done. Returns what went wrong, empty: nothing. Blocks
/// run on all cores, and start in the order that schedule.hpp says; the threads of a block take turns at barriers, in either
/// direction. Adds to `counts`, unless it is null; blocks that are threads of the host (threads.cpp) add nothing.
std::string run_grid(const Grid& grid, const std::function<void()>& kernel, LaunchCounts* counts);

/// The two steps of fibers.cpp, for the calling thread: to get ready for blocks of a grid, and to run one of them. Returns
/// where its accesses are counted if `counted` points there; what went wrong, empty: nothing.
Counted* begin_blocks(const Grid& grid, const std::function<void()>& kernel, std::byte* shared);
std::string run_block(const Grid& grid, uint3 index);

}  // namespace carbonfront::emulation
