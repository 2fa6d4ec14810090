#pragma once
// Catalogues of hardware and carbon intensity: facts with their sources, found by name.

#include <optional>
#include <string>
#include <vector>

#include "host/emissions/quantities.hpp"

namespace carbonfront {

/// One fact: what a source says of one quantity of one name. `code` may be several, separated by spaces: ISO 3166-1's
/// "CAN CA", ISO 3166-2's "US-CA". `same_as` makes a name another word for a second one, and then there is no value.
struct CatalogEntry {
  std::string scope, name, code, quantity;
  double value = 0;
  std::string unit, year, source, reference, note, same_as;
  std::string words;  // of the name, as name_words has them
  bool user = false;  // of the user's own catalogue, which overrides the built-in ones
};

struct Catalog {
  std::vector<CatalogEntry> entries;
};

/// The built-in catalogue "hardware" or "carbon". Read once.
const Catalog& builtin_catalog(const std::string& name);

/// The source that answers for a scope where none is chosen.
std::string default_source(const std::string& scope);

/// Reads a user's catalogue: columns name, quantity, value and unit, and if wanted scope, code, year, source, reference,
/// note and same_as, in any order. Throws InputError with file and line for a wrong header, an unknown quantity or unit, a
/// value that cannot be, a name that is there twice, and names that are each other's same_as in a circle.
Catalog parse_catalog(const std::string& csv, const std::string& file);
Catalog read_catalog(const std::string& path);

/// What a lookup asks for: a quantity as catalogues name it ("max_power", "peak_tensor_fp16", "carbon_intensity").
struct CatalogQuery {
  std::string name, quantity, source, year, scope;
};

/// The answer, or why there is none with the candidates that a user may have meant.
struct CatalogAnswer {
  std::optional<CatalogEntry> entry;
  std::string why;  // "is unknown to the catalogue", "has several values in the catalogue"
  std::vector<std::string> candidates;
};

/// Finds a name: as it is written, whatever the case, as a code, by its words in any order without the maker's, and as
/// another word for a name. Entries of the user come first, then those of the source asked for, or of each scope's default
/// source. A name or code that a country has means the country, else the state of the USA that has it; within a scope that
/// is asked for, "CA" is also the state US-CA. Several values are no answer. O(entries).
CatalogAnswer look_up(const Catalog& builtin, const std::vector<Catalog>& users, const CatalogQuery& query);

/// Tells whether an entry has a code, whatever the case.
bool has_code(const CatalogEntry& entry, const std::string& code);

/// The catalogue's name for a quantity of the spec.
std::string catalog_quantity(const std::string& quantity, const std::string& precision);

/// The words of a name, sorted, without makers and in lower case: "NVIDIA A100-PCIE-80GB" is "80gb a100 pcie".
std::string name_words(const std::string& name);

}  // namespace carbonfront
