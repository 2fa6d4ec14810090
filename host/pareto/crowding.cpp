#include "host/pareto/crowding.hpp"

#include <tbb/parallel_for.h>
#include <tbb/parallel_sort.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace carbonfront {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A value as it is compared: no NaN, one zero.
double comparable(double value) { return std::isnan(value) ? kInfinity : value + 0.0; }

/// A row, or a distinct point, by front and one objective.
struct Keyed {
  std::uint64_t front;  // group and number
  double value;
  std::uint32_t index;
};

/// Distinct points in order of front and of all objectives from the first.
struct Distinct {
  std::vector<Keyed> rows;             // in that order
  std::vector<std::uint32_t> point;    // [rows] of each of them
  std::vector<std::uint32_t> example;  // [points] a row that is this point
  std::vector<std::uint32_t> starts;   // [fronts + 1] where each front's points begin
};

Distinct distinct_points(PointColumns points, const std::uint32_t* front_of_row, const std::uint32_t* group_of_row,
                         const Progress& progress) {
  Distinct distinct;
  distinct.rows.resize(points.size);
  for (std::uint32_t i = 0; i < points.size; ++i) {
    const std::uint64_t group = group_of_row ? group_of_row[i] : 0;
    distinct.rows[i] = {group << 32 | front_of_row[i], comparable(points.column(0)[i]), i};
  }
  const auto before = [&](const Keyed& a, const Keyed& b) {
    progress.throw_if_stopped();
    if (a.front != b.front) return a.front < b.front;
    if (a.value != b.value) return a.value < b.value;
    for (std::uint32_t k = 1; k < points.objectives; ++k) {
      const double left = comparable(points.column(k)[a.index]), right = comparable(points.column(k)[b.index]);
      if (left != right) return left < right;
    }
    return false;
  };
  tbb::parallel_sort(distinct.rows.begin(), distinct.rows.end(), before);
  distinct.point.resize(points.size);
  for (std::size_t i = 0; i < points.size; ++i) {
    const bool starts = i == 0 || distinct.rows[i - 1].front != distinct.rows[i].front;
    if (starts) distinct.starts.push_back(static_cast<std::uint32_t>(distinct.example.size()));
    if (starts || before(distinct.rows[i - 1], distinct.rows[i])) distinct.example.push_back(distinct.rows[i].index);
    distinct.point[i] = static_cast<std::uint32_t>(distinct.example.size() - 1);
  }
  distinct.starts.push_back(static_cast<std::uint32_t>(distinct.example.size()));
  return distinct;
}

/// Adds one objective's part to the distances of one front's points [begin, end), which are in order of all objectives.
void add_objective(const double* column, const Distinct& distinct, std::uint32_t begin, std::uint32_t end,
                   std::vector<double>& distance) {
  std::vector<Keyed> sorted;
  sorted.reserve(end - begin);
  for (std::uint32_t point = begin; point < end; ++point) {
    sorted.push_back({0, comparable(column[distinct.example[point]]), point});
  }
  tbb::parallel_sort(sorted.begin(), sorted.end(), [](const Keyed& a, const Keyed& b) {
    return a.value != b.value ? a.value < b.value : a.index < b.index;
  });
  const double least = sorted.front().value, most = sorted.back().value;
  if (least == most) return;
  distance[sorted.front().index] = kInfinity;
  distance[sorted.back().index] = kInfinity;
  if (std::isinf(least) || std::isinf(most)) return;
  const double unit = std::isinf(most - least) ? 0.5 : 1.0;
  const double range = most * unit - least * unit;
  for (std::size_t i = 1; i + 1 < sorted.size(); ++i) {
    distance[sorted[i].index] += (sorted[i + 1].value * unit - sorted[i - 1].value * unit) / range;
  }
}

}  // namespace

std::vector<double> crowding_distance(PointColumns points, const std::uint32_t* front_of_row,
                                      const std::uint32_t* group_of_row, const Progress& progress) {
  std::vector<double> distances(points.size, kInfinity);
  if (points.size == 0 || points.objectives == 0) return distances;
  const Distinct distinct = distinct_points(points, front_of_row, group_of_row, progress);
  std::vector<double> of_point(distinct.example.size(), 0);
  tbb::parallel_for(std::size_t{0}, distinct.starts.size() - 1, [&](std::size_t front) {
    progress.throw_if_stopped();
    const std::uint32_t begin = distinct.starts[front], end = distinct.starts[front + 1];
    if (end - begin == 1) of_point[begin] = kInfinity;
    for (std::uint32_t k = 0; k < points.objectives && end - begin > 1; ++k) {
      add_objective(points.column(k), distinct, begin, end, of_point);
    }
  });
  for (std::size_t i = 0; i < points.size; ++i) distances[distinct.rows[i].index] = of_point[distinct.point[i]];
  return distances;
}

std::uint64_t crowding_bytes(std::uint32_t objectives) { return 16 * std::uint64_t{std::max(2u, objectives)} + 48; }

}  // namespace carbonfront
