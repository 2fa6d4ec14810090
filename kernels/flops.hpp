#pragma once
// Emissions of work counted in floating-point operations, shared by host and device.

#include "kernels/emission.hpp"

namespace carbonfront {

/// Computes the seconds that work takes: FLOP = (a·b)·S, rate = ((n·peak)·u)·S', seconds = FLOP / rate.
/// Training: a = parameters, b = tokens and S has the 6 of 6·P·D (Kaplan et al. 2020), or a = FLOP and b = 1. One inference
/// sample: a = parameters and S has the 2 of 2·P, or a = FLOP of the sample, on one device.
struct WorkTime {
  Scale work, rate;

  CARBONFRONT_HD double seconds(double a, double b, double devices, double peak, double utilisation) const {
    return scaled(a * b, work) / scaled(devices * peak * utilisation, rate);
  }
};

/// Computes energy and emissions before anything has run, from work and the speed and power of devices:
///   seconds = FLOP / (n·peak·u),  energy_kwh = ((n·p_max)·seconds)·A/B·PUE,  co2e_kg = energy_kwh·α·C/D.
/// Source: Faiz et al., "LLMCarbon: Modeling the end-to-end carbon footprint of large language models", ICLR 2024.
struct Flops {
  static constexpr int factor_count = 8;  // a, b, devices, peak, utilisation, max_power, carbon_intensity, pue
  WorkTime time;
  Scale energy, intensity;

  CARBONFRONT_HD Emitted operator()(const double* factor) const {
    double seconds = time.seconds(factor[0], factor[1], factor[2], factor[3], factor[4]);
    double kwh = scaled(factor[2] * factor[5] * seconds, energy) * factor[7];
    return {kwh, scaled(kwh * factor[6], intensity)};
  }
};

}  // namespace carbonfront
