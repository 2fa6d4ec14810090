// Four objectives and more. After While, Bradstreet & Barone 2012 (WFG): a volume is the sum over the points, in order of
// the last objective, of what each adds to those before it, a slice with one objective less; and what a point adds is its
// box less what the others cover of it, a volume again. Two things are added: the box ends where the others leave nothing
// of it on one side, which leaves few others inside; and three objectives are a sweep over a staircase.

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "host/pareto/hypervolume_blocks.hpp"
#include "host/pareto/hypervolume_rows.hpp"

namespace carbonfront {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Points that look for what they add side by side, before they join the set that later ones look into.
constexpr std::uint32_t kBatch = 256;

using Point = std::array<double, kMostExactObjectives>;

/// Room for the recursion on one thread: each number of objectives occurs once on the way down.
struct Depth {
  PointBlocks clipped, kept;
  std::vector<std::pair<double, std::uint32_t>> order;
};
struct Scratch {
  std::array<Depth, kMostExactObjectives + 1> depth;
  std::vector<double> stair_x, stair_y;
};

double volume_of(Scratch& scratch, const PointBlocks& set, const Point& reference);

double box_volume(std::uint32_t objectives, const double* point, const double* corner) {
  double volume = 1;
  for (std::uint32_t k = 0; k < objectives; ++k) volume *= corner[k] - point[k];
  return volume;
}

/// The box from point to corner less what the clipped points of this depth cover of it. Not negative.
double uncovered(Scratch& scratch, std::uint32_t objectives, const double* point, const Point& corner) {
  const double box = box_volume(objectives, point, corner.data());
  return std::max(0.0, box - volume_of(scratch, scratch.depth[objectives].clipped, corner));
}

/// Sorts the members by their last objective; equal ones stay in order. Short runs are inserted, most sets are small.
void order_by_last(const PointBlocks& set, std::vector<std::pair<double, std::uint32_t>>& order) {
  order.resize(set.size);
  for (std::uint32_t i = 0; i < set.size; ++i) order[i] = {set.at(i, set.objectives - 1), i};
  if (set.size > 32) {
    std::sort(order.begin(), order.end());
    return;
  }
  for (std::uint32_t i = 1; i < set.size; ++i) {
    const auto next = order[i];
    std::uint32_t to = i;
    for (; to > 0 && order[to - 1].first > next.first; --to) order[to] = order[to - 1];
    order[to] = next;
  }
}

/// Three objectives, few points: the staircase of the first two in two arrays, from (−∞, reference) to (reference, −∞).
/// O(n · steps).
double volume_of_3(Scratch& scratch, const PointBlocks& set, const Point& reference) {
  auto& order = scratch.depth[3].order;
  order_by_last(set, order);
  if (scratch.stair_x.size() < set.size + 2) {
    scratch.stair_x.resize(set.size + 2);
    scratch.stair_y.resize(set.size + 2);
  }
  double *const xs = scratch.stair_x.data(), *const ys = scratch.stair_y.data();
  xs[0] = -kInfinity, ys[0] = reference[1];
  xs[1] = reference[0], ys[1] = -kInfinity;
  std::uint32_t steps = 2;
  double volume = 0;
  for (const auto& [z, i] : order) {
    const double x = set.at(i, 0), y = set.at(i, 1);
    std::uint32_t right = 1;
    while (xs[right] <= x) ++right;
    if (ys[right - 1] <= y) continue;
    const std::uint32_t place = xs[right - 1] == x ? right - 1 : right;
    double left = x, top = ys[right - 1], area = 0;
    for (;; ++right) {
      area += (xs[right] - left) * (top - y);
      if (ys[right] < y) break;
      left = xs[right];
      top = ys[right];
    }
    if (right != place + 1) {
      if (right == place) {
        std::copy_backward(xs + right, xs + steps, xs + steps + 1);
        std::copy_backward(ys + right, ys + steps, ys + steps + 1);
      } else {
        std::copy(xs + right, xs + steps, xs + place + 1);
        std::copy(ys + right, ys + steps, ys + place + 1);
      }
      steps = steps + place + 1 - right;
    }
    xs[place] = x;
    ys[place] = y;
    volume += area * (reference[2] - z);
  }
  return volume;
}

/// Two objectives, few points. O(n log n).
double volume_of_2(Scratch& scratch, const PointBlocks& set, const Point& reference) {
  auto& order = scratch.depth[2].order;
  order_by_last(set, order);
  double volume = 0, right = reference[0];
  for (const auto& [y, i] : order) {
    const double x = set.at(i, 0);
    if (x >= right) continue;
    volume += (right - x) * (reference[1] - y);
    right = x;
  }
  return volume;
}

/// The volume of points below the reference point in every objective; equal and dominated ones add nothing.
double volume_of(Scratch& scratch, const PointBlocks& set, const Point& reference) {
  const std::uint32_t objectives = set.objectives;
  if (set.size == 0) return 0;
  if (objectives == 2) return volume_of_2(scratch, set, reference);
  if (objectives == 3) return volume_of_3(scratch, set, reference);
  Point point;
  if (set.size == 1) {
    for (std::uint32_t k = 0; k < objectives; ++k) point[k] = set.at(0, k);
    return box_volume(objectives, point.data(), reference.data());
  }
  const std::uint32_t slice = objectives - 1;
  const BlockScans& scans = block_scans();
  Depth& depth = scratch.depth[objectives];
  PointBlocks& clipped = scratch.depth[slice].clipped;
  order_by_last(set, depth.order);
  reset(depth.kept, slice, set.size);
  double volume = 0;
  for (const auto& [last, i] : depth.order) {
    for (std::uint32_t k = 0; k < slice; ++k) point[k] = set.at(i, k);
    Point corner = reference;
    const Standing standing = scans.scan(depth.kept.values.data(), depth.kept.blocks(), slice, point.data(), corner.data());
    if (standing.dominated) continue;
    reset(clipped, slice, depth.kept.size);
    clipped.size = scans.clip(depth.kept.values.data(), depth.kept.blocks(), slice, point.data(), corner.data(),
                              clipped.values.data(), 0);
    volume += uncovered(scratch, slice, point.data(), corner) * (reference[slice] - last);
    if (standing.dominating)
      depth.kept.size = scans.drop(depth.kept.values.data(), depth.kept.blocks(), slice, point.data());
    append(depth.kept, point.data());
  }
  return volume;
}

/// The first `end` members of a set but one: whole blocks, except those that hold someone left out, which are copied.
struct Others {
  const PointBlocks* set;
  std::uint32_t end, without;
};

template <class Visit>
void for_blocks(const Others& others, Visit visit) {
  const PointBlocks& set = *others.set;
  const std::size_t block_values = std::size_t{set.objectives} * kPointLanes;
  std::array<double, kMostExactObjectives * kPointLanes> copy;
  const auto visit_copy = [&](std::uint32_t block) {
    std::copy_n(set.values.data() + block * block_values, block_values, copy.data());
    for (std::uint32_t lane = 0; lane < kPointLanes; ++lane) {
      const std::uint32_t i = block * kPointLanes + lane;
      if (i < others.end && i != others.without) continue;
      for (std::uint32_t k = 0; k < set.objectives; ++k) copy[k * kPointLanes + lane] = kInfinity;
    }
    visit(copy.data(), std::size_t{1});
  };
  const std::uint32_t whole = others.end / kPointLanes;
  const std::uint32_t split = std::min(others.without / kPointLanes, whole);
  visit(set.values.data(), std::size_t{split});
  if (split < whole) {
    visit_copy(split);
    visit(set.values.data() + (split + 1) * block_values, std::size_t{whole - split - 1});
  }
  if (whole * kPointLanes < others.end) visit_copy(whole);
}

/// What a point dominates that none of the others does, up to the reference point; 0 if one of them dominates it.
double exclusive_volume(Scratch& scratch, std::uint32_t objectives, const double* point, const Point& reference,
                        std::initializer_list<Others> others) {
  const BlockScans& scans = block_scans();
  Point corner = reference;
  bool dominated = false;
  std::size_t room = 0;
  for (const Others& part : others) {
    room += part.end + kPointLanes;
    for_blocks(part, [&](const double* blocks, std::size_t count) {
      dominated |= scans.scan(blocks, count, objectives, point, corner.data()).dominated;
    });
  }
  if (dominated) return 0;
  PointBlocks& clipped = scratch.depth[objectives].clipped;
  reset(clipped, objectives, room);
  for (const Others& part : others) {
    for_blocks(part, [&](const double* blocks, std::size_t count) {
      clipped.size = scans.clip(blocks, count, objectives, point, corner.data(), clipped.values.data(), clipped.size);
    });
  }
  return uncovered(scratch, objectives, point, corner);
}

Point point_of(const HypervolumeRows& rows, std::uint32_t i) {
  Point point{};
  for (std::uint32_t k = 0; k < rows.objectives; ++k) point[k] = rows.column(k)[i];
  return point;
}

Point reference_of(const HypervolumeRows& rows) {
  Point reference{};
  std::copy(rows.reference.begin(), rows.reference.end(), reference.begin());
  return reference;
}

constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();

}  // namespace

