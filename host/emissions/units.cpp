#include "host/emissions/units.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <vector>

namespace carbonfront {

namespace {

struct Unit {
  const char* canonical;
  std::vector<std::string_view> spellings;
};

const std::vector<Unit> power = {{"W", {"W", "w", "watt", "watts", "Watt", "Watts"}},
                                 {"kW", {"kW", "kw", "kilowatt", "kilowatts"}}};
const std::vector<Unit> time_units = {{"s", {"s", "sec", "secs", "second", "seconds"}},
                                      {"min", {"min", "mins", "minute", "minutes"}},
                                      {"h", {"h", "hr", "hrs", "hour", "hours"}},
                                      {"d", {"d", "day", "days"}}};
const std::vector<Unit> intensity = {{"g/kWh", {"g/kWh", "g kWh-1", "g.kWh-1"}},
                                     {"kg/kWh", {"kg/kWh", "kg kWh-1", "kg.kWh-1"}},
                                     {"t/kWh", {"t/kWh", "t kWh-1", "t.kWh-1"}}};
const std::vector<Unit> dimensionless = {{"1", {"1", ""}}};

const std::vector<Unit>& units_of(const std::string& quantity) {
  if (quantity == "max_power") return power;
  if (quantity == "time") return time_units;
  if (quantity == "carbon_intensity") return intensity;
  return dimensionless;
}

/// Drops what is only a name for the gas: "kgCO2e/kWh", "g CO2eq/kWh" and "kg CO₂/kWh" are masses per kWh.
std::string without_gas(std::string text) {
  for (std::string_view gas : {"CO2eq", "CO2e", "CO2", "CO₂eq", "CO₂e", "CO₂"})
    if (auto at = text.find(gas); at != std::string::npos && at > 0) {
      text.erase(at, gas.size());
      while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '_')) text.erase(--at, 1);
      break;
    }
  return text;
}

}  // namespace

std::string canonical_unit(const std::string& quantity, const std::string& text) {
  std::string wanted = quantity == "carbon_intensity" ? without_gas(text) : text;
  for (const Unit& unit : units_of(quantity))
    if (std::find(unit.spellings.begin(), unit.spellings.end(), wanted) != unit.spellings.end()) return unit.canonical;
  return {};
}

std::string accepted_units(const std::string& quantity) {
  const auto& units = units_of(quantity);
  std::string text;
  for (std::size_t i = 0; i < units.size(); ++i)
    text += (i == 0 ? "" : i + 1 == units.size() ? " or " : ", ") + std::string(units[i].canonical);
  return text;
}

Scale to_kwh(const std::string& power_unit, const std::string& time_unit) {
  double thousand = power_unit == "W" ? 1000 : 1;
  if (time_unit == "s") return {1, 3600 * thousand};
  if (time_unit == "min") return {1, 60 * thousand};
  if (time_unit == "d") return {24, thousand};
  return {1, thousand};
}

Scale to_kg_per_kwh(const std::string& intensity_unit) {
  if (intensity_unit == "g/kWh") return {1, 1000};
  if (intensity_unit == "t/kWh") return {1000, 1};
  return {1, 1};
}

}  // namespace carbonfront
