#pragma once
// The keys of an objective's rows (kernels/keys.hpp), by the type of its column.

#include <cstdint>

#include "kernels/keys.hpp"

namespace carbonfront {

/// Calls `use(key_of_row)` with the function that keys the rows of an objective; rows are the columns' own row numbers.
template <class Use>
void with_keys(const Objective& objective, Use use) {
  const ColumnView column = objective.column;
  const bool maximise = objective.maximise;
  const auto integers = [&]<class T>(const T* values) {
    use([=](std::uint32_t row) { return integer_key(values[row], column, maximise); });
  };
  const auto floats = [&]<class T>(const T* values) {
    use([=](std::uint32_t row) { return float_key(values[row], maximise); });
  };
  switch (column.type) {
    case ValueType::boolean:
    case ValueType::uint8:
      return integers(static_cast<const std::uint8_t*>(column.values));
    case ValueType::int8:
      return integers(static_cast<const std::int8_t*>(column.values));
    case ValueType::int16:
      return integers(static_cast<const std::int16_t*>(column.values));
    case ValueType::int32:
      return integers(static_cast<const std::int32_t*>(column.values));
    case ValueType::int64:
      return integers(static_cast<const std::int64_t*>(column.values));
    case ValueType::uint16:
      return integers(static_cast<const std::uint16_t*>(column.values));
    case ValueType::uint32:
      return integers(static_cast<const std::uint32_t*>(column.values));
    case ValueType::uint64:
      return integers(static_cast<const std::uint64_t*>(column.values));
    case ValueType::float32:
      return floats(static_cast<const float*>(column.values));
    case ValueType::float64:
      return floats(static_cast<const double*>(column.values));
    case ValueType::string:
      return;  // never in a ColumnView
  }
}

/// Keys one row of an objective.
inline std::uint64_t key_at(const Objective& objective, std::uint32_t row) {
  std::uint64_t key = 0;
  with_keys(objective, [&](auto key_of_row) { key = key_of_row(row); });
  return key;
}

}  // namespace carbonfront
