#pragma once
// The poster's emission model, shared by host and device.

#include "kernels/emission.hpp"

namespace carbonfront {

/// Computes training energy and emissions from device power:
///   energy_kwh = ((n·p_max)·t)·A/B·PUE,  co2e_kg = energy_kwh·α·C/D.
/// `energy` turns the stored units of power and time into kWh, `intensity` the intensity's into kg/kWh.
/// Source: Douwes & Esling, "A multi-objective approach for sustainable deep learning", eq. 1.
struct DevicePower {
  static constexpr int factor_count = 5;  // devices, max_power, time, carbon_intensity, pue
  Scale energy, intensity;

  CARBONFRONT_HD Emitted operator()(const double* factor) const {
    double kwh = scaled(factor[0] * factor[1] * factor[2], energy) * factor[4];
    return {kwh, scaled(kwh * factor[3], intensity)};
  }
};

}  // namespace carbonfront
