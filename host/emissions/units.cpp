#include "host/emissions/units.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

namespace carbonfront {

namespace {

/// A unit: its canonical name, its integer factor to the base unit, and other spellings.
struct Unit {
  const char* canonical;
  Scale to_base;
  std::vector<std::string_view> spellings;
};

const std::vector<Unit>& units_of(Dimension dimension) {
  static const std::map<Dimension, std::vector<Unit>> units = {
      {Dimension::ratio, {{"1", {1, 1}, {""}}}},
      {Dimension::count,
       {{"1", {1, 1}, {""}},
        {"k", {1e3, 1}, {"thousand"}},
        {"M", {1e6, 1}, {"million"}},
        {"G", {1e9, 1}, {"B", "billion"}},
        {"T", {1e12, 1}, {"trillion"}}}},
      {Dimension::power,
       {{"W", {1, 1}, {"w", "watt", "watts", "Watt", "Watts"}}, {"kW", {1000, 1}, {"kw", "kilowatt", "kilowatts"}}}},
      {Dimension::time,
       {{"s", {1, 3600}, {"sec", "secs", "second", "seconds"}},
        {"min", {1, 60}, {"mins", "minute", "minutes"}},
        {"h", {1, 1}, {"hr", "hrs", "hour", "hours"}},
        {"d", {24, 1}, {"day", "days"}}}},
      {Dimension::energy,
       {{"J", {1, 3600000}, {"joule", "joules", "Ws"}},
        {"kJ", {1, 3600}, {"kilojoule", "kilojoules"}},
        {"MJ", {1000, 3600}, {"megajoule", "megajoules"}},
        {"Wh", {1, 1000}, {"watt hours"}},
        {"kWh", {1, 1}, {"kwh", "KWh", "kilowatt hours"}},
        {"MWh", {1000, 1}, {"megawatt hours"}}}},
      {Dimension::intensity,
       {{"g/kWh", {1, 1000}, {"g kWh-1", "g.kWh-1"}},
        {"kg/kWh", {1, 1}, {"kg kWh-1", "kg.kWh-1"}},
        {"t/kWh", {1000, 1}, {"t kWh-1", "t.kWh-1"}}}},
      {Dimension::work,
       {{"FLOP", {1, 1}, {"FLOPs", "flop", "flops"}},
        {"GFLOP", {1e9, 1}, {"GFLOPs"}},
        {"TFLOP", {1e12, 1}, {"TFLOPs"}},
        {"PFLOP", {1e15, 1}, {"PFLOPs"}},
        {"EFLOP", {1e18, 1}, {"EFLOPs"}}}},
      {Dimension::rate,
       {{"FLOP/s", {1, 1}, {"FLOPS", "flop/s"}},
        {"GFLOP/s", {1e9, 1}, {"GFLOPS"}},
        {"TFLOP/s", {1e12, 1}, {"TFLOPS"}},
        {"PFLOP/s", {1e15, 1}, {"PFLOPS"}}}},
      {Dimension::memory, {{"MB", {1, 1000}, {}}, {"GB", {1, 1}, {"gigabyte", "gigabytes"}}, {"TB", {1000, 1}, {}}}},
      {Dimension::memory_power, {{"W/GB", {1, 1}, {"W GB-1"}}}},
      {Dimension::mass, {{"g", {1, 1000}, {}}, {"kg", {1, 1}, {}}, {"t", {1000, 1}, {"tonne", "tonnes"}}}}};
  return units.at(dimension);
}

/// The units of a quantity: hardware lives for years, nothing else is said in them.
std::vector<Unit> units_of(const std::string& quantity) {
  std::vector<Unit> units = units_of(dimension_of(quantity));
  if (quantity == "hardware_life") units.push_back({"y", {8760, 1}, {"year", "years", "yr", "a"}});
  return units;
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

Dimension dimension_of(const std::string& quantity) {
  static const std::map<std::string, Dimension> dimensions = {{"max_power", Dimension::power},
                                                              {"core_power", Dimension::power},
                                                              {"time", Dimension::time},
                                                              {"hardware_life", Dimension::time},
                                                              {"energy", Dimension::energy},
                                                              {"energy_per_sample", Dimension::energy},
                                                              {"carbon_intensity", Dimension::intensity},
                                                              {"flops", Dimension::work},
                                                              {"flops_per_sample", Dimension::work},
                                                              {"peak", Dimension::rate},
                                                              {"memory", Dimension::memory},
                                                              {"memory_power", Dimension::memory_power},
                                                              {"manufacture", Dimension::mass},
                                                              {"parameters", Dimension::count},
                                                              {"tokens", Dimension::count},
                                                              {"queries", Dimension::count}};
  auto at = dimensions.find(quantity);
  return at == dimensions.end() ? Dimension::ratio : at->second;
}

std::string canonical_unit(const std::string& quantity, const std::string& text) {
  Dimension dimension = dimension_of(quantity);
  bool gas = dimension == Dimension::intensity || dimension == Dimension::mass;
  std::string wanted = gas ? without_gas(text) : text;
  for (const Unit& unit : units_of(quantity))
    if (wanted == unit.canonical || std::find(unit.spellings.begin(), unit.spellings.end(), wanted) != unit.spellings.end())
      return unit.canonical;
  return {};
}

std::string accepted_units(const std::string& quantity) {
  const auto units = units_of(quantity);
  std::string text;
  for (std::size_t i = 0; i < units.size(); ++i)
    text += (i == 0 ? "" : i + 1 == units.size() ? " or " : ", ") + std::string(units[i].canonical);
  return text;
}

bool may_lack_unit(const std::string& quantity) { return !canonical_unit(quantity, "").empty(); }

Scale to_base(const std::string& quantity, const std::string& unit) {
  for (const Unit& known : units_of(quantity))
    if (unit == known.canonical) return known.to_base;
  return {1, 1};
}

Scale product(const std::vector<Scale>& scales, double divisor) {
  Scale all{1, divisor};
  for (const Scale& scale : scales) all = {all.multiplier * scale.multiplier, all.divisor * scale.divisor};
  if (std::fmod(all.multiplier, all.divisor) == 0) return {all.multiplier / all.divisor, 1};
  if (std::fmod(all.divisor, all.multiplier) == 0) return {1, all.divisor / all.multiplier};
  return all;
}

Scale to_kwh(const std::string& power_unit, const std::string& time_unit) {
  return product({to_base("max_power", power_unit), to_base("time", time_unit)}, 1000);
}

Scale to_kg_per_kwh(const std::string& intensity_unit) { return to_base("carbon_intensity", intensity_unit); }

}  // namespace carbonfront
