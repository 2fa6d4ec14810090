// Three objectives: a sweep along the third keeps the staircase of the first two, its steps found in a bitmap of places.
// After Beume, Fonseca, López-Ibáñez, Paquete & Vahrenhold 2009 (the volume) and Emmerich & Fonseca 2011 (contributions).

#include <tbb/parallel_sort.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "carbonfront/verdict.hpp"
#include "host/pareto/hypervolume_rows.hpp"

namespace carbonfront {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A set of places in [0, size) that finds neighbours: a bit a place, and above it a bit for each word that is not empty.
struct PlaceSet {
  std::vector<std::vector<std::uint64_t>> levels;

  explicit PlaceSet(std::uint32_t size) {
    std::uint32_t words = size;
    do {
      words = words / 64 + 1;
      levels.emplace_back(words, 0);
    } while (words > 1);
  }
  void insert(std::uint32_t place) {
    for (auto& level : levels) {
      level[place / 64] |= std::uint64_t{1} << place % 64;
      place /= 64;
    }
  }
  void erase(std::uint32_t place) {
    for (auto& level : levels) {
      level[place / 64] &= ~(std::uint64_t{1} << place % 64);
      if (level[place / 64] != 0) return;
      place /= 64;
    }
  }
  /// The highest place at or before this one, which must exist. O(levels).
  std::uint32_t at_or_before(std::uint32_t place) const {
    std::size_t up = 0;
    std::uint64_t word = levels[0][place / 64] & (~std::uint64_t{0} >> (63 - place % 64));
    while (word == 0) {
      place /= 64;
      word = levels[++up][place / 64] & ((std::uint64_t{1} << place % 64) - 1);
    }
    place = place / 64 * 64 + static_cast<std::uint32_t>(std::bit_width(word)) - 1;
    while (up > 0) place = place * 64 + static_cast<std::uint32_t>(std::bit_width(levels[--up][place])) - 1;
    return place;
  }
  /// The lowest place behind this one, which must exist. O(levels).
  std::uint32_t behind(std::uint32_t place) const {
    std::size_t up = 0;
    std::uint64_t word = levels[0][place / 64] & ~(~std::uint64_t{0} >> (63 - place % 64));
    while (word == 0) {
      place /= 64;
      word = levels[++up][place / 64] & ~(~std::uint64_t{0} >> (63 - place % 64));
    }
    place = place / 64 * 64 + static_cast<std::uint32_t>(std::countr_zero(word));
    while (up > 0) place = place * 64 + static_cast<std::uint32_t>(std::countr_zero(levels[--up][place]));
    return place;
  }
};

/// The staircase: places are the distinct values of objective 1, from 1; a step is (x, y), lower y further right. Place 0
/// is the left end (−∞, reference), the last place the right end (reference, −∞).
struct Staircase {
  std::vector<std::uint32_t> place;  // [size] of each row
  std::vector<double> x, y;          // [places]; y of those in the set
  PlaceSet steps;
};

Staircase make_staircase(const HypervolumeRows& rows) {
  struct Sorted {
    double x;
    std::uint32_t row;
  };
  std::vector<Sorted> sorted(rows.size);
  for (std::uint32_t i = 0; i < rows.size; ++i) sorted[i] = {rows.column(0)[i], i};
  tbb::parallel_sort(sorted.begin(), sorted.end(), [](const Sorted& a, const Sorted& b) { return a.x < b.x; });
  Staircase stairs{std::vector<std::uint32_t>(rows.size), {-kInfinity}, {}, PlaceSet(rows.size + 1)};
  for (const Sorted& row : sorted) {
    if (row.x != stairs.x.back()) stairs.x.push_back(row.x);
    stairs.place[row.row] = static_cast<std::uint32_t>(stairs.x.size() - 1);
  }
  stairs.x.push_back(rows.reference[0]);
  stairs.y.assign(stairs.x.size(), -kInfinity);
  stairs.y[0] = rows.reference[1];
  stairs.steps.insert(0);
  stairs.steps.insert(static_cast<std::uint32_t>(stairs.x.size() - 1));
  return stairs;
}

/// A part of what one point alone dominates: y from the point's up to `top`, since the sweep was at `since`.
struct Strip {
  double left, right, top, since;
};

/// What every point alone dominates at the sweep's z, and what it did below. A point's strips lie side by side, from left
/// to right, their tops falling: strips[begin, end). They are cut and dropped, never more.
struct Exclusive {
  struct Range {
    std::size_t begin = 0, end = 0;
  };
  const HypervolumeRows& rows;
  std::vector<double> volumes;  // [size]
  std::vector<Range> of;        // [size]
  std::vector<Strip> strips;    // of all points

