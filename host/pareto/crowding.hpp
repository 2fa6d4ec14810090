#pragma once
// Crowding distance (NSGA-II: Deb, Pratap, Agarwal & Meyarivan 2002): how far a point's neighbours on its front are.

#include <cstdint>
#include <vector>

#include "carbonfront/progress.hpp"
#include "host/pareto/hypervolume.hpp"

namespace carbonfront {

/// Measures every row within its front: [points.size]. A front is the rows of one number and one group; `group_of_row` may
/// be null. O(M · N log N), parallel over fronts and within large ones; the same bits for any number of threads and any
/// order of the rows.
///
/// A front is made of its distinct points: equal rows share one value. In each objective the points are ordered by it and,
/// where they tie, by all objectives from the first. The two ends get +∞; the others get the difference of their neighbours
/// over the range of the front, added up from the first objective to the last. An objective in which all are equal says
/// nothing: no ends, nothing added. A front of one distinct point gets +∞, for it is both ends.
/// Never NaN: an infinite range adds 0 and has ends all the same; a NaN is ordered as +∞. Ranges too large for a double are
/// measured in halves. Throws Stopped.
std::vector<double> crowding_distance(PointColumns points, const std::uint32_t* front_of_row,
                                      const std::uint32_t* group_of_row, const Progress& progress);

/// The most bytes a row beside the points and the answers; the points' columns of doubles are among them.
std::uint64_t crowding_bytes(std::uint32_t objectives);

}  // namespace carbonfront
