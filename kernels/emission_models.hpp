#pragma once
// The emission models as one type, for host code that hands them to a backend.

#include <array>
#include <cstdint>
#include <variant>

#include "kernels/device_power.hpp"
#include "kernels/embodied.hpp"
#include "kernels/first_available.hpp"
#include "kernels/flops.hpp"
#include "kernels/green_algorithms.hpp"
#include "kernels/lifetime.hpp"
#include "kernels/measured_energy.hpp"

namespace carbonfront {

using EmissionModel = std::variant<DevicePower, GreenAlgorithms, MeasuredEnergy, Flops, Embodied, EmbodiedOfWork, Lifetime>;

/// Where answers go, [rows] each; `source` may be null. Host or device memory, as the function says that takes it.
struct EmissionColumns {
  double* energy_kwh = nullptr;
  double* co2e_kg = nullptr;
  std::uint8_t* source = nullptr;  // number of the step that gave the energy, kNoSource where none did
  /// Where not null, the step that answers each row, kNoSource: none; `source` is null then. A value's bounds are those of
  /// the model that gave the value, whatever else is known of the row.
  const std::uint8_t* chosen = nullptr;
};

/// One factor of a model: a column of float64 [rows] in host memory, or a constant where `values` is null.
struct Factor {
  const double* values = nullptr;
  double constant = 1;
};

/// One model with its factors, in the model's order, and how its answer joins those of the steps before.
struct EmissionStep {
  EmissionModel model;
  std::array<Factor, kMostFactors> factors;
  Combine how = Combine::set;
};

}  // namespace carbonfront
