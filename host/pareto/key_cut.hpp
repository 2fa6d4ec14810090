#pragma once
// What of the keys of an objective goes into words beside the rows (host/pareto/radix_sort.hpp).

#include <cstdint>
#include <optional>

#include "carbonfront/points.hpp"
#include "carbonfront/progress.hpp"
#include "host/pareto/key_codes.hpp"

namespace carbonfront {

/// What of a key goes above a row: its code where there are few keys, else its distance from the lowest key, without the
/// `shift` last bits.
struct KeyCut {
  std::uint64_t lowest = 0;
  int shift = 0;
  const KeyCodes* codes = nullptr;

  std::uint64_t distance(std::uint64_t key) const { return (key - lowest) >> shift; }
  /// Cuts keys [count] in place.
  void apply(std::uint64_t* keys, std::uint32_t count) const {
    if (codes) {
      for (std::uint32_t i = 0; i < count; ++i) keys[i] = codes->of(keys[i]);
    } else {
      for (std::uint32_t i = 0; i < count; ++i) keys[i] = distance(keys[i]);
    }
  }
  std::uint64_t rest(std::uint64_t key) const { return (key - lowest) & ((std::uint64_t{1} << shift) - 1); }
};

/// Cuts the keys of an objective no more than needed for all of them to fit above `row_bits` bits. `codes` becomes what they
/// have codes by. Throws Stopped.
KeyCut cut_for(PointsView points, std::uint32_t k, int row_bits, std::optional<KeyCodes>& codes, const Progress& progress);

}  // namespace carbonfront
