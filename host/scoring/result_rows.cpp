#include "host/scoring/result_rows.hpp"

#include <algorithm>
#include <limits>

#include "host/scoring/result_parts.hpp"

namespace carbonfront {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr const char* kAccountMeaning = "0 not selected, 1 given, 2 found in a catalogue, 3 assumed by the spec, 4 missing";

}  // namespace

ResultRows::ResultRows(hid_t file, const Plan& plan, std::uint64_t rows, h5::Storage storage) {
  create_dimension(file, "rows", rows);
  if (plan.emissions) {
    h5::Handle group = create_group(file, "emissions");
    for (const EmissionOutput& output : all_emissions()) {
      if (!plan.emissions->computes(output.source)) continue;
      RowDataset about{output.name, output.long_name, output.unit};
      sources_.push_back(output.source);
      emissions_.emplace_back(create_row_dataset(group, kNoAxis, rows, H5T_NATIVE_DOUBLE, &kNan, about, storage),
                              H5T_NATIVE_DOUBLE, kNan);
    }
    RowDataset about{"source", "index into models: the first that knew the energy"};
    if (plan.emissions->chooses())
      models_.emplace_back(create_row_dataset(group, kNoAxis, rows, H5T_NATIVE_UINT8, &kNoSource, about, storage),
                           H5T_NATIVE_UINT8, kNoSource);
    begin_accounts(group, plan, rows, storage);
  }
  for (const ViewPlan& view : plan.views) {
    states_of_view_.push_back(states_.size());
    if (!view.passing) continue;
    h5::Handle group = create_group(file, "views/" + view.spec.name);
    states_.emplace_back(create_state(group, kNoAxis, rows, storage), H5T_NATIVE_UINT8, std::uint8_t{0});
  }
}

void ResultRows::begin_accounts(hid_t emissions, const Plan& plan, std::uint64_t rows, h5::Storage storage) {
  const std::vector<FactorPlan>& factors = plan.emissions->factors;
  if (std::ranges::all_of(factors, [](const FactorPlan& factor) { return factor.column == kNoColumn; })) return;
  h5::Handle group = create_group(emissions, "account");
  for (std::size_t k = 0; k < factors.size(); ++k) {
    if (factors[k].column == kNoColumn) continue;
    RowDataset about{factors[k].quantity.c_str(), kAccountMeaning};
    h5::Handle dataset = create_row_dataset(group, kNoAxis, rows, H5T_NATIVE_UINT8, nullptr, about, storage);
    accounts_.push_back({k, "/emissions/account/" + factors[k].quantity, !factors[k].lookup.catalog.empty(),
                         RowColumn<std::uint8_t>(std::move(dataset), H5T_NATIVE_UINT8, std::uint8_t{0})});
  }
}

void ResultRows::add_emissions(const Batch& batch, const Data& data) {
  if (!sources_.empty()) add_emissions(batch, data, data.values_of(sources_.front()).size());
}

/// Appends the entries of the batch, which end at `end` of the first column.
void ResultRows::add_emissions(const Batch& batch, const Data& data, std::size_t end) {
  std::size_t left = data.values_of(sources_.front()).size() - end, rows = batch.kept.size();
  auto part = [&](const auto& column) { return column.data() + (column.size() - left - rows); };
  for (std::size_t k = 0; k < sources_.size(); ++k) emissions_[k].append(batch, part(data.values_of(sources_[k])));
  for (auto& column : models_) column.append(batch, part(data.emission_source));
  std::vector<std::uint8_t> codes(rows);
  const std::uint32_t *missing = part(data.missing_factors), *assumed = part(data.assumed_factors);
  std::uint32_t any = 0;  // the quantities that are missing or assumed somewhere
  for (std::size_t i = 0; i < rows; ++i) any |= missing[i] | assumed[i];
  for (Account& account : accounts_) {
    const std::uint8_t known = account.looked_up ? 2 : 1;
    std::fill(codes.begin(), codes.end(), known);
    for (std::size_t i = 0; any >> account.factor & 1 && i < rows; ++i)
      codes[i] = missing[i] >> account.factor & 1 ? 4 : assumed[i] >> account.factor & 1 ? 3 : known;
    account.column.append(batch, codes.data());
  }
}

void ResultRows::copy_emissions(const Batch& batch, const Reals& reals, const Bytes& bytes) {
  for (std::size_t k = 0; k < sources_.size(); ++k)
    emissions_[k].append(batch, reals(sources_[k], std::string("/emissions/") + name_of(sources_[k])).data());
  for (auto& column : models_) column.append(batch, bytes("/emissions/source").data());
  for (Account& account : accounts_) account.column.append(batch, bytes(account.name).data());
}

void ResultRows::add_states(std::size_t view, const Batch& batch, const std::vector<std::uint8_t>& states) {
  states_[states_of_view_[view]].append(batch, states.data());
}

void ResultRows::finish() {
  for (auto& column : emissions_) column.finish();
  for (auto& column : models_) column.finish();
  for (auto& account : accounts_) account.column.finish();
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
    rows.add_emissions(batch, data, next);
    first = next;
  }
}

}  // namespace carbonfront
