#include "host/scoring/views.hpp"

#include <fmt/format.h>
#include <tbb/parallel_sort.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "carbonfront/errors.hpp"
#include "host/scoring/figures.hpp"
#include "host/scoring/intervals.hpp"
#include "host/scoring/missing.hpp"
#include "host/scoring/values.hpp"

namespace carbonfront {

namespace {

void count_causes(const Plan& plan, const Data& data, std::size_t view_index, const std::vector<std::uint64_t>& missing_rows,
                  std::vector<Cause>& causes) {
  const ViewPlan& view = plan.views[view_index];
  for (std::size_t k = 0; k < view.rated_by.size(); ++k) {
    bool column = view.rated_by[k].source == Source::column;
    std::uint64_t rows = column ? missing_rows[k] : data.emission_causes[view_index].unexplained[k];
    if (rows > 0) causes.push_back({view.rated_by[k].name, "", rows});
  }
  if (!view.uses_emissions()) return;
  const std::vector<std::uint64_t>& columns = data.emission_causes[view_index].columns;
  for (std::size_t c = 0; c < columns.size(); ++c)
    if (columns[c] > 0) causes.push_back({quantity_column(plan, c), plan.emissions->factors[c / 2].quantity, columns[c]});
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
  auto group_of = [&](std::uint32_t i) { return scores.group_of(scores.front[i]); };
  auto compare = [&](std::uint32_t a, std::uint32_t b) {
    if (group_of(a) != group_of(b)) return group_of(a) < group_of(b) ? -1 : 1;
    for (std::size_t k = 0; k < objectives; ++k)
      if (words[a * objectives + k] != words[b * objectives + k])
        return words[a * objectives + k] < words[b * objectives + k] ? -1 : 1;
    return 0;
  };
  tbb::parallel_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return compare(a, b) < 0; });
  for (std::size_t i = 0; i < order.size(); ++i)
    if (i == 0 || compare(order[i - 1], order[i]) != 0) ++groups[group_of(order[i])].front_points;
}

/// Counts a row of the front in its group, and widens the group's ideal and nadir to it.
void widen_to(const ViewScores& scores, std::uint32_t position, GroupScores& group) {
  ++group.front_rows;
  for (std::size_t k = 0; k < scores.objectives.size(); ++k) {
    double value = real_at(scores.objectives[k].column, scores.selected_of(position));
    if (std::isnan(value)) continue;
    bool maximise = scores.objectives[k].maximise;
    auto better = [&](double a, double b) { return std::isnan(b) || (maximise ? a > b : a < b); };
    auto worse = [&](double a, double b) { return std::isnan(b) || (maximise ? a < b : a > b); };
    if (better(value, group.ideal[k])) group.ideal[k] = value;
    if (worse(value, group.nadir[k])) group.nadir[k] = value;
  }
}

/// Scores of a view whose front is all that is known.
ViewScores rate_passing(const Plan& plan, const Data& data, std::size_t view_index) {
  const ViewPlan& view = plan.views[view_index];
  const PassingView& passing = data.passing[view_index];
  if (passing.refusal) throw *passing.refusal;
  ViewScores scores;
  scores.only_front = true;
  scores.size = passing.rated;
  scores.unrated = data.selection.size - passing.rated;
  count_causes(plan, data, view_index, passing.missing_rows, scores.causes);
  for (std::size_t k = 0; k < view.objectives.size(); ++k) {
    ColumnView column = data.column_view(plan, view.objectives[k]);
    column.values = passing.front.values[k].data();
    scores.objectives.push_back({column, view.objectives[k].maximise});
  }
  scores.front_row = passing.front.row;
  scores.rated_group = passing.front.group;
  return scores;
}

}  // namespace

PointsView ViewScores::points() const {
  return {objectives.data(), static_cast<std::uint32_t>(objectives.size()), size, all_rated ? nullptr : rated.data(),
          rated_group.empty() ? nullptr : rated_group.data()};
}

ViewScores rate(const Plan& plan, const Data& data, std::size_t view_index) {
  const ViewPlan& view = plan.views[view_index];
  if (!view.resident) return rate_passing(plan, data, view_index);
  ViewScores scores;
  for (const ObjectivePlan& objective : view.objectives)
    scores.objectives.push_back({data.column_view(plan, objective), objective.maximise});
  std::uint32_t selected = data.selection.size;
  std::vector<std::uint8_t> missing(selected);
  std::vector<std::uint64_t> missing_rows;
  std::vector<Objective> rated_by;
  for (const ObjectivePlan& objective : view.rated_by) {
    rated_by.push_back({data.column_view(plan, objective), objective.maximise});
    missing_rows.push_back(mark_missing(rated_by.back().column, selected, missing));
  }
  count_causes(plan, data, view_index, missing_rows, scores.causes);
  std::uint32_t incomplete = static_cast<std::uint32_t>(std::count(missing.begin(), missing.end(), 1));
  if (incomplete > 0 && view.spec.missing == Missing::error) {
    auto first = static_cast<std::uint32_t>(std::find(missing.begin(), missing.end(), 1) - missing.begin());
    throw missing_objective(plan, view, rated_by, first, data.missing_factors, data.selection.row_of(first));
  }
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

VerdictRequest request_of(const ViewPlan& view) {
  const Outputs& wanted = view.spec.outputs;
  VerdictRequest request{wanted.dominated_by, wanted.dominates, wanted.rank || wanted.crowding, wanted.witness};
  request.max_rank = view.spec.max_rank;
  return request;
}

void judge(const Plan& plan, const Data& data, std::size_t view_index, Session& session, Progress& progress,
           ViewScores& scores) {
  if (!scores.only_front) scores.verdict = session.evaluate(scores.points(), request_of(plan.views[view_index]), progress);
  summarise_groups(data, view_index, scores);
  compute_figures(plan, view_index, scores.verdict.rank, progress, scores);
  judge_intervals(plan, data, view_index, session, progress, scores);
}

void summarise_groups(const Data& data, std::size_t view_index, ViewScores& scores) {
  int grouping = data.grouping_of_view[view_index];
  double nan = std::numeric_limits<double>::quiet_NaN();
  std::size_t objectives = scores.objectives.size();
  GroupScores none{0, 0, 0, 0, std::vector<double>(objectives, nan), std::vector<double>(objectives, nan)};
  scores.groups.assign(grouping < 0 ? 1 : data.groupings[grouping].keys.size(), none);
  if (grouping < 0)
    scores.groups[0].rows = data.selection.size;
  else
    for (std::uint32_t i = 0; i < data.selection.size; ++i) ++scores.groups[data.groupings[grouping].group[i]].rows;
  if (scores.only_front) {
    for (std::size_t g = 0; g < scores.groups.size(); ++g)
      scores.groups[g].rated = data.passing[view_index].rated_in_group[g];
  } else if (grouping < 0) {
    scores.groups[0].rated = scores.size;
  } else {
    for (std::uint32_t i = 0; i < scores.size; ++i) ++scores.groups[scores.group_of(i)].rated;
  }
  scores.front.clear();
  for (std::uint32_t i = 0; i < (scores.only_front ? scores.front_row.size() : scores.size); ++i)
    if (scores.only_front || scores.verdict.nondominated[i]) scores.front.push_back(i);
  for (std::uint32_t position : scores.front) widen_to(scores, position, scores.groups[scores.group_of(position)]);
  count_front_points(scores, scores.groups);
}

}  // namespace carbonfront
