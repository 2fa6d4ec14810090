#pragma once
// What hypervolumes are computed from: the distinct points inside the reference box, in one order, near 1.

#include <cstdint>
#include <vector>

#include "host/pareto/hypervolume.hpp"

namespace carbonfront {

/// Points strictly inside the reference box, distinct, ascending by (last objective, …, first objective).
/// Every objective is scaled by a power of two to a range between 1 and 2, which is exact and keeps products finite.
struct HypervolumeRows {
  std::uint32_t size = 0, objectives = 0;
  std::vector<double> values;            // [objectives][size], scaled
  std::vector<double> reference, ideal;  // [objectives] scaled; the ideal point is the best value of each objective
  std::int64_t exponent = 0;             // the volume is that of the scaled points times 2^exponent
  bool unbounded = false;                // a value is −∞: nothing is scaled
  std::vector<std::uint32_t> copies;     // [size] how many rows are this point
  std::vector<std::uint32_t> place;      // [rows given] which point a row is, or kNone

  const double* column(std::uint32_t k) const { return values.data() + std::size_t{k} * size; }
  double* column(std::uint32_t k) { return values.data() + std::size_t{k} * size; }
};

/// Selects, scales, sorts and merges. O(N log N). Throws SpecError.
HypervolumeRows hypervolume_rows(PointColumns points, const double* reference);

/// Keeps the points with a non-zero mark. `copies` follow, `place` does not.
HypervolumeRows select_rows(const HypervolumeRows& rows, const std::vector<std::uint8_t>& marked);

/// Sums in the order given with Neumaier's compensation (1974): terms of one sign come out right to the last bit or two.
struct CarefulSum {
  double sum = 0, lost = 0;

  void add(double term) {
    const double next = sum + term;
    lost += (sum >= term || sum <= -term) ? (sum - next) + term : (term - next) + sum;
    sum = next;
  }
  double value() const { return sum + lost; }
};

// Volumes of the scaled points. Three objectives: rows may be dominated. More: only a front.

double swept_volume(const HypervolumeRows& rows);                        // 3 objectives, O(N log N)
double sliced_volume(const HypervolumeRows& front, Progress& progress);  // 4 and more

/// Finds the front of three objectives, and what each of its points dominates that no other does: [size]. O(N log N).
std::vector<double> swept_contributions(const HypervolumeRows& rows, std::vector<std::uint8_t>& on_front);

/// Finds what only the marked points dominate, [size], 0 elsewhere. 2 objectives and more, O(size) a marked point and the
/// volume of what it shares with others.
std::vector<double> exclusive_volumes(const HypervolumeRows& rows, const std::vector<std::uint8_t>& marked,
                                      Progress& progress);

/// Estimates the part of the box between ideal and reference point that the front dominates: hits among the samples.
std::uint64_t sampled_hits(const HypervolumeRows& front, std::uint64_t samples, std::uint64_t seed,
                           const Progress& progress);

}  // namespace carbonfront
