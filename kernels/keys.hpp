#pragma once
// Order-preserving 64-bit keys: the smaller key is the better value, equal values have equal keys. Shared by host and
// device.

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "carbonfront/points.hpp"
#include "kernels/host_device.hpp"

namespace carbonfront {

/// Stands behind every value, ±inf and the largest integers included.
inline constexpr std::uint64_t kMissingKey = ~std::uint64_t{0};

/// Widens a value to 64 bits in two's complement, as `missing_value` is.
template <class T>
CARBONFRONT_HD std::uint64_t widened(T value) {
  return static_cast<std::uint64_t>(
      static_cast<std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>(value));
}

/// Keys a float in as many bits as it has: negative numbers turned round, positive ones above them, −0.0 as +0.0.
template <class T>
CARBONFRONT_HD std::uint64_t float_key(T value, bool maximise) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  if (value != value) return kMissingKey;
  constexpr Bits kSign = Bits{1} << (8 * sizeof(T) - 1);
  const Bits bits = value == 0 ? Bits{0} : std::bit_cast<Bits>(value);
  const std::uint64_t key = (bits & kSign) ? static_cast<Bits>(~bits) : static_cast<Bits>(bits | kSign);
  return maximise ? ~key : key;
}

/// Keys an integer as its distance from the smallest of its type. The missing value leaves its own slot free: the keys
/// above it move down by one, so that `kMissingKey` is free even where a column uses all 2⁶⁴ values.
template <class T>
CARBONFRONT_HD std::uint64_t integer_key(T value, const ColumnView& column, bool maximise) {
  const std::uint64_t smallest = widened(std::numeric_limits<T>::min());
  const std::uint64_t flip = maximise ? ~std::uint64_t{0} : 0;
  const std::uint64_t key = (widened(value) - smallest) ^ flip;
  if (!column.has_missing_value) return key;
  if (widened(value) == column.missing_value) return kMissingKey;
  return key > ((column.missing_value - smallest) ^ flip) ? key - 1 : key;
}

}  // namespace carbonfront
