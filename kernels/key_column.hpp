#pragma once
// Order-preserving keys of columns, on the device.

#include "carbonfront/points.hpp"
#include "kernels/device/runtime.hpp"
#include "kernels/host_device.hpp"

namespace carbonfront::device {

/// Views keys (kernels/keys.hpp) by objective, with the group, where there is one, as the last column. Device memory.
struct KeysView {
  const std::uint64_t* keys = nullptr;  // [columns][size]
  std::uint32_t size = 0, columns = 0;
  bool grouped = false;

  CARBONFRONT_HD const std::uint64_t* column(std::uint32_t k) const { return keys + std::size_t{k} * size; }
  CARBONFRONT_HD std::uint32_t objectives() const { return columns - (grouped ? 1 : 0); }
};

/// Tells whether a row with the keys that `other(k)` gives dominates the one with those of `own(k)`; only within a group.
template <class Other, class Own>
__device__ bool dominates(KeysView rows, Other other, Own own) {
  bool better = false;
  for (std::uint32_t k = 0; k < rows.columns; ++k) {
    const std::uint64_t left = other(k), right = own(k);
    if (rows.grouped && k + 1 == rows.columns ? left != right : left > right) return false;
    better = better || left < right;
  }
  return better;
}

/// Owns keys.
struct Keys {
  std::uint32_t size = 0, columns = 0;
  bool grouped = false;
  DeviceArray<std::uint64_t> keys;  // [columns][size]
  KeysView view() const { return {keys.data(), size, columns, grouped}; }
};

/// Writes the keys (kernels/keys.hpp) of `count` values of the objective's type. Both in device memory; the objective's own
/// `values` are not looked at. Memory speed.
void make_keys(const Stream& stream, const Objective& objective, const void* values, std::uint32_t count,
               std::uint64_t* keys);

}  // namespace carbonfront::device
