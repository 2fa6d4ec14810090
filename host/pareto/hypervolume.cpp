#include "host/pareto/hypervolume.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "carbonfront/errors.hpp"
#include "host/pareto/cpu.hpp"
#include "host/pareto/hypervolume_rows.hpp"

namespace carbonfront {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Restores the scale; +∞ only where the volume itself is too large for a double.
double unscaled(double volume, std::int64_t exponent) {
  constexpr std::int64_t kFarthest = 1 << 20;
  return std::ldexp(volume, static_cast<int>(std::clamp(exponent, -kFarthest, kFarthest)));
}

Verdict verdict_of(const HypervolumeRows& rows, VerdictRequest wanted, const Progress& progress) {
  std::vector<Objective> objectives(rows.objectives);
  for (std::uint32_t k = 0; k < rows.objectives; ++k) objectives[k].column.values = rows.column(k);
  Progress quiet(progress.stop());
  return evaluate_cpu({objectives.data(), rows.objectives, rows.size}, wanted, quiet);
}

/// One or two objectives, rows in order: O(N).
double short_volume(const HypervolumeRows& rows) {
  if (rows.objectives == 1) return rows.reference[0] - rows.column(0)[0];
  CarefulSum volume;
  double right = rows.reference[0];
  for (std::uint32_t i = 0; i < rows.size; ++i) {
    const double x = rows.column(0)[i];
    if (x >= right) continue;
    volume.add((right - x) * (rows.reference[1] - rows.column(1)[i]));
    right = x;
  }
  return volume.value();
}

Hypervolume estimate(const HypervolumeRows& front, std::uint64_t samples, std::uint64_t seed, const Progress& progress) {
  samples = std::max<std::uint64_t>(samples, 1);
  const std::uint64_t hits = sampled_hits(front, samples, seed, progress);
  double box = 1;
  for (std::uint32_t k = 0; k < front.objectives; ++k) box *= front.reference[k] - front.ideal[k];
  const auto count = static_cast<double>(samples);
  const double part = (static_cast<double>(hits) + 1) / (count + 2);
  return {unscaled(box * (static_cast<double>(hits) / count), front.exponent),
          unscaled(box * std::sqrt(part * (1 - part) / count), front.exponent), false};
}

/// Two objectives: between its neighbours, a point alone dominates a box, less what rows that only it dominates cover of
/// it. `marked` are those of the front; the others are dominated by one point each. O(N log N) in all.
std::vector<double> boxes_of_2(const HypervolumeRows& rows, const std::vector<std::uint8_t>& on_front) {
  std::vector<std::uint32_t> front;  // y rises, x falls
  for (std::uint32_t i = 0; i < rows.size; ++i) {
    if (on_front[i]) front.push_back(i);
  }
  const double *xs = rows.column(0), *ys = rows.column(1);
  std::vector<double> right(front.size()), volumes(rows.size, 0);
  for (std::size_t f = 0; f < front.size(); ++f) {
    right[f] = f == 0 ? rows.reference[0] : xs[front[f - 1]];
    const double top = f + 1 == front.size() ? rows.reference[1] : ys[front[f + 1]];
    volumes[front[f]] = (right[f] - xs[front[f]]) * (top - ys[front[f]]);
  }
  std::size_t f = 0;  // the last of the front at or before row i: the one that dominates it if only one does
  for (std::uint32_t i = 0; i < rows.size; ++i) {
    while (f + 1 < front.size() && front[f + 1] <= i) ++f;
    if (on_front[i] || xs[i] >= right[f]) continue;
    const double top = f + 1 == front.size() ? rows.reference[1] : ys[front[f + 1]];
    if (ys[i] >= top) continue;
    double& volume = volumes[front[f]];
    volume = std::max(0.0, volume - (right[f] - xs[i]) * (top - ys[i]));
    right[f] = xs[i];
  }
  return volumes;
}

/// The rows of the front: [rows.size]. Not for three objectives, whose sweep finds them.
std::vector<std::uint8_t> front_of(const HypervolumeRows& rows, const Progress& progress) {
  if (rows.objectives > 2) {
    const Array<std::uint8_t> found = verdict_of(rows, {}, progress).nondominated;
    return {found.begin(), found.end()};
  }
  std::vector<std::uint8_t> on_front(rows.size, 0);
  double least = rows.reference[0];
  for (std::uint32_t i = 0; i < rows.size; ++i) {
    on_front[i] = rows.objectives == 1 ? i == 0 : rows.column(0)[i] < least;
    least = std::min(least, rows.column(0)[i]);
  }
  return on_front;
}

/// Measures a selection of the rows, and puts what it finds to its place: [rows.size].
template <class Measure>
std::vector<double> of_selection(const HypervolumeRows& rows, const std::vector<std::uint8_t>& selected, Measure measure) {
  const std::vector<double> found = measure(select_rows(rows, selected));
  std::vector<double> volumes(rows.size, 0);
  for (std::uint32_t i = 0, s = 0; i < rows.size; ++i) {
    if (selected[i]) volumes[i] = found[s++];
  }
  return volumes;
}

/// Keeps the marks of the selected rows.
std::vector<std::uint8_t> marks_of(const std::vector<std::uint8_t>& selected, const std::vector<std::uint8_t>& marked) {
  std::vector<std::uint8_t> marks;
  for (std::size_t i = 0; i < selected.size(); ++i) {
    if (selected[i]) marks.push_back(marked[i]);
  }
  return marks;
}

/// What only each point of the front dominates: [rows.size]. Of the dominated rows only those with one dominator matter.
/// Three objectives: the sweep knows the front only; a point with such a row is looked at by itself.
std::vector<double> exclusive_of(const HypervolumeRows& rows, DominatedRows dominated, Progress& progress) {
  std::vector<std::uint8_t> on_front;
  std::vector<double> swept;
  if (rows.objectives == 3) {
    swept = swept_contributions(rows, on_front);
  } else {
    on_front = front_of(rows, progress);
  }
  std::vector<std::uint8_t> selected = on_front, alone = on_front;
  const bool all = std::find(on_front.begin(), on_front.end(), 0) == on_front.end();
  if (!all && dominated == DominatedRows::counted) {
    const Verdict verdict = verdict_of(rows, {.dominated_by = true, .witness = true}, progress);
    alone.assign(rows.size, 0);
    for (std::uint32_t i = 0; i < rows.size; ++i) {
      selected[i] = verdict.dominated_by[i] <= 1;
      if (verdict.dominated_by[i] == 1) alone[verdict.witness[i]] = 1;
    }
  } else if (rows.objectives == 3) {
    return swept;
  }
  progress.begin("hypervolume contributions", rows.size);
  const std::vector<std::uint8_t>& marked = rows.objectives == 3 ? alone : on_front;
  std::vector<double> volumes = of_selection(rows, selected, [&](const HypervolumeRows& some) {
    if (rows.objectives == 1) {
      const double next = some.size > 1 ? some.column(0)[1] : some.reference[0];
      std::vector<double> lines(some.size, 0);
      lines[0] = next - some.column(0)[0];
      return lines;
    }
    const std::vector<std::uint8_t> marks = marks_of(selected, marked);
    return rows.objectives == 2 ? boxes_of_2(some, marks) : exclusive_volumes(some, marks, progress);
  });
  for (std::uint32_t i = 0; i < swept.size(); ++i) {
    if (on_front[i] && !alone[i]) volumes[i] = swept[i];
  }
  return volumes;
}

bool is_at_infinity(PointColumns points, std::size_t row) {
  for (std::uint32_t k = 0; k < points.objectives; ++k) {
    if (points.column(k)[row] == -kInfinity) return true;
  }
  return false;
}

/// What the rows at −∞ alone dominate, 0 for all others: without an equal and not dominated, a row's corner is its own
/// however far out, and that has no bound.
std::vector<double> unbounded_contributions(PointColumns points, const HypervolumeRows& distinct, const Progress& progress) {
  const Array<std::uint8_t> on_front = verdict_of(distinct, {}, progress).nondominated;
  std::vector<double> contributions(points.size, 0);
  for (std::size_t row = 0; row < points.size; ++row) {
    const std::uint32_t place = distinct.place[row];
    if (place == kNone || !is_at_infinity(points, row)) continue;
    if (on_front[place] && distinct.copies[place] == 1) contributions[row] = kInfinity;
  }
  return contributions;
}

/// The points with −∞ brought to the least finite value that a point inside has: what other rows alone dominate does not
/// reach further, and stays as it is. `place`: of each row, kNone outside.
std::vector<double> bounded(PointColumns points, const double* reference, const std::vector<std::uint32_t>& place) {
  std::vector<double> values(points.values, points.values + points.size * points.objectives);
  for (std::uint32_t k = 0; k < points.objectives; ++k) {
    double* column = values.data() + k * points.size;
    double least = std::nextafter(reference[k], -kInfinity);
    for (std::size_t row = 0; row < points.size; ++row) {
      if (place[row] != kNone && std::isfinite(column[row])) least = std::min(least, column[row]);
    }
    std::replace(column, column + points.size, -kInfinity, least);
  }
  return values;
}

}  // namespace

