#pragma once
// Reductions and scans of a warp and of a block. All threads of the block call them; blocks are whole warps.

#include "kernels/device/launch.hpp"

namespace carbonfront::device {

inline constexpr unsigned kAllLanes = ~0u;

struct Sum {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};
struct Least {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};
struct Most {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};
struct AnyBit {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a | b;
  }
};

/// Combines the values of a warp. Every lane gets the result.
template <class T, class Combine>
__device__ T reduce_warp(T value, Combine combine) {
  for (int with = 16; with > 0; with /= 2) value = combine(value, __shfl_xor_sync(kAllLanes, value, with));
  return value;
}

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800  // words by one instruction
__device__ inline unsigned reduce_warp(unsigned value, Sum) { return __reduce_add_sync(kAllLanes, value); }
__device__ inline unsigned reduce_warp(unsigned value, Least) { return __reduce_min_sync(kAllLanes, value); }
__device__ inline unsigned reduce_warp(unsigned value, Most) { return __reduce_max_sync(kAllLanes, value); }
__device__ inline unsigned reduce_warp(unsigned value, AnyBit) { return __reduce_or_sync(kAllLanes, value); }
#endif

/// Combines the values of the lanes up to and with the caller's.
template <class T, class Combine>
__device__ T scan_warp(T value, Combine combine) {
  for (unsigned by = 1; by < 32; by *= 2) {
    const T before = __shfl_up_sync(kAllLanes, value, by);
    if (threadIdx.x % 32 >= by) value = combine(before, value);
  }
  return value;
}

/// Combines the values of a block. Every thread gets the result. Two barriers.
template <class T, class Combine>
__device__ T reduce_block(T value, Combine combine) {
  __shared__ T of_warps[32];
  value = reduce_warp(value, combine);
  if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = value;
  __syncthreads();
  value = of_warps[0];
  for (unsigned warp = 1; warp < blockDim.x / 32; ++warp) value = combine(value, of_warps[warp]);
  __syncthreads();  // the caller may reduce again
  return value;
}

/// Combines the values of the threads up to and with the caller's, and gives the block's total. Two barriers.
template <class T, class Combine>
__device__ T scan_block(T value, Combine combine, T& total) {
  __shared__ T of_warps[32];
  value = scan_warp(value, combine);
  if (threadIdx.x % 32 == 31) of_warps[threadIdx.x / 32] = value;
  __syncthreads();
  T sum = of_warps[0];
  for (unsigned warp = 1; warp < blockDim.x / 32; ++warp) {
    if (warp == threadIdx.x / 32) value = combine(sum, value);
    sum = combine(sum, of_warps[warp]);
  }
  total = sum;
  __syncthreads();
  return value;
}

}  // namespace carbonfront::device
