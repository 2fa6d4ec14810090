#include "host/scoring/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "host/errors.hpp"
#include "host/scoring/figures.hpp"
#include "host/scoring/values.hpp"

namespace carbonfront {

namespace {

/// Marks the selected rows where a column is missing; returns how many they are.
std::uint64_t mark_missing(ColumnView column, std::uint32_t size, std::vector<std::uint8_t>& marked) {
  return visit_values(column, [&](const auto* values) {
    std::uint64_t count = 0;
    for (std::uint32_t i = 0; i < size; ++i) {
      bool missing = is_missing(column, values[i]);
      count += missing;
      marked[i] |= missing;
    }
    return count;
  });
}

std::string factor_name(const Plan& plan, std::size_t k) {
  const FactorPlan& factor = plan.emissions->factors[k];
  return factor.column == kNoColumn ? factor.quantity : plan.columns[factor.column].info.name;
}

/// Tells whether a view's emission objectives depend on a quantity: energy does not depend on the carbon intensity.
bool depends_on(const ViewPlan& view, const std::string& quantity) {
  if (quantity != "carbon_intensity") return view.uses_emissions();
  for (const ObjectivePlan& objective : view.objectives)
    if (objective.source == Source::co2e) return true;
  return false;
}

void count_causes(const Plan& plan, const Data& data, const ViewPlan& view, ViewScores& scores,
                  std::vector<std::uint8_t>& missing) {
  for (std::size_t k = 0; k < view.objectives.size(); ++k) {
    const ObjectivePlan& objective = view.objectives[k];
    std::uint64_t rows = mark_missing(scores.objectives[k].column, data.selection.size, missing);
    if (objective.source == Source::column && rows > 0) scores.causes.push_back({objective.name, "", rows});
    if (objective.source == Source::column || rows <= data.without_emissions) continue;
    scores.causes.push_back({objective.name, "", rows - data.without_emissions});  // such as inf times 0
  }
  if (!view.uses_emissions()) return;
  for (std::size_t k = 0; k < kDevicePowerQuantities.size(); ++k)
    if (data.factor_missing[k] > 0 && depends_on(view, kDevicePowerQuantities[k]))
      scores.causes.push_back({factor_name(plan, k), kDevicePowerQuantities[k], data.factor_missing[k]});
}

[[noreturn]] void refuse_missing(const Plan& plan, const Data& data, const ViewPlan& view, const ViewScores& scores,
                                 std::uint32_t selected) {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < view.objectives.size(); ++k) {
    if (!is_missing_at(scores.objectives[k].column, selected)) continue;
    if (view.objectives[k].source == Source::column) {
      names.push_back("column '" + view.objectives[k].name + "'");
      continue;
    }
    for (std::size_t f = 0; f < kDevicePowerQuantities.size(); ++f)
      if (data.missing_factors[selected] >> f & 1)
        names.push_back(fmt::format("{} (column '{}')", kDevicePowerQuantities[f], factor_name(plan, f)));
  }
  std::string what = names.empty() ? "an objective" : names.front();
  throw InputError(fmt::format("{} is missing at {}", what, place_of(plan.columns.front(), data.selection.row_of(selected))),
                   fmt::format("view '{}' has missing = \"error\"", view.spec.name),
                   "complete the row, leave it out with a `where` condition, or choose \"exclude\" or \"worst\"");
}

/// Counts the distinct points among the front rows of each group: equal rows share all identities.
void count_front_points(const ViewScores& scores, std::vector<GroupScores>& groups) {
  std::size_t objectives = scores.objectives.size();
  std::vector<std::uint64_t> words(scores.front.size() * objectives);
  for (std::size_t i = 0; i < scores.front.size(); ++i)
    for (std::size_t k = 0; k < objectives; ++k)
      words[i * objectives + k] = identity_at(scores.objectives[k].column, scores.selected_of(scores.front[i]));
  std::vector<std::uint32_t> order(scores.front.size());
  std::iota(order.begin(), order.end(), 0);
  auto group_of = [&](std::uint32_t i) { return scores.rated_group.empty() ? 0 : scores.rated_group[scores.front[i]]; };
  auto compare = [&](std::uint32_t a, std::uint32_t b) {
    if (group_of(a) != group_of(b)) return group_of(a) < group_of(b) ? -1 : 1;
    for (std::size_t k = 0; k < objectives; ++k)
      if (words[a * objectives + k] != words[b * objectives + k])
        return words[a * objectives + k] < words[b * objectives + k] ? -1 : 1;
    return 0;
  };
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return compare(a, b) < 0; });
  for (std::size_t i = 0; i < order.size(); ++i)
    if (i == 0 || compare(order[i - 1], order[i]) != 0) ++groups[group_of(order[i])].front_points;
}

}  // namespace

