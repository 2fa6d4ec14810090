#include "host/emissions/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <set>

#include "carbonfront/errors.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::vector<std::string> words_of(const std::string& name) {
  static const std::set<std::string> makers = {"nvidia", "google", "amd", "intel", "tesla", "geforce", "amazon", "huawei"};
  std::vector<std::string> words;
  std::string word;
  auto end_word = [&] {
    bool unit =
        word == "gb" && !words.empty() && std::ranges::all_of(words.back(), [](char c) { return c >= '0' && c <= '9'; });
    if (unit)
      words.back() += word;
    else if (!word.empty() && !makers.contains(word))
      words.push_back(word);
    word.clear();
  };
  for (char c : lower(name))
    if (std::isalnum(static_cast<unsigned char>(c)) || (c & 0x80))
      word += c;
    else
      end_word();
  end_word();
  std::sort(words.begin(), words.end());
  return words;
}

using Hits = std::vector<const CatalogEntry*>;

Hits matching(const Hits& entries, const std::function<bool(const CatalogEntry&)>& matches) {
  Hits hits;
  for (const CatalogEntry* entry : entries)
    if (matches(*entry)) hits.push_back(entry);
  return hits;
}

/// Of hits in several scopes those of countries, else those of states: "Georgia" is the country, "IN" is India.
Hits in_first_scope(const Hits& hits) {
  for (const char* scope : {"country", "us-state"})
    if (Hits of_scope = matching(hits, [&](const CatalogEntry& e) { return e.scope == scope; }); !of_scope.empty())
      return of_scope;
  return hits;
}

/// Entries of a name: as written or as a code, else by its words. With `within_scope` the last part of a code will do.
Hits by_name(const Hits& entries, const std::string& name, bool within_scope = false) {
  std::string wanted = lower(name), words = name_words(name);
  Hits hits = matching(entries, [&](const CatalogEntry& e) {
    return lower(e.name) == wanted || has_code(e, name) || (within_scope && lower(e.code).ends_with("-" + wanted));
  });
  if (hits.empty() && !words.empty()) hits = matching(entries, [&](const CatalogEntry& e) { return e.words == words; });
  return in_first_scope(hits);
}

/// Entries of a name, or of the one that it is another word for.
Hits by_any_name(const Hits& values, const Hits& aliases, std::string name, bool within_scope) {
  for (std::size_t steps = 0; steps <= aliases.size(); ++steps) {
    if (Hits hits = by_name(values, name, within_scope); !hits.empty()) return hits;
    Hits other = by_name(aliases, name);
    if (other.empty()) return {};
    name = other.front()->same_as;
  }
  return {};
}

/// What the user's catalogues call a name; they go before built-in values of that name. Throws InputError where catalogues
/// send it round in a circle that none of them has alone.
std::string renamed_by_user(const std::vector<Catalog>& users, std::string name) {
  std::vector<std::string> path;
  for (;;) {
    if (std::ranges::count(path, name_words(name)) > 0)
      throw InputError(fmt::format("the catalogues have '{}' as the same as itself", name), join(path, " is "),
                       "give one of them a value");
    path.push_back(name_words(name));
    Hits renames;
    for (const Catalog& catalog : users)
      for (const CatalogEntry& entry : catalog.entries)
        if (!entry.same_as.empty()) renames.push_back(&entry);
    renames = by_name(renames, name);
    if (renames.empty()) break;
    name = renames.back()->same_as;
    if (name_words(name) == path.back()) break;  // the same words, written in another way
  }
  return name;
}

std::string described(const CatalogEntry& entry) {
  return fmt::format("{} {} {} ({}{}{})", entry.name, entry.value, entry.unit, entry.scope.empty() ? "" : entry.scope + ", ",
                     entry.source.empty() ? "the user's" : entry.source, entry.year.empty() ? "" : ", " + entry.year);
}

/// How many words of `words` begin one of `theirs`, or the other way round.
std::size_t shared_words(const std::vector<std::string>& words, const std::vector<std::string>& theirs) {
  return static_cast<std::size_t>(std::ranges::count_if(words, [&](const std::string& a) {
    return std::ranges::any_of(theirs, [&](const std::string& b) { return a.starts_with(b) || b.starts_with(a); });
  }));
}

