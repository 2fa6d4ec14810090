#include "host/scoring/kept_columns.hpp"

#include <algorithm>

namespace carbonfront {

namespace {

/// The number of the column that is kept for an objective, or kNotKept.
int number_of(const Data& data, Source source, int column, bool maximise) {
  for (std::size_t i = 0; i < data.kept.size(); ++i) {
    const ObjectivePlan& kept = data.kept[i].objective;
    if (kept.source == source && kept.column == column && kept.maximise == maximise) return static_cast<int>(i);
  }
  return kNotKept;
}

/// A computed column as the device keeps it, if it has all rows before `begin`. In one direction: the other is brought up.
Objective computed(const Data& data, Source source, std::uint32_t begin) {
  for (bool maximise : {false, true})
    if (int number = number_of(data, source, kNoColumn, maximise); number != kNotKept && data.kept[number].rows == begin)
      return {{nullptr, 0, ValueType::float64, false}, maximise, number};
  return {};
}

}  // namespace

void start_keeping(const Plan& plan, const Backend& backend, std::uint64_t rows, Data& data) {
  if (!backend.columns.keep || rows >= 0xFFFFFFFFu) return;
  std::size_t most = 0;
  for (const ViewPlan& view : plan.views) {
    if (!view.resident) continue;
    most = std::max(most, view.objectives.size());
    for (const ObjectivePlan& objective : view.objectives)
      if (number_of(data, objective.source, objective.column, objective.maximise) == kNotKept)
        data.kept.push_back({objective, 0});
  }
  if (!backend.columns.keep(static_cast<std::uint32_t>(data.kept.size()), static_cast<std::uint32_t>(rows),
                            static_cast<std::uint32_t>(most)))
    data.kept.clear();
}

void bring_up_new_rows(const Plan& plan, const Backend& backend, Data& data) {
  for (std::size_t i = 0; i < data.kept.size(); ++i) {
    auto& [objective, rows] = data.kept[i];
    if (rows == data.selection.size) continue;
    backend.columns.bring_up({data.column_view(plan, objective, rows), objective.maximise, static_cast<int>(i)}, rows,
                             data.selection.size - rows);
    rows = data.selection.size;
  }
}

KeptEmissions kept_emissions(const Data& data, Source energy, Source co2e, std::size_t rows) {
  std::uint32_t begin = data.selection.size - static_cast<std::uint32_t>(rows);
  return {computed(data, energy, begin), computed(data, co2e, begin), begin};
}

void note_computed(const KeptEmissions& kept, std::size_t rows, Data& data) {
  for (const Objective& objective : {kept.energy, kept.co2e})
    if (objective.kept != kNotKept) data.kept[objective.kept].rows = kept.begin + static_cast<std::uint32_t>(rows);
}

std::vector<Objective> kept_objectives(const ViewPlan& view, const Data& data, std::vector<Objective> objectives) {
  for (std::size_t k = 0; k < objectives.size(); ++k) {
    const ObjectivePlan& plan = view.objectives[k];
    int number = number_of(data, plan.source, plan.column, plan.maximise);
    if (number != kNotKept && data.kept[number].rows == data.selection.size) objectives[k].kept = number;
  }
  return objectives;
}

}  // namespace carbonfront
