#pragma once
// The parts of make_plan.

#include <string>

#include "host/scoring/plan.hpp"

namespace carbonfront {

/// Finds a column by name, opened once however often it is used. Throws InputError; the second where it holds strings.
int use_column(Plan& plan, const std::string& name);
int use_numeric_column(Plan& plan, const std::string& name, const std::string& use);

/// Binds models and quantities to the sweep: columns found, units known. Throws SpecError, InputError.
EmissionsPlan bind_emissions(Plan& plan, const EmissionsSpec& spec);

}  // namespace carbonfront
