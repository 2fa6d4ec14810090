// Emission models bound to a sweep.

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "carbonfront/errors.hpp"
#include "host/emissions/units.hpp"
#include "host/scoring/binding.hpp"
#include "host/scoring/lookups.hpp"

namespace carbonfront {

namespace {

/// The unit of a factor: the column's attribute or the spec's; if both are there they must be the same.
std::string unit_of(const std::string& quantity, const Quantity& given, const ColumnInfo& info, const std::string& path) {
  std::string column = fmt::format("column '{}' of '{}'", info.name, path);
  std::string from_file = info.units ? canonical_unit(quantity, *info.units) : "";
  if (info.units && !info.units->empty() && from_file.empty())
    throw InputError(fmt::format("{} has the unit '{}'", column, *info.units),
                     fmt::format("it is used as {}, which is in {}", quantity, accepted_units(quantity)),
                     "correct the attribute `units`, or name another column");
  std::string from_spec = given.unit.empty() ? "" : canonical_unit(quantity, given.unit);
  if (!from_file.empty() && !from_spec.empty() && from_file != from_spec)
    throw InputError(fmt::format("{} is in '{}' by its attribute and in '{}' by the spec", column, *info.units, given.unit),
                     "they must be the same unit", "remove the spec's unit, or correct the attribute");
  std::string unit = from_spec.empty() ? from_file : from_spec;
  if (!unit.empty()) return unit;
  unit = canonical_unit(quantity, "");
  if (unit.empty())
    throw InputError(
        fmt::format("{} has no unit", column), fmt::format("{} is in {}", quantity, accepted_units(quantity)),
        fmt::format("set the attribute `units`, or write {} = {{ column = \"{}\", unit = \"...\" }}", quantity, info.name));
  return unit;
}

/// The unit in which a catalogue's values of a quantity are used.
std::string catalog_unit(const std::string& quantity) {
  return quantity == "peak" ? "TFLOP/s" : quantity == "carbon_intensity" ? "g/kWh" : "W";
}

/// A quantity that a catalogue knows: one name for all rows, or a column of names.
void bind_lookup(Plan& plan, const Quantity& given, const std::vector<Catalog>& catalogs, FactorPlan& factor) {
  factor.unit = catalog_unit(factor.quantity);
  if (given.lookup.name.empty()) {
    factor.lookup = given.lookup;
    factor.column = use_column(plan, given.column);
    const ColumnInfo& info = plan.columns[factor.column].info;
    if (info.type != ValueType::string)
      throw InputError(fmt::format("column '{}' of '{}' cannot be looked up", given.column, plan.sweep.files.front().path),
                       "it holds numbers (" + info.type_name + ")", "name a column of names, or remove `catalog`");
    return;
  }
  CatalogAnswer answer = find_in_catalog(catalogs, factor.quantity, given.lookup, given.lookup.name);
  if (!answer.entry)
    throw SpecError(
        fmt::format("[emissions] {}: '{}' {} {}", factor.quantity, given.lookup.name, answer.why, given.lookup.catalog),
        candidates_text(answer), kLookupAdvice);
  factor.found = answer.entry;
  factor.constant = in_unit(factor, *answer.entry);
}

/// A quantity that two columns bound.
void bind_bounds(Plan& plan, const Quantity& given, FactorPlan& factor) {
  factor.low_column = use_numeric_column(plan, given.bounds.low_column, "a bound of an emission quantity");
  factor.high_column = use_numeric_column(plan, given.bounds.high_column, "a bound of an emission quantity");
  factor.column = factor.low_column;
  const std::string& path = plan.sweep.files.front().path;
  factor.unit = unit_of(factor.quantity, given, plan.columns[factor.low_column].info, path);
  std::string high = unit_of(factor.quantity, given, plan.columns[factor.high_column].info, path);
  if (high != factor.unit)
    throw InputError(fmt::format("the bounds of {} are in '{}' and in '{}'", factor.quantity, factor.unit, high),
                     "an interval has one unit", "correct the attribute `units` of one of the columns");
}

FactorPlan bind_factor(Plan& plan, const ModelQuantity& needed, const EmissionsSpec& spec,
                       const std::vector<Catalog>& catalogs) {
  const std::string& name = needed.name;
  FactorPlan factor{name};
  factor.divides = needed.divides;
  auto at = spec.quantities.find(name);
  if (at == spec.quantities.end()) {
    factor.constant = *needed.fallback;
    factor.unit = needed.fallback_unit;
    factor.fallback = needed.why;
    return factor;
  }
  const Quantity& given = at->second;
  factor.assume = given.assume;
  factor.error = given.bounds.error;
  if (!given.lookup.catalog.empty()) {
    bind_lookup(plan, given, catalogs, factor);
  } else if (!given.bounds.low_column.empty()) {
    bind_bounds(plan, given, factor);
  } else if (given.bounds.low) {
    factor.low = given.bounds.low;
    factor.high = given.bounds.high;
    factor.constant = given.value.value_or(std::midpoint(*given.bounds.low, *given.bounds.high));
    factor.unit = canonical_unit(name, given.unit);
  } else if (given.value) {
    factor.constant = *given.value;
    factor.unit = canonical_unit(name, given.unit);
    if (name == "carbon_intensity" && spec.default_intensity) factor.fallback = needed.why;
  } else {
    factor.column = use_numeric_column(plan, given.column, "an emission quantity");
    factor.unit = unit_of(name, given, plan.columns[factor.column].info, plan.sweep.files.front().path);
  }
  return factor;
}

StepPlan bind_step(const EmissionsPlan& emissions, const BoundModel& bound) {
  StepPlan step{bound.name, bound.model, bound.how, {}};
  for (const std::string& name : bound.factors) {
    auto at = std::ranges::find(emissions.factors, name, &FactorPlan::quantity);
    step.factors.push_back(at == emissions.factors.end() ? kConstantOne : static_cast<int>(at - emissions.factors.begin()));
  }
  return step;
}

/// The quantities that a step reads, as bits; without the carbon intensity for its energy.
std::uint32_t reads(const EmissionsPlan& emissions, const StepPlan& step, bool energy) {
  std::uint32_t bits = 0;
  for (int factor : step.factors)
    if (factor != kConstantOne && !(energy && emissions.factors[factor].quantity == "carbon_intensity"))
      bits |= 1u << factor;
  return bits;
}

void find_dependences(EmissionsPlan& emissions) {
  for (const StepPlan& step : emissions.training) {
    if (step.how != Combine::add) emissions.depends[Source::energy] |= reads(emissions, step, true);
    emissions.depends[Source::co2e] |= reads(emissions, step, false);
  }
  if (!emissions.inference) return;
  emissions.depends[Source::inference_energy] = reads(emissions, *emissions.inference, true);
  emissions.depends[Source::inference_co2e] = reads(emissions, *emissions.inference, false);
  if (emissions.queries == kConstantOne) return;
  std::uint32_t queries = 1u << emissions.queries;
  emissions.depends[Source::lifetime_energy] =
      queries | emissions.depends[Source::energy] | emissions.depends[Source::inference_energy];
  emissions.depends[Source::lifetime_co2e] =
      queries | emissions.depends[Source::co2e] | emissions.depends[Source::inference_co2e];
}

constexpr EmissionOutput kOutputs[] = {
    {Source::energy, "energy_kwh", "kWh", "energy of training"},
    {Source::co2e, "co2e_kg", "kg", "CO2-equivalent emissions of training"},
    {Source::inference_energy, "inference_kwh", "kWh", "energy of one sample"},
    {Source::inference_co2e, "inference_co2e_kg", "kg", "CO2-equivalent emissions of one sample"},
    {Source::lifetime_energy, "lifetime_kwh", "kWh", "energy of training and all queries"},
    {Source::lifetime_co2e, "lifetime_co2e_kg", "kg", "CO2-equivalent emissions of training and all queries"},
    {Source::energy_low, "energy_kwh_low", "kWh", "least energy of training"},
    {Source::energy_high, "energy_kwh_high", "kWh", "most energy of training"},
    {Source::co2e_low, "co2e_kg_low", "kg", "least CO2-equivalent emissions of training"},
    {Source::co2e_high, "co2e_kg_high", "kg", "most CO2-equivalent emissions of training"},
    {Source::inference_energy_low, "inference_kwh_low", "kWh", "least energy of one sample"},
    {Source::inference_energy_high, "inference_kwh_high", "kWh", "most energy of one sample"},
    {Source::inference_co2e_low, "inference_co2e_kg_low", "kg", "least CO2-equivalent emissions of one sample"},
    {Source::inference_co2e_high, "inference_co2e_kg_high", "kg", "most CO2-equivalent emissions of one sample"},
    {Source::lifetime_energy_low, "lifetime_kwh_low", "kWh", "least energy of training and all queries"},
    {Source::lifetime_energy_high, "lifetime_kwh_high", "kWh", "most energy of training and all queries"},
    {Source::lifetime_co2e_low, "lifetime_co2e_kg_low", "kg", "least CO2-equivalent emissions of training and all queries"},
    {Source::lifetime_co2e_high, "lifetime_co2e_kg_high", "kg",
     "most CO2-equivalent emissions of training and all queries"}};

}  // namespace

std::span<const EmissionOutput> all_emissions() { return kOutputs; }

const char* name_of(Source source) { return kOutputs[static_cast<std::size_t>(source) - 1].name; }

const EmissionOutput* find_emission(const std::string& name) {
  for (const EmissionOutput& output : kOutputs)
    if (name == output.name) return &output;
  return nullptr;
}

EmissionsPlan bind_emissions(Plan& plan, const EmissionsSpec& spec) {
  EmissionsPlan emissions;
  emissions.default_intensity = spec.default_intensity;
  for (const std::string& path : spec.catalogs) emissions.catalogs.push_back(read_catalog(path));
  for (const ModelQuantity& quantity : used_quantities(spec))
    emissions.factors.push_back(bind_factor(plan, quantity, spec, emissions.catalogs));
  auto unit = [&](const std::string& quantity) {
    auto at = std::ranges::find(emissions.factors, quantity, &FactorPlan::quantity);
    return at == emissions.factors.end() ? std::string("1") : at->unit;
  };
  for (const BoundModel& bound : bind_training(spec, unit)) emissions.training.push_back(bind_step(emissions, bound));
  if (auto bound = bind_inference(spec, unit)) emissions.inference = bind_step(emissions, *bound);
  auto queries = std::ranges::find(emissions.factors, "queries", &FactorPlan::quantity);
  if (queries != emissions.factors.end()) emissions.queries = static_cast<int>(queries - emissions.factors.begin());
  find_dependences(emissions);
  emissions.bounded = std::ranges::any_of(emissions.factors, &FactorPlan::bounded);
  emissions.first_available = spec.model == "first-available";
  if (emissions.bounded)
    for (auto [source, quantities] : std::map(emissions.depends))
      emissions.depends[low_of(source)] = emissions.depends[high_of(source)] = quantities;
  return emissions;
}

}  // namespace carbonfront
