#include "host/emissions/quantities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "carbonfront/errors.hpp"
#include "host/emissions/models.hpp"
#include "host/emissions/units.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

/// Quantities above 0 and at most 1.
bool is_share(const std::string& quantity) {
  return quantity == "utilisation" || quantity == "inference_utilisation" || quantity.ends_with("_usage");
}

/// Quantities of hardware that is there: above 0.
bool is_of_hardware(const std::string& quantity) { return quantity == "peak" || quantity == "hardware_life"; }

std::string formula_of(const std::string& model) {
  for (const auto* list : {&training_models(), &inference_models(), &composed_models()})
    for (const ModelInfo& info : *list)
      if (info.name == model) return info.formula;
  return "";
}

std::vector<std::string> names_of(const std::vector<ModelInfo>& models) {
  std::vector<std::string> names;
  for (const ModelInfo& model : models) names.push_back(model.name);
  return names;
}

void check_number(const ModelQuantity& needed, const char* what, double value) {
  const std::string& name = needed.name;
  std::string problem = fmt::format("[emissions] {}{} = {}", name, what, value);
  if (std::isnan(value)) throw SpecError(problem, "a constant cannot be missing", "give a number, or a column");
  const char* advice = name == "pue"    ? "give a PUE of 1 or more"
                       : is_share(name) ? "give a share above 0 and at most 1, not per cent"
                       : value == 0     ? "give a value above 0; rows without one can be missing, or left out with `where`"
                                        : "give a finite value that is not negative";
  if (const char* wrong = what_is_wrong(name, value, needed.divides)) throw SpecError(problem, wrong, advice);
}

/// The bounds that a relative error makes of a constant, or of what is assumed, must be values that can be.
void check_error(const ModelQuantity& needed, const Quantity& quantity) {
  double error = *quantity.bounds.error;
  for (const std::optional<double>& value : {quantity.value, quantity.assume}) {
    if (!value) continue;
    check_number(needed, " by its error", low_of_error(needed.name, *value, error));
    check_number(needed, " by its error", high_of_error(needed.name, *value, error));
  }
}

void check_bounds(const ModelQuantity& needed, const Quantity& quantity) {
  const Bounds& bounds = quantity.bounds;
  std::string problem = fmt::format("[emissions] {}", needed.name);
  if (bounds.error) {
    if (!(*bounds.error >= 0 && *bounds.error < 1))
      throw SpecError(fmt::format("{} has an error of {}", problem, *bounds.error), "it is relative: 0.1 is 10 %",
                      "give an error from 0 to below 1");
    if (bounds.low || bounds.high || !bounds.low_column.empty() || !bounds.high_column.empty())
      throw SpecError(problem + " has an error and bounds", "only one of them can hold", "remove one");
    return check_error(needed, quantity);
  }
  if (bounds.low.has_value() != bounds.high.has_value() || bounds.low_column.empty() != bounds.high_column.empty())
    throw SpecError(problem + " has one bound", "an interval has two, both numbers or both columns", "give low and high");
  if (!quantity.column.empty() || !quantity.lookup.catalog.empty() || (quantity.value && !bounds.low))
    throw SpecError(problem + " has bounds and a column",
                    "a column of values has a relative error, or two columns of bounds",
                    "write { low = \"...\", high = \"...\" } or { column = \"...\", error = 0.1 }");
  if (!bounds.low) return;
  check_number(needed, " low", *bounds.low);
  check_number(needed, " high", *bounds.high);
  if (*bounds.low > *bounds.high)
    throw SpecError(fmt::format("{} has low = {} above high = {}", problem, *bounds.low, *bounds.high),
                    "an interval goes from low to high", "swap them, or correct the wrong one");
  if (quantity.value && !(*bounds.low <= *quantity.value && *quantity.value <= *bounds.high))
    throw SpecError(fmt::format("{} = {} is outside its bounds", problem, *quantity.value),
                    fmt::format("they are {} and {}", *bounds.low, *bounds.high), "correct the value or the bounds");
}

