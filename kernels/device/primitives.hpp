#pragma once
// Device-wide calls: Thrust and CUB on a device (primitives.cu, the only file that includes them), plain loops on the
// emulated one (emulation/primitives.cpp). Arrays are in device memory, work is put into the stream, temporary storage comes
// from its pool; none waits. All throw DeviceError.

#include <cstddef>
#include <cstdint>

#include "kernels/device/runtime.hpp"

namespace carbonfront::device {

/// Sorts pairs by the bits [begin_bit, end_bit) of their keys, stably. [size]; out must not overlap in.
void sort_pairs(const Stream& stream, const std::uint32_t* keys_in, std::uint32_t* keys_out, const std::uint32_t* values_in,
                std::uint32_t* values_out, std::uint32_t size, int begin_bit, int end_bit);
void sort_pairs(const Stream& stream, const std::uint64_t* keys_in, std::uint64_t* keys_out, const std::uint32_t* values_in,
                std::uint32_t* values_out, std::uint32_t size, int begin_bit, int end_bit);

/// Sums up to, and without, each element. In place is allowed. Sums must fit.
void exclusive_sum(const Stream& stream, const std::uint32_t* in, std::uint32_t* out, std::uint32_t size);

/// Numbers runs of equal keys from 0: out[i] is how many of keys[1..i] differ from the one before. [size]
/// Key: uint32, uint64.
template <class Key>
void number_runs(const Stream& stream, const Key* keys, std::uint32_t* out, std::uint32_t size);

/// Finds the first and the last index of the run that each index is in; `begins` marks where runs begin, index 0 among them.
/// [size]
void find_run_bounds(const Stream& stream, const std::uint8_t* begins, std::uint32_t* first, std::uint32_t* last,
                     std::uint32_t size);

/// Keeps the values whose flag is not zero, in order, and writes how many to `count` [1].
void select_flagged(const Stream& stream, const std::uint32_t* in, const std::uint8_t* flags, std::uint32_t* out,
                    std::uint32_t* count, std::uint32_t size);

/// Writes 0, step, 2 · step, … [size].
void fill_with_indices(const Stream& stream, std::uint32_t* out, std::uint32_t size, std::uint32_t step = 1);

/// Moves to positions: out[position[i]] = in[i]. [size] T: uint8, uint32.
template <class T>
void scatter(const Stream& stream, const std::uint32_t* position, const T* in, T* out, std::uint32_t size);

/// Turns a permutation round: out[position[i]] = i. [size]
void invert(const Stream& stream, const std::uint32_t* position, std::uint32_t* out, std::uint32_t size);

/// Moves from positions: out[i] = in[position[i]]. [size] T: uint8, uint32, uint64.
template <class T>
void gather(const Stream& stream, const std::uint32_t* position, const T* in, T* out, std::uint32_t size);

/// Flags what is zero with 1, everything else with 0: turns flags round, too. In place is allowed. [size] T: uint8, uint32.
template <class T>
void flag_zeros(const Stream& stream, const T* in, std::uint8_t* out, std::uint32_t size);

/// Puts all ones in the place of `least` and what is greater. [size]
void blank_from(const Stream& stream, std::uint32_t* values, std::uint32_t least, std::uint32_t size);

}  // namespace carbonfront::device
