#include <algorithm>
#include <iterator>

#include "kernels/device/devices.hpp"
#include "kernels/device/runtime.hpp"

namespace carbonfront::device {
namespace {

#if defined(__CUDACC__)
constexpr int kArchitectures[] = {__CUDA_ARCH_LIST__};  // 900: compute capability 9.0
#else
constexpr int kArchitectures[] = {900};
#endif

/// Newer devices compile the program's PTX; for older ones there is no code.
std::string why_unusable(int major, int minor) {
  const int oldest = *std::min_element(std::begin(kArchitectures), std::end(kArchitectures)) / 10;
  if (10 * major + minor >= oldest) return "";
  const auto capability = [](int number) { return std::to_string(number / 10) + '.' + std::to_string(number % 10); };
  return "it has compute capability " + capability(10 * major + minor) + ", this program was compiled for " +
         capability(oldest) + " and newer";
}

cudaMemPool_t current_pool() {
  int number = 0;
  cudaMemPool_t pool{};
  check(cudaGetDevice(&number), "cudaGetDevice");
  check(cudaDeviceGetDefaultMemPool(&pool, number), "cudaDeviceGetDefaultMemPool");
  return pool;
}

}  // namespace

Devices list_devices() {
  Devices devices;
  int count = 0;  // untouched by a call that fails
  if (const cudaError_t error = cudaGetDeviceCount(&count); error != cudaSuccess) {
    devices.why_none = std::string("cudaGetDeviceCount: ") + cudaGetErrorString(error);
    cudaGetLastError();
    return devices;
  }
  for (int number = 0; number < count; ++number) {
    cudaDeviceProp properties{};
    if (const cudaError_t error = cudaGetDeviceProperties(&properties, number); error != cudaSuccess) {
      devices.why_none = std::string("cudaGetDeviceProperties: ") + cudaGetErrorString(error);
      cudaGetLastError();
      devices.found.clear();
      return devices;
    }
    devices.found.push_back({number, properties.name, properties.totalGlobalMem, properties.multiProcessorCount,
                             properties.major, properties.minor, why_unusable(properties.major, properties.minor)});
  }
  if (devices.found.empty()) devices.why_none = "cudaGetDeviceCount: there is no device";
  return devices;
}

void use_device(int number) {
  check(cudaSetDevice(number), "cudaSetDevice");
  std::uint64_t keep_all = ~std::uint64_t{0};
  check(cudaMemPoolSetAttribute(current_pool(), cudaMemPoolAttrReleaseThreshold, &keep_all), "cudaMemPoolSetAttribute");
}

std::size_t free_bytes() {
  std::size_t free = 0, total = 0;
  const cudaMemPool_t pool = current_pool();
  std::uint64_t reserved = 0, used = 0;  // cuuint64_t
  check(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReservedMemCurrent, &reserved), "cudaMemPoolGetAttribute");
  check(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used), "cudaMemPoolGetAttribute");
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return free + (reserved - std::min(reserved, used));
}

}  // namespace carbonfront::device
