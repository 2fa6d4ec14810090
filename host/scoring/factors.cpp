#include "host/scoring/factors.hpp"

#include <fmt/format.h>
#include <tbb/blocked_range.h>
#include <tbb/parallel_reduce.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>

#include "carbonfront/errors.hpp"
#include "host/scoring/values.hpp"

namespace carbonfront {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// The first row of a batch that is refused, and why: [kept] place and quantity.
struct Refusal {
  std::size_t row, factor;
  const NameLookup* name = nullptr;  // where a name has no answer

  /// Takes another one that is earlier; of one row, that of the first quantity.
  void join(std::size_t other_row, std::size_t other_factor, const NameLookup* other_name = nullptr) {
    if (other_row < row || (other_row == row && other_factor < factor)) *this = {other_row, other_factor, other_name};
  }
};

std::string name_at(const Batch& batch, const FactorPlan& factor, std::size_t row) {
  return std::string(batch.columns[factor.column].strings[batch.kept[row]]);
}

/// Values of a column of names; NaN where the name is missing, or unknown and the spec lets it be missing.
void look_up_names(const Plan& plan, const Batch& batch, std::size_t k, NameLookups& names, Array<double>& out,
                   Refusal& refusal) {
  const FactorPlan& factor = plan.emissions->factors[k];
  const ColumnInfo& info = plan.columns[factor.column].info;
  const Strings& strings = batch.columns[factor.column].strings;
  out.resize(batch.kept.size());
  std::string_view last;
  NameLookup* found = nullptr;
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::string_view name = strings[batch.kept[i]];
    out[i] = kNan;
    if (name.empty() || is_missing_text(info, name)) continue;
    if (!found || name != last) found = &found_name(*plan.emissions, factor, name, names);
    last = name;
    ++found->rows;
    out[i] = found->value;
    if (!found->answer.entry && !factor.lookup.unknown_is_missing) refusal.join(i, k, found);
  }
}

const char* wrong_with(const FactorPlan& factor, double value) {
  return what_is_wrong(factor.quantity, value, factor.divides);
}

/// Tells whether some values are outside of their quantity's range or, where it is required, missing.
bool some_are_refused(const FactorPlan& factor, const Array<double>& values, bool required) {
  using Range = tbb::blocked_range<std::size_t>;
  const ValueRange range = range_of(factor.quantity, factor.divides);
  return tbb::parallel_reduce(
             Range(0, values.size(), 1 << 14), std::uint64_t{0},
             [&](const Range& part, std::uint64_t refused) {
               for (std::size_t i = part.begin(); i < part.end(); ++i) {
                 const bool fits = range.has(values[i]), missing = std::isnan(values[i]);
                 refused += !(fits | (missing & !required));
               }
               return refused;
             },
             std::plus<>()) > 0;
}

/// The first bound that an error makes of a value and that cannot be; nothing where both can.
std::optional<double> wrong_bound(const FactorPlan& factor, double value) {
  if (!factor.error) return {};
  for (double bound :
       {low_of_error(factor.quantity, value, *factor.error), high_of_error(factor.quantity, value, *factor.error)})
    if (wrong_with(factor, bound)) return bound;
  return {};
}

/// Values of a quantity that two columns bound: their middle, missing where one of them is.
void gather_bounds(const Plan& plan, const Batch& batch, std::size_t k, Factors& all, Refusal& refusal) {
  const FactorPlan& factor = plan.emissions->factors[k];
  factor_values(plan, batch, factor.low_column, all.low[k]);
  factor_values(plan, batch, factor.high_column, all.high[k]);
  all.values[k].resize(all.low[k].size());
  for (std::size_t i = 0; i < all.values[k].size(); ++i) {
    all.values[k][i] = std::midpoint(all.low[k][i], all.high[k][i]);
    if (all.low[k][i] > all.high[k][i]) refusal.join(i, k);
  }
}

/// Bounds by a relative error of the values.
void widen(const FactorPlan& factor, Factors& all, std::size_t k) {
  all.low[k] = all.high[k] = all.values[k];
  for (double& value : all.low[k]) value = low_of_error(factor.quantity, value, *factor.error);
  for (double& value : all.high[k]) value = high_of_error(factor.quantity, value, *factor.error);
}

/// Puts the spec's assumption where a value is missing, and accounts for what is assumed and what stays missing.
void account(const Plan& plan, std::size_t k, std::size_t rows, Factors& all, Data& data) {
  Array<double>& values = all.values[k];
  std::uint32_t* assumed = data.assumed_factors.data() + data.assumed_factors.size() - rows;
  std::uint32_t* missing = data.missing_factors.data() + data.missing_factors.size() - rows;
  const std::optional<double>& assume = plan.emissions->factors[k].assume;
  for_nans(values.data(), values.size(), [&](std::size_t i) {
    if (assume) {
      values[i] = *assume;
      if (!all.low[k].empty()) all.low[k][i] = all.high[k][i] = *assume;
      assumed[i] |= 1u << k;
      ++data.factor_assumed[k];
    } else {
      missing[i] |= 1u << k;
      ++data.factor_missing[k];
      count_missing_columns(plan.emissions->factors[k], all, k, i, data.column_missing);
    }
  });
}

