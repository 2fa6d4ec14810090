#include "host/scoring/interval_ends.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "carbonfront/errors.hpp"
#include "host/scoring/values.hpp"

namespace carbonfront {

namespace {

/// A row's interval.
struct Interval {
  double low, high;
};

Interval around(const ObjectiveBounds& bounds, double value, double error) {
  double half = bounds.error ? std::abs(value) * *bounds.error : error;
  return {value - half, value + half};
}

/// The columns of one objective with bounds, for the rows of a batch as float64; empty where there is none.
struct BatchInterval {
  const Plan& plan;
  const Batch& batch;
  const ObjectivePlan& objective;
  Array<double> value, low, high, error;

  BatchInterval(const Plan& from, const Batch& rows, const ObjectivePlan& of)
      : plan(from),
        batch(rows),
        objective(of),
        value(read(of.column)),
        low(read(of.bounds.low_column)),
        high(read(of.bounds.high_column)),
        error(read(of.bounds.error_column)) {}

  Array<double> read(int column) const {
    Array<double> values;
    if (column != kNoColumn) factor_values(plan, batch, column, values);
    return values;
  }

  [[noreturn]] void refuse(std::size_t i, const std::string& problem, const std::string& why) const {
    throw InputError(fmt::format("{} at {}", problem, place_of(plan.columns[objective.column], batch.begin + batch.kept[i])),
                     why, "correct the row, mark it missing (NaN), or leave it out with a `where` condition");
  }

  const std::string& name_of(int column) const { return plan.columns[column].info.name; }

  /// Refuses an integer that may have lost digits on its way to float64.
  void check_exact(int column, const Array<double>& values, std::size_t i) const {
    if (values.empty() || !(std::abs(values[i]) >= 0x1p53)) return;
    ValueType type = plan.columns[column].info.type;
    if (type == ValueType::int64 || type == ValueType::uint64)
      refuse(i, fmt::format("'{}' is {:.0f}", name_of(column), values[i]), "intervals are of float64, exact below 2^53");
  }

  void check(std::size_t i) const {
    const ObjectiveBounds& bounds = objective.bounds;
    check_exact(objective.column, value, i);
    check_exact(bounds.low_column, low, i);
    check_exact(bounds.high_column, high, i);
    check_exact(bounds.error_column, error, i);
    if (!low.empty()) {
      if (low[i] > high[i])
        refuse(i,
               fmt::format("{} goes from {} of column '{}' to {} of column '{}'", objective.name, low[i],
                           name_of(bounds.low_column), high[i], name_of(bounds.high_column)),
               "an interval goes from low to high");
      if (std::isnan(low[i]) || std::isnan(high[i])) return;  // the row is unrated
      if (value[i] < low[i] || value[i] > high[i])
        refuse(i, fmt::format("{} is {}", objective.name, value[i]),
               fmt::format("it is outside its bounds, {} to {}", low[i], high[i]));
      return;
    }
    double own = error.empty() ? bounds.absolute_error.value_or(0) : error[i];
    if (own < 0) refuse(i, fmt::format("'{}' is {}", name_of(bounds.error_column), own), "an error cannot be negative");
    if (std::isnan(value[i]) || std::isnan(own)) return;
    Interval ends = around(bounds, value[i], own);
    if (!std::isfinite(value[i]) || !std::isfinite(ends.low) || !std::isfinite(ends.high))
      refuse(i, fmt::format("{} goes from {} to {} around {}", objective.name, ends.low, ends.high, value[i]),
             "a value with an error must be finite, and so must its bounds");
  }
};

}  // namespace

Source source_at(const ObjectivePlan& objective, End end) {
  if (end == End::value) return objective.source;
  return (end == End::best) != objective.maximise ? low_of(objective.source) : high_of(objective.source);
}

std::vector<std::byte> ends_of_column(const ObjectivePlan& objective, End end,
                                      const std::function<ColumnView(int column)>& view_of_column,
                                      const std::vector<std::uint32_t>& rows) {
  const ObjectiveBounds& bounds = objective.bounds;
  bool low = (end == End::best) != objective.maximise;
  bool columns = bounds.low_column != kNoColumn;
  ColumnView from = view_of_column(!columns ? objective.column : low ? bounds.low_column : bounds.high_column);
  ColumnView error = bounds.error_column != kNoColumn ? view_of_column(bounds.error_column) : ColumnView{};
  std::vector<std::byte> values(rows.size() * sizeof(double));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    double value = real_at(from, rows[i]);
    if (!columns) {
      Interval ends = around(bounds, value, error.values ? real_at(error, rows[i]) : bounds.absolute_error.value_or(0));
      value = low ? ends.low : ends.high;
    }
    std::memcpy(values.data() + i * sizeof value, &value, sizeof value);
  }
  return values;
}

void check_intervals(const Plan& plan, const Batch& batch) {
  std::vector<BatchInterval> intervals;
  for (const ViewPlan& view : plan.views)
    for (const ObjectivePlan& objective : view.objectives)
      if (objective.bounds.given()) intervals.emplace_back(plan, batch, objective);
  for (std::size_t i = 0; !intervals.empty() && i < batch.kept.size(); ++i)
    for (const BatchInterval& interval : intervals) interval.check(i);
}

}  // namespace carbonfront