std::uint32_t most_points_exact(std::uint32_t objectives) {
  constexpr std::uint32_t kMost[] = {0, 0, 0, 0, 0, 30000, 6000, 2000, 1000, 400, 250, 150, 100, 75, 60, 50, 40};
  if (objectives > kMostExactObjectives) return 0;
  return objectives < 5 ? std::numeric_limits<std::uint32_t>::max() : kMost[objectives];
}

Hypervolume hypervolume(PointColumns points, const double* reference, const HypervolumeRequest& wanted, Progress& progress) {
  HypervolumeRows rows = hypervolume_rows(points, reference);
  if (rows.unbounded) return {kInfinity, 0, true};
  if (rows.size == 0) return {};
  const bool sampled = wanted.method == HypervolumeMethod::sampled || rows.objectives > kMostExactObjectives;
  if (!sampled && rows.objectives < 3) return {unscaled(short_volume(rows), rows.exponent), 0, true};
  if (!sampled && rows.objectives == 3) return {unscaled(swept_volume(rows), rows.exponent), 0, true};
  rows = select_rows(rows, front_of(rows, progress));
  const bool too_many = wanted.method == HypervolumeMethod::automatic && rows.size > most_points_exact(rows.objectives);
  if (sampled || too_many) return estimate(rows, wanted.samples, wanted.seed, progress);
  progress.begin("hypervolume", rows.size);
  return {unscaled(sliced_volume(rows, progress), rows.exponent), 0, true};
}

