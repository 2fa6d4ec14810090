#include "host/scoring/result_rows.hpp"

#include <algorithm>
#include <limits>

#include "host/scoring/result_parts.hpp"

namespace carbonfront {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

ResultRows::ResultRows(hid_t file, const Plan& plan, std::uint64_t rows, h5::Storage storage) {
  create_dimension(file, "rows", rows);
  if (plan.emissions) {
    h5::Handle group = create_group(file, "emissions");
    for (const RowDataset& about : {RowDataset{"energy_kwh", "energy of training", "kWh"},
                                    RowDataset{"co2e_kg", "CO2-equivalent emissions of training", "kg"}})
      emissions_.emplace_back(create_row_dataset(group, kNoAxis, rows, H5T_NATIVE_DOUBLE, &kNan, about, storage),
                              H5T_NATIVE_DOUBLE, kNan);
  }
  for (const ViewPlan& view : plan.views) {
    states_of_view_.push_back(states_.size());
    if (!view.passing) continue;
    h5::Handle group = create_group(file, "views/" + view.spec.name);
    states_.emplace_back(create_state(group, kNoAxis, rows, storage), H5T_NATIVE_UINT8, std::uint8_t{0});
  }
}

void ResultRows::add_emissions(const Batch& batch, const double* energy_kwh, const double* co2e_kg) {
  emissions_[0].append(batch, energy_kwh);
  emissions_[1].append(batch, co2e_kg);
}

void ResultRows::add_states(std::size_t view, const Batch& batch, const std::vector<std::uint8_t>& states) {
  states_[states_of_view_[view]].append(batch, states.data());
}

void ResultRows::finish() {
  for (auto& column : emissions_) column.finish();
  for (auto& column : states_) column.finish();
}

void add_all_rows(const Plan& plan, const Data& data, ResultRows& rows) {
  if (!plan.emissions) return;
  constexpr std::uint64_t most = 1 << 18;
  Batch batch;
  std::uint32_t first = 0;
  for (; batch.begin < plan.rows; batch.begin += batch.rows) {
    batch.rows = static_cast<std::uint32_t>(std::min(most, plan.rows - batch.begin));
    batch.kept.clear();
    std::uint32_t next = first;
    for (; next < data.selection.size && data.selection.row_of(next) < batch.begin + batch.rows; ++next)
      batch.kept.push_back(static_cast<std::uint32_t>(data.selection.row_of(next) - batch.begin));
    rows.add_emissions(batch, data.energy_kwh.data() + first, data.co2e_kg.data() + first);
    first = next;
  }
}

}  // namespace carbonfront
