#include "host/emissions/quantities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/emissions/units.hpp"
#include "host/errors.hpp"

namespace carbonfront {

namespace {

void check_constant(const std::string& name, Quantity& quantity) {
  double value = *quantity.value;
  std::string problem = fmt::format("[emissions] {} = {}", name, value);
  if (std::isnan(value)) throw SpecError(problem, "a constant cannot be missing", "give a number, or a column");
  if (value < 0 || std::isinf(value)) throw SpecError(problem, "it must be finite and not negative", "correct the value");
  if (name == "pue" && value < 1)
    throw SpecError(problem, "a facility never uses less than its computers do", "give a PUE of 1 or more");
  bool needs_unit = name == "max_power" || name == "time" || name == "carbon_intensity";
  if (needs_unit && quantity.unit.empty())
    throw SpecError(fmt::format("[emissions] {} has no unit", name), "a constant needs one",
                    "add unit = \"...\": " + accepted_units(name));
}

}  // namespace

void complete_emissions(EmissionsSpec& spec) {
  if (spec.model != "device-power")
    throw SpecError("unknown emission model '" + spec.model + "'", "this version has device-power only",
                    "use model = \"device-power\"");
  spec.default_intensity = !spec.quantities.contains("carbon_intensity");
  if (spec.default_intensity) spec.quantities["carbon_intensity"] = {kDefaultCarbonIntensity, "", "kg/kWh"};
  for (const char* needed : {"devices", "max_power", "time"})
    if (!spec.quantities.contains(needed))
      throw SpecError(fmt::format("[emissions] has no {}", needed),
                      "device-power is carbon_intensity * devices * max_power * time",
                      fmt::format("add {} = {{ column = \"...\" }} or {{ value = ... }}", needed));
  for (auto& [name, quantity] : spec.quantities) {
    if (!quantity.value && quantity.column.empty())
      throw SpecError(fmt::format("[emissions] {} is empty", name), "it needs a column or a value", "give one of them");
    if (quantity.value && !quantity.column.empty())
      throw SpecError(fmt::format("[emissions] {} has a column and a value", name), "only one of them can hold",
                      "remove one");
    if (!quantity.unit.empty() && canonical_unit(name, quantity.unit).empty())
      throw SpecError(fmt::format("unknown unit '{}' of {}", quantity.unit, name), "it must be " + accepted_units(name),
                      "correct the unit");
    if (quantity.value) check_constant(name, quantity);
  }
}

}  // namespace carbonfront
