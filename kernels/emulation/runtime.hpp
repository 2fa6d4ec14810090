#pragma once
// The part of the CUDA runtime that the product uses, on emulated devices, by CUDA's own names. Stricter than a device:
// work runs as late as the rules allow (when somebody waits for it), so that reading a result too early, or filling a buffer
// that is still being copied, gives wrong bytes; device memory starts as rubbish; copies must be between pinned host memory
// and memory of the current device, and lie in one allocation.
//
// Environment: CARBONFRONT_EMULATED_DEVICES  how many devices there are (default 1; 0: none)
//              CARBONFRONT_EMULATED_MEMORY   bytes of memory of each (default 2^32)
//              CARBONFRONT_EMULATED_CAPABILITY  compute capability of device 0, such as 86 (default 90); others have 90
//              CARBONFRONT_EMULATED_FAULT    the number, from 1, of the call that fails
//              CARBONFRONT_EMULATED_SHUFFLE  seed of the order in which blocks start (default 0: that of their index)
//              CARBONFRONT_EMULATED_WORKERS  how many blocks may run at once (default 0: as many as there are cores)

#include <cstddef>
#include <cstdint>
#include <functional>

#include "kernels/emulation/device_side.hpp"

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorLaunchFailure = 719,
  cudaErrorUnknown = 999,
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2, cudaMemcpyDeviceToDevice = 3 };
enum cudaMemPoolAttr {
  cudaMemPoolAttrReleaseThreshold = 4,
  cudaMemPoolAttrReservedMemCurrent = 5,
  cudaMemPoolAttrUsedMemCurrent = 7
};
enum cudaDeviceAttr { cudaDevAttrMaxSharedMemoryPerBlockOptin = 97 };
enum { cudaStreamNonBlocking = 1, cudaEventDefault = 0, cudaHostAllocDefault = 0 };

namespace carbonfront::emulation {
struct StreamState;
struct EventState;
}  // namespace carbonfront::emulation
using cudaStream_t = carbonfront::emulation::StreamState*;
using cudaEvent_t = carbonfront::emulation::EventState*;
using cudaMemPool_t = void*;

struct cudaDeviceProp {
  char name[256];
  std::size_t totalGlobalMem;
  int multiProcessorCount, major, minor;
};

cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device);
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device);
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value);
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value);
cudaError_t cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream);
cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned flags);
cudaError_t cudaFreeHost(void* memory);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end);
cudaError_t cudaGetLastError();
const char* cudaGetErrorString(cudaError_t error);
const char* cudaGetErrorName(cudaError_t error);

namespace carbonfront::emulation {

/// Puts a kernel into a stream: one grid. Threads of a block must be whole warps. `name` is a literal.
cudaError_t launch(const char* name, dim3 blocks, dim3 threads, std::size_t shared_bytes, cudaStream_t stream,
                   std::function<void()> kernel);

/// Puts the host's twin of a device-wide call into a stream. `counts` says what a device would do, just before the work is
/// done; it is asked where somebody counts.
cudaError_t enqueue(cudaStream_t stream, std::function<void()> work, std::function<LaunchCounts()> counts);

/// Makes the blocks of every launch from now on start in a pseudo-random order; 0: in that of their index.
void shuffle_blocks(std::uint64_t seed);

/// Lets so many blocks run at once; 0: as many as there are cores.
void use_workers(unsigned most);

/// Makes the `number`-th call from now on fail, 0: none. Calls that only give back are not counted: they cannot fail.
void fail_call(std::uint64_t number);

/// Calls since the last fail_call(), and what is held: allocations, streams and events, of all devices.
std::uint64_t calls();
std::uint64_t live_objects();

/// Bytes copied from the host to devices since the start of the program.
std::uint64_t bytes_up();

/// How often a pool of memory grew, since the start of the program: an allocation that what was given back before could not
/// hold. Pools keep all that they have.
std::uint64_t pool_growths();

/// Replaces what the environment says, by a new machine: what was taken of the one before is no part of its memory.
void set_devices(int count, std::size_t bytes_each);

}  // namespace carbonfront::emulation
