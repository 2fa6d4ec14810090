#include "host/scoring/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <sstream>

#include "carbonfront/errors.hpp"
#include "host/scoring/binding.hpp"
#include "host/sweep/external.hpp"
#include "host/sweep/trial.hpp"
#include "host/text.hpp"

namespace carbonfront {

int use_column(Plan& plan, const std::string& name) {
  for (std::size_t i = 0; i < plan.columns.size(); ++i)
    if (plan.columns[i].info.name == name) return static_cast<int>(i);
  plan.columns.push_back(open_column(plan.sweep, name));
  return static_cast<int>(plan.columns.size()) - 1;
}

int use_numeric_column(Plan& plan, const std::string& name, const std::string& use) {
  int index = use_column(plan, name);
  const ColumnInfo& info = plan.columns[index].info;
  if (info.type == ValueType::string)
    throw InputError(fmt::format("column '{}' of '{}' cannot be {}", name, plan.sweep.files.front().path, use),
                     "it holds strings (" + info.type_name + ")", "name a numeric column");
  return index;
}

namespace {

/// The columns and errors that bound an objective.
ObjectiveBounds bind_bounds(Plan& plan, const IntervalSpec& spec) {
  auto column = [&](const std::string& name) {
    return name.empty() ? kNoColumn : use_numeric_column(plan, name, "a bound of an objective");
  };
  return {column(spec.low), column(spec.high), column(spec.error_column), spec.error, spec.absolute_error};
}

/// What rows of a view must have: its objectives, then the columns of their bounds, each once.
std::vector<ObjectivePlan> rating_columns(const Plan& plan, const ViewPlan& view) {
  std::vector<ObjectivePlan> all = view.objectives;
  for (const ObjectivePlan& objective : view.objectives)
    for (int column : {objective.bounds.low_column, objective.bounds.high_column, objective.bounds.error_column})
      if (column != kNoColumn && std::ranges::none_of(all, [&](const auto& one) { return one.column == column; }))
        all.push_back({plan.columns[column].info.name, "", false, Source::column, column});
  return all;
}

/// Says what an emission column that is not computed would follow from. `use`: what names it.
[[noreturn]] void refuse_emission(const Plan& plan, const EmissionOutput& emission, const char* use) {
  std::string problem = fmt::format("{} '{}' is not known", use, emission.name);
  if (!plan.emissions)
    throw SpecError(problem, "the spec has no [emissions] and the sweep no such column",
                    "add [emissions], or --emissions devices=...,max_power=...,time=...");
  const std::string nothing = "[emissions] says nothing that it follows from, and the sweep has no such column";
  Source value = value_of(emission.source);
  if (!plan.emissions->computes(value))
    throw SpecError(problem, nothing, "add `inference` and what it needs, and `queries` for a lifetime");
  throw SpecError(problem, nothing,
                  "it is a bound: give a quantity bounds, { low = ..., high = ... } or error = ..., or name " +
                      std::string(name_of(value)));
}

ObjectivePlan bind_objective(Plan& plan, const ViewSpec& view, const ObjectiveSpec& spec) {
  ObjectivePlan objective{spec.column, "", spec.maximise, Source::column, kNoColumn};
  auto interval = view.intervals.find(spec.column);
  const EmissionOutput* emission = find_emission(spec.column);
  if (emission && plan.emissions && plan.emissions->computes(emission->source)) {
    if (has_column(plan.sweep, spec.column))
      throw InputError(
          fmt::format("objective '{}' means two things", spec.column),
          fmt::format("[emissions] computes it and '{}' has a column of that name", plan.sweep.files.front().path),
          "drop [emissions], or rename the column");
    if (interval != view.intervals.end())
      throw SpecError(fmt::format("view '{}' has an interval of '{}'", view.name, spec.column),
                      "[emissions] computes it, and its bounds from those of its quantities",
                      "give the quantities bounds: { low = ..., high = ... } or error = ...");
    objective.source = emission->source;
    objective.units = emission->unit;
    return objective;
  }
  if (emission && !has_column(plan.sweep, spec.column)) refuse_emission(plan, *emission, "objective");
  objective.column = use_numeric_column(plan, spec.column, "an objective");
  objective.units = plan.columns[objective.column].info.units.value_or("");
  if (interval != view.intervals.end()) objective.bounds = bind_bounds(plan, interval->second);
  return objective;
}

/// A column to copy for front rows. The emissions that the spec computes are meant where the sweep has no column of that
/// name.
FrontColumn bind_front_column(Plan& plan, const std::string& name) {
  const EmissionOutput* emission = find_emission(name);
  if (!emission || has_column(plan.sweep, name)) return {name, Source::column, use_column(plan, name)};
  if (!plan.emissions || !plan.emissions->computes(emission->source)) refuse_emission(plan, *emission, "column");
  return {name, emission->source, kNoColumn};
}

/// A dataset's name as HDF5 takes it: a path whose empty steps and dots lead nowhere.
std::string path_of(const std::string& name) {
  std::string path, step;
  for (std::istringstream steps(name); std::getline(steps, step, '/');)
    if (!step.empty() && step != ".") path += (path.empty() ? "" : "/") + step;
  return path;
}

/// Refuses columns that cannot be datasets of one group of the result, each by the path that its name is: two of one path,
/// and one that leads through another. With `flags` each has COLUMN_missing beside it. `what`: "view 'v' groups by".
void check_names(const std::string& what, const std::vector<std::string>& columns, bool flags) {
  std::map<std::string, std::string> column_of;  // by path
  for (const std::string& column : columns) {
    if (path_of(column).empty())
      throw SpecError(fmt::format("{} '{}'", what, column), "no dataset of the result can have that name", "leave it out");
    for (const char* suffix : {"", "_missing"}) {
      if (*suffix && !flags) continue;
      std::string path = path_of(column + suffix);
      auto [same, is_new] = column_of.emplace(path, column);
      if (!is_new)
        throw SpecError(fmt::format("{} '{}' and '{}'", what, same->second, column),
                        fmt::format("the result needs the name '{}' for both", path),
                        "leave one out, or rename the columns");
    }
  }
  for (const auto& [path, column] : column_of)
    for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1))
      if (auto above = column_of.find(path.substr(0, at)); above != column_of.end())
        throw SpecError(fmt::format("{} '{}' and '{}'", what, above->second, column),
                        fmt::format("the result would need '{}' as a dataset and as a group", above->first),
                        "leave one out, or rename the columns");
}

