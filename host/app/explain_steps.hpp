#pragma once
// An emission model's formula with the numbers of one row.

#include <string>
#include <vector>

#include "host/scoring/plan.hpp"

namespace carbonfront {

/// The steps of one model's evaluation as lines, each with its numbers, in the order in which it is evaluated. `factors`: in
/// stored units, in the model's order.
std::vector<std::string> explained_steps(const EmissionModel& model, const std::vector<double>& factors);

}  // namespace carbonfront
