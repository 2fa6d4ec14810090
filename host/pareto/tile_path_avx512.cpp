#include "host/clones.hpp"
#include "host/pareto/tile_path.hpp"

#if defined(CARBONFRONT_TILE_PATHS)

#include <immintrin.h>

// The compiler's own header leaves vectors undefined on purpose, and GCC 12 warns of them (its bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,bmi,bmi2,lzcnt,popcnt")
#define CARBONFRONT_PATH_AVX512

namespace carbonfront {
namespace {
#include "host/pareto/tile_kernels.hpp"
}  // namespace
}  // namespace carbonfront

#pragma GCC pop_options

namespace carbonfront {

constinit const TilePath kTilePathAvx512 = path_of_these("AVX-512", [] {
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("bmi2");
});

}  // namespace carbonfront

#endif
