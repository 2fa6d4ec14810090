#include "host/spec/spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "carbonfront/errors.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

const std::vector<std::pair<std::string, bool Outputs::*>> output_names = {{"dominated_by", &Outputs::dominated_by},
                                                                           {"dominates", &Outputs::dominates},
                                                                           {"rank", &Outputs::rank},
                                                                           {"witness", &Outputs::witness},
                                                                           {"crowding", &Outputs::crowding},
                                                                           {"hypervolume", &Outputs::hypervolume},
                                                                           {"contributions", &Outputs::contributions}};
const std::vector<std::string> policy_names = {"exclude", "worst", "error"};

ViewSpec parse_view_flag(const std::string& text) {
  auto equals = text.find('=');
  if (equals == std::string::npos)
    throw SpecError("--view '" + text + "' has no name", "its form is NAME=column:min,column:max",
                    "put NAME= before the objectives");
  ViewSpec view;
  view.name = text.substr(0, equals);
  std::string objectives = text.substr(equals + 1);
  if (!objectives.empty())
    for (const std::string& part : split_names(objectives, ',')) view.objectives.push_back(parse_objective(part, view.name));
  return view;
}

Quantity parse_quantity(const std::string& name, const std::string& text) {
  if (text.empty())
    throw SpecError("--emissions " + name + " is empty", "it needs a column or a number",
                    "write " + name + "=COLUMN or " + name + "=NUMBER");
  Quantity quantity;
  bool number = std::isdigit(static_cast<unsigned char>(text[0])) || text[0] == '-' || text[0] == '+' || text[0] == '.';
  if (number) {
    double value = 0;
    const char* begin = text.data() + (text[0] == '+');
    auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
    if (error != std::errc())
      throw SpecError("--emissions " + name + "=" + text, "'" + text + "' is not a number",
                      "write a number and its unit, such as 250W");
    quantity.value = value;
    quantity.unit = std::string(end, text.data() + text.size());
    quantity.unit.erase(0, quantity.unit.find_first_not_of(" :"));
    return quantity;
  }
  auto parts = split_names(text, ':');
  quantity.column = unquoted(parts[0]);
  if (parts.size() > 1) quantity.unit = parts[1];
  return quantity;
}

void apply_emissions_flag(Spec& spec, const std::string& text) {
  if (!spec.emissions) spec.emissions.emplace();
  const std::vector<std::string>& known = quantity_names();
  std::set<std::string> seen;
  for (const std::string& part : split_names(text, ',')) {
    auto equals = part.find('=');
    std::string name = part.substr(0, equals);
    if (equals != std::string::npos && (name == "model" || name == "inference")) {
      (name == "model" ? spec.emissions->model : spec.emissions->inference) = part.substr(equals + 1);
      continue;
    }
    if (equals == std::string::npos || std::find(known.begin(), known.end(), name) == known.end())
      throw SpecError("--emissions does not know '" + name + "'",
                      "quantities are " + join(known, ", ") + did_you_mean(name, known),
                      "write quantity=COLUMN or quantity=NUMBER UNIT");
    if (!seen.insert(name).second)
      throw SpecError("--emissions gives " + name + " twice", "only one of them can hold", "remove one");
    spec.emissions->quantities[name] = parse_quantity(name, part.substr(equals + 1));
  }
}

/// Names and texts in sweeps, specs and results are UTF-8; others could neither be found nor read back.
void check_encoding(const SpecFlags& flags) {
  auto check = [](const char* flag, const std::string& text) {
    if (!is_utf8(text))
      throw SpecError(std::string(flag) + " '" + text + "'", "it is not UTF-8",
                      "write it in UTF-8, as sweeps and specs are");
  };
  for (const std::string& text : flags.views) check("--view", text);
  for (const std::string& text : flags.where) check("--where", text);
  for (const auto& [flag, text] : {std::pair<const char*, const std::string&>{"--emissions", flags.emissions},
                                   {"--group", flags.group},
                                   {"--label", flags.label},
                                   {"--missing", flags.missing},
                                   {"--require", flags.require}})
    check(flag, text);
  if (flags.group_by) check("--group-by", *flags.group_by);
  if (flags.outputs) check("--outputs", *flags.outputs);
  if (flags.columns) check("--columns", *flags.columns);
}

