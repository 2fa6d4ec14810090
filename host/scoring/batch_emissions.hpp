#pragma once
// One batch's emissions: factors gathered and checked, models evaluated, missing quantities counted.

#include "host/scoring/batch.hpp"

namespace carbonfront {

/// Prepares the counts that append_emissions adds to.
void start_emissions(const Plan& plan, Data& data);

/// Appends the emissions of the kept rows. Throws InputError for the first row, whatever the size of batches, with a factor
/// that cannot be.
void append_emissions(const Plan& plan, const Backend& backend, const Batch& batch, Data& data);

}  // namespace carbonfront
