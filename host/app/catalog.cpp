// carbonfront catalog: facts that quantities can be looked up in.

#include "host/emissions/catalog.hpp"

#include <fmt/format.h>

#include <memory>

#include "carbonfront/errors.hpp"
#include "host/app/commands.hpp"
#include "host/app/say.hpp"
#include "host/app/table.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

struct CatalogOptions {
  std::string catalog, search;
  std::vector<std::string> files;
};

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Tells whether a search names an entry: a part of its name, its code, scope or source, or all of its words.
bool matches(const CatalogEntry& entry, const std::string& search) {
  std::string wanted = lower(search), words = name_words(search);
  return wanted.empty() || lower(entry.name).find(wanted) != std::string::npos || has_code(entry, search) ||
         entry.scope == wanted || entry.source == wanted || (!words.empty() && entry.words == words);
}

void add_rows(Table& table, const Catalog& catalog, const std::string& search) {
  for (const CatalogEntry& entry : catalog.entries) {
    if (!matches(entry, search)) continue;
    bool chosen = entry.user || entry.source == default_source(entry.scope);
    std::string value = entry.same_as.empty() ? fmt::format("{}", entry.value) : "";
    table.rows.push_back({entry.scope, entry.name, entry.code, entry.quantity, value, entry.unit, entry.year,
                          entry.source + (chosen && entry.same_as.empty() ? "*" : ""),
                          entry.same_as.empty() ? entry.note : "the same as " + entry.same_as});
  }
}

int list(const CatalogOptions& options) {
  std::vector<Catalog> users;
  for (const std::string& file : options.files) users.push_back(read_catalog(file));
  bool found = false;
  for (const char* name : {"hardware", "carbon"}) {
    bool only_search = options.catalog != "hardware" && options.catalog != "carbon" && !options.catalog.empty();
    if (!only_search && !options.catalog.empty() && options.catalog != name) continue;
    std::string search = only_search ? options.catalog : options.search;
    Table table{{{"scope", "name", "code", "quantity", "value", "unit", "year", "source", "note"}}};
    for (const Catalog& user : users) add_rows(table, user, search);
    add_rows(table, builtin_catalog(name), search);
    if (table.rows.size() == 1) continue;
    found = true;
    tell_lines(std::string(name) + "\n" + table.text("  ", {4}) + "\n");
  }
  std::string wanted = options.search.empty() ? options.catalog : options.search;
  if (!found)
    throw SpecError("no catalogue has '" + wanted + "'", "names, codes, scopes and sources are searched",
                    "search for a part of the name; `carbonfront catalog` lists all");
  tell("* the default source of its scope; `source` and `year` choose others. References: data/catalog/\n");
  return 0;
}

}  // namespace

void add_catalog_command(CLI::App& parent, std::function<int()>& action) {
  auto options = std::make_shared<CatalogOptions>();
  CLI::App* command = parent.add_subcommand("catalog", "List facts on hardware and carbon intensity, with their sources.");
  command->add_option("CATALOG", options->catalog, "hardware or carbon; a search without either");
  command->add_option("SEARCH", options->search, "A part of a name, a code, a scope or a source");
  command->add_option("--catalogs", options->files, "Catalogues of your own, in CSV")->allow_extra_args(false);
  command->callback([options, &action] { action = [options] { return list(*options); }; });
}

}  // namespace carbonfront
