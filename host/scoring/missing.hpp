#pragma once
// Missing objectives: found, and refused where the view says so.

#include <cstdint>
#include <string>
#include <vector>

#include "carbonfront/errors.hpp"
#include "host/scoring/plan.hpp"

namespace carbonfront {

/// Marks the rows where a column is missing; returns how many they are. [marked]
std::uint64_t mark_missing(ColumnView column, std::size_t size, std::vector<std::uint8_t>& marked);

/// Names a column of an emission quantity, counted as EmissionCauses counts them.
std::string quantity_column(const Plan& plan, std::size_t column);

/// Says what is missing in a row of a view that refuses missing rows: entry `at` of what it is rated by and of
/// `missing_factors`, row `row` of the sweep.
InputError missing_objective(const Plan& plan, const ViewPlan& view, const std::vector<Objective>& objectives,
                             std::size_t at, const std::vector<std::uint32_t>& missing_factors, std::uint64_t row);

}  // namespace carbonfront