/// Used columns must be equally long in every file.
void check_lengths(Plan& plan) {
  const Column& first = plan.columns.front();
  for (const Column& column : plan.columns)
    for (std::size_t part = 0; part < column.parts.size(); ++part)
      if (column.parts[part].rows != first.parts[part].rows)
        throw InputError(fmt::format("columns of '{}' differ in length", column.parts[part].path),
                         fmt::format("'{}' has {} rows and '{}' has {}", first.info.name, first.parts[part].rows,
                                     column.info.name, column.parts[part].rows),
                         "a configuration needs a value in every used column; rewrite the file");
  plan.rows = first.info.rows;
  if (plan.rows == 0)
    throw InputError(fmt::format("'{}' has no rows", plan.sweep.files.front().path), "its columns are empty",
                     "give a sweep with configurations");
  if (plan.rows >= std::numeric_limits<std::int32_t>::max())
    throw InputError(fmt::format("the sweep has {} rows", plan.rows), "this version scores at most 2,147,483,646 at once",
                     "split the sweep into several");
}

}  // namespace

bool Plan::has_bounds(const ObjectivePlan& objective) const {
  if (objective.source == Source::column) return objective.bounds.given();
  return objective.source <= Source::lifetime_co2e && emissions->bounded;
}

bool Plan::has_intervals(const ViewPlan& view) const {
  return std::ranges::any_of(view.objectives, [&](const ObjectivePlan& objective) { return has_bounds(objective); });
}

