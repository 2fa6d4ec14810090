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
