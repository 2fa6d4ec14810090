#pragma once
// Views of which only the front is asked for: batches pass by, their rows are rated, and the front is kept.

#include <cstdint>
#include <vector>

#include "host/scoring/batch.hpp"

namespace carbonfront {

/// Prepares the views whose front is found while reading.
void start_passing(const Plan& plan, Session& session, Data& data);

/// Rates a batch's selected rows in one view and adds them to its front; they are the selected rows from `first` on. Returns
/// their states: 1 unrated, 2 rated. [kept] Throws Stopped, and DeviceError where the front takes more than is left.
std::vector<std::uint8_t> pass_batch(const Plan& plan, const Batch& batch, std::uint32_t first, std::size_t view,
                                     const Progress& progress, Data& data);

/// Throws the InputError of the first view that refuses a missing row.
void refuse_missing_rows(const Plan& plan, const Data& data);

/// Finds the fronts once all batches have passed. `places`: the final number of each group of each grouping. Throws Stopped.
void finish_passing(const Plan& plan, const std::vector<std::vector<std::uint32_t>>& places, const Progress& progress,
                    Data& data);

}  // namespace carbonfront