double sliced_volume(const HypervolumeRows& front, Progress& progress) {
  const std::uint32_t slice = front.objectives - 1;
  const Point reference = reference_of(front);
  const BlockScans& scans = block_scans();
  tbb::enumerable_thread_specific<Scratch> scratches;
  PointBlocks kept, batch;
  reset(kept, slice, front.size);
  std::vector<double> terms(front.size);
  for (std::uint32_t start = 0; start < front.size; start += kBatch) {
    const std::uint32_t count = std::min(kBatch, front.size - start);
    reset(batch, slice, count);
    for (std::uint32_t i = start; i < start + count; ++i) append(batch, point_of(front, i).data());
    tbb::parallel_for(std::uint32_t{0}, count, [&](std::uint32_t i) {
      progress.throw_if_stopped();
      terms[start + i] = exclusive_volume(scratches.local(), slice, point_of(front, start + i).data(), reference,
                                          {{&kept, kept.size, kNobody}, {&batch, i, kNobody}}) *
                         (reference[slice] - front.column(slice)[start + i]);
      progress.add(1);
    });
    for (std::uint32_t i = start; i < start + count; ++i) {
      const Point point = point_of(front, i);
      Point ignored = reference;
      const Standing standing = scans.scan(kept.values.data(), kept.blocks(), slice, point.data(), ignored.data());
      if (standing.dominated) continue;
      if (standing.dominating) kept.size = scans.drop(kept.values.data(), kept.blocks(), slice, point.data());
      append(kept, point.data());
    }
  }
  CarefulSum volume;
  for (const double term : terms) volume.add(term);
  return volume.value();
}

std::vector<double> exclusive_volumes(const HypervolumeRows& rows, const std::vector<std::uint8_t>& marked,
                                      Progress& progress) {
  const Point reference = reference_of(rows);
  tbb::enumerable_thread_specific<Scratch> scratches;
  PointBlocks all;
  reset(all, rows.objectives, rows.size);
  for (std::uint32_t i = 0; i < rows.size; ++i) append(all, point_of(rows, i).data());
  std::vector<double> volumes(rows.size, 0);
  tbb::parallel_for(std::uint32_t{0}, rows.size, [&](std::uint32_t i) {
    if (!marked[i]) return;
    progress.throw_if_stopped();
    volumes[i] =
        exclusive_volume(scratches.local(), rows.objectives, point_of(rows, i).data(), reference, {{&all, rows.size, i}});
    progress.add(1);
  });
  return volumes;
}

}  // namespace carbonfront