void keep_what_is_compared(Plan& plan) {
  plan.keep_emissions = false;
  for (ViewPlan& view : plan.views) {
    const Outputs& wanted = view.spec.outputs;
    view.resident = wanted.dominated_by || wanted.dominates || wanted.rank || wanted.witness || wanted.crowding;
    view.resident |= plan.has_intervals(view);
    view.passing = !view.resident;
  }
}

void keep_for_parts(Plan& plan) {
  keep_what_is_compared(plan);
  plan.keep_row_numbers = true;
  for (ViewPlan& view : plan.views) view.passing = true;
}

Resident resident_parts(const Plan& plan) {
  Resident parts;
  parts.emission_source = parts.missing_factors = parts.assumed_factors = plan.keep_emissions && plan.emissions;
  if (plan.keep_emissions && plan.emissions)
    for (const auto& [source, quantities] : plan.emissions->depends) parts.emissions.insert(source);
  parts.row_numbers = plan.keep_row_numbers && !plan.conditions.empty();
  for (const ViewPlan& view : plan.views) {
    parts.row_numbers |= !plan.conditions.empty() && (view.resident || !view.group_columns.empty());
    if (!view.resident) continue;
    for (const ObjectivePlan& objective : view.rated_by) {
      if (objective.source == Source::column)
        parts.columns.insert(objective.column);
      else
        parts.emissions.insert(objective.source);
      if (objective.source != Source::column && plan.has_bounds(objective))
        parts.emissions.insert({low_of(objective.source), high_of(objective.source)});
      parts.missing_factors |= objective.source != Source::column && view.spec.missing == Missing::error;
    }
  }
  return parts;
}

std::uint64_t Plan::column_bytes() const {
  std::uint64_t bytes = 0;
  for (const Column& column : columns) bytes += column.info.bytes_per_value * column.info.rows;
  return bytes;
}

namespace {

Plan bound(const Spec& spec, const std::vector<std::string>& paths, const ReadingOptions& reading) {
  Plan plan;
  plan.spec = spec;
  std::vector<Condition> conditions;
  for (const std::string& text : spec.where) conditions.push_back(parse_condition(text));
  forget_files_led_to();
  plan.sweep = open_sweep(paths, spec.group, reading);
  for (Condition& condition : conditions) {
    int column = use_column(plan, condition.column);
    check_condition(condition, plan.columns[column].info);
    plan.conditions.push_back({std::move(condition), column});
  }
  if (spec.emissions) plan.emissions = bind_emissions(plan, *spec.emissions);
  for (const ViewSpec& view : spec.views) {
    ViewPlan bound;
    bound.spec = view;
    for (const ObjectiveSpec& objective : view.objectives) bound.objectives.push_back(bind_objective(plan, view, objective));
    bound.rated_by = rating_columns(plan, bound);
    check_names(fmt::format("view '{}' groups by", view.name), view.group_by, true);
    check_names(fmt::format("view '{}' copies the columns", view.name), view.columns, false);
    for (const std::string& column : view.group_by) {
      bound.group_columns.push_back(use_column(plan, column));
    }
    for (const std::string& column : view.columns) bound.front_columns.push_back(bind_front_column(plan, column));
    plan.views.push_back(std::move(bound));
  }
  if (!spec.label.empty()) plan.label = use_column(plan, spec.label);
  if (plan.columns.empty())
    throw SpecError("the spec uses no column of the sweep", "every quantity is a constant",
                    "name a column as objective or quantity");
  check_lengths(plan);
  plan.sweep.led_to = files_led_to();
  return plan;
}

}  // namespace

Plan make_plan(const Spec& spec, const std::vector<std::string>& paths, const ReadingOptions& reading) {
  try_first(paths, [&] { bound(spec, paths, reading); });
  return bound(spec, paths, reading);
}

}  // namespace carbonfront
