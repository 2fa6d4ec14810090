#include "host/scoring/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include "carbonfront/errors.hpp"
#include "host/scoring/batch.hpp"
#include "host/scoring/batch_emissions.hpp"
#include "host/scoring/interval_ends.hpp"
#include "host/scoring/passing.hpp"
#include "host/scoring/read_ahead.hpp"
#include "host/scoring/result_rows.hpp"

namespace carbonfront {

namespace {

/// Adds the seconds of its own life to a total.
struct Clock {
  double& total;
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  explicit Clock(double& seconds) : total(seconds) {}
  ~Clock() { total += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); }
};

/// Which columns the filters read, which the rest of the work reads for selected rows, and which of these are objectives.
struct Needed {
  std::set<int> filters, rest, objectives;
};

Needed needed_columns(const Plan& plan, const Data& data) {
  Needed needed;
  for (const BoundCondition& bound : plan.conditions) needed.filters.insert(bound.column);
  for (const ViewPlan& view : plan.views)
    for (const ObjectivePlan& objective : view.rated_by)
      if (objective.source == Source::column) needed.objectives.insert(objective.column);
  needed.rest = needed.objectives;
  if (plan.emissions)
    for (const FactorPlan& factor : plan.emissions->factors)
      for (int column : {factor.column, factor.low_column, factor.high_column})
        if (column != kNoColumn) needed.rest.insert(column);
  for (const Grouping& grouping : data.groupings) needed.rest.insert(grouping.columns.begin(), grouping.columns.end());
  for (int column : needed.filters) needed.rest.erase(column);
  return needed;
}

void reserve(const Plan& plan, const Resident& resident, std::uint64_t rows, Data& data) {
  for (int column : resident.columns) data.values[column].reserve(rows * size_of(plan.columns[column].info.type));
  for (Source source : resident.emissions) data.values_of(source).reserve(rows);
  if (resident.emission_source && plan.emissions->chooses()) data.emission_source.reserve(rows);
  if (resident.missing_factors) data.missing_factors.reserve(rows);
  if (resident.assumed_factors) data.assumed_factors.reserve(rows);
  if (resident.row_numbers) data.selection.row.reserve(rows);
  for (Grouping& grouping : data.groupings) grouping.group.reserve(rows);
}

/// Makes room for `rows` more rows of the columns that stay in memory, where all are selected: they are read into place.
/// [plan columns] null: not so.
std::vector<std::byte*> make_places(const Plan& plan, const Resident& resident, std::uint64_t rows, Data& data) {
  std::vector<std::byte*> places(plan.columns.size(), nullptr);
  if (!data.selection.all) return places;
  for (int column : resident.columns) {
    Array<std::byte>& values = data.values[column];
    const std::size_t held = values.size();
    values.resize(held + rows * size_of(plan.columns[column].info.type));
    places[column] = values.data() + held;
  }
  return places;
}

/// Gives back the room of rows that were not read.
void drop_places(const Plan& plan, const Resident& resident, Data& data) {
  if (!data.selection.all) return;
  for (int column : resident.columns)
    data.values[column].resize(data.selection.size * size_of(plan.columns[column].info.type));
}

/// Adds a batch's selected rows to the objectives' columns, but for those that were read into place. What does not stay
/// changes hands where all rows are selected.
void add_objectives(const Plan& plan, const Needed& needed, const Resident& resident, const std::vector<std::byte*>& places,
                    Batch& batch, Data& data) {
  for (int column : needed.objectives) {
    if (places[column]) continue;
    if (!resident.columns.contains(column) && batch.kept.size() == batch.rows)
      std::swap(data.values[column], batch.columns[column].own);
    else
      append_kept(batch, column, size_of(plan.columns[column].info.type), data.values[column]);
  }
}

/// Forgets the last batch's share of what does not stay.
void forget_batch(const Needed& needed, const Resident& resident, Data& data) {
  for (int column : needed.objectives)
    if (!resident.columns.contains(column)) data.values[column].clear();
  for (const EmissionOutput& output : all_emissions())
    if (!resident.emissions.contains(output.source)) data.values_of(output.source).clear();
  if (!resident.emission_source) data.emission_source.clear();
  if (!resident.missing_factors) data.missing_factors.clear();
  if (!resident.assumed_factors) data.assumed_factors.clear();
}

/// Gives passing views and the result their share of a batch; selected rows from `first` on are the batch's.
void pass_on(const Plan& plan, const Batch& batch, std::uint32_t first, const ReadOptions& options, const Progress& progress,
             Data& data, LoadSeconds& seconds) {
  if (options.out && plan.emissions) {
    Clock clock(seconds.write);
    options.out->add_emissions(batch, data);
  }
  for (std::size_t i = 0; i < plan.views.size(); ++i) {
    if (!plan.views[i].passing) continue;
    std::optional<Clock> clock(seconds.front);
    std::vector<std::uint8_t> states = pass_batch(plan, batch, first, i, progress, data);
    clock.emplace(seconds.write);
    if (options.out) options.out->add_states(i, batch, states);
  }
}

/// The columns that resident views compare, each once in each sense, which a device may bring up while rows are read.
struct ComparedColumns {
  std::vector<const ObjectivePlan*> objectives;
  std::size_t most_objectives = 0;  // of a view

  explicit ComparedColumns(const Plan& plan) {
    for (const ViewPlan& view : plan.views) {
      if (!view.resident) continue;
      most_objectives = std::max(most_objectives, view.objectives.size());
      for (const ObjectivePlan& objective : view.objectives)
        if (std::ranges::none_of(objectives, [&](const ObjectivePlan* other) {
              return other->source == objective.source && other->column == objective.column &&
                     other->maximise == objective.maximise;
            }))
          objectives.push_back(&objective);
    }
  }

