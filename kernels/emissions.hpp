#pragma once
// Emissions on the device, by the functors of kernels/ that run on host and device.

#include <cstdint>

#include "kernels/device/runtime.hpp"
#include "kernels/emission_models.hpp"

namespace carbonfront::device {

/// The factors of a model in its order, in stored units: a column of float64 [rows] in device memory, aligned to 16 bytes,
/// or a constant where `values` is null.
struct FactorColumns {
  const double* values[kMostFactors] = {};
  double constants[kMostFactors] = {};
};

/// Evaluates a model and joins its answers, as those of step `number`, with what the rows have in `out`, device memory
/// aligned to 16 bytes: the bits of the reference. One read of every column; two rows a thread. Throws DeviceError.
void compute_emissions(const Stream& stream, const EmissionModel& model, FactorColumns factors, Combine how,
                       std::uint8_t number, std::uint64_t rows, EmissionColumns out);

}  // namespace carbonfront::device