std::vector<double> hypervolume_contributions(PointColumns points, const double* reference, DominatedRows dominated,
                                              Progress& progress) {
  if (points.objectives > kMostExactObjectives) {
    throw SpecError("contributions of " + std::to_string(points.objectives) + " objectives",
                    "they are exact only, up to " + std::to_string(kMostExactObjectives), "leave some out");
  }
  HypervolumeRows distinct = hypervolume_rows(points, reference);
  std::vector<double> contributions(points.size, 0);
  if (distinct.size == 0) return contributions;
  if (distinct.unbounded) {
    contributions = unbounded_contributions(points, distinct, progress);
    const std::vector<double> values = bounded(points, reference, distinct.place);
    distinct = hypervolume_rows({values.data(), points.size, points.objectives}, reference);
  }
  const std::vector<double> volumes = exclusive_of(distinct, dominated, progress);
  for (std::size_t row = 0; row < points.size; ++row) {
    const std::uint32_t place = distinct.place[row];
    if (place == kNone || distinct.copies[place] > 1 || is_at_infinity(points, row)) continue;
    contributions[row] = unscaled(volumes[place], distinct.exponent);
  }
  return contributions;
}

std::uint64_t hypervolume_bytes(std::uint32_t objectives) { return 16 * std::uint64_t{std::max(2u, objectives)} + 48; }

}  // namespace carbonfront
