#pragma once
// Green Algorithms, shared by host and device.

#include "kernels/emission.hpp"

namespace carbonfront {

/// Computes energy and emissions from the time that cores, devices and memory draw power:
///   power = (n_c·P_c·u_c)·S + (n_g·P_g·u_g)·S' + (mem·P_m)·S''   [W]
///   energy_kwh = (t·power)·A/B·PUE·PSF,  co2e_kg = energy_kwh·α·C/D.
/// PSF is the number of times the work was run. Source: Lannelongue, Grealey & Inouye, "Green Algorithms: Quantifying the
/// carbon footprint of computation", Advanced Science 2021, eq. 1 to 3; P_m = 0.3725 W/GB.
struct GreenAlgorithms {
  // time, cores, core_power, core_usage, devices, max_power, device_usage, memory, memory_power, psf, carbon_intensity, pue
  static constexpr int factor_count = 12;
  Scale core_power, device_power, memory_power, energy, intensity;

  CARBONFRONT_HD Emitted operator()(const double* factor) const {
    double cores = scaled(factor[1] * factor[2] * factor[3], core_power);
    double devices = scaled(factor[4] * factor[5] * factor[6], device_power);
    double power = cores + devices + scaled(factor[7] * factor[8], memory_power);
    double kwh = scaled(factor[0] * power, energy) * factor[11] * factor[9];
    return {kwh, scaled(kwh * factor[10], intensity)};
  }
};

}  // namespace carbonfront
