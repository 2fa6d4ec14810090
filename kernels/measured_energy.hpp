#pragma once
// Emissions of energy that was measured, shared by host and device.

#include "kernels/emission.hpp"

namespace carbonfront {

/// Computes energy and emissions from a meter's reading, of training or of one inference sample:
///   energy_kwh = E·A/B·PUE,  co2e_kg = energy_kwh·α·C/D.
/// A reading that includes the facility's overhead has a PUE of 1.
struct MeasuredEnergy {
  static constexpr int factor_count = 3;  // energy, carbon_intensity, pue
  Scale energy, intensity;

  CARBONFRONT_HD Emitted operator()(const double* factor) const {
    double kwh = scaled(factor[0], energy) * factor[2];
    return {kwh, scaled(kwh * factor[1], intensity)};
  }
};

}  // namespace carbonfront
