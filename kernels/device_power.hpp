#pragma once
// The poster's emission model, shared by host and device.

#include "kernels/host_device.hpp"

namespace carbonfront {

/// Computes training energy and emissions from device power:
///   energy_kwh = ((n·p_max)·t)·A/B [·PUE],  co2e_kg = energy_kwh·α·C/D.
/// A/B turns the stored units of power and time into kWh, C/D the intensity's into kg/kWh; all four are integers.
/// Evaluated in this order in float64 and without fused multiply-add, so that every backend gives the same bits.
/// A NaN factor gives NaN. Source: Douwes & Esling, "A multi-objective approach for sustainable deep learning", eq. 1.
struct DevicePower {
  double energy_multiplier = 1, energy_divisor = 1;        // A, B
  double intensity_multiplier = 1, intensity_divisor = 1;  // C, D
  bool has_pue = false;

  CARBONFRONT_HD double energy_kwh(double devices, double max_power, double time, double pue) const {
    double energy = devices * max_power * time * energy_multiplier / energy_divisor;
    return has_pue ? energy * pue : energy;
  }
  CARBONFRONT_HD double co2e_kg(double energy, double carbon_intensity) const {
    return energy * carbon_intensity * intensity_multiplier / intensity_divisor;
  }
};

}  // namespace carbonfront
