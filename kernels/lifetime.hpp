#pragma once
// Training and use together, shared by host and device.

#include "kernels/emission.hpp"

namespace carbonfront {

/// Adds up a lifetime: training + (queries·A/B) · inference, for energy and for CO2e.
/// Source: Luccioni, Jernite & Strubell, "Power hungry processing", FAccT 2024, section 5 (the parity of training and use).
struct Lifetime {
  // energy and CO2e of training, energy and CO2e of one query, queries
  static constexpr int factor_count = 5;
  Scale count;  // the stored unit of queries

  CARBONFRONT_HD Emitted operator()(const double* factor) const {
    double queries = scaled(factor[4], count);
    return {factor[0] + queries * factor[2], factor[1] + queries * factor[3]};
  }
};

}  // namespace carbonfront
