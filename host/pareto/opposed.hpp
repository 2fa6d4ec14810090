#pragma once
// Two columns that oppose each other prove rows non-dominated: whoever is so by these two alone, and shares his values in
// them with no one, is so by all columns. One sort, where comparing rows would take longest.

#include <cstdint>
#include <optional>

#include "carbonfront/array.hpp"
#include "carbonfront/points.hpp"
#include "carbonfront/progress.hpp"

namespace carbonfront {

/// Marks rows that nothing dominates, [size] by position; not all such rows. Nothing where a sample does not show two
/// columns that prove nearly all rows, where rows are few, or in groups. O(size · log size) if it does. Throws Stopped.
std::optional<Array<std::uint8_t>> proven_by_two_columns(PointsView points, Progress& progress);

/// The two columns of a sample of points that prove most of its rows, and how many. At least two objectives.
struct OpposedColumns {
  std::uint32_t a = 0, b = 0, proven = 0;
};
OpposedColumns most_opposed(PointsView points, std::uint32_t samples);

}  // namespace carbonfront