bool is_required(const Plan& plan, const FactorPlan& factor) {
  const std::vector<std::string>& required = plan.spec.emissions->require;
  return std::ranges::count(required, factor.quantity) > 0 ||
         std::ranges::count(required, plan.columns[factor.column].info.name) > 0;
}

/// The column to blame for a refused row, and its value: one that cannot be, else one that is missing.
std::pair<int, double> to_blame(const FactorPlan& factor, const Factors& all, const Refusal& refusal) {
  std::pair<int, double> found = {factor.column, all.values[refusal.factor][refusal.row]};
  for (auto [part, column] : {std::pair(&all.low, factor.low_column), {&all.high, factor.high_column}}) {
    if ((*part)[refusal.factor].empty()) continue;
    double bound = (*part)[refusal.factor][refusal.row];
    if (wrong_with(factor, bound)) return {column, bound};
    if (std::isnan(bound)) found = {column, bound};
  }
  return found;
}

[[noreturn]] void refuse(const Plan& plan, const Batch& batch, const Factors& all, const Refusal& refusal) {
  const FactorPlan& factor = plan.emissions->factors[refusal.factor];
  auto [wrong, value] = to_blame(factor, all, refusal);
  const Column& column = plan.columns[wrong];
  std::string place = place_of(column, batch.begin + batch.kept[refusal.row]);
  if (refusal.name)
    throw InputError(fmt::format("{}: '{}' of column '{}' at {} {} {}", factor.quantity, name_at(batch, factor, refusal.row),
                                 column.info.name, place, refusal.name->answer.why, factor.lookup.catalog),
                     candidates_text(refusal.name->answer), kLookupAdvice);
  const Array<double>&low = all.low[refusal.factor], &high = all.high[refusal.factor];
  if (!low.empty() && low[refusal.row] > high[refusal.row])
    throw InputError(fmt::format("{} goes from {} of column '{}' to {} of column '{}' at {}", factor.quantity,
                                 low[refusal.row], plan.columns[factor.low_column].info.name, high[refusal.row],
                                 plan.columns[factor.high_column].info.name, place),
                     "an interval goes from low to high", "correct the row, or swap the columns");
  if (std::isnan(value))
    throw InputError(fmt::format("{} of column '{}' is missing at {}", factor.quantity, column.info.name, place),
                     "it is required", "complete the row, leave it out with a `where` condition, or do not require it");
  std::string problem = fmt::format("{} of column '{}' is {} at {}", factor.quantity, column.info.name, value, place);
  const char* why = wrong_with(factor, value);
  if (!why) {
    double bound = *wrong_bound(factor, value);
    problem += fmt::format(" and goes to {} with its error of {}", bound, *factor.error);
    why = wrong_with(factor, bound);
  }
  throw InputError(problem, why, "correct the value, mark it missing (NaN), or leave the row out with a `where` condition");
}

}  // namespace

void count_missing_columns(const FactorPlan& factor, const Factors& factors, std::size_t k, std::size_t row,
                           std::vector<std::uint64_t>& counts) {
  bool bounds = factor.low_column != kNoColumn;
  counts[2 * k] += !bounds || std::isnan(factors.low[k][row]);
  counts[2 * k + 1] += bounds && std::isnan(factors.high[k][row]);
}

Factors gather_factors(const Plan& plan, const Batch& batch, Data& data) {
  const std::vector<FactorPlan>& factors = plan.emissions->factors;
  std::size_t rows = batch.kept.size();
  Refusal refusal{rows, factors.size()};
  data.missing_factors.resize(data.missing_factors.size() + rows);
  data.assumed_factors.resize(data.assumed_factors.size() + rows);
  Factors all{FactorValues(factors.size()), FactorValues(factors.size()), FactorValues(factors.size())};
  for (std::size_t k = 0; k < factors.size(); ++k) {
    if (factors[k].column == kNoColumn) continue;
    if (factors[k].low_column != kNoColumn)
      gather_bounds(plan, batch, k, all, refusal);
    else if (factors[k].lookup.catalog.empty())
      factor_values(plan, batch, factors[k].column, all.values[k]);
    else
      look_up_names(plan, batch, k, data.lookups[k], all.values[k], refusal);
    bool required = is_required(plan, factors[k]);
    for (const FactorValues* part : {&all.values, &all.low, &all.high}) {
      const Array<double>& values = (*part)[k];
      if (!factors[k].error && !some_are_refused(factors[k], values, required)) continue;
      for (std::size_t i = 0; i < values.size(); ++i)
        if (wrong_with(factors[k], values[i]) || wrong_bound(factors[k], values[i]) || (required && std::isnan(values[i])))
          refusal.join(i, k);
    }
  }
  if (refusal.row < rows) refuse(plan, batch, all, refusal);
  for (std::size_t k = 0; k < factors.size(); ++k) {
    account(plan, k, rows, all, data);
    if (factors[k].error) widen(factors[k], all, k);
  }
  return all;
}

}  // namespace carbonfront
