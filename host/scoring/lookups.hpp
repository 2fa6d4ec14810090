#pragma once
// Names of a sweep's rows found in catalogues, each distinct name once.

#include <map>
#include <string>
#include <string_view>

#include "host/scoring/plan.hpp"

namespace carbonfront {

/// What became of one name of a column.
struct NameLookup {
  CatalogAnswer answer;
  double value = 0;        // in the factor's unit; NaN where there is no answer
  std::uint64_t rows = 0;  // selected rows that have it
};

/// The distinct names of one quantity's column, by name.
using NameLookups = std::map<std::string, NameLookup, std::less<>>;

inline constexpr const char* kLookupAdvice =
    "correct the name, choose a source, year or scope, add it in a catalogue of yours (`catalogs`), or say unknown = "
    "\"missing\"; `carbonfront catalog` lists names";

/// Finds a name of a quantity as the spec chooses.
CatalogAnswer find_in_catalog(const std::vector<Catalog>& users, const std::string& quantity, const CatalogChoice& choice,
                              const std::string& name);

/// Lists what a user may have meant, for messages.
std::string candidates_text(const CatalogAnswer& answer);

/// The value of an entry in a factor's unit.
double in_unit(const FactorPlan& factor, const CatalogEntry& entry);

/// Finds a name once and remembers it. O(entries) for a new name, O(log names) afterwards.
NameLookup& found_name(const EmissionsPlan& emissions, const FactorPlan& factor, std::string_view name, NameLookups& names);

}  // namespace carbonfront
