#pragma once
// The share of manufacture in a run's emissions, shared by host and device.

#include "kernels/flops.hpp"

namespace carbonfront {

/// Computes the share of hardware manufacture by hours of use: co2e_kg = (((n·M)·t)/L)·A/B, with M what making one device
/// emitted and L its years of use. It takes no energy of the run. Source: Gupta et al., "ACT: Designing sustainable computer
/// systems with an architectural carbon modeling tool", ISCA 2022; LLMCarbon, eq. 8.
struct Embodied {
  static constexpr int factor_count = 4;  // devices, manufacture, time, hardware_life
  Scale share;

  CARBONFRONT_HD Emitted operator()(const double* factor) const {
    return {0, scaled(factor[0] * factor[1] * factor[2] / factor[3], share)};
  }
};

/// The same where the time comes from the work, as in Flops.
struct EmbodiedOfWork {
  static constexpr int factor_count = 7;  // a, b, devices, peak, utilisation, manufacture, hardware_life
  WorkTime time;
  Scale share;

  CARBONFRONT_HD Emitted operator()(const double* factor) const {
    double seconds = time.seconds(factor[0], factor[1], factor[2], factor[3], factor[4]);
    return {0, scaled(factor[2] * factor[5] * seconds / factor[6], share)};
  }
};

}  // namespace carbonfront
