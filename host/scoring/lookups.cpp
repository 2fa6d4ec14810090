#include "host/scoring/lookups.hpp"

#include <limits>

#include "host/emissions/units.hpp"
#include "host/text.hpp"

namespace carbonfront {

CatalogAnswer find_in_catalog(const std::vector<Catalog>& users, const std::string& quantity, const CatalogChoice& choice,
                              const std::string& name) {
  return look_up(builtin_catalog(choice.catalog), users,
                 {name, catalog_quantity(quantity, choice.precision), choice.source, choice.year, choice.scope});
}

std::string candidates_text(const CatalogAnswer& answer) {
  return answer.candidates.empty() ? "nothing in it is similar" : "candidates are " + join(answer.candidates, "; ");
}

double in_unit(const FactorPlan& factor, const CatalogEntry& entry) {
  if (entry.unit == factor.unit) return entry.value;
  Scale from = to_base(factor.quantity, entry.unit), to = to_base(factor.quantity, factor.unit);
  return scaled(entry.value, product({from, {to.divisor, to.multiplier}}));
}

NameLookup& found_name(const EmissionsPlan& emissions, const FactorPlan& factor, std::string_view name, NameLookups& names) {
  auto at = names.find(name);
  if (at != names.end()) return at->second;
  NameLookup found{find_in_catalog(emissions.catalogs, factor.quantity, factor.lookup, std::string(name))};
  found.value = found.answer.entry ? in_unit(factor, *found.answer.entry) : std::numeric_limits<double>::quiet_NaN();
  return names.emplace(name, std::move(found)).first->second;
}

}  // namespace carbonfront