  void bring_up(const Plan& plan, const Data& data, std::uint32_t rows, std::uint64_t most_rows, const Progress& progress,
                Session& session) const {
    if (objectives.empty() || most_rows > kMostPoints) return;
    std::vector<Objective> columns;
    for (const ObjectivePlan* objective : objectives)
      columns.push_back({data.column_view(plan, *objective), objective->maximise});
    session.bring_up({columns, rows, static_cast<std::uint32_t>(most_rows), static_cast<std::uint32_t>(most_objectives)},
                     progress);
  }
};

}  // namespace

std::uint64_t default_batch_rows(const Plan& plan) {
  constexpr std::uint64_t usual = 16 << 20, large = 64 << 20;
  const bool many_objectives = std::any_of(plan.views.begin(), plan.views.end(), [](const ViewPlan& view) {
    return view.passing && view.objectives.size() > 3;  // larger fronts, which every batch meets again
  });
  std::uint64_t row_bytes = 1;
  for (const Column& column : plan.columns) row_bytes += column.info.bytes_per_value ? column.info.bytes_per_value : 64;
  return std::max<std::uint64_t>(1, (many_objectives && !plan.emissions ? large : usual) / row_bytes);
}

ColumnView Data::column_view(const Plan& plan, const ObjectivePlan& objective, std::size_t from) const {
  if (objective.source != Source::column) return {values_of(objective.source).data() + from, 0, ValueType::float64, false};
  const ColumnInfo& info = plan.columns[objective.column].info;
  return view_of(info, values[objective.column].data() + from * size_of(info.type));
}

void find_groupings(const Plan& plan, Data& data) {
  for (const ViewPlan& view : plan.views) {
    int found = -1;
    for (std::size_t i = 0; i < data.groupings.size(); ++i)
      if (data.groupings[i].columns == view.group_columns) found = static_cast<int>(i);
    if (found < 0 && !view.group_columns.empty()) {
      found = static_cast<int>(data.groupings.size());
      data.groupings.push_back({view.group_columns, {}, {}, {}});
      for (int column : view.group_columns) data.groupings.back().types.push_back(plan.columns[column].info.type);
    }
    data.grouping_of_view.push_back(found);
  }
}

Data start_data(const Plan& plan, Session& session, std::uint64_t first, std::uint64_t count) {
  Data data;
  data.next_row = first;
  data.selection.rows = plan.rows;
  data.selection.all = plan.conditions.empty();
  data.values.resize(plan.columns.size());
  find_groupings(plan, data);
  start_emissions(plan, data);
  start_passing(plan, session, data);
  reserve(plan, resident_parts(plan), count, data);
  return data;
}

void read_rows(const Plan& plan, Session& session, std::uint64_t end, const ReadOptions& options, Progress& progress,
               LoadSeconds& seconds, Data& data) {
  Needed needed = needed_columns(plan, data);
  Resident resident = resident_parts(plan);
  std::uint64_t batch_rows = options.batch_rows ? options.batch_rows : default_batch_rows(plan);
  progress.begin("read", end - data.next_row, static_cast<double>(plan.column_bytes()) / static_cast<double>(plan.rows));
  const std::vector<std::byte*> places = make_places(plan, resident, end - data.next_row, data);
  BatchReader reader(plan, {needed.filters, needed.rest}, places, data.next_row, end, batch_rows);
  const ComparedColumns compared(plan);
  const std::uint64_t most_rows = data.selection.size + (end - data.next_row);
  if (options.judged_here) compared.bring_up(plan, data, 0, most_rows, progress, session);
  std::uint64_t first_row = data.next_row;  // one batch is read in any case, so that whoever goes on gets on
  while (data.next_row < end && (data.next_row == first_row || !options.wind_up || !options.wind_up->asked())) {
    progress.throw_if_stopped();
    forget_batch(needed, resident, data);
    Batch& batch = *reader.next(seconds.read, data);
    std::optional<Clock> decoding(seconds.decode);
    add_objectives(plan, needed, resident, places, batch, data);
    for (std::size_t i = 0; i < data.groupings.size(); ++i) append_groups(plan, batch, i, data);
    if (resident.row_numbers)
      for (std::uint32_t row : batch.kept) data.selection.row.push_back(static_cast<std::uint32_t>(batch.begin + row));
    std::uint32_t first = data.selection.size;
    data.selection.size += static_cast<std::uint32_t>(batch.kept.size());
    decoding.reset();
    check_growth(plan, data);
    check_intervals(plan, batch);
    if (plan.emissions) {
      Clock clock(seconds.emissions);
      append_emissions(plan, session, batch, progress, data);
    }
    if (options.judged_here && data.selection.size > first)
      compared.bring_up(plan, data, data.selection.size, most_rows, progress, session);
    pass_on(plan, batch, first, options, progress, data, seconds);
    progress.add(batch.rows);
    data.next_row += batch.rows;
  }
  forget_batch(needed, resident, data);
  drop_places(plan, resident, data);
}

void finish_data(const Plan& plan, const Progress& progress, Data& data) {
  std::vector<std::vector<std::uint32_t>> places;
  for (Grouping& grouping : data.groupings) places.push_back(sort_groups(grouping));
  finish_passing(plan, places, progress, data);
}

Data load(const Plan& plan, Session& session, std::uint64_t batch_rows, Progress& progress) {
  LoadSeconds ignored;
  Data data = start_data(plan, session, 0, plan.rows);
  read_rows(plan, session, plan.rows, {.batch_rows = batch_rows}, progress, ignored, data);
  finish_data(plan, progress, data);
  return data;
}

}  // namespace carbonfront
