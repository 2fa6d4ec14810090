#pragma once
// Runs the blocks of a grid on the host.

#include <cstddef>
#include <functional>
#include <string>

#include "kernels/emulation/device_side.hpp"

namespace carbonfront::emulation {

struct Grid {
  dim3 blocks, threads;
  std::size_t shared_bytes = 0;  // dynamic shared memory of a block
};

/// Runs `kernel` for every thread of the grid and returns when all are done. Returns what went wrong, empty: nothing. Blocks
/// run on all cores, in no order that kernels may rely on; the threads of a block take turns at barriers, in either direction.
std::string run_grid(const Grid& grid, const std::function<void()>& kernel);

}  // namespace carbonfront::emulation
