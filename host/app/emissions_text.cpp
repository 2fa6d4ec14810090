// What the summary says of emissions.

#include <algorithm>
#include <functional>
#include <set>

#include "host/app/say.hpp"
#include "host/app/summary.hpp"
#include "host/app/table.hpp"
#include "host/scoring/missing.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

/// The models in words: the poster's formula as the poster writes it, the others by name.
std::string models_text(const Plan& plan) {
  const EmissionsSpec& spec = *plan.spec.emissions;
  bool pue = spec.quantities.contains("pue"), made = spec.quantities.contains("manufacture");
  std::string text = spec.model == "device-power" ? std::string("CO2e = α · n · p_max · t") + (pue ? " · PUE" : "")
                     : spec.models.empty()        ? spec.model
                                                  : "the first of " + join(spec.models, ", ") + " that is known";
  if (made) text += spec.model == "device-power" ? " + share of manufacture" : ", with the share of manufacture";
  return text;
}

std::string intensity_text(const Plan& plan) {
  auto at = std::ranges::find(plan.emissions->factors, "carbon_intensity", &FactorPlan::quantity);
  if (at->column != kNoColumn) return "α from column " + plan.columns[at->column].info.name;
  return shown("α = {} {}{}", at->constant, at->unit, plan.emissions->default_intensity ? " (the default)" : "");
}

/// How many rows each model of first-available answered.
std::string sources_text(const Plan& plan, const Data& data) {
  std::vector<std::string> parts;
  for (std::size_t k = 0; k < plan.emissions->training.size(); ++k) {
    if (plan.emissions->training[k].how != Combine::add)
      parts.push_back(plan.emissions->training[k].name + " in " + grouped_digits(data.rows_of_model[k]));
  }
  return shown("  taken from {}\n", join(parts, ", "));
}

std::string value_text(const FactorPlan& factor) {
  return shown("{}{}", factor.constant, factor.unit == "1" ? "" : " " + factor.unit);
}

std::string origin_text(const CatalogEntry& entry) {
  std::string text = entry.user ? "the user's catalogue" : "source " + entry.source;
  if (!entry.year.empty()) text += ", " + entry.year;
  return text + (entry.note.empty() ? "" : " (" + entry.note + ")");
}

/// The sources that a column's names were found in: "catalogue hardware: epoch".
std::string catalog_text(const FactorPlan& factor, const NameLookups& names) {
  std::set<std::string> sources;
  for (const auto& [name, found] : names)
    if (found.answer.entry) sources.insert(found.answer.entry->user ? "the user's" : found.answer.entry->source);
  return shown("catalogue {}: {}", factor.lookup.catalog,
               sources.empty() ? "no name found" : join({sources.begin(), sources.end()}, ", "));
}

/// Which facts are missing how often, and where the others come from; nothing to say where none is missing or assumed.
std::string facts_table(const Plan& plan, const Data& data) {
  Table table{{{"fact", "given", "assumed", "missing", "from"}}};
  bool telling = false;
  for (std::size_t k = 0; k < plan.emissions->factors.size(); ++k) {
    const FactorPlan& factor = plan.emissions->factors[k];
    std::uint64_t missing = data.factor_missing[k], assumed = data.factor_assumed[k];
    telling |= missing > 0 || assumed > 0 || !factor.lookup.catalog.empty() || factor.found.has_value();
    bool fallback = !factor.fallback.empty();
    std::string from = factor.found                 ? factor.found->name + ", " + origin_text(*factor.found)
                       : fallback                   ? value_text(factor) + ": " + factor.fallback
                       : factor.column == kNoColumn ? value_text(factor)
                       : factor.low_column != kNoColumn
                           ? "columns " + quantity_column(plan, 2 * k) + " and " + quantity_column(plan, 2 * k + 1)
                           : "column " + plan.columns[factor.column].info.name;
    if (!factor.lookup.catalog.empty()) from += ", " + catalog_text(factor, data.lookups[k]);
    if (assumed > 0) from += shown(", else {} {}", *factor.assume, factor.unit);
    table.rows.push_back({factor.quantity, grouped_digits(fallback ? 0 : data.selection.size - missing - assumed),
                          grouped_digits(fallback ? data.selection.size : assumed), grouped_digits(missing), from});
  }
  return telling ? table.text("    ", {1, 2, 3}) : "";
}

/// Names that no catalogue knows, most frequent first.
std::string unknown_names_text(const Plan& plan, const Data& data) {
  std::string out;
  for (std::size_t k = 0; k < data.lookups.size(); ++k) {
    std::vector<std::pair<std::uint64_t, std::string>> unknown;
    for (const auto& [name, found] : data.lookups[k])
      if (!found.answer.entry) unknown.push_back({found.rows, name});
    std::ranges::stable_sort(unknown, std::greater<>(), &std::pair<std::uint64_t, std::string>::first);
    std::vector<std::string> parts;
    for (const auto& [rows, name] : unknown)
      if (parts.size() < 5) parts.push_back(shown("'{}' in {}", name, grouped_digits(rows)));
    if (unknown.size() > parts.size()) parts.push_back(shown("{} more", unknown.size() - parts.size()));
    if (!parts.empty()) out += shown("    names without {}: {}\n", plan.emissions->factors[k].quantity, join(parts, ", "));
  }
  return out;
}

}  // namespace

std::string assumptions_text(const Plan& plan) {
  std::string out;
  for (const FactorPlan& factor : plan.emissions->factors) {
    if (factor.quantity == "carbon_intensity" && plan.emissions->default_intensity)
      out +=
          shown("carbon intensity: {} kg/kWh, the default; set carbon_intensity to use another\n", kDefaultCarbonIntensity);
    else if (!factor.fallback.empty() && factor.quantity != "pue")
      out += shown("{}: {}, left out ({})\n", factor.quantity, value_text(factor), factor.fallback);
    if (factor.found)
      out +=
          shown("{}: {} of {}, {}\n", factor.quantity, value_text(factor), factor.found->name, origin_text(*factor.found));
  }
  return out;
}

std::string emissions_text(const Plan& plan, const Data& data) {
  std::uint64_t selected = data.selection.size;
  std::string out = shown("Emissions: {}, {}\n", models_text(plan), intensity_text(plan));
  out += shown("  known for {} of {} configuration{}", grouped_digits(selected - data.without_emissions),
               grouped_digits(selected), selected == 1 ? "" : "s");
  std::vector<std::string> missing;
  for (std::size_t c = 0; c < data.column_missing.size(); ++c)
    if (data.column_missing[c] > 0)
      missing.push_back(shown("{} ({}) in {}", quantity_column(plan, c), plan.emissions->factors[c / 2].quantity,
                              grouped_digits(data.column_missing[c])));
  out += shown("{}\n", missing.empty() ? "" : "; missing: " + join(missing, ", "));
  if (plan.emissions->chooses()) out += sources_text(plan, data);
  return out + facts_table(plan, data) + unknown_names_text(plan, data);
}

}  // namespace carbonfront
