#pragma once
// What device code sees when g++ compiles it for the emulated device: CUDA's keywords, indices, barriers, warp exchanges and
// atomics, by their own names. Every thread of a block is a fiber (or, with CARBONFRONT_EMULATION_THREADS, a thread of the
// host); a barrier that not all threads reach, or reach at different lines, ends the launch with an error.

#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <source_location>
#include <thread>
#include <type_traits>

#include "kernels/emulation/counts.hpp"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(n) alignas(n)
#if defined(CARBONFRONT_EMULATION_THREADS)
#define __shared__ static  // one block at a time
#else
#define __shared__ static thread_local  // one block at a time on a worker
#endif

struct uint3 {
  unsigned x = 0, y = 0, z = 0;
};
struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};
struct double2 {
  double x, y;
};
inline double2 make_double2(double x, double y) { return {x, y}; }
struct uint4 {
  unsigned x, y, z, w;
};

namespace carbonfront::emulation {

/// Where the running thread is in its grid.
struct Place {
  uint3 thread, block;
  dim3 threads, blocks;
  unsigned lane = 0;
  std::byte* shared = nullptr;  // dynamic shared memory of the block
};

extern constinit thread_local const Place* place;

/// Waits for all threads of the block. Returns how many gave a predicate that is not zero.
unsigned block_barrier(bool predicate, std::source_location where);

/// Waits for all lanes in the mask, of which the caller is one. Returns what each lane brought. [32]
const std::uint64_t* warp_exchange(unsigned mask, std::uint64_t value, std::source_location where);

template <class T>
std::uint64_t to_word(T value) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
  std::uint64_t word = 0;
  std::memcpy(&word, &value, sizeof value);
  return word;
}
template <class T>
T from_word(std::uint64_t word) {
  T value;
  std::memcpy(&value, &word, sizeof value);
  return value;
}

/// Applies `change` to a value in memory as one step. Returns the value before.
template <class T, class Change>
T change_atomically(T* at, Change change) {
  std::atomic_ref<T> value(*at);
  T before = value.load(std::memory_order_relaxed);
  while (!value.compare_exchange_weak(before, change(before), std::memory_order_relaxed)) {
  }
  return before;
}

}  // namespace carbonfront::emulation

#define threadIdx (::carbonfront::emulation::place->thread)
#define blockIdx (::carbonfront::emulation::place->block)
#define blockDim (::carbonfront::emulation::place->threads)
#define gridDim (::carbonfront::emulation::place->blocks)

inline constexpr int warpSize = 32;
using Where = std::source_location;

inline void __syncthreads(Where where = Where::current()) { carbonfront::emulation::block_barrier(false, where); }
inline int __syncthreads_or(int predicate, Where where = Where::current()) {
  return carbonfront::emulation::block_barrier(predicate != 0, where) > 0;
}
inline int __syncthreads_count(int predicate, Where where = Where::current()) {
  return static_cast<int>(carbonfront::emulation::block_barrier(predicate != 0, where));
}
inline void __syncwarp(unsigned mask = ~0u, Where where = Where::current()) {
  carbonfront::emulation::warp_exchange(mask, 0, where);
}

namespace carbonfront::emulation {

/// What lane `from` brought, or the caller's own value where that lane is not there.
template <class T>
T shuffle(unsigned mask, T value, unsigned from, Where where) {
  const std::uint64_t* brought = warp_exchange(mask, to_word(value), where);
  return from < 32 && (mask >> from & 1) ? from_word<T>(brought[from]) : value;
}

}  // namespace carbonfront::emulation