  explicit Exclusive(const HypervolumeRows& all) : rows(all), volumes(all.size, 0), of(all.size) {}

  void close(std::uint32_t point, const Strip& strip, double z) {
    volumes[point] += (strip.right - strip.left) * (strip.top - rows.column(1)[point]) * (z - strip.since);
  }
  void close_all(std::uint32_t point, double z) {
    for (std::size_t s = of[point].begin; s < of[point].end; ++s) close(point, strips[s], z);
    of[point].end = of[point].begin;
  }
  /// Takes away what is to the right of x.
  void cut_right(std::uint32_t point, double x, double z) {
    for (Range& mine = of[point]; mine.end > mine.begin && strips[mine.end - 1].right > x; --mine.end) {
      Strip& strip = strips[mine.end - 1];
      close(point, strip, z);
      if (strip.left >= x) continue;
      strip.right = x;
      strip.since = z;
      return;
    }
  }
  /// Takes away what is above y: the strips that reach there become one.
  void cut_above(std::uint32_t point, double y, double z) {
    Range& mine = of[point];
    const std::size_t begin = mine.begin;
    for (; mine.begin < mine.end && strips[mine.begin].top > y; ++mine.begin) close(point, strips[mine.begin], z);
    if (mine.begin == begin) return;
    const Strip lowered{strips[begin].left, strips[mine.begin - 1].right, y, z};
    strips[--mine.begin] = lowered;
  }
};

}  // namespace

double swept_volume(const HypervolumeRows& rows) {
  Staircase stairs = make_staircase(rows);
  CarefulSum volume;
  for (std::uint32_t i = 0; i < rows.size; ++i) {
    const std::uint32_t place = stairs.place[i];
    const double y = rows.column(1)[i];
    std::uint32_t step = stairs.steps.at_or_before(place);
    double top = stairs.y[step], left = stairs.x[place], area = 0;
    if (top <= y) continue;
    if (step != place) {
      stairs.steps.insert(place);
    }
    stairs.y[place] = y;
    for (step = stairs.steps.behind(place);; step = stairs.steps.behind(place)) {
      area += (stairs.x[step] - left) * (top - y);
      if (stairs.y[step] < y) break;
      left = stairs.x[step];
      top = stairs.y[step];
      stairs.steps.erase(step);
    }
    volume.add(area * (rows.reference[2] - rows.column(2)[i]));
  }
  return volume.value();
}

/// A new point covers a part of its two neighbours' strips for good: all to the right of it in its left neighbour's, all
/// above it in its right neighbour's. What it dominates alone is what lies between the old staircase and itself.
std::vector<double> swept_contributions(const HypervolumeRows& rows, std::vector<std::uint8_t>& on_front) {
  Staircase stairs = make_staircase(rows);
  Exclusive exclusive(rows);
  std::vector<std::uint32_t> owner(stairs.x.size(), kNone);  // of each step; the ends have none
  on_front.assign(rows.size, 0);
  for (std::uint32_t i = 0; i < rows.size; ++i) {
    const std::uint32_t place = stairs.place[i];
    const double x = rows.column(0)[i], y = rows.column(1)[i], z = rows.column(2)[i];
    std::uint32_t step = stairs.steps.at_or_before(place);
    double top = stairs.y[step], left = x;
    if (top <= y) continue;
    on_front[i] = 1;
    if (owner[step] != kNone && step == place) {
      exclusive.close_all(owner[step], z);
    } else if (owner[step] != kNone) {
      exclusive.cut_right(owner[step], x, z);
    }
    stairs.steps.insert(place);
    stairs.y[place] = y;
    owner[place] = i;
    exclusive.of[i].begin = exclusive.strips.size();
    for (step = stairs.steps.behind(place);; step = stairs.steps.behind(place)) {
      exclusive.strips.push_back({left, stairs.x[step], top, z});
      if (stairs.y[step] < y) break;
      left = stairs.x[step];
      top = stairs.y[step];
      exclusive.close_all(owner[step], z);
      stairs.steps.erase(step);
    }
    exclusive.of[i].end = exclusive.strips.size();
    if (owner[step] != kNone) exclusive.cut_above(owner[step], y, z);
  }
  for (std::uint32_t i = 0; i < rows.size; ++i) exclusive.close_all(i, rows.reference[2]);
  return exclusive.volumes;
}

}  // namespace carbonfront
