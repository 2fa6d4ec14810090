#pragma once
// One way to launch kernels, checked, on the device and on the emulated one.

#include <tuple>
#include <type_traits>

#include "kernels/device/runtime.hpp"

namespace carbonfront::device {

/// Shared memory of a block: what kernels declare at most (kernels/resources.txt, checked by tests/resources.py), and what a
/// launch may ask for without saying so beforehand, together 48 KiB.
inline constexpr std::size_t kMostDynamicBytes = 33 << 10, kMostStaticBytes = 15 << 10;

/// What the current device has for one block where a launch says so beforehand, kMostStaticBytes included. Throws
/// DeviceError.
inline std::size_t most_shared_bytes() {
  int device = 0, bytes = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  check(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device), "cudaDeviceGetAttribute");
  return static_cast<std::size_t>(bytes);
}

/// How many blocks of how many threads, and what each block shares. Threads are whole warps.
struct Shape {
  std::uint64_t blocks = 1;
  unsigned threads = 256;
  std::size_t shared_bytes = 0;  // dynamic
};

/// Blocks of `threads` that give every one of `items` a thread; at least one.
inline Shape one_thread_each(std::uint64_t items, unsigned threads = 256) {
  return {items == 0 ? 1 : (items + threads - 1) / threads, threads};
}

/// Puts a kernel into a stream. `name` is what an error calls it. Throws DeviceError.
template <class... Parameters, class... Arguments>
void launch(const Stream& stream, const char* name, Shape shape, void (*kernel)(Parameters...), Arguments&&... arguments) {
  static_assert((std::is_trivially_copyable_v<Parameters> && ...), "kernels take plain values");
  const bool possible =
      shape.blocks > 0 && shape.blocks < std::uint64_t{1} << 31 && shape.threads > 0 && shape.threads <= 1024 &&
      shape.threads % 32 == 0 &&
      (shape.shared_bytes <= kMostDynamicBytes || shape.shared_bytes + kMostStaticBytes <= most_shared_bytes());
  if (!possible) check(cudaErrorInvalidConfiguration, name);
  ++tally.launches;
  const dim3 blocks{static_cast<unsigned>(shape.blocks), 1, 1}, threads{shape.threads, 1, 1};
#if defined(__CUDACC__)
  if (shape.shared_bytes > kMostDynamicBytes)
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shape.shared_bytes)),
          "cudaFuncSetAttribute");
  cudaLaunchConfig_t config{};
  config.gridDim = blocks;
  config.blockDim = threads;
  config.dynamicSmemBytes = shape.shared_bytes;
  config.stream = stream.get();
  put(stream, name, [&] { return cudaLaunchKernelEx(&config, kernel, Parameters(std::forward<Arguments>(arguments))...); });
#else
  put(stream, name, [&] {
    return emulation::launch(
        name, blocks, threads, shape.shared_bytes, stream.get(),
        [kernel, values = std::tuple<Parameters...>(std::forward<Arguments>(arguments)...)] { std::apply(kernel, values); });
  });
#endif
}

#if defined(__CUDACC__)
extern __shared__ __align__(16) unsigned char dynamic_shared_memory[];
#endif

/// The block's dynamic shared memory.
template <class T>
__device__ T* shared_memory() {
#if defined(__CUDACC__)
  return reinterpret_cast<T*>(dynamic_shared_memory);
#else
  return reinterpret_cast<T*>(emulation::place->shared);
#endif
}

/// The number of the thread in its grid of one dimension.
__device__ inline std::uint64_t global_thread() { return std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; }

}  // namespace carbonfront::device
