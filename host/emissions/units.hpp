#pragma once
// Units of emission quantities: named, compared and turned into integer factors.

#include <string>
#include <vector>

#include "kernels/emission.hpp"

namespace carbonfront {

/// What a quantity measures; each kind has its own units.
enum class Dimension { ratio, count, power, time, energy, intensity, work, rate, memory, memory_power, mass };

/// The dimension of an emission quantity by name; a name that is none is a ratio.
Dimension dimension_of(const std::string& quantity);

/// Returns the unit's canonical name ("W", "h", "kg/kWh", "1"), or an empty string where `text` is not a unit of this
/// quantity. Accepted: W, kW; s, min, h, d, y; g, kg, t per kWh and so on; 1 or nothing; with the usual spellings.
std::string canonical_unit(const std::string& quantity, const std::string& text);

/// Tells which units a quantity accepts, for error messages: "W or kW".
std::string accepted_units(const std::string& quantity);

/// Tells whether a constant or a column of this quantity may go without a unit.
bool may_lack_unit(const std::string& quantity);

/// A canonical unit to the base unit of its quantity: W, h, kWh, kg/kWh, FLOP, FLOP/s, GB, W/GB, kg, 1.
Scale to_base(const std::string& quantity, const std::string& unit);

/// The product of unit factors, over `divisor`, as two integers; one of them 1 where they divide.
Scale product(const std::vector<Scale>& scales, double divisor = 1);

/// power·time in canonical units to kWh: W·h /1000, W·min /60000, W·s /3600000, W·d ·24/1000; kW likewise without the 1000.
Scale to_kwh(const std::string& power_unit, const std::string& time_unit);

/// Carbon intensity in a canonical unit to kg/kWh.
Scale to_kg_per_kwh(const std::string& intensity_unit);

}  // namespace carbonfront
