#include "host/scoring/missing.hpp"

#include <fmt/format.h>
#include <tbb/blocked_range.h>
#include <tbb/parallel_reduce.h>

#include <functional>

#include "host/scoring/values.hpp"

namespace carbonfront {

std::uint64_t mark_missing(ColumnView column, std::size_t size, std::vector<std::uint8_t>& marked) {
  using Range = tbb::blocked_range<std::size_t>;
  return visit_values(column, [&](const auto* values) {
    return tbb::parallel_reduce(
        Range(0, size, 1 << 14), std::uint64_t{0},
        [&](const Range& range, std::uint64_t count) {
          for (std::size_t i = range.begin(); i < range.end(); ++i) {
            bool missing = is_missing(column, values[i]);
            count += missing;
            marked[i] |= missing;
          }
          return count;
        },
        std::plus<>());
  });
}

std::string quantity_column(const Plan& plan, std::size_t column) {
  const FactorPlan& factor = plan.emissions->factors[column / 2];
  return plan.columns[column % 2 ? factor.high_column : factor.column].info.name;
}

InputError missing_objective(const Plan& plan, const ViewPlan& view, const std::vector<Objective>& objectives,
                             std::size_t at, const std::vector<std::uint32_t>& missing_factors, std::uint64_t row) {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < view.rated_by.size(); ++k) {
    if (!is_missing_at(objectives[k].column, at)) continue;
    if (view.rated_by[k].source == Source::column) {
      names.push_back("column '" + view.rated_by[k].name + "'");
      continue;
    }
    std::uint32_t bits = missing_factors[at] & plan.emissions->depends.at(view.rated_by[k].source);
    for (std::size_t f = 0; f < plan.emissions->factors.size(); ++f)
      if (bits >> f & 1)
        names.push_back(fmt::format("{} (column '{}'{})", plan.emissions->factors[f].quantity, quantity_column(plan, 2 * f),
                                    plan.emissions->factors[f].high_column == kNoColumn
                                        ? ""
                                        : fmt::format(" or '{}'", quantity_column(plan, 2 * f + 1))));
  }
  std::string what = names.empty() ? "an objective" : names.front();
  return InputError(fmt::format("{} is missing at {}", what, place_of(plan.columns.front(), row)),
                    fmt::format("view '{}' has missing = \"error\"", view.spec.name),
                    "complete the row, leave it out with a `where` condition, or choose \"exclude\" or \"worst\"");
}

}  // namespace carbonfront