/// Names that share the most words with the one asked for, nearest first: the longest common part, the shortest name.
std::vector<std::string> similar(const Hits& entries, const std::string& name) {
  std::vector<std::string> words = words_of(name);
  using Score = std::pair<std::size_t, std::size_t>;
  std::vector<std::pair<Score, const CatalogEntry*>> scored;
  for (const CatalogEntry* entry : entries) {
    std::vector<std::string> theirs = words_of(entry->name);
    if (std::size_t shared = shared_words(words, theirs)) scored.push_back({{words.size() - shared, theirs.size()}, entry});
  }
  std::ranges::stable_sort(scored, {}, &std::pair<Score, const CatalogEntry*>::first);
  std::vector<std::string> names;
  for (const CatalogEntry* entry : entries)  // "TX" of "US-TX"
    if (lower(entry->code).ends_with("-" + lower(name)) && names.size() < 5) names.push_back(described(*entry));
  for (const auto& [score, entry] : scored)
    if (names.size() < 5 && std::ranges::count(names, described(*entry)) == 0) names.push_back(described(*entry));
  return names;
}

/// The one value that all hits agree on, or why there is none.
CatalogAnswer decided(const Hits& hits) {
  CatalogAnswer answer;
  bool agree = std::ranges::all_of(
      hits, [&](const CatalogEntry* e) { return e->value == hits.front()->value && e->unit == hits.front()->unit; });
  if (agree) return {*hits.front(), "", {}};
  answer.why = "has several values in the catalogue";
  for (const CatalogEntry* hit : hits)
    if (std::ranges::count(answer.candidates, described(*hit)) == 0) answer.candidates.push_back(described(*hit));
  return answer;
}

}  // namespace

bool has_code(const CatalogEntry& entry, const std::string& code) {
  return !code.empty() && std::ranges::count(split_names(lower(entry.code), ' '), lower(code)) > 0;
}

std::string name_words(const std::string& name) { return join(words_of(name), " "); }

std::string catalog_quantity(const std::string& quantity, const std::string& precision) {
  return precision.empty() ? quantity : quantity + "_" + precision;
}

std::string default_source(const std::string& scope) {
  if (scope == "accelerator") return "epoch";
  if (scope == "country" || scope == "us-state" || scope == "zone" || scope == "cloud:gcp") return "codecarbon";
  if (scope == "region") return "green-algorithms";
  if (scope == "world") return "poster";
  return "mlco2";  // processors, and clouds other than Google's
}

CatalogAnswer look_up(const Catalog& builtin, const std::vector<Catalog>& users, const CatalogQuery& query) {
  auto asked = [&](const CatalogEntry& entry) {
    return (query.scope.empty() || entry.scope == query.scope) && (query.year.empty() || entry.year == query.year) &&
           entry.quantity == query.quantity;
  };
  Hits everything, values, aliases;
  std::string name = renamed_by_user(users, query.name);
  for (auto catalog = users.rbegin(); catalog != users.rend(); ++catalog) {
    Hits own;
    for (const CatalogEntry& entry : catalog->entries) (entry.same_as.empty() ? own : aliases).push_back(&entry);
    own =
        matching(own, [&](const CatalogEntry& e) { return asked(e) && (query.source.empty() || e.source == query.source); });
    if (Hits hits = by_name(own, name, !query.scope.empty()); !hits.empty()) return decided(hits);
    values.insert(values.end(), own.begin(), own.end());
  }
  for (const CatalogEntry& entry : builtin.entries) {
    if (!entry.same_as.empty()) aliases.push_back(&entry);
    if (!entry.same_as.empty() || !asked(entry)) continue;
    everything.push_back(&entry);
    if (entry.source == (query.source.empty() ? default_source(entry.scope) : query.source)) values.push_back(&entry);
  }
  if (Hits hits = by_any_name(values, aliases, name, !query.scope.empty()); !hits.empty()) return decided(hits);
  everything.insert(everything.begin(), values.begin(), values.end());
  std::string why = name == query.name ? "" : fmt::format("is the same as '{}', which ", name);
  return {std::nullopt, why + "is unknown to the catalogue", similar(everything, name)};
}

}  // namespace carbonfront
