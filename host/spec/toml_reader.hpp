#pragma once
// What the readers and writers of the spec's TOML share.

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "carbonfront/errors.hpp"
#include "host/emissions/quantities.hpp"
#include "host/text.hpp"

namespace carbonfront {

/// Reads one table: every key must be taken, and what is left over is unknown. Throws SpecError with file and line.
struct TomlReader {
  const toml::table& table;
  std::string where;  // "[sweep]", for messages
  std::string file;

  std::string place(const toml::node& node) const { return fmt::format("{}:{}", file, node.source().begin.line); }

  [[noreturn]] void wrong(const toml::node& node, const std::string& key, const std::string& why) const {
    throw SpecError(fmt::format("{}: {} {}", place(node), where, key), why, "correct the spec");
  }

  void allow(const std::vector<std::string>& known) const {
    for (auto&& [key, node] : table) {
      std::string name(key.str());
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      throw SpecError(fmt::format("{}: unknown key '{}' in {}", place(node), name, where),
                      "known keys are " + join(known, ", ") + did_you_mean(name, known), "correct or remove it");
    }
  }

  std::optional<std::string> text(const char* key) const {
    const toml::node* node = table.get(key);
    if (!node) return {};
    if (!node->is_string()) wrong(*node, key, "it must be a text");
    return node->as_string()->get();
  }

  /// A list of texts; a single text is a list of one.
  std::optional<std::vector<std::string>> texts(const char* key) const {
    const toml::node* node = table.get(key);
    if (!node) return {};
    if (node->is_string()) return std::vector<std::string>{node->as_string()->get()};
    if (!node->is_array()) wrong(*node, key, "it must be a list of texts");
    std::vector<std::string> list;
    for (const toml::node& item : *node->as_array()) {
      if (!item.is_string()) wrong(item, key, "its items must be texts");
      list.push_back(item.as_string()->get());
    }
    return list;
  }

  std::optional<double> number(const char* key) const {
    const toml::node* node = table.get(key);
    if (!node) return {};
    if (!node->is_number()) wrong(*node, key, "it must be a number");
    return node->value<double>();
  }

  std::vector<double> numbers(const char* key) const {
    const toml::node* node = table.get(key);
    if (!node) return {};
    if (!node->is_array()) wrong(*node, key, "it must be a list of numbers");
    std::vector<double> list;
    for (const toml::node& item : *node->as_array()) {
      if (!item.is_number()) wrong(item, key, "its items must be numbers");
      list.push_back(*item.value<double>());
    }
    return list;
  }

  const toml::table* subtable(const char* key) const {
    const toml::node* node = table.get(key);
    if (!node) return nullptr;
    if (!node->is_table()) wrong(*node, key, "it must be a table");
    return node->as_table();
  }
};

/// A text as TOML; a list of texts; the shortest text that reads back as the same float64, and as a float.
std::string quoted(const std::string& text);
std::string list_of(const std::vector<std::string>& texts);
std::string number_text(double value);

/// The [emissions] table, in and out.
EmissionsSpec read_emissions(const TomlReader& in);
std::string emissions_toml(const EmissionsSpec& spec);

}  // namespace carbonfront
