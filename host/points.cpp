#include "carbonfront/points.hpp"

#include <string>

#include "carbonfront/errors.hpp"

namespace carbonfront {

void check_points(const PointsView& points) {
  if (points.objective_count == 0)
    throw SpecError("points without objectives", "there is nothing to compare", "give one objective at least");
  if (points.objective_count > kMostObjectives)
    throw SpecError(std::to_string(points.objective_count) + " objectives",
                    "at most " + std::to_string(kMostObjectives) + " are compared", "leave some out");
  if (points.size > kMostPoints)
    throw DeviceError(std::to_string(points.size) + " rows are to be compared with each other",
                      "at most " + std::to_string(kMostPoints) + " can be", "select fewer rows, or compare them in shares");
}

}  // namespace carbonfront
