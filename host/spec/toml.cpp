// The spec's TOML form, in and out.

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "host/errors.hpp"
#include "host/spec/spec.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

/// Reads one table: every key must be taken, and what is left over is unknown.
struct Reader {
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

void read_sweep(Spec& spec, const Reader& in) {
  in.allow({"group", "where", "label"});
  if (auto group = in.text("group")) spec.group = *group;
  if (auto where = in.texts("where")) spec.where = *where;
  if (auto label = in.text("label")) spec.label = *label;
}

void read_emissions(Spec& spec, const Reader& in) {
  std::vector<std::string> known(kDevicePowerQuantities.begin(), kDevicePowerQuantities.end());
  known.insert(known.begin(), "model");
  in.allow(known);
  EmissionsSpec& emissions = spec.emissions.emplace();
  if (auto model = in.text("model")) emissions.model = *model;
  for (const char* name : kDevicePowerQuantities) {
    const toml::node* node = in.table.get(name);
    if (!node) continue;
    if (!node->is_table()) in.wrong(*node, name, "it must be { column = \"...\" } or { value = ..., unit = \"...\" }");
    Reader inner{*node->as_table(), fmt::format("[emissions] {}", name), in.file};
    inner.allow({"column", "value", "unit"});
    emissions.quantities[name] = {inner.number("value"), inner.text("column").value_or(""), inner.text("unit").value_or("")};
  }
}

ViewSpec read_view(const Reader& in) {
  in.allow({"name", "objectives", "group_by", "missing", "outputs", "columns", "max_rank", "reference_point"});
  ViewSpec view;
  auto name = in.text("name");
  if (!name)
    throw SpecError(fmt::format("{}: a [[view]] has no name", in.place(in.table)), "results are found by it",
                    "add name = \"...\"");
  view.name = *name;
  for (const std::string& text : in.texts("objectives").value_or(std::vector<std::string>{}))
    view.objectives.push_back(parse_objective(text, view.name));
  view.group_by = in.texts("group_by").value_or(std::vector<std::string>{});
  if (auto missing = in.text("missing")) view.missing = parse_missing(*missing);
  if (auto outputs = in.texts("outputs")) view.outputs = parse_outputs(*outputs);
  view.columns = in.texts("columns").value_or(std::vector<std::string>{});
  if (auto fronts = in.number("max_rank")) {
    if (!(*fronts >= 1 && *fronts < 4294967295.0 && *fronts == std::trunc(*fronts)))
      in.wrong(*in.table.get("max_rank"), "max_rank", "it must be a whole number of fronts, 1 or more");
    view.max_rank = static_cast<std::uint32_t>(*fronts);
  }
  view.reference_point = in.numbers("reference_point");
  return view;
}

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

/// A column's name as objectives have it: one that is in backquotes itself is put in backquotes.
std::string objective_name(const std::string& column) {
  if (column.size() < 2 || column.front() != '`' || column.back() != '`') return column;
  std::string out = "`";
  for (char c : column) out += c == '`' ? "``" : std::string(1, c);
  return out + '`';
}

/// Shortest text that reads back as the same float64, and as a float.
std::string number_text(double value) {
  char buffer[40];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  std::string text(buffer, end);
  return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

}  // namespace

Spec parse_spec(const std::string& text, const std::string& name) {
  Spec spec;
  try {
    toml::table root = toml::parse(text, name);
    Reader in{root, "the spec", name};
    in.allow({"sweep", "emissions", "view"});
    if (const toml::table* sweep = in.subtable("sweep")) read_sweep(spec, {*sweep, "[sweep]", name});
    if (const toml::table* emissions = in.subtable("emissions")) read_emissions(spec, {*emissions, "[emissions]", name});
    if (const toml::node* views = root.get("view")) {
      if (!views->is_array()) in.wrong(*views, "view", "views are written as [[view]]");
      for (const toml::node& view : *views->as_array()) {
        if (!view.is_table()) in.wrong(view, "view", "views are written as [[view]]");
        spec.views.push_back(read_view({*view.as_table(), "[[view]]", name}));
      }
    }
  } catch (const toml::parse_error& error) {
    throw SpecError(fmt::format("{}:{}: not TOML", name, error.source().begin.line), std::string(error.description()),
                    "correct the spec");
  }
  return spec;
}

Spec read_spec(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw SpecError("cannot read the spec '" + path + "'", "it is a folder", "give the path of a TOML file");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw SpecError("cannot read the spec '" + path + "'", std::strerror(errno), "give the path of a TOML file");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (text.empty()) throw SpecError("the spec '" + path + "' is empty", "it says nothing", "add a [[view]]");
  return parse_spec(text, path);
}

std::string to_toml(const Spec& spec) {
  std::string out = "[sweep]\ngroup = " + quoted(spec.group) + "\n";
  if (!spec.where.empty()) out += "where = " + list_of(spec.where) + "\n";
  if (!spec.label.empty()) out += "label = " + quoted(spec.label) + "\n";
  if (spec.emissions) {
    out += "\n[emissions]\nmodel = " + quoted(spec.emissions->model) + "\n";
    for (const auto& [name, quantity] : spec.emissions->quantities) {
      out += name + " = { ";
      out += quantity.value ? "value = " + number_text(*quantity.value) : "column = " + quoted(quantity.column);
      if (!quantity.unit.empty()) out += ", unit = " + quoted(quantity.unit);
      out += " }\n";
    }
  }
  for (const ViewSpec& view : spec.views) {
    std::vector<std::string> objectives;
    for (const ObjectiveSpec& o : view.objectives)
      objectives.push_back(objective_name(o.column) + (o.maximise ? ":max" : ":min"));
    out += "\n[[view]]\nname = " + quoted(view.name) + "\nobjectives = " + list_of(objectives) + "\n";
    if (!view.group_by.empty()) out += "group_by = " + list_of(view.group_by) + "\n";
    out += "missing = " + quoted(name_of(view.missing)) + "\noutputs = " + list_of(names_of(view.outputs)) + "\n";
    if (!view.columns.empty()) out += "columns = " + list_of(view.columns) + "\n";
    if (view.max_rank > 0) out += fmt::format("max_rank = {}\n", view.max_rank);
    std::vector<std::string> point;
    for (double value : view.reference_point) point.push_back(number_text(value));
    if (!point.empty()) out += "reference_point = [" + join(point, ", ") + "]\n";
  }
  return out;
}

}  // namespace carbonfront