template <class T>
T __shfl_sync(unsigned mask, T value, int from, int = 32, Where where = Where::current()) {
  return carbonfront::emulation::shuffle(mask, value, static_cast<unsigned>(from) % 32, where);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned by, int = 32, Where where = Where::current()) {
  return carbonfront::emulation::shuffle(mask, value, carbonfront::emulation::place->lane - by, where);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned by, int = 32, Where where = Where::current()) {
  return carbonfront::emulation::shuffle(mask, value, carbonfront::emulation::place->lane + by, where);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int with, int = 32, Where where = Where::current()) {
  return carbonfront::emulation::shuffle(mask, value, carbonfront::emulation::place->lane ^ static_cast<unsigned>(with),
                                         where);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, Where where = Where::current()) {
  const std::uint64_t* brought = carbonfront::emulation::warp_exchange(mask, predicate != 0, where);
  unsigned votes = 0;
  for (unsigned lane = 0; lane < 32; ++lane)
    if ((mask >> lane & 1) && brought[lane]) votes |= 1u << lane;
  return votes;
}
inline int __any_sync(unsigned mask, int predicate, Where where = Where::current()) {
  return __ballot_sync(mask, predicate, where) != 0;
}
inline int __all_sync(unsigned mask, int predicate, Where where = Where::current()) {
  return __ballot_sync(mask, predicate, where) == mask;
}
template <class T>
unsigned __match_any_sync(unsigned mask, T value, Where where = Where::current()) {
  const std::uint64_t word = carbonfront::emulation::to_word(value);
  const std::uint64_t* brought = carbonfront::emulation::warp_exchange(mask, word, where);
  unsigned same = 0;
  for (unsigned lane = 0; lane < 32; ++lane)
    if ((mask >> lane & 1) && brought[lane] == word) same |= 1u << lane;
  return same;
}

namespace carbonfront::emulation {

/// Combines what the lanes of a mask brought.
template <class Combine>
unsigned reduce(unsigned mask, unsigned value, Where where, Combine combine) {
  const std::uint64_t* brought = warp_exchange(mask, value, where);
  for (unsigned rest = mask & ~(1u << place->lane); rest != 0; rest &= rest - 1)
    value = combine(value, static_cast<unsigned>(brought[std::countr_zero(rest)]));
  return value;
}

}  // namespace carbonfront::emulation

inline unsigned __reduce_add_sync(unsigned mask, unsigned value, Where where = Where::current()) {
  return carbonfront::emulation::reduce(mask, value, where, [](unsigned a, unsigned b) { return a + b; });
}
inline unsigned __reduce_min_sync(unsigned mask, unsigned value, Where where = Where::current()) {
  return carbonfront::emulation::reduce(mask, value, where, [](unsigned a, unsigned b) { return b < a ? b : a; });
}
inline unsigned __reduce_max_sync(unsigned mask, unsigned value, Where where = Where::current()) {
  return carbonfront::emulation::reduce(mask, value, where, [](unsigned a, unsigned b) { return a < b ? b : a; });
}
inline unsigned __reduce_or_sync(unsigned mask, unsigned value, Where where = Where::current()) {
  return carbonfront::emulation::reduce(mask, value, where, [](unsigned a, unsigned b) { return a | b; });
}

inline int __popc(unsigned word) { return std::popcount(word); }
inline int __popcll(unsigned long long word) { return std::popcount(word); }
inline int __clz(int word) { return std::countl_zero(static_cast<unsigned>(word)); }
inline int __ffs(int word) { return word == 0 ? 0 : std::countr_zero(static_cast<unsigned>(word)) + 1; }
template <class T>
T __ldg(const T* at) {
  return *at;
}
inline void __nanosleep(unsigned) { std::this_thread::yield(); }

template <class T>
T atomicAdd(T* at, T value) {
  return std::atomic_ref<T>(*at).fetch_add(value, std::memory_order_relaxed);
}
template <class T>
T atomicMin(T* at, T value) {
  return carbonfront::emulation::change_atomically(at, [=](T before) { return value < before ? value : before; });
}
template <class T>
T atomicMax(T* at, T value) {
  return carbonfront::emulation::change_atomically(at, [=](T before) { return before < value ? value : before; });
}
template <class T>
T atomicOr(T* at, T value) {
  return std::atomic_ref<T>(*at).fetch_or(value, std::memory_order_relaxed);
}
template <class T>
T atomicAnd(T* at, T value) {
  return std::atomic_ref<T>(*at).fetch_and(value, std::memory_order_relaxed);
}
template <class T>
T atomicExch(T* at, T value) {
  return std::atomic_ref<T>(*at).exchange(value, std::memory_order_relaxed);
}
template <class T>
T atomicCAS(T* at, T expected, T value) {
  std::atomic_ref<T>(*at).compare_exchange_strong(expected, value, std::memory_order_relaxed);
  return expected;
}
