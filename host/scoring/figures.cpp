#include "host/scoring/figures.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "host/pareto/crowding.hpp"
#include "host/pareto/hypervolume.hpp"
#include "host/scoring/values.hpp"

namespace carbonfront {

namespace {

/// Gathers rated rows as columns to be minimised. [objectives][rows]
std::vector<double> minimised(const ViewScores& scores, const std::vector<std::uint32_t>& positions) {
  std::vector<double> values;
  values.reserve(positions.size() * scores.objectives.size());
  for (const Objective& objective : scores.objectives)
    for (std::uint32_t position : positions) {
      double value = real_at(objective.column, scores.selected_of(position));
      values.push_back(objective.maximise ? -value : value);
    }
  return values;
}

/// The front's places in `scores.front`, by group.
std::vector<std::vector<std::uint32_t>> front_by_group(const ViewScores& scores) {
  std::vector<std::vector<std::uint32_t>> groups(scores.groups.size());
  for (std::uint32_t i = 0; i < scores.front.size(); ++i) groups[scores.group_of(scores.front[i])].push_back(i);
  return groups;
}

void measure_groups(const ViewPlan& view, Progress& progress, ViewScores& scores) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  scores.reference_point = view.spec.reference_point.empty() ? default_reference_point(scores) : view.spec.reference_point;
  std::vector<double> reference = scores.reference_point;
  bool measurable = std::ranges::all_of(reference, [](double value) { return std::isfinite(value); });
  for (std::size_t k = 0; k < reference.size(); ++k)
    if (scores.objectives[k].maximise) reference[k] = -reference[k];
  auto objectives = static_cast<std::uint32_t>(reference.size());
  if (view.spec.outputs.contributions) scores.contributions.assign(scores.front.size(), measurable ? 0 : kNan);
  if (!measurable) return;  // groups' volumes are NaN already
  std::vector<std::vector<std::uint32_t>> fronts = front_by_group(scores);
  for (std::size_t g = 0; g < fronts.size(); ++g) {
    if (fronts[g].empty()) continue;
    std::vector<std::uint32_t> positions;
    for (std::uint32_t i : fronts[g]) positions.push_back(scores.front[i]);
    std::vector<double> values = minimised(scores, positions);
    PointColumns points{values.data(), positions.size(), objectives};
    Hypervolume volume = hypervolume(points, reference.data(), {}, progress);
    scores.groups[g].hypervolume = volume.value;
    scores.groups[g].hypervolume_error = volume.standard_error;
    if (!view.spec.outputs.contributions) continue;
    std::vector<double> lost = hypervolume_contributions(points, reference.data(), DominatedRows::counted, progress);
    for (std::size_t i = 0; i < lost.size(); ++i) scores.contributions[fronts[g][i]] = lost[i];
  }
}

/// Crowding distance of every rated row whose front is known; NaN for the others.
std::vector<double> crowding_of_rated(const ViewScores& scores, const Array<std::uint32_t>& front_of,
                                      const Progress& progress) {
  std::vector<std::uint32_t> positions, fronts, groups;
  for (std::uint32_t position = 0; position < scores.size; ++position) {
    if (front_of[position] == kNone) continue;
    positions.push_back(position);
    fronts.push_back(front_of[position]);
    if (!scores.rated_group.empty()) groups.push_back(scores.rated_group[position]);
  }
  std::vector<double> values = minimised(scores, positions);
  PointColumns points{values.data(), positions.size(), static_cast<std::uint32_t>(scores.objectives.size())};
  std::vector<double> distances =
      crowding_distance(points, fronts.data(), groups.empty() ? nullptr : groups.data(), progress);
  std::vector<double> crowding(scores.size, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < positions.size(); ++i) crowding[positions[i]] = distances[i];
  return crowding;
}

}  // namespace

std::vector<double> default_reference_point(const ViewScores& scores) {
  std::vector<double> point;
  for (std::size_t k = 0; k < scores.objectives.size(); ++k) {
    constexpr double kMost = std::numeric_limits<double>::max();
    double least = std::numeric_limits<double>::quiet_NaN(), most = least;
    for (std::uint32_t position : scores.front) {
      double value = real_at(scores.objectives[k].column, scores.selected_of(position));
      if (!std::isfinite(value)) continue;
      if (!(least <= value)) least = value;
      if (!(most >= value)) most = value;
    }
    bool maximise = scores.objectives[k].maximise;
    if (std::isnan(least)) {
      point.push_back(least);
      continue;
    }
    double worst = maximise ? least : most;
    double step = most > least ? (most - least) / 10 : std::max(std::abs(worst), 1.0) / 10;
    if (std::isinf(step)) step = most / 10 - least / 10;
    point.push_back(std::clamp(maximise ? worst - step : worst + step, -kMost, kMost));
  }
  return point;
}

void compute_figures(const Plan& plan, std::size_t view_index, const Array<std::uint32_t>& front_of, Progress& progress,
                     ViewScores& scores) {
  const ViewPlan& view = plan.views[view_index];
  auto begin = std::chrono::steady_clock::now();
  if (view.spec.outputs.hypervolume) measure_groups(view, progress, scores);
  if (view.spec.outputs.crowding && front_of.size() == scores.size)
    scores.crowding = crowding_of_rated(scores, front_of, progress);
  scores.figures_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace carbonfront
