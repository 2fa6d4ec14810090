// The summary for programs. Texts are read back as they are, but for bytes that are no UTF-8, which JSON cannot hold:
// U+FFFD.

#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

#include "host/app/summary.hpp"
#include "host/scoring/values.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

using Json = nlohmann::ordered_json;

/// JSON has no NaN and no infinity: a missing value is null, an infinite one a text.
Json real_json(double value) {
  if (std::isnan(value)) return nullptr;
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

Json value_json(ColumnView column, std::uint64_t row) {
  if (is_missing_at(column, row)) return nullptr;
  if (column.type == ValueType::float32 || column.type == ValueType::float64) return real_json(real_at(column, row));
  return visit_values(column, [&](const auto* values) -> Json {
    if (column.type == ValueType::boolean) return values[row] != 0;
    return values[row];
  });
}

Json key_json(const ColumnInfo& info, const GroupKeyValue& value) {
  if (value.missing) return nullptr;
  switch (info.type) {
    case ValueType::string:
      return value.text;
    case ValueType::float32:
    case ValueType::float64:
      return real_json(std::bit_cast<double>(value.bits));
    case ValueType::boolean:
      return value.bits != 0;
    case ValueType::int8:
    case ValueType::int16:
    case ValueType::int32:
    case ValueType::int64:
      return static_cast<std::int64_t>(value.bits);
    default:
      return value.bits;
  }
}

Json emissions_json(const Plan& plan, const Data& data) {
  Json out;
  out["model"] = plan.spec.emissions->model;
  Json quantities;
  for (std::size_t k = 0; k < plan.emissions->factors.size(); ++k) {
    const FactorPlan& factor = plan.emissions->factors[k];
    bool is_intensity = factor.quantity == "carbon_intensity";
    if (factor.quantity == "pue" && !factor.fallback.empty()) continue;
    Json quantity;
    if (factor.column == kNoColumn)
      quantity["value"] = factor.constant;
    else
      quantity["column"] = plan.columns[factor.column].info.name;
    quantity["unit"] = factor.unit;
    if (is_intensity || !factor.fallback.empty()) quantity["default"] = !factor.fallback.empty();
    if (factor.column != kNoColumn) quantity["missing_rows"] = data.factor_missing[k];
    if (factor.low) quantity["low"] = *factor.low, quantity["high"] = *factor.high;
    if (factor.error) quantity["relative_error"] = *factor.error;
    if (factor.low_column != kNoColumn) quantity["high_column"] = plan.columns[factor.high_column].info.name;
    if (factor.assume) quantity["assumed"] = {{"value", *factor.assume}, {"rows", data.factor_assumed[k]}};
    if (factor.found) quantity["catalog"] = {{"name", factor.found->name}, {"source", factor.found->source}};
    for (const auto& [name, found] : data.lookups[k]) {
      Json entry = {{"name", name}, {"rows", found.rows}, {"value", real_json(found.value)}};
      if (found.answer.entry) entry["found"] = found.answer.entry->name, entry["source"] = found.answer.entry->source;
      quantity["names"].push_back(entry);
    }
    quantities[factor.quantity] = quantity;
  }
  out["quantities"] = quantities;
  out["rows_with_emissions"] = data.selection.size - data.without_emissions;
  out["rows_without_emissions"] = data.without_emissions;
  return out;
}

Json front_json(const ViewPlan& view, const Data& data, const ViewScores& scores, const Labels& labels, bool labelled) {
  Json rows = Json::array();
  for (std::uint32_t position : scores.front) {
    std::uint32_t selected = scores.selected_of(position);
    Json row;
    row["row"] = scores.row_of(data.selection, position);
    if (labelled) row["label"] = labels.of(scores.row_of(data.selection, position));
    if (!scores.rated_group.empty()) row["group"] = scores.rated_group[position];
    for (std::size_t k = 0; k < view.objectives.size(); ++k)
      row["values"][view.objectives[k].name] = value_json(scores.objectives[k].column, selected);
    if (!scores.verdict.dominates.empty()) row["dominates"] = scores.verdict.dominates[position];
    rows.push_back(std::move(row));
  }
  return rows;
}

Json groups_json(const Plan& plan, const Data& data, std::size_t index, const ViewScores& scores) {
  Json groups = Json::array();
  int grouping = data.grouping_of_view[index];
  for (std::size_t g = 0; g < scores.groups.size(); ++g) {
    const GroupScores& scored = scores.groups[g];
    Json group;
    if (grouping >= 0) {
      std::vector<GroupKeyValue> key = data.groupings[grouping].key(g);
      for (std::size_t k = 0; k < key.size(); ++k) {
        const ColumnInfo& info = plan.columns[data.groupings[grouping].columns[k]].info;
        group["key"][info.name] = key_json(info, key[k]);
      }
    }
    group["rows"] = scored.rows;
    group["rated"] = scored.rated;
    group["front_rows"] = scored.front_rows;
    group["front_points"] = scored.front_points;
    for (std::size_t k = 0; k < scores.objectives.size(); ++k) {
      group["ideal"][plan.views[index].objectives[k].name] = real_json(scored.ideal[k]);
      group["nadir"][plan.views[index].objectives[k].name] = real_json(scored.nadir[k]);
    }
    if (plan.views[index].spec.outputs.hypervolume) {
      group["hypervolume"] = real_json(scored.hypervolume);
      group["hypervolume_error"] = scored.hypervolume_error;
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

Json interval_json(const IntervalSpec& interval) {
  if (interval.error) return {{"relative_error", *interval.error}};
  if (interval.absolute_error) return {{"absolute_error", *interval.absolute_error}};
  if (!interval.error_column.empty()) return {{"absolute_error", interval.error_column}};
  return {{"low", interval.low}, {"high", interval.high}};
}

Json view_json(const ScoreSummary& in, std::size_t index, const ViewScores& scores) {
  const Plan& plan = in.plan;
  const Data& data = in.data;
  const ViewPlan& view = plan.views[index];
  Json out;
  out["name"] = view.spec.name;
  out["objectives"] = Json::array();
  for (const ObjectivePlan& objective : view.objectives) {
    out["objectives"].push_back(
        {{"column", objective.name}, {"direction", objective.maximise ? "max" : "min"}, {"units", objective.units}});
    if (objective.bounds.given())
      out["objectives"].back()["interval"] = interval_json(view.spec.intervals.at(objective.name));
  }
  out["group_by"] = view.spec.group_by;
  out["missing"] = name_of(view.spec.missing);
  out["rated"] = scores.size;
  out["unrated"] = scores.unrated;
  out["missing_by_cause"] = Json::array();
  for (const Cause& cause : scores.causes) {
    Json entry = {{"column", cause.name}, {"rows", cause.rows}};
    if (!cause.quantity.empty()) entry["quantity"] = cause.quantity;
    out["missing_by_cause"].push_back(entry);
  }
  std::uint64_t points = 0;
  for (const GroupScores& group : scores.groups) points += group.front_points;
  out["front_rows"] = scores.front.size();
  out["front_points"] = points;
  for (std::size_t k = 0; k < scores.reference_point.size(); ++k)
    out["reference_point"][view.objectives[k].name] = real_json(scores.reference_point[k]);
  if (plan.has_intervals(view))
    out["certainty"] = {{"surely_nondominated", scores.certain_rows[1]},
                        {"surely_dominated", scores.certain_rows[2]},
                        {"undecided", scores.certain_rows[3]}};
  if (auto even = break_even_of(in, index, scores))
    out["break_even"] = {
        {"trained_row", even->trained_row}, {"used_row", even->used_row}, {"queries", real_json(even->queries)}};
  out["groups"] = groups_json(plan, data, index, scores);
  std::vector<std::uint64_t> rows;
  for (std::uint32_t position : scores.front) rows.push_back(scores.row_of(data.selection, position));
  out["front"] = front_json(view, data, scores, read_labels(plan, rows), plan.label != kNoColumn);
  return out;
}

}  // namespace

Json json_summary(const ScoreSummary& in) {
  Json out;
  out["program"] = {{"name", "carbonfront"}, {"version", CARBONFRONT_VERSION}};
  out["format_version"] = kFormatVersion;
  out["result"] = in.output;
  for (std::size_t i = 0; i < in.plan.sweep.files.size(); ++i)
    out["inputs"].push_back({{"path", in.plan.sweep.files[i].path},
                             {"rows", in.plan.columns.front().parts[i].rows},
                             {"fingerprint", in.provenance.fingerprints[i]}});
  out["rows"] = in.data.selection.rows;
  out["selected"] = in.data.selection.size;
  out["column_bytes"] = in.plan.column_bytes();
  out["backend"] = in.provenance.backend;
  out["threads"] = in.provenance.threads;
  if (in.plan.emissions) out["emissions"] = emissions_json(in.plan, in.data);
  out["views"] = Json::array();
  for (std::size_t i = 0; i < in.views.size(); ++i) out["views"].push_back(view_json(in, i, in.views[i]));
  return out;
}

std::string json_text(const Json& json) {
  return escaped_json(json.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

}  // namespace carbonfront
