#pragma once
// What a spec says about emissions: models and their quantities, each a constant, a column or a name in a catalogue.

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace carbonfront {

/// Where a quantity is looked up instead of being given as a number. Empty members: the catalogue's defaults.
struct CatalogChoice {
  std::string catalog;              // "hardware" or "carbon"; empty: no lookup
  std::string name;                 // a name for all rows; empty: the column has the names
  std::string source, year, scope;  // choose among several values of one name
  std::string precision;            // of `peak`: "tensor_fp16" and so on
  bool unknown_is_missing = false;  // an unknown name is a missing value instead of an error

  bool operator==(const CatalogChoice&) const = default;
};

/// Bounds of a quantity: constants, columns, or a relative error around its value.
struct Bounds {
  std::optional<double> low, high, error;
  std::string low_column, high_column;

  bool given() const { return low || high || error || !low_column.empty() || !high_column.empty(); }
  bool operator==(const Bounds&) const = default;
};

/// One quantity of an emission model: a constant, or a column of the sweep; `unit` empty where the column carries it. With
/// bounds and neither of them, its value is the middle of its bounds.
struct Quantity {
  std::optional<double> value;
  std::string column = {};
  std::string unit = {};
  std::optional<double> assume = {};  // what stands in for a missing value, in the same unit
  Bounds bounds = {};
  CatalogChoice lookup = {};
  bool is_default = false;  // the program's own value, not the user's

  bool operator==(const Quantity&) const = default;
};

/// The carbon intensity used where a spec names none, in kg CO2e/kWh. Source: Douwes & Esling (the poster), α.
inline constexpr double kDefaultCarbonIntensity = 0.437;

struct EmissionsSpec {
  std::string model = "device-power";
  std::vector<std::string> models;             // of first-available, in order; empty with any other model
  std::string inference;                       // a model of what one sample costs; empty: not asked for
  std::vector<std::string> catalogs;           // the user's catalogues, the last first
  std::vector<std::string> require;            // quantities or columns that must be there in every selected row
  std::map<std::string, Quantity> quantities;  // by name, as in `carbonfront models`
  bool default_intensity = false;              // the carbon intensity is the default, not the user's

  bool operator==(const EmissionsSpec&) const = default;
};

/// Names of all quantities of all models.
const std::vector<std::string>& quantity_names();

/// The values of a quantity that can be, in any unit: from `least` to `most`, and 0 only where that is allowed. Not NaN.
struct ValueRange {
  double least, most;
  bool zero;

  bool has(double value) const { return (value >= least) & (value <= most) & ((value != 0) | zero); }
};

/// Finds the values of a quantity that can be; 0 cannot where a model divides by it.
ValueRange range_of(const std::string& quantity, bool divides = false);

/// Says why a value of a quantity cannot be; null where it is in its range, or NaN, which is missing.
const char* what_is_wrong(const std::string& quantity, double value, bool divides = false);

/// The bounds that a relative error makes of a value: value · (1 − error) and value · (1 + error), where the quantity has a
/// limit no further than that: a PUE is 1 or more, utilisation and usage at most 1. NaN stays NaN.
double low_of_error(const std::string& quantity, double value, double error);
double high_of_error(const std::string& quantity, double value, double error);

/// Says where the bounds of a relative error stop; empty where nothing stops them.
std::string limit_text(const std::string& quantity);

/// Fills in the default carbon intensity and refuses models or quantities that cannot work, whatever the sweep holds.
/// Throws SpecError.
void complete_emissions(EmissionsSpec& spec);

}  // namespace carbonfront
