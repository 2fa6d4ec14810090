#pragma once
// Emissions on the device. A model is a functor of kernels/ that runs on host and device; adding one here is one line at the
// end of emissions.cu.

#include <cstdint>

#include "kernels/device/runtime.hpp"
#include "kernels/device_power.hpp"

namespace carbonfront::device {

inline constexpr int kMostFactors = 5;

/// The factors of a model, in stored units: a column of float64 [rows] in device memory, aligned to 16 bytes, or a constant
/// where `values` is null.
struct FactorColumns {
  const double* values[kMostFactors] = {};
  double constants[kMostFactors] = {};
};

/// Writes energy_kwh and co2e_kg, [rows] each in device memory, the bits of the reference. One read of every column and one
/// write; two rows a thread. Throws Failure.
void compute_emissions(const Stream& stream, DevicePower model, FactorColumns factors, std::uint64_t rows,
                       double* energy_kwh, double* co2e_kg);

}  // namespace carbonfront::device
