#include "host/pareto/key_cut.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_reduce.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "host/clones.hpp"
#include "host/pareto/filter.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kBlock = 1 << 12;
constexpr std::uint32_t kSomeRows = 1 << 10;  // have their keys taken at once
constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
constexpr std::uint32_t kManyRows = 1 << 14;  // are worth looking for codes of their keys

struct KeyEnds {
  std::int64_t lowest = std::numeric_limits<std::int64_t>::max(), highest = std::numeric_limits<std::int64_t>::min();
};

KeyEnds joined(KeyEnds a, KeyEnds b) { return {std::min(a.lowest, b.lowest), std::max(a.highest, b.highest)}; }

CARBONFRONT_CLONES KeyEnds ends_of(const std::int64_t* keys, std::uint32_t count) {
  KeyEnds ends;
  for (std::uint32_t i = 0; i < count; ++i) {
    ends.lowest = std::min(ends.lowest, keys[i]);
    ends.highest = std::max(ends.highest, keys[i]);
  }
  return ends;
}

/// Finds the lowest and the highest key of an objective among some positions, with the top bit turned.
KeyEnds ends_of_keys(PointsView points, std::uint32_t k, std::uint32_t begin, std::uint32_t count,
                     const Progress& progress) {
  points.objectives += k;
  points.objective_count = 1;
  KeyRows some{1, kSomeRows, std::vector<std::int64_t>(kSomeRows)};
  KeyEnds ends;
  progress.throw_if_stopped();
  for (std::uint32_t i = 0; i < count; i += kSomeRows) {
    const std::uint32_t keys = std::min(kSomeRows, count - i);
    take_keys(points, begin + i, 1, keys, some);
    ends = joined(ends, ends_of(some.keys.data(), keys));
  }
  return ends;
}

}  // namespace

KeyCut cut_for(PointsView points, std::uint32_t k, int row_bits, std::optional<KeyCodes>& codes, const Progress& progress) {
  if (points.size == 0 || k >= points.objective_count) return {};
  if (points.size >= kManyRows) {
    codes = codes_of(points, k, progress);
    if (codes) return {0, 0, &*codes};
  }
  using Range = tbb::blocked_range<std::uint32_t>;
  const KeyEnds ends = tbb::parallel_reduce(
      Range(0, points.size, kBlock), KeyEnds{},
      [&](const Range& range, KeyEnds found) {
        return joined(found, ends_of_keys(points, k, range.begin(), static_cast<std::uint32_t>(range.size()), progress));
      },
      joined);
  const std::uint64_t width = static_cast<std::uint64_t>(ends.highest) - static_cast<std::uint64_t>(ends.lowest);
  return {static_cast<std::uint64_t>(ends.lowest) ^ kSign, std::max<int>(0, std::bit_width(width) + row_bits - 64), nullptr};
}

}  // namespace carbonfront
