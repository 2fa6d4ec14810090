#pragma once
// Emissions of a batch of rows on the CPU: the fast path, and the definition it is checked against.

#include <cstddef>

#include "kernels/device_power.hpp"

namespace carbonfront {

/// One factor of the formula: a column of float64 [rows] in host memory, or a constant where `values` is null.
struct Factor {
  const double* values = nullptr;
  double constant = 1;
};

/// The factors of device-power, in stored units.
struct DevicePowerFactors {
  Factor devices, max_power, time, carbon_intensity, pue;
};

/// Writes energy_kwh and co2e_kg, [rows] each; threads of the current TBB arena; bound by memory bandwidth.
void emissions_cpu(DevicePower model, const DevicePowerFactors& factors, std::size_t rows, double* energy_kwh,
                   double* co2e_kg);

/// The same by definition: one plain loop, written from the formula and not from the shared model.
void emissions_reference(DevicePower model, const DevicePowerFactors& factors, std::size_t rows, double* energy_kwh,
                         double* co2e_kg);

}  // namespace carbonfront
