#include "host/scoring/intervals.hpp"

#include <fmt/format.h>

#include <cstring>

#include "carbonfront/errors.hpp"
#include "host/scoring/values.hpp"
#include "kernels/keys.hpp"

namespace carbonfront {

namespace {

/// The rated rows' values of one objective at one end: float64 where it has bounds, else in the type they are stored in.
std::vector<std::byte> values_at(const Plan& plan, const Data& data, const ObjectivePlan& objective,
                                 const ViewScores& scores, End end) {
  std::vector<std::uint32_t> rows(scores.size);
  for (std::uint32_t i = 0; i < scores.size; ++i) rows[i] = scores.selected_of(i);
  if (objective.bounds.given())
    return ends_of_column(
        objective, end, [&](int column) { return view_of(plan.columns[column].info, data.values[column].data()); }, rows);
  ColumnView column = data.column_view(plan, objective);
  if (plan.has_bounds(objective)) column.values = data.values_of(source_at(objective, end)).data();
  std::size_t width = size_of(column.type);
  std::vector<std::byte> values(rows.size() * width);
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::memcpy(values.data() + i * width, static_cast<const std::byte*>(column.values) + rows[i] * width, width);
  return values;
}

/// Counts, for points made of the rated rows' ends, one end after the other, how many dominate each.
Array<std::uint32_t> dominated_by(const Plan& plan, const Data& data, const ViewPlan& view, const ViewScores& scores,
                                  const std::vector<End>& ends, Session& session, Progress& progress) {
  std::vector<std::vector<std::byte>> values(view.objectives.size());
  std::vector<Objective> objectives;
  for (std::size_t k = 0; k < values.size(); ++k) {
    for (End end : ends) {
      std::vector<std::byte> part = values_at(plan, data, view.objectives[k], scores, end);
      values[k].insert(values[k].end(), part.begin(), part.end());
    }
    ColumnView column = plan.has_bounds(view.objectives[k]) ? ColumnView{nullptr, 0, ValueType::float64, false}
                                                            : data.column_view(plan, view.objectives[k]);
    column.values = values[k].data();
    objectives.push_back({column, view.objectives[k].maximise});
  }
  std::vector<std::uint32_t> group;
  for (std::size_t k = 0; k < ends.size(); ++k)
    group.insert(group.end(), scores.rated_group.begin(), scores.rated_group.end());
  PointsView points{objectives.data(), static_cast<std::uint32_t>(objectives.size()),
                    scores.size * static_cast<std::uint32_t>(ends.size()), nullptr, group.empty() ? nullptr : group.data()};
  VerdictRequest counts;
  counts.dominated_by = true;
  return session.evaluate(points, counts, progress).dominated_by;
}

/// Finds the rated rows of which one end dominates the other.
OwnDominance own_dominance(const Plan& plan, const Data& data, const ViewPlan& view, const ViewScores& scores) {
  std::vector<std::vector<std::byte>> ends;
  for (const ObjectivePlan& objective : view.objectives)
    for (End end : {End::best, End::worst})
      if (plan.has_bounds(objective)) ends.push_back(values_at(plan, data, objective, scores, end));
  std::vector<ObjectiveEnds> objectives;
  for (const ObjectivePlan& objective : view.objectives) {
    if (!plan.has_bounds(objective)) continue;
    std::size_t at = 2 * objectives.size();
    objectives.push_back({reinterpret_cast<const double*>(ends[at].data()),
                          reinterpret_cast<const double*>(ends[at + 1].data()), objective.maximise});
  }
  return own_dominance(objectives, scores.size);
}

}  // namespace

OwnDominance own_dominance(std::span<const ObjectiveEnds> objectives, std::size_t rows) {
  OwnDominance own{std::vector<std::uint8_t>(rows), std::vector<std::uint8_t>(rows)};
  for (std::size_t i = 0; i < rows; ++i) {
    bool best_wins = false, worst_wins = false;  // in some objective
    for (const ObjectiveEnds& ends : objectives) {
      std::uint64_t best = float_key(ends.best[i], ends.maximise), worst = float_key(ends.worst[i], ends.maximise);
      best_wins |= best < worst;
      worst_wins |= worst < best;
    }
    own.best_over_worst[i] = best_wins && !worst_wins;
    own.worst_over_best[i] = worst_wins && !best_wins;
  }
  return own;
}

Certainty certainty_of(std::uint32_t surely, std::uint32_t possibly) {
  return surely > 0 ? Certainty::surely_dominated : possibly == 0 ? Certainty::surely_nondominated : Certainty::undecided;
}

void judge_intervals(const Plan& plan, const Data& data, std::size_t view_index, Session& session, Progress& progress,
                     ViewScores& scores) {
  const ViewPlan& view = plan.views[view_index];
  if (!plan.has_intervals(view) || scores.only_front) return;
  if (scores.size > 0x3FFFFFFFu)
    throw DeviceError(fmt::format("view '{}' has {} rows with intervals", view.spec.name, scores.size),
                      "this version compares at most 1,073,741,823", "select fewer rows with `where`");
  scores.surely_dominated_by.assign(scores.size, 0);
  scores.possibly_dominated_by.assign(scores.size, 0);
  scores.certainty.assign(scores.size, 0);
  scores.certain_rows = {};
  if (scores.size == 0) return;
  auto both = dominated_by(plan, data, view, scores, {End::worst, End::best}, session, progress);
  auto best = dominated_by(plan, data, view, scores, {End::best}, session, progress);
  auto worst = dominated_by(plan, data, view, scores, {End::worst}, session, progress);
  OwnDominance own = own_dominance(plan, data, view, scores);
  for (std::uint32_t i = 0; i < scores.size; ++i) {
    scores.surely_dominated_by[i] = both[scores.size + i] - best[i] - own.worst_over_best[i];
    scores.possibly_dominated_by[i] = both[i] - worst[i] - own.best_over_worst[i];
    scores.certainty[i] =
        static_cast<std::uint8_t>(certainty_of(scores.surely_dominated_by[i], scores.possibly_dominated_by[i]));
    ++scores.certain_rows[scores.certainty[i]];
  }
}

}  // namespace carbonfront
