#pragma once
// Values of a column to order-preserving keys, on the device.

#include "kernels/columns.hpp"
#include "kernels/device/runtime.hpp"

namespace carbonfront::device {

/// Writes the keys (kernels/keys.hpp) of `count` values of the objective's type. Both in device memory; the objective's own
/// `values` are not looked at. Memory speed.
void make_keys(const Stream& stream, const Objective& objective, const void* values, std::uint32_t count,
               std::uint64_t* keys);

}  // namespace carbonfront::device
