#include "host/scoring/values.hpp"

#include <fmt/format.h>

#include <bit>

namespace carbonfront {

bool is_missing_at(ColumnView column, std::uint64_t row) {
  return visit_values(column, [&](const auto* values) { return is_missing(column, values[row]); });
}

double real_at(ColumnView column, std::uint64_t row) {
  return visit_values(column, [&](const auto* values) {
    return is_missing(column, values[row]) ? std::numeric_limits<double>::quiet_NaN()
                                           : static_cast<double>(values[row]) + 0.0;
  });
}

std::string text_at(ColumnView column, std::uint64_t row) {
  return visit_values(column, [&](const auto* values) {
    return is_missing(column, values[row]) ? std::string("missing") : fmt::format("{}", +values[row]);
  });
}

std::uint64_t identity_at(ColumnView column, std::uint64_t row) {
  return visit_values(column, [&](const auto* values) -> std::uint64_t {
    using T = std::decay_t<decltype(values[0])>;
    if constexpr (std::is_floating_point_v<T>)
      return std::isnan(values[row]) ? ~std::uint64_t{0}
                                     : std::bit_cast<std::uint64_t>(static_cast<double>(values[row]) + 0.0);
    else
      return static_cast<std::uint64_t>(values[row]);
  });
}

}  // namespace carbonfront
