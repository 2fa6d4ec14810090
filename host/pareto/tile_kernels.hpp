// What tiles do to one another, for the instruction set that is being compiled for: included once by every path, inside its
// namespace, and by nothing else. Vectors are the compiler's own; intrinsics stand where GCC 12 would go lane by lane. Each
// part needs the ones before it.

#include "host/pareto/tile_kernels_vectors.hpp"
//
#include "host/pareto/tile_kernels_sources.hpp"
//
#include "host/pareto/tile_kernels_meet.hpp"
//
#include "host/pareto/tile_kernels_settle.hpp"
//
#include "host/pareto/tile_kernels_counts.hpp"

/// The path of these kernels. Evaluated when it is compiled: nothing of it runs where the instructions may be missing.
constexpr TilePath path_of_these(const char* name, bool (*runs_here)()) {
  return {name,        runs_here, estimate, build, raise, kill, settle, settle_front, find_first_dominators,
          build_count, add_counts};
}
