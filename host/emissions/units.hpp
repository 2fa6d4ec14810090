#pragma once
// Units of emission quantities: named, compared and turned into integer factors.

#include <string>

namespace carbonfront {

/// Returns the unit's canonical name ("W", "h", "kg/kWh", "1"), or an empty string where `text` is not a unit of this
/// quantity. Accepted: W, kW; s, min, h, d; g, kg, t per kWh; 1 or nothing; with the usual spellings.
std::string canonical_unit(const std::string& quantity, const std::string& text);

/// Tells which units a quantity accepts, for error messages: "W or kW".
std::string accepted_units(const std::string& quantity);

/// Two integers: a stored value times `multiplier` over `divisor` is in the base unit.
struct Scale {
  double multiplier, divisor;
};

/// power·time in canonical units to kWh: W·h /1000, W·min /60000, W·s /3600000, W·d ·24/1000; kW likewise without the 1000.
Scale to_kwh(const std::string& power_unit, const std::string& time_unit);

/// Carbon intensity in a canonical unit to kg/kWh.
Scale to_kg_per_kwh(const std::string& intensity_unit);

}  // namespace carbonfront
