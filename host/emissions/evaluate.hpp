#pragma once
// Emissions of a batch of rows on the CPU: the fast path, and the definition it is checked against.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/emission_models.hpp"

namespace carbonfront {

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

/// Evaluates the steps in order, the first of which is a `set`. Threads of the current TBB arena; bound by memory bandwidth.
void emissions_cpu(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out);

/// The same by definition: plain loops, written from the formulas and not from the shared models.
void emissions_reference(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out);

}  // namespace carbonfront
