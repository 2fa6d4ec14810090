#pragma once
// Order-preserving 64-bit keys: the smaller key is the better value, equal values have equal keys.

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernels/columns.hpp"

namespace carbonfront {

/// Stands behind every value, ±inf and the largest integers included.
inline constexpr std::uint64_t kMissingKey = ~std::uint64_t{0};

/// Widens a value to 64 bits in two's complement, as `missing_value` is.
template <class T>
std::uint64_t widened(T value) {
  return static_cast<std::uint64_t>(
      static_cast<std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>(value));
}

/// Keys a float in as many bits as it has: negative numbers turned round, positive ones above them, −0.0 as +0.0.
template <class T>
std::uint64_t float_key(T value, bool maximise) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  if (std::isnan(value)) return kMissingKey;
  constexpr Bits kSign = Bits{1} << (8 * sizeof(T) - 1);
  const Bits bits = value == 0 ? Bits{0} : std::bit_cast<Bits>(value);
  const std::uint64_t key = (bits & kSign) ? static_cast<Bits>(~bits) : static_cast<Bits>(bits | kSign);
  return maximise ? ~key : key;
}

/// Keys an integer as its distance from the smallest of its type. The missing value leaves its own slot free: the keys
/// above it move down by one, so that `kMissingKey` is free even where a column uses all 2⁶⁴ values.
template <class T>
std::uint64_t integer_key(T value, const ColumnView& column, bool maximise) {
  const std::uint64_t smallest = widened(std::numeric_limits<T>::min());
  const std::uint64_t flip = maximise ? ~std::uint64_t{0} : 0;
  const std::uint64_t key = (widened(value) - smallest) ^ flip;
  if (!column.has_missing_value) return key;
  if (widened(value) == column.missing_value) return kMissingKey;
  return key > ((column.missing_value - smallest) ^ flip) ? key - 1 : key;
}

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

}  // namespace carbonfront