void check_lookup(const std::string& name, const Quantity& quantity) {
  const CatalogChoice& lookup = quantity.lookup;
  std::string problem = fmt::format("[emissions] {}", name);
  bool hardware = name == "max_power" || name == "peak", carbon = name == "carbon_intensity";
  if (lookup.catalog != "hardware" && lookup.catalog != "carbon")
    throw SpecError(fmt::format("{} names the catalogue '{}'", problem, lookup.catalog),
                    "catalogues are hardware and carbon" + did_you_mean(lookup.catalog, {"hardware", "carbon"}),
                    "choose one of them");
  if (!(lookup.catalog == "hardware" ? hardware : carbon))
    throw SpecError(fmt::format("{} is looked up in the catalogue {}", problem, lookup.catalog),
                    lookup.catalog == "hardware" ? "it has max_power and peak" : "it has carbon_intensity",
                    "give the quantity as a number or a column of numbers");
  if (quantity.value || lookup.name.empty() == quantity.column.empty())
    throw SpecError(problem + " has a catalogue", "it needs a name, or a column of names, and nothing else",
                    "give one of name and column");
  if (!quantity.unit.empty())
    throw SpecError(problem + " has a catalogue and a unit", "the catalogue has its own units", "remove the unit");
  const std::vector<std::string> precisions = {"fp64", "fp32", "tf32", "fp16", "tensor_fp16"};
  if (name == "peak" && std::ranges::count(precisions, lookup.precision) == 0)
    throw SpecError(problem + " is looked up without a known precision", "devices are of different speed in each",
                    "add precision = one of " + join(precisions, ", "));
  if (name != "peak" && !lookup.precision.empty())
    throw SpecError(problem + " has a precision", "only peak depends on it", "remove it");
}

void check_quantity(const ModelQuantity& needed, const Quantity& quantity) {
  const std::string& name = needed.name;
  std::string problem = fmt::format("[emissions] {}", name);
  bool named = !quantity.lookup.catalog.empty(), interval = quantity.bounds.given() && !quantity.bounds.error;
  if (!quantity.value && quantity.column.empty() && quantity.lookup.name.empty() && !interval)
    throw SpecError(problem + " is empty", "it needs a column or a value", "give one of them");
  if (quantity.value && !quantity.column.empty())
    throw SpecError(problem + " has a column and a value", "only one of them can hold", "remove one");
  if (quantity.lookup != CatalogChoice{}) check_lookup(name, quantity);
  if (!quantity.unit.empty() && canonical_unit(name, quantity.unit).empty())
    throw SpecError(fmt::format("unknown unit '{}' of {}", quantity.unit, name), "it must be " + accepted_units(name),
                    "correct the unit");
  if (quantity.value) check_number(needed, "", *quantity.value);
  if (quantity.assume) check_number(needed, " assume", *quantity.assume);
  if (quantity.bounds.given()) check_bounds(needed, quantity);
  bool column = !quantity.column.empty() || !quantity.bounds.low_column.empty();  // whose attribute may have the unit
  bool number = quantity.value || quantity.bounds.low || quantity.assume;
  if (number && !named && !column && quantity.unit.empty() && !may_lack_unit(name))
    throw SpecError(problem + " has no unit", "a constant needs one", "add unit = \"...\": " + accepted_units(name));
}

void check_models(const EmissionsSpec& spec) {
  std::vector<std::string> known = names_of(training_models());
  auto check = [&](const std::string& name, const std::vector<std::string>& all) {
    if (std::ranges::count(all, name) == 0)
      throw SpecError("unknown emission model '" + name + "'", "models are " + join(all, ", ") + did_you_mean(name, all),
                      "choose one of them; `carbonfront models` explains them");
  };
  if (!spec.inference.empty()) check(spec.inference, names_of(inference_models()));
  if (spec.model != "first-available") {
    std::vector<std::string> all = known;
    all.push_back("first-available");
    check(spec.model, all);
    if (!spec.models.empty())
      throw SpecError("[emissions] has `models` and the model " + spec.model, "a list belongs to first-available",
                      "write model = \"first-available\", or remove `models`");
    return;
  }
  if (spec.models.empty())
    throw SpecError("[emissions] first-available has no models", "it takes the first that can answer",
                    "add models = [\"measured-energy\", \"device-power\"] in the order you trust them");
  for (std::size_t i = 0; i < spec.models.size(); ++i) {
    check(spec.models[i], known);
    if (std::count(spec.models.begin(), spec.models.end(), spec.models[i]) > 1)
      throw SpecError("[emissions] models has '" + spec.models[i] + "' twice", "the second is never asked", "remove one");
  }
}

