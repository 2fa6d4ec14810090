#pragma once
// Emissions of a batch of rows on the CPU: the fast path, and the definition it is checked against.

#include <cstddef>
#include <span>

#include "kernels/emission_models.hpp"

namespace carbonfront {

/// Evaluates the steps in order, the first of which is a `set`. Threads of the current TBB arena; bound by memory bandwidth.
void emissions_cpu(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out);

/// The same by definition: plain loops, written from the formulas and not from the shared models.
void emissions_reference(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out);

}  // namespace carbonfront