PointsView ViewScores::points() const {
  return {objectives.data(), static_cast<std::uint32_t>(objectives.size()), size, all_rated ? nullptr : rated.data(),
          rated_group.empty() ? nullptr : rated_group.data()};
}

ViewScores rate(const Plan& plan, const Data& data, std::size_t view_index) {
  const ViewPlan& view = plan.views[view_index];
  ViewScores scores;
  for (const ObjectivePlan& objective : view.objectives)
    scores.objectives.push_back({data.column_view(plan, objective), objective.maximise});
  std::uint32_t selected = data.selection.size;
  std::vector<std::uint8_t> missing(selected);
  count_causes(plan, data, view, scores, missing);
  std::uint32_t incomplete = static_cast<std::uint32_t>(std::count(missing.begin(), missing.end(), 1));
  if (incomplete > 0 && view.spec.missing == Missing::error)
    refuse_missing(plan, data, view, scores,
                   static_cast<std::uint32_t>(std::find(missing.begin(), missing.end(), 1) - missing.begin()));
  bool exclude = view.spec.missing == Missing::exclude && incomplete > 0;
  scores.size = exclude ? selected - incomplete : selected;
  scores.unrated = selected - scores.size;
  scores.all_rated = !exclude;
  if (exclude) {
    scores.rated.reserve(scores.size);
    for (std::uint32_t i = 0; i < selected; ++i)
      if (!missing[i]) scores.rated.push_back(i);
  }
  int grouping = data.grouping_of_view[view_index];
  if (grouping >= 0) {
    scores.rated_group.resize(scores.size);
    for (std::uint32_t i = 0; i < scores.size; ++i)
      scores.rated_group[i] = data.groupings[grouping].group[scores.selected_of(i)];
  }
  return scores;
}

void judge(const Plan& plan, const Data& data, std::size_t view_index, const Backend& backend, Progress& progress,
           ViewScores& scores) {
  const Outputs& wanted = plan.views[view_index].spec.outputs;
  VerdictRequest request{wanted.dominated_by, wanted.dominates, wanted.rank || wanted.crowding, wanted.witness};
  request.max_rank = plan.views[view_index].spec.max_rank;
  scores.verdict = backend.evaluate(scores.points(), request, progress);
  summarise_groups(data, view_index, scores);
  compute_figures(plan, view_index, scores.verdict.rank, progress, scores);
}

void summarise_groups(const Data& data, std::size_t view_index, ViewScores& scores) {
  int grouping = data.grouping_of_view[view_index];
  double nan = std::numeric_limits<double>::quiet_NaN();
  std::size_t objectives = scores.objectives.size();
  GroupScores none{0, 0, 0, 0, std::vector<double>(objectives, nan), std::vector<double>(objectives, nan)};
  scores.groups.assign(grouping < 0 ? 1 : data.groupings[grouping].keys.size(), none);
  for (std::uint32_t i = 0; i < data.selection.size; ++i)
    ++scores.groups[grouping < 0 ? 0 : data.groupings[grouping].group[i]].rows;
  scores.front.clear();
  for (std::uint32_t position = 0; position < scores.size; ++position) {
    GroupScores& group = scores.groups[scores.rated_group.empty() ? 0 : scores.rated_group[position]];
    ++group.rated;
    if (!scores.verdict.nondominated[position]) continue;
    scores.front.push_back(position);
    ++group.front_rows;
    for (std::size_t k = 0; k < objectives; ++k) {
      double value = real_at(scores.objectives[k].column, scores.selected_of(position));
      if (std::isnan(value)) continue;
      bool maximise = scores.objectives[k].maximise;
      auto better = [&](double a, double b) { return std::isnan(b) || (maximise ? a > b : a < b); };
      auto worse = [&](double a, double b) { return std::isnan(b) || (maximise ? a < b : a > b); };
      if (better(value, group.ideal[k])) group.ideal[k] = value;
      if (worse(value, group.nadir[k])) group.nadir[k] = value;
    }
  }
  count_front_points(scores, scores.groups);
}

}  // namespace carbonfront
