// The spec's [emissions], in and out.

#include <charconv>
#include <tuple>

#include "host/spec/toml_reader.hpp"

namespace carbonfront {

namespace {

Quantity read_quantity(const TomlReader& in) {
  in.allow({"column", "value", "unit", "assume", "catalog", "name", "source", "year", "scope", "precision", "unknown",
            "default", "low", "high", "error"});
  const toml::node* is_default = in.table.get("default");
  Quantity quantity;
  quantity.value = in.number("value");
  quantity.column = in.text("column").value_or("");
  quantity.unit = in.text("unit").value_or("");
  quantity.is_default = is_default && is_default->value_or(false);
  quantity.assume = in.number("assume");
  quantity.bounds.error = in.number("error");
  for (auto [key, number, column] : {std::tuple{"low", &quantity.bounds.low, &quantity.bounds.low_column},
                                     {"high", &quantity.bounds.high, &quantity.bounds.high_column}}) {
    const toml::node* node = in.table.get(key);
    if (node && node->is_string())
      *column = node->as_string()->get();
    else
      *number = in.number(key);
  }
  CatalogChoice& lookup = quantity.lookup;
  lookup.catalog = in.text("catalog").value_or("");
  lookup.name = in.text("name").value_or("");
  lookup.source = in.text("source").value_or("");
  lookup.scope = in.text("scope").value_or("");
  lookup.precision = in.text("precision").value_or("");
  const toml::node* year = in.table.get("year");
  lookup.year = year && year->is_integer() ? std::to_string(year->as_integer()->get()) : in.text("year").value_or("");
  std::string unknown = in.text("unknown").value_or("error");
  lookup.unknown_is_missing = unknown == "missing";
  if (unknown != "missing" && unknown != "error")
    in.wrong(*in.table.get("unknown"), "unknown", "it must be \"error\" or \"missing\"");
  return quantity;
}

std::string quantity_toml(const Quantity& quantity) {
  std::vector<std::string> parts;
  auto text = [&](const char* key, const std::string& value) {
    if (!value.empty()) parts.push_back(std::string(key) + " = " + quoted(value));
  };
  auto number = [&](const char* key, const std::optional<double>& value) {
    if (value) parts.push_back(std::string(key) + " = " + number_text(*value));
  };
  number("value", quantity.value);
  text("column", quantity.column);
  text("unit", quantity.unit);
  number("assume", quantity.assume);
  number("error", quantity.bounds.error);
  number("low", quantity.bounds.low);
  text("low", quantity.bounds.low_column);
  number("high", quantity.bounds.high);
  text("high", quantity.bounds.high_column);
  const CatalogChoice& lookup = quantity.lookup;
  text("catalog", lookup.catalog);
  text("name", lookup.name);
  text("source", lookup.source);
  text("year", lookup.year);
  text("scope", lookup.scope);
  text("precision", lookup.precision);
  text("unknown", lookup.unknown_is_missing ? "missing" : "");
  if (quantity.is_default) parts.push_back("default = true");
  return "{ " + join(parts, ", ") + " }";
}

}  // namespace

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (unsigned char c : text) {
    if (c == '"' || c == '\\')
      out += '\\', out += static_cast<char>(c);
    else if (c < 0x20 || c == 0x7f)
      out += fmt::format("\\u{:04X}", c);
    else
      out += static_cast<char>(c);
  }
  return out + '"';
}

std::string list_of(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const std::string& text : texts) items.push_back(quoted(text));
  return "[" + join(items, ", ") + "]";
}

std::string number_text(double value) {
  char buffer[40];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  std::string text(buffer, end);
  return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

EmissionsSpec read_emissions(const TomlReader& in) {
  std::vector<std::string> known = quantity_names();
  for (const char* key : {"require", "catalogs", "inference", "models", "model"}) known.insert(known.begin(), key);
  in.allow(known);
  EmissionsSpec emissions;
  if (auto model = in.text("model")) emissions.model = *model;
  if (auto models = in.texts("models")) emissions.models = *models;
  if (auto inference = in.text("inference")) emissions.inference = *inference;
  if (auto catalogs = in.texts("catalogs")) emissions.catalogs = *catalogs;
  if (auto require = in.texts("require")) emissions.require = *require;
  for (const std::string& name : quantity_names()) {
    const toml::node* node = in.table.get(name);
    if (!node) continue;
    if (!node->is_table()) in.wrong(*node, name, "it must be { column = \"...\" } or { value = ..., unit = \"...\" }");
    emissions.quantities[name] = read_quantity({*node->as_table(), fmt::format("[emissions] {}", name), in.file});
  }
  return emissions;
}

std::string emissions_toml(const EmissionsSpec& spec) {
  std::string out = "\n[emissions]\nmodel = " + quoted(spec.model) + "\n";
  if (!spec.models.empty()) out += "models = " + list_of(spec.models) + "\n";
  if (!spec.inference.empty()) out += "inference = " + quoted(spec.inference) + "\n";
  if (!spec.catalogs.empty()) out += "catalogs = " + list_of(spec.catalogs) + "\n";
  if (!spec.require.empty()) out += "require = " + list_of(spec.require) + "\n";
  for (const auto& [name, quantity] : spec.quantities) out += name + " = " + quantity_toml(quantity) + "\n";
  return out;
}

}  // namespace carbonfront
