#include "host/scoring/passing.hpp"

#include <algorithm>

#include "host/scoring/missing.hpp"

namespace carbonfront {

namespace {

/// What rows are rated by, the view's objectives first, from the entry that holds selected row `first` on: columns that do
/// not stay hold the batch alone.
std::vector<Objective> batch_objectives(const Plan& plan, const ViewPlan& view, std::uint32_t first, const Data& data) {
  Resident resident = resident_parts(plan);
  std::vector<Objective> objectives;
  for (const ObjectivePlan& objective : view.rated_by) {
    bool stays = objective.source == Source::column ? resident.columns.contains(objective.column)
                                                    : resident.emissions.contains(objective.source);
    objectives.push_back({data.column_view(plan, objective, stays ? first : 0), objective.maximise});
  }
  return objectives;
}

/// The last `count` entries, which are the batch's whether the column stays or not.
std::vector<std::uint32_t> of_batch(const std::vector<std::uint32_t>& column, std::size_t count) {
  return {column.end() - static_cast<std::ptrdiff_t>(std::min(count, column.size())), column.end()};
}

}  // namespace

void start_passing(const Plan& plan, Session& session, Data& data) {
  data.passing.resize(plan.views.size());
  for (std::size_t i = 0; i < plan.views.size(); ++i) {
    data.passing[i].missing_rows.resize(plan.views[i].rated_by.size());
    if (plan.views[i].passing) data.passing[i].stream = FrontStream(front_finder(session));
  }
}

std::vector<std::uint8_t> pass_batch(const Plan& plan, const Batch& batch, std::uint32_t first, std::size_t view_index,
                                     const Progress& progress, Data& data) {
  const ViewPlan& view = plan.views[view_index];
  PassingView& passing = data.passing[view_index];
  std::size_t size = batch.kept.size();
  std::vector<Objective> objectives = batch_objectives(plan, view, first, data);
  std::vector<std::uint8_t> missing(size);
  for (std::size_t k = 0; k < objectives.size(); ++k)
    passing.missing_rows[k] += mark_missing(objectives[k].column, size, missing);
  auto incomplete = std::find(missing.begin(), missing.end(), 1);
  if (incomplete != missing.end() && view.spec.missing == Missing::error && !passing.refusal) {
    auto at = static_cast<std::size_t>(incomplete - missing.begin());
    passing.refusal =
        missing_objective(plan, view, objectives, at, of_batch(data.missing_factors, size), batch.begin + batch.kept[at]);
  }
  if (view.spec.missing == Missing::worst) std::fill(missing.begin(), missing.end(), std::uint8_t{0});

  bool all = std::find(missing.begin(), missing.end(), 1) == missing.end();
  int grouping = data.grouping_of_view[view_index];
  const std::uint32_t* groups = grouping < 0 ? nullptr : data.groupings[grouping].group.data() + first;
  if (groups) passing.rated_in_group.resize(data.groupings[grouping].keys.size());
  std::vector<std::uint32_t> rated, group;
  for (std::uint32_t i = 0; i < size && (groups || !all); ++i) {
    if (missing[i]) continue;
    rated.push_back(i);
    if (!groups) continue;
    group.push_back(groups[i]);
    ++passing.rated_in_group[groups[i]];
  }
  auto count = static_cast<std::uint32_t>(groups || !all ? rated.size() : size);
  passing.rated += count;
  if (!passing.refusal) {
    PointsView points{objectives.data(), static_cast<std::uint32_t>(view.objectives.size()), count,
                      all ? nullptr : rated.data(), groups ? group.data() : nullptr};
    passing.stream.add(
        points, [&](std::uint32_t row) { return batch.begin + batch.kept[row]; }, progress);
    check_growth(plan, data);
  }
  for (std::uint8_t& state : missing) state = state ? 1 : 2;
  return missing;
}

void refuse_missing_rows(const Plan& plan, const Data& data) {
  for (std::size_t i = 0; i < plan.views.size(); ++i)
    if (data.passing[i].refusal) throw *data.passing[i].refusal;
}

void finish_passing(const Plan& plan, const std::vector<std::vector<std::uint32_t>>& places, const Progress& progress,
                    Data& data) {
  for (std::size_t i = 0; i < plan.views.size(); ++i) {
    if (!plan.views[i].passing) continue;
    PassingView& passing = data.passing[i];
    passing.front = passing.stream.finish(progress);
    passing.stream = FrontStream();
    passing.front.values.resize(plan.views[i].objectives.size());  // empty sweeps have none yet
    int grouping = data.grouping_of_view[i];
    if (grouping < 0) {
      passing.rated_in_group = {passing.rated};
      continue;
    }
    const std::vector<std::uint32_t>& place = places[grouping];
    std::vector<std::uint64_t> rated(place.size());
    for (std::size_t g = 0; g < passing.rated_in_group.size(); ++g) rated[place[g]] = passing.rated_in_group[g];
    passing.rated_in_group = std::move(rated);
    for (std::uint32_t& group : passing.front.group) group = place[group];
  }
}

}  // namespace carbonfront
