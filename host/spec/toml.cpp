// The spec's TOML form, in and out.

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "carbonfront/errors.hpp"
#include "host/spec/spec.hpp"
#include "host/spec/toml_reader.hpp"

namespace carbonfront {

namespace {

void read_sweep(Spec& spec, const TomlReader& in) {
  in.allow({"group", "where", "label"});
  if (auto group = in.text("group")) spec.group = *group;
  if (auto where = in.texts("where")) spec.where = *where;
  if (auto label = in.text("label")) spec.label = *label;
}

IntervalSpec read_interval(const TomlReader& in) {
  in.allow({"low", "high", "error", "absolute_error"});
  IntervalSpec interval;
  interval.low = in.text("low").value_or("");
  interval.high = in.text("high").value_or("");
  interval.error = in.number("error");
  const toml::node* error = in.table.get("absolute_error");
  if (error && error->is_string())
    interval.error_column = error->as_string()->get();
  else
    interval.absolute_error = in.number("absolute_error");
  return interval;
}

std::map<std::string, IntervalSpec> read_intervals(const TomlReader& in) {
  std::map<std::string, IntervalSpec> intervals;
  for (auto&& [key, node] : in.table) {
    std::string name(key.str());
    if (!node.is_table()) in.wrong(node, name, "it must be a table such as { low = \"...\", high = \"...\" }");
    intervals[name] = read_interval({*node.as_table(), "the interval of " + name, in.file});
  }
  return intervals;
}

std::string intervals_toml(const std::map<std::string, IntervalSpec>& intervals) {
  std::vector<std::string> items;
  for (const auto& [name, interval] : intervals) {
    std::string form = interval.error            ? "error = " + number_text(*interval.error)
                       : interval.absolute_error ? "absolute_error = " + number_text(*interval.absolute_error)
                       : !interval.error_column.empty()
                           ? "absolute_error = " + quoted(interval.error_column)
                           : "low = " + quoted(interval.low) + ", high = " + quoted(interval.high);
    items.push_back(quoted(name) + " = { " + form + " }");
  }
  return "intervals = { " + join(items, ", ") + " }\n";
}

ViewSpec read_view(const TomlReader& in) {
  in.allow({"name", "objectives", "intervals", "group_by", "missing", "outputs", "columns", "max_rank", "reference_point"});
  ViewSpec view;
  auto name = in.text("name");
  if (!name)
    throw SpecError(fmt::format("{}: a [[view]] has no name", in.place(in.table)), "results are found by it",
                    "add name = \"...\"");
  view.name = *name;
  for (const std::string& text : in.texts("objectives").value_or(std::vector<std::string>{}))
    view.objectives.push_back(parse_objective(text, view.name));
  if (const toml::table* intervals = in.subtable("intervals"))
    view.intervals = read_intervals({*intervals, "intervals", in.file});
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

/// A column's name as objectives have it: one that is in backquotes itself is put in backquotes.
std::string objective_name(const std::string& column) {
  if (column.size() < 2 || column.front() != '`' || column.back() != '`') return column;
  std::string out = "`";
  for (char c : column) out += c == '`' ? "``" : std::string(1, c);
  return out + '`';
}

}  // namespace

Spec parse_spec(const std::string& text, const std::string& name) {
  Spec spec;
  try {
    toml::table root = toml::parse(text, name);
    TomlReader in{root, "the spec", name};
    in.allow({"sweep", "emissions", "view"});
    if (const toml::table* sweep = in.subtable("sweep")) read_sweep(spec, {*sweep, "[sweep]", name});
    if (const toml::table* emissions = in.subtable("emissions"))
      spec.emissions = read_emissions({*emissions, "[emissions]", name});
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
  if (spec.emissions) out += emissions_toml(*spec.emissions);
  for (const ViewSpec& view : spec.views) {
    std::vector<std::string> objectives;
    for (const ObjectiveSpec& o : view.objectives)
      objectives.push_back(objective_name(o.column) + (o.maximise ? ":max" : ":min"));
    out += "\n[[view]]\nname = " + quoted(view.name) + "\nobjectives = " + list_of(objectives) + "\n";
    if (!view.intervals.empty()) out += intervals_toml(view.intervals);
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
