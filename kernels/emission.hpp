#pragma once
// What every emission model shares: one row's answer, and unit factors.
//
// A model is a plain aggregate M with
//   static constexpr int factor_count;                            how many values of a row it reads
//   CARBONFRONT_HD Emitted operator()(const double* factor) const  [factor_count] values of one row, in stored units
// It uses + − × ÷ only, in the documented order, in float64 and without fused multiply-add, so that every backend gives the
// same bits. A NaN factor gives NaN.

#include "kernels/host_device.hpp"

namespace carbonfront {

/// What a row emits.
struct Emitted {
  double energy_kwh, co2e_kg;
};

/// Two integers: a stored value times `multiplier` over `divisor` is in the base unit.
struct Scale {
  double multiplier = 1, divisor = 1;
};

CARBONFRONT_HD inline double scaled(double value, Scale scale) { return value * scale.multiplier / scale.divisor; }

/// The most factors that a model has.
inline constexpr int kMostFactors = 12;

}  // namespace carbonfront
