#pragma once
// CUDA, or the emulated device: the only place that tells them apart, besides device/launch.hpp.

#if defined(__CUDACC__)
#include <cuda_runtime.h>
#else
#include "kernels/emulation/runtime.hpp"
#endif
