// The part of the result that says where emissions come from.

#include <fmt/format.h>

#include "host/scoring/result.hpp"
#include "host/scoring/result_parts.hpp"

namespace carbonfront {

namespace {

/// Where a quantity comes from, in words.
std::string origin(const FactorPlan& factor) {
  if (factor.found) {
    const CatalogEntry& entry = *factor.found;
    return fmt::format("catalogue: {}, {}{}{}", entry.name, entry.user ? "the user's" : entry.source,
                       entry.year.empty() ? "" : ", ", entry.year);
  }
  if (!factor.fallback.empty()) return "left out: " + factor.fallback;
  if (factor.column == kNoColumn) return "constant";
  return factor.lookup.catalog.empty() ? "column" : "column of names, catalogue " + factor.lookup.catalog;
}

h5::Handle write_texts(hid_t group, hid_t axis, const char* name, const std::vector<std::string>& texts, const char* about) {
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  h5::Handle dataset = h5::write_dataset(group, name, h5::utf8_type(), {texts.size()}, pointers.data());
  describe(dataset, about, "");
  attach(dataset, axis);
  return dataset;
}

/// The names of one quantity's column, ascending by bytes, and what a catalogue said of each.
void write_lookups(hid_t emissions, const FactorPlan& factor, const NameLookups& lookups) {
  h5::Handle group = create_group(emissions, "lookups/" + factor.quantity);
  h5::Handle axis = create_dimension(group, "names", lookups.size());
  std::vector<std::string> names, found, sources, years, notes;
  std::vector<double> values;
  std::vector<std::uint64_t> rows;
  for (const auto& [name, lookup] : lookups) {
    const CatalogEntry entry = lookup.answer.entry.value_or(CatalogEntry{});
    names.push_back(name);
    found.push_back(entry.name);
    sources.push_back(entry.user ? "the user's" : entry.source);
    years.push_back(entry.year);
    notes.push_back(lookup.answer.entry ? entry.note : lookup.answer.why);
    values.push_back(lookup.value);
    rows.push_back(lookup.rows);
  }
  write_texts(group, axis, "name", names, "as the sweep has it");
  write_texts(group, axis, "found", found, "name in the catalogue; empty where it has no single value");
  write_texts(group, axis, "source", sources, "who says so");
  write_texts(group, axis, "year", years, "of the fact");
  write_texts(group, axis, "note", notes, "what is known against it, or why there is no value");
  h5::Handle value = h5::write_dataset(group, "value", H5T_NATIVE_DOUBLE, {values.size()}, values.data());
  describe(value, factor.quantity, factor.unit);
  attach(value, axis);
  h5::Handle count = h5::write_dataset(group, "rows", H5T_NATIVE_UINT64, {rows.size()}, rows.data());
  describe(count, "selected rows of this name", "");
  attach(count, axis);
}

}  // namespace

void write_emission_attributes(hid_t file, hid_t rows_scale, const Plan& plan, const Data& data) {
  const EmissionsPlan& emissions = *plan.emissions;
  h5::Handle group(H5Gopen2(file, "emissions", H5P_DEFAULT));
  for (const EmissionOutput& output : all_emissions())
    if (emissions.computes(output.source)) attach_dataset(group, output.name, rows_scale);
  if (emissions.chooses()) attach_dataset(group, "source", rows_scale);
  std::vector<std::string> quantities, columns, units, origins;
  for (std::size_t k = 0; k < emissions.factors.size(); ++k) {
    const FactorPlan& factor = emissions.factors[k];
    quantities.push_back(factor.quantity);
    columns.push_back(factor.column == kNoColumn ? "" : plan.columns[factor.column].info.name);
    units.push_back(factor.unit);
    origins.push_back(origin(factor));
    if (factor.column != kNoColumn) attach_dataset(group, "account/" + factor.quantity, rows_scale);
    if (!factor.lookup.catalog.empty()) write_lookups(group, factor, data.lookups[k]);
  }
  h5::write_attribute(group, "model", std::string_view(plan.spec.emissions->model));
  if (emissions.chooses()) h5::write_attribute(group, "models", plan.spec.emissions->models);
  h5::write_attribute(group, "quantities", quantities);
  h5::write_attribute(group, "quantity_columns", columns);
  h5::write_attribute(group, "quantity_units", units);
  h5::write_attribute(group, "quantity_origins", origins);
  h5::write_attribute(group, "missing_rows", data.factor_missing);
  h5::write_attribute(group, "assumed_rows", data.factor_assumed);
  h5::write_attribute(group, "rows_without_emissions", static_cast<std::int64_t>(data.without_emissions));
}

}  // namespace carbonfront
