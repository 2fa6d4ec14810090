#pragma once
// Device-wide calls: CUB on a device (primitives.cu, the only file that includes it), plain loops on the emulated one
// (emulation/primitives.cpp). Arrays are in device memory, work is put into the stream, temporary storage comes from its
// pool.

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
void exclusive_sum(const Stream& stream, const std::uint64_t* in, std::uint64_t* out, std::uint32_t size);

/// Sums, or the largest, up to and with each element. In place is allowed.
void inclusive_sum(const Stream& stream, const std::uint32_t* in, std::uint32_t* out, std::uint32_t size);
void inclusive_max(const Stream& stream, const std::uint32_t* in, std::uint32_t* out, std::uint32_t size);

/// Keeps the values whose flag is not zero, in order, and writes how many to `count` [1].
void select_flagged(const Stream& stream, const std::uint32_t* in, const std::uint8_t* flags, std::uint32_t* out,
                    std::uint32_t* count, std::uint32_t size);

/// The largest, and the sum, to `out` [1]. 0 of nothing.
void reduce_max(const Stream& stream, const std::uint32_t* in, std::uint32_t* out, std::uint32_t size);
void reduce_sum(const Stream& stream, const std::uint32_t* in, std::uint64_t* out, std::uint32_t size);

}  // namespace carbonfront::device
