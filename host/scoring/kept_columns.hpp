#pragma once
// Columns that resident views compare, on their way to a device while the file is still being read: each goes up once, as
// keys, in the batches in which it is read; computed ones are there when they are computed.

#include "host/scoring/load.hpp"

namespace carbonfront {

/// Lets the backend keep the columns, where it has a device, and the device room for them with `rows` rows.
void start_keeping(const Plan& plan, const Backend& backend, std::uint64_t rows, Data& data);

/// Brings up the selected rows that are not there yet. Throws DeviceError, Stopped.
void bring_up_new_rows(const Plan& plan, const Backend& backend, Data& data);

/// What the device is to keep of two columns as it computes their last `rows` rows; after that, say so with note_computed.
KeptEmissions kept_emissions(const Data& data, Source energy, Source co2e, std::size_t rows);
void note_computed(const KeptEmissions& kept, std::size_t rows, Data& data);

/// A view's objectives, with the numbers of those columns of which the device has all rows.
std::vector<Objective> kept_objectives(const ViewPlan& view, const Data& data, std::vector<Objective> objectives);

}  // namespace carbonfront
