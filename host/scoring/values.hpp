#pragma once
// Typed access to the values of a column in memory.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include "carbonfront/points.hpp"

namespace carbonfront {

/// Calls `use` with a pointer of the column's own type.
template <class Use>
auto visit_values(ColumnView column, Use use) {
  return visit_type(column.type, [&](auto type) { return use(static_cast<const decltype(type)*>(column.values)); });
}

template <class T>
bool is_missing(const ColumnView& column, T value) {
  if constexpr (std::is_floating_point_v<T>)
    return std::isnan(value);
  else
    return column.has_missing_value && static_cast<std::uint64_t>(value) == column.missing_value;
}

/// Tells whether there is a NaN in [values, values + count).
inline bool has_nan(const double* values, std::size_t count) {
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < count; ++i) found |= static_cast<std::uint64_t>(values[i] != values[i]);
  return found != 0;
}

/// Calls `use(i)` for every i whose value is NaN, ascending. Where they are rare it costs no more than reading the values.
template <class Use>
void for_nans(const double* values, std::size_t count, Use use) {
  constexpr std::size_t kBlock = 1024;
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const std::size_t end = std::min(count, begin + kBlock);
    if (!has_nan(values + begin, end - begin)) continue;
    for (std::size_t i = begin; i < end; ++i)
      if (std::isnan(values[i])) use(i);
  }
}

/// Tells whether a value is missing.
bool is_missing_at(ColumnView column, std::uint64_t row);

/// Value as float64: NaN where missing, integers rounded to the nearest, -0.0 as +0.0.
double real_at(ColumnView column, std::uint64_t row);

/// Value as the shortest text that reads back as the same value; "missing" where it is.
std::string text_at(ColumnView column, std::uint64_t row);

/// A word that is equal for equal values of one column and different for different ones; missing values are equal.
std::uint64_t identity_at(ColumnView column, std::uint64_t row);

}  // namespace carbonfront
