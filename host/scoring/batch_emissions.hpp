#pragma once
// One batch's emissions: factors gathered and checked, models evaluated, missing quantities counted.

#include "host/scoring/batch.hpp"

namespace carbonfront {

/// Prepares the counts that append_emissions adds to.
void start_emissions(const Plan& plan, Data& data);

/// Appends the emissions of the kept rows. Throws InputError for the first row, whatever the size of batches, with a factor
/// that cannot be, DeviceError, Stopped.
void append_emissions(const Plan& plan, Session& session, const Batch& batch, const Progress& progress, Data& data);

}  // namespace carbonfront