void check_interval(const ViewSpec& view, const std::string& name, const IntervalSpec& interval) {
  std::string problem = fmt::format("view '{}' has an interval of '{}'", view.name, name);
  std::vector<std::string> names;
  for (const ObjectiveSpec& objective : view.objectives) names.push_back(objective.column);
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw SpecError(problem, "it is none of its objectives: " + join(names, ", ") + did_you_mean(name, names),
                    "correct the name");
  if (interval.low.empty() != interval.high.empty())
    throw SpecError(problem + " with one bound", "an interval has two columns of bounds", "give low and high");
  int forms = !interval.low.empty() + interval.error.has_value() + interval.absolute_error.has_value() +
              !interval.error_column.empty();
  if (forms != 1)
    throw SpecError(problem, fmt::format("it has {} forms instead of one", forms),
                    "give one of low and high, error, absolute_error");
  for (const std::optional<double>& error : {interval.error, interval.absolute_error})
    if (error && !(*error >= 0 && std::isfinite(*error)))
      throw SpecError(fmt::format("{} with an error of {}", problem, *error), "an error is finite and not negative",
                      "give the half width of the interval");
  if (view.missing == Missing::worst)
    throw SpecError(problem + " and missing = \"worst\"", "a value whose bounds are missing has no place behind the others",
                    "choose \"exclude\" or \"error\"");
}

void check_view(const ViewSpec& view) {
  constexpr const char* letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  if (view.name.empty() || view.name.find_first_not_of(letters) != std::string::npos)
    throw SpecError("view name '" + view.name + "'", "a name is made of A-Z, a-z, 0-9, _ and -", "rename the view");
  if (view.objectives.empty())
    throw SpecError("view '" + view.name + "' has no objectives", "there is nothing to compare",
                    "add objectives = [\"column:min\", ...]");
  if (view.objectives.size() > 32)
    throw SpecError(fmt::format("view '{}' has {} objectives", view.name, view.objectives.size()), "32 is the limit",
                    "split it into several views");
  std::set<std::string> seen;
  for (const ObjectiveSpec& objective : view.objectives)
    if (!seen.insert(objective.column).second)
      throw SpecError("view '" + view.name + "' has the objective '" + objective.column + "' twice",
                      "an objective has one direction and one weight", "remove one");
  for (const auto& [name, interval] : view.intervals) check_interval(view, name, interval);
  if (view.outputs.contributions && !view.outputs.hypervolume)
    throw SpecError("view '" + view.name + "' asks for contributions without hypervolume", "they are shares of it",
                    "add \"hypervolume\" to outputs");
  if (!view.reference_point.empty() && !view.outputs.hypervolume)
    throw SpecError("view '" + view.name + "' has a reference_point without hypervolume", "nothing else uses it",
                    "add \"hypervolume\" to outputs");
  if (!view.reference_point.empty() && view.reference_point.size() != view.objectives.size())
    throw SpecError(fmt::format("view '{}' has a reference_point of {} values", view.name, view.reference_point.size()),
                    fmt::format("it has {} objectives", view.objectives.size()),
                    "give one value for each objective, in their order");
  for (double value : view.reference_point)
    if (!std::isfinite(value))
      throw SpecError("view '" + view.name + "' has a reference_point that is not finite", "volumes are measured from it",
                      "give finite values");
  seen.clear();
  for (const std::string& column : view.group_by)
    if (!seen.insert(column).second)
      throw SpecError("view '" + view.name + "' groups by '" + column + "' twice", "it says the same twice", "remove one");
  seen.clear();
  for (const std::string& column : view.columns)
    if (column.empty() || !seen.insert(column).second)
      throw SpecError("view '" + view.name + "' copies the column '" + column + "'" + (column.empty() ? "" : " twice"),
                      column.empty() ? "it has no name" : "a copy's name is its place in the result",
                      "correct its `columns`");
}

}  // namespace

const char* name_of(Missing missing) { return policy_names[static_cast<int>(missing)].c_str(); }

