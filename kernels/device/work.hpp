#pragma once
// Counters of what kernels do: on the emulated device alone; on a device they are nothing at all.

#include "kernels/device/platform.hpp"

namespace carbonfront::device {

/// What is counted. A *pair* is a tile of sources and one of queries; a *warp item* 32 rows of a tile of queries, one of
/// which is alive, against a tile of sources.
enum class Work : unsigned {
  pairs_none,       // whose boxes say that no source is below a query
  pairs_all,        // whose boxes say that every source is below every query
  pairs_undecided,  // and looked at
  warp_items,
  lanes,         // rows alive in warp items
  open_columns,  // columns that warp items search
  mask_builds,   // tiles of sources whose prefix masks are built, again for every stripe of queries
  mask_columns,  // columns of them
  levels,        // of tiles that wait for none
  rounds,        // in which a tile peels its own rows: of a launch the most, summed over launches
  count
};

/// Adds to a counter, from one thread.
__device__ inline void count_work([[maybe_unused]] Work what, [[maybe_unused]] unsigned amount = 1) {
#if !defined(__CUDACC__)
  if (emulation::counted) emulation::counted->sums[static_cast<unsigned>(what)] += amount;
#endif
}

/// Takes part in the largest amount of a launch, which is added to the counter when the launch ends.
__device__ inline void count_most([[maybe_unused]] Work what, [[maybe_unused]] unsigned amount) {
#if !defined(__CUDACC__)
  if (!emulation::counted) return;
  std::uint64_t& most = emulation::counted->most[static_cast<unsigned>(what)];
  if (most < amount) most = amount;
#endif
}

#if !defined(__CUDACC__)
static_assert(static_cast<std::size_t>(Work::count) <= emulation::kCounters);
#endif

}  // namespace carbonfront::device
