#pragma once
// The hypervolume of a set of points: the volume that at least one of them dominates, up to a reference point.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "carbonfront/progress.hpp"

namespace carbonfront {

/// Views points as columns of doubles, every objective minimised: negate those to maximise, in the reference point too.
struct PointColumns {
  const double* values = nullptr;  // [objectives][size]
  std::size_t size = 0;            // at most 2³¹ − 1
  std::uint32_t objectives = 0;

  const double* column(std::uint32_t k) const { return values + k * size; }
};

/// More objectives are always sampled.
inline constexpr std::uint32_t kMostExactObjectives = 16;

enum class HypervolumeMethod : std::uint8_t {
  automatic,  // exact up to the sizes of `most_points_exact`, else sampled
  exact,      // whatever it takes
  sampled,
};

struct HypervolumeRequest {
  HypervolumeMethod method = HypervolumeMethod::automatic;
  std::uint64_t samples = 1u << 20;  // of an estimate; at least 1
  std::uint64_t seed = 0;
};

struct Hypervolume {
  double value = 0;
  double standard_error = 0;  // 0 when exact
  bool exact = true;
};

/// Measures the points. Only points strictly better than the reference point in every objective count (so a NaN or +∞
/// never does), and equal points count once. A counted point at −∞ makes the value +∞.
///
/// Exact to rounding, and the same bits for any number of threads, any order of the rows, and with or without rows that
/// are equal, dominated or outside. n points of the front of N: 1 objective O(N); 2 and 3 O(N log N); 4 about O(n²);
/// more: exponential in the objectives, see `most_points_exact`.
/// A sampled value has the same bits for the same points, seed and number of samples. Its standard error is binomial and
/// never 0: no hit among n samples counts as one among n + 2.
/// Throws SpecError when the reference point is not finite or there is no objective, and Stopped.
Hypervolume hypervolume(PointColumns points, const double* reference, const HypervolumeRequest& wanted, Progress& progress);

/// Says up to how many points of the front `automatic` is exact: seconds, at most a minute, of two cores.
std::uint32_t most_points_exact(std::uint32_t objectives);

/// What a row that is dominated by a single other point means for that point's contribution.
enum class DominatedRows : std::uint8_t {
  counted,  // the definition: without its dominator, the row would still cover its part
  ignored,  // as if only the front were there; what moocore does unless told otherwise
};

/// Says for every row how much hypervolume is lost without it: [points.size]. 0 for dominated rows, for rows that have an
/// equal, and for rows outside the reference point; +∞ for other rows at −∞. It is what the row alone dominates, which is
/// defined where the whole volume is +∞, too. Exact: 2 objectives O(N log N); 3 O(N log N), and O(N) for each point with a
/// row only it dominates; more: one exclusive volume a point, see While, Bradstreet & Barone 2012.
/// Throws SpecError as `hypervolume` does and above 16 objectives, and Stopped.
std::vector<double> hypervolume_contributions(PointColumns points, const double* reference, DominatedRows dominated,
                                              Progress& progress);

/// The most bytes a row that volumes and contributions take beside the points and the answers; the points' columns of
/// doubles are among them.
std::uint64_t hypervolume_bytes(std::uint32_t objectives);

}  // namespace carbonfront