Missing parse_missing(const std::string& name) {
  auto at = std::find(policy_names.begin(), policy_names.end(), name);
  if (at == policy_names.end())
    throw SpecError("missing = '" + name + "'", "it must be exclude, worst or error" + did_you_mean(name, policy_names),
                    "correct it");
  return static_cast<Missing>(at - policy_names.begin());
}

std::vector<std::string> names_of(const Outputs& outputs) {
  std::vector<std::string> names;
  for (const auto& [name, member] : output_names)
    if (outputs.*member) names.push_back(name);
  return names;
}

Outputs parse_outputs(const std::vector<std::string>& wanted) {
  Outputs outputs{false, false, false, false};
  for (const std::string& name : wanted) {
    auto at = std::find_if(output_names.begin(), output_names.end(), [&](const auto& known) { return known.first == name; });
    if (at == output_names.end()) {
      std::vector<std::string> known;
      for (const auto& output : output_names) known.push_back(output.first);
      throw SpecError("unknown output '" + name + "'", "outputs are " + join(known, ", ") + did_you_mean(name, known),
                      "correct the list");
    }
    outputs.*(at->second) = true;
  }
  return outputs;
}

ObjectiveSpec parse_objective(const std::string& text, const std::string& view) {
  auto colon = text.rfind(':');
  std::string direction = colon == std::string::npos ? "" : text.substr(colon + 1);
  std::string column = unquoted(std::string_view(text).substr(0, colon));
  if ((direction != "min" && direction != "max") || column.empty())
    throw SpecError("objective '" + text + "' of view '" + view + "'", "an objective is column:min or column:max",
                    "add the direction");
  return {column, direction == "max"};
}

void apply_flags(Spec& spec, const SpecFlags& flags) {
  check_encoding(flags);
  if (!flags.group.empty()) spec.group = flags.group;
  if (!flags.label.empty()) spec.label = unquoted(flags.label);
  spec.where.insert(spec.where.end(), flags.where.begin(), flags.where.end());
  if (!flags.emissions.empty()) apply_emissions_flag(spec, flags.emissions);

  if (!flags.require.empty()) {
    if (!spec.emissions)
      throw SpecError("--require " + flags.require, "the spec has no [emissions]", "add --emissions, or drop --require");
    for (const std::string& name : split_names(flags.require, ',')) spec.emissions->require.push_back(unquoted(name));
  }

  std::set<std::string> flagged;
  for (const std::string& text : flags.views) {
    ViewSpec view = parse_view_flag(text);
    if (!flagged.insert(view.name).second)
      throw SpecError("--view gives '" + view.name + "' twice", "a view's name is its place in the result", "rename one");
    auto same = std::find_if(spec.views.begin(), spec.views.end(), [&](const ViewSpec& v) { return v.name == view.name; });
    if (same != spec.views.end())
      *same = view;
    else
      spec.views.push_back(view);
  }
  for (ViewSpec& view : spec.views) {
    if (!flags.missing.empty()) view.missing = parse_missing(flags.missing);
    if (flags.group_by) {
      view.group_by.clear();
      if (!flags.group_by->empty())
        for (const std::string& column : split_names(*flags.group_by, ',')) view.group_by.push_back(unquoted(column));
    }
    if (flags.columns) {
      view.columns.clear();
      if (!flags.columns->empty())
        for (const std::string& column : split_names(*flags.columns, ',')) view.columns.push_back(unquoted(column));
    }
    if (flags.outputs)
      view.outputs = parse_outputs(flags.outputs->empty() ? std::vector<std::string>{} : split_names(*flags.outputs, ','));
  }
}

void check_spec(Spec& spec) {
  if (spec.group.empty()) throw SpecError("the sweep's group is empty", "\"/\" is the root", "name a group");
  if (spec.views.empty())
    throw SpecError("nothing to score", "the spec has no view",
                    "add [[view]] to the spec, or --view NAME=column:min,column:max");
  std::set<std::string> names;
  for (const ViewSpec& view : spec.views) {
    check_view(view);
    if (!names.insert(view.name).second)
      throw SpecError("two views are named '" + view.name + "'", "a view's name is its place in the result", "rename one");
  }
  if (spec.emissions) complete_emissions(*spec.emissions);
}

}  // namespace carbonfront
