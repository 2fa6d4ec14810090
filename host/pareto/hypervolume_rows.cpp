#include "host/pareto/hypervolume_rows.hpp"

#include <tbb/parallel_sort.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "carbonfront/errors.hpp"
#include "carbonfront/verdict.hpp"

namespace carbonfront {
namespace {

/// Multiplies by 2^−exponent in two steps: one factor alone may not be a double.
struct Scale {
  double first, second;
  explicit Scale(int exponent) : first(std::ldexp(1.0, -(exponent / 2))), second(std::ldexp(1.0, exponent / 2 - exponent)) {}
  double operator()(double value) const { return value * first * second + 0.0; }  // + 0.0: −0.0 becomes 0.0
};

void check(PointColumns points, const double* reference) {
  if (points.objectives == 0) {
    throw SpecError("a hypervolume has no objectives", "there is no space to measure", "name at least one");
  }
  for (std::uint32_t k = 0; k < points.objectives; ++k) {
    if (!std::isfinite(reference[k])) {
      throw SpecError("reference point: objective " + std::to_string(k + 1) + " is not finite",
                      "the volume has no bound there", "give a finite value worse than those of interest");
    }
  }
}

/// Rows strictly better than the reference point in every objective, in the order given.
std::vector<std::uint32_t> rows_inside(PointColumns points, const double* reference) {
  std::vector<std::uint8_t> outside(points.size, 0);
  for (std::uint32_t k = 0; k < points.objectives; ++k) {
    const double* values = points.column(k);
    for (std::size_t i = 0; i < points.size; ++i) outside[i] |= !(values[i] < reference[k]);
  }
  std::vector<std::uint32_t> inside;
  for (std::size_t i = 0; i < points.size; ++i) {
    if (!outside[i]) inside.push_back(static_cast<std::uint32_t>(i));
  }
  return inside;
}

/// Tells whether a row inside is at −∞ in some objective.
bool reaches_infinity(PointColumns points, const std::vector<std::uint32_t>& inside) {
  for (std::uint32_t k = 0; k < points.objectives; ++k)
    for (const std::uint32_t row : inside)
      if (std::isinf(points.column(k)[row])) return true;
  return false;
}

/// Chooses the scales, and scales the reference and ideal points. The best values are those of the front, so dominated rows
/// do not change them. A value may become equal to the reference point here when it was 10³⁰⁰ times nearer than the best.
std::vector<Scale> choose_scales(HypervolumeRows& rows, PointColumns points, const double* reference,
                                 const std::vector<std::uint32_t>& inside) {
  std::vector<Scale> scales;
  for (std::uint32_t k = 0; k < points.objectives; ++k) {
    double best = reference[k];
    for (const std::uint32_t row : inside) best = std::min(best, points.column(k)[row]);
    const double range = reference[k] / 2 - best / 2;  // halves: the difference of two doubles may not be one
    const int exponent = rows.unbounded ? 0 : range > 0 ? std::ilogb(range) + 1 : std::ilogb(reference[k] - best);
    scales.emplace_back(exponent);
    rows.exponent += exponent;
    rows.reference.push_back(scales.back()(reference[k]));
    rows.ideal.push_back(scales.back()(best));
  }
  return scales;
}

/// A row to sort: its last objective and where to find the others.
struct Sorted {
  double last;
  std::uint32_t row;
};

}  // namespace

HypervolumeRows hypervolume_rows(PointColumns points, const double* reference) {
  check(points, reference);
  HypervolumeRows rows;
  rows.objectives = points.objectives;
  rows.place.assign(points.size, kNone);
  const std::vector<std::uint32_t> inside = rows_inside(points, reference);
  if (inside.empty()) return rows;
  rows.unbounded = reaches_infinity(points, inside);
  const std::vector<Scale> scales = choose_scales(rows, points, reference, inside);

  const std::uint32_t last = points.objectives - 1;
  std::vector<Sorted> sorted;
  sorted.reserve(inside.size());
  for (const std::uint32_t row : inside) sorted.push_back({scales[last](points.column(last)[row]), row});
  const auto before = [&](const Sorted& a, const Sorted& b) {
    if (a.last != b.last) return a.last < b.last;
    for (std::uint32_t k = last; k-- > 0;) {
      const double left = scales[k](points.column(k)[a.row]), right = scales[k](points.column(k)[b.row]);
      if (left != right) return left < right;
    }
    return false;
  };
  tbb::parallel_sort(sorted.begin(), sorted.end(), before);

  std::vector<std::uint32_t> first_row;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const std::uint32_t row = sorted[i].row;
    if (i == 0 || before(sorted[i - 1], sorted[i])) {
      first_row.push_back(row);
      rows.copies.push_back(0);
    }
    rows.place[row] = static_cast<std::uint32_t>(first_row.size() - 1);
    ++rows.copies.back();
  }
  rows.size = static_cast<std::uint32_t>(first_row.size());
  rows.values.resize(std::size_t{rows.objectives} * rows.size);
  for (std::uint32_t k = 0; k < rows.objectives; ++k) {
    const double* from = points.column(k);
    double* to = rows.column(k);
    for (std::uint32_t i = 0; i < rows.size; ++i) to[i] = scales[k](from[first_row[i]]);
  }
  return rows;
}

HypervolumeRows select_rows(const HypervolumeRows& rows, const std::vector<std::uint8_t>& marked) {
  HypervolumeRows selected;
  selected.objectives = rows.objectives;
  selected.reference = rows.reference;
  selected.ideal = rows.ideal;
  selected.exponent = rows.exponent;
  for (std::uint32_t i = 0; i < rows.size; ++i) {
    if (marked[i]) selected.copies.push_back(rows.copies[i]);
  }
  selected.size = static_cast<std::uint32_t>(selected.copies.size());
  selected.values.reserve(std::size_t{rows.objectives} * selected.size);
  for (std::uint32_t k = 0; k < rows.objectives; ++k) {
    const double* column = rows.column(k);
    for (std::uint32_t i = 0; i < rows.size; ++i) {
      if (marked[i]) selected.values.push_back(column[i]);
    }
  }
  return selected;
}

}  // namespace carbonfront