/// Cores and devices of green-algorithms are there with their power, or not at all.
void check_pairs(const EmissionsSpec& spec) {
  if (std::ranges::count(model_names(spec), "green-algorithms") == 0) return;
  auto given = [&](const char* name) { return spec.quantities.contains(name); };
  for (auto [one, other] :
       {std::pair("cores", "core_power"), {"core_power", "cores"}, {"devices", "max_power"}, {"max_power", "devices"}})
    if (given(one) && !given(other))
      throw SpecError(fmt::format("[emissions] has {} and no {}", one, other), "green-algorithms multiplies them",
                      fmt::format("add {}", other));
  if (!given("cores") && !given("devices"))
    throw SpecError("[emissions] has no cores and no devices", "green-algorithms is " + formula_of("green-algorithms"),
                    "add cores and core_power, or devices and max_power");
}

}  // namespace

const std::vector<std::string>& quantity_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto* list : {&training_models(), &composed_models(), &inference_models()})
      for (const ModelInfo& model : *list)
        for (const ModelQuantity& quantity : model.quantities)
          if (std::ranges::count(all, quantity.name) == 0) all.push_back(quantity.name);
    return all;
  }();
  return names;
}

ValueRange range_of(const std::string& quantity, bool divides) {
  const bool share = is_share(quantity);
  return {quantity == "pue" ? 1.0 : 0.0, share ? 1.0 : std::numeric_limits<double>::max(),
          !share && !is_of_hardware(quantity) && !divides};
}

const char* what_is_wrong(const std::string& quantity, double value, bool divides) {
  if (std::isnan(value) || range_of(quantity, divides).has(value)) return nullptr;
  if (value < 0) return "it cannot be negative";
  if (std::isinf(value)) return "it must be finite";
  if (quantity == "pue") return "a PUE is 1 or more: a facility never uses less than its computers do";
  if (is_share(quantity)) return "it must be above 0 and at most 1";
  return is_of_hardware(quantity) ? "it must be above 0" : "it must be above 0: the model divides by it";
}

double low_of_error(const std::string& quantity, double value, double error) {
  double low = value * (1 - error);
  return quantity == "pue" && low < 1 ? 1 : low;
}

double high_of_error(const std::string& quantity, double value, double error) {
  double high = value * (1 + error);
  return is_share(quantity) && high > 1 ? 1 : high;
}

std::string limit_text(const std::string& quantity) {
  return quantity == "pue" ? "not below 1" : is_share(quantity) ? "not above 1" : "";
}

void complete_emissions(EmissionsSpec& spec) {
  check_models(spec);
  if (!spec.quantities.contains("carbon_intensity")) {
    Quantity& intensity = spec.quantities["carbon_intensity"] = Quantity{kDefaultCarbonIntensity, "", "kg/kWh"};
    intensity.is_default = true;
  }
  spec.default_intensity = spec.quantities["carbon_intensity"].is_default;
  std::vector<ModelQuantity> used = used_quantities(spec);
  std::string models = join(model_names(spec), ", ") + (spec.inference.empty() ? "" : ", " + spec.inference);
  std::vector<std::string> missing;
  for (const ModelQuantity& needed : used)
    if (!needed.fallback && !spec.quantities.contains(needed.name)) missing.push_back(needed.name);
  if (!missing.empty())
    throw SpecError(fmt::format("[emissions] has no {}", join(missing, ", ")),
                    fmt::format("{} is {}", spec.model == "first-available" ? "one of its models" : spec.model,
                                spec.model == "first-available" ? models : formula_of(spec.model)),
                    fmt::format("add {} = {{ column = \"...\" }} or {{ value = ... }}", join(missing, ", ")));
  for (const auto& [name, quantity] : spec.quantities) {
    auto needed = std::ranges::find(used, name, &ModelQuantity::name);
    if (needed == used.end())
      throw SpecError(fmt::format("[emissions] {} is not used", name), fmt::format("the models are {}", models),
                      "remove it, or choose a model that uses it: see `carbonfront models`");
    check_quantity(*needed, quantity);
  }
  check_pairs(spec);
  for (const std::string& name : spec.require) {
    bool known = std::ranges::any_of(used, [&](const ModelQuantity& q) { return q.name == name; });
    for (const auto& [quantity, given] : spec.quantities) known |= given.column == name;
    std::vector<std::string> names;
    for (const ModelQuantity& quantity : used) names.push_back(quantity.name);
    if (!known)
      throw SpecError(fmt::format("'{}' is required", name),
                      "it is no quantity that emissions are computed from, and no column of one: " + join(names, ", ") +
                          did_you_mean(name, names),
                      "correct the name");
  }
  if (spec.quantities.contains("queries") && spec.inference.empty())
    throw SpecError("[emissions] has queries and no inference", "a lifetime is training + queries · inference",
                    "add inference = \"energy-per-sample\", \"flops-per-sample\" or \"parameters\"");
}

}  // namespace carbonfront
