#pragma once
// Estimates of rank in 16 bits: where in its column's distribution a key is, about. They rise with the keys, and equal keys
// have equal ones, so two different estimates decide how two values compare; only where they are equal the keys are asked.
// One pass over the columns instead of a sort of each.

#include <cstdint>
#include <optional>
#include <vector>

#include "carbonfront/array.hpp"
#include "carbonfront/points.hpp"
#include "carbonfront/progress.hpp"

namespace carbonfront {

struct TilePath;

/// A histogram of equal depth of a column's keys, with bins of half the depth, a quarter and so on at both ends. Inside a
/// bin the distribution is taken as linear. Values that are a good part of the column have a bin of their own. Where 32
/// bins, which fit into registers, tell too few keys apart, such as of many clusters, there are 512. Keys are signed, as of
/// KeyRows.
struct Histogram {
  static constexpr std::uint32_t kFewBins = 32, kManyBins = 512;
  static constexpr int kFractionBits = 20;
  int step_bits = 11;                    // an estimate is the bin, and in as many bits how far inside the key is
  std::int64_t lowest = 0, highest = 0;  // keys outside are taken as these
  std::vector<std::int64_t> from;        // [bins] ascending: the least key of each
  std::vector<std::uint64_t> shift,
      scale;                        // [bins] (key − from) >> shift, at most 21 bits, · scale >> kFractionBits is how far
  std::vector<std::uint8_t> exact;  // [bins] whether equal estimates mean equal keys

  std::uint32_t bins() const { return static_cast<std::uint32_t>(from.size()); }
};

/// Makes a histogram of a column from a sample of its keys, not empty, in any order.
Histogram histogram_of(std::vector<std::int64_t> sample);

/// Estimates a key: the definition of what the paths compute.
std::uint16_t estimate_of(const Histogram& histogram, std::int64_t key);

/// Rows by their estimates. The points must outlive it: their keys are read where estimates are equal.
struct Estimates {
  PointsView points;
  std::uint32_t lanes = 0;            // objectives, up to a multiple of 8
  Array<std::uint16_t> rows;          // [size][lanes], zero in lanes without an objective
  std::vector<Histogram> histograms;  // [objectives]

  const std::uint16_t* row(std::uint32_t position) const { return rows.data() + std::size_t{position} * lanes; }
  /// Whether rows with this estimate in objective `k` are equal in it.
  bool is_exact(std::uint32_t k, std::uint16_t estimate) const {
    return histograms[k].exact[estimate >> histograms[k].step_bits] != 0;
  }
};

/// Bytes a row that estimates take.
std::uint64_t estimate_bytes(std::uint32_t objectives);

/// Estimates all points, with all threads of the arena: one read of the columns. `strength` [size], if not null, becomes the
/// part of the distribution that a row dominates if columns are independent: the product of what is behind it in each.
/// Throws Stopped.
Estimates estimate_points(PointsView points, const TilePath& path, const Progress& progress, float* strength = nullptr);

/// Compares two positions in objective `k` by their keys: negative, zero or positive, as `a` is better, equal or worse.
int compare_keys(PointsView points, std::uint32_t k, std::uint32_t a, std::uint32_t b);

/// A sample of `count` positions, at most all, spread evenly but without a period.
std::vector<std::uint32_t> sample_positions(std::uint32_t size, std::uint32_t count);

}  // namespace carbonfront
