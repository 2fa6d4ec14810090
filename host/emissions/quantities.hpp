#pragma once
// What a spec says about emissions: a model and its quantities, each a constant or a column.

#include <array>
#include <map>
#include <optional>
#include <string>

namespace carbonfront {

/// One quantity of an emission model: a constant, or a column of the sweep; `unit` empty where the column carries it.
struct Quantity {
  std::optional<double> value;
  std::string column;
  std::string unit;

  bool operator==(const Quantity&) const = default;
};

/// The carbon intensity used where a spec names none, in kg CO2e/kWh. Source: Douwes & Esling (the poster), α.
inline constexpr double kDefaultCarbonIntensity = 0.437;

/// The quantities of `device-power`, in the order in which missing ones are reported.
inline constexpr std::array<const char*, 5> kDevicePowerQuantities = {"devices", "max_power", "time", "carbon_intensity",
                                                                      "pue"};

struct EmissionsSpec {
  std::string model = "device-power";
  std::map<std::string, Quantity> quantities;  // by name, as in kDevicePowerQuantities
  bool default_intensity = false;              // the carbon intensity is the default, not the user's

  bool operator==(const EmissionsSpec&) const = default;
};

/// Fills in the default carbon intensity and refuses a model or quantities that cannot work, whatever the sweep holds.
/// Throws SpecError.
void complete_emissions(EmissionsSpec& spec);

}  // namespace carbonfront
