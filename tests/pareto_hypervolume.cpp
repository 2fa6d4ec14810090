// Hypervolumes and contributions: published values, closed forms, brute force, and what must not matter.

#include <gtest/gtest.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "carbonfront/errors.hpp"
#include "host/pareto/hypervolume.hpp"
#include "host/pareto/hypervolume_blocks.hpp"
#include "tests/points.hpp"

namespace carbonfront {
namespace {

using test::Columns;
using test::Distribution;
using test::kDistributions;
using Rows = std::vector<std::vector<double>>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr HypervolumeRequest kExact{HypervolumeMethod::exact};

Rows rows_of(const Columns& columns) {
  Rows rows(columns[0].size());
  for (const auto& column : columns) {
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].push_back(column[i]);
  }
  return rows;
}

std::vector<double> flat(const Rows& rows, std::size_t objectives) {
  std::vector<double> values;
  for (std::size_t k = 0; k < objectives; ++k) {
    for (const auto& row : rows) values.push_back(row[k]);
  }
  return values;
}

Hypervolume measure(const Rows& rows, const std::vector<double>& reference, const HypervolumeRequest& wanted = kExact) {
  const std::vector<double> values = flat(rows, reference.size());
  Progress progress;
  return hypervolume({values.data(), rows.size(), static_cast<std::uint32_t>(reference.size())}, reference.data(), wanted,
                     progress);
}

double volume(const Rows& rows, const std::vector<double>& reference) { return measure(rows, reference).value; }

std::vector<double> contributions(const Rows& rows, const std::vector<double>& reference,
                                  DominatedRows dominated = DominatedRows::counted) {
  const std::vector<double> values = flat(rows, reference.size());
  Progress progress;
  return hypervolume_contributions({values.data(), rows.size(), static_cast<std::uint32_t>(reference.size())},
                                   reference.data(), dominated, progress);
}

/// Inclusion and exclusion over all subsets: 2^N.
double by_subsets(const Rows& rows, const std::vector<double>& reference) {
  double sum = 0;
  for (std::uint32_t subset = 1; subset < 1u << rows.size(); ++subset) {
    double box = 1;
    for (std::size_t k = 0; k < reference.size(); ++k) {
      double worst = -kInfinity;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (subset >> i & 1) worst = std::max(worst, rows[i][k]);
      }
      box *= std::max(0.0, reference[k] - worst);
    }
    sum += __builtin_popcount(subset) % 2 == 1 ? box : -box;
  }
  return sum;
}

/// Counts unit cells, for whole coordinates in [0, side] and the reference point (side, …).
double by_cells(const Rows& rows, std::uint32_t objectives, std::uint32_t side) {
  double cells = 0;
  std::vector<std::uint32_t> cell(objectives, 0);
  for (;;) {
    for (const auto& row : rows) {
      bool covered = true;
      for (std::uint32_t k = 0; k < objectives; ++k) covered &= row[k] <= cell[k];
      if (!covered) continue;
      ++cells;
      break;
    }
    std::uint32_t k = 0;
    while (k < objectives && ++cell[k] == side) cell[k++] = 0;
    if (k == objectives) return cells;
  }
}

/// Points on the positive part of the unit sphere: all on the front.
Rows draw_sphere(std::uint32_t size, std::uint32_t objectives, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Rows rows(size, std::vector<double>(objectives));
  for (auto& row : rows) {
    double square = 0;
    for (double& value : row) {
      value = std::abs(normal(random));
      square += value * value;
    }
    for (double& value : row) value /= std::sqrt(square);
  }
  return rows;
}

// Ten points each: sets 1 and 2 of moocore's input1, whose hypervolumes its tests publish.
const Rows kSet1{{8.075596533325871, 2.407025535604223},  {8.660944458216182, 3.640501439918415},
                 {0.20816431319298268, 4.6227546908596},  {4.881432799420187, 9.094731372977776},
                 {0.22997366985771173, 1.11772205048885}, {1.516436358882681, 3.079337313149435},
                 {6.081528410951497, 4.587438533417284},  {2.3530968030921873, 0.79055172368896},
                 {8.747545403381238, 1.715758619635774},  {0.587994749876203, 0.738911812540355}};
const Rows kSet2{{8.588487717331967, 3.697813130763315}, {1.5964887994915449, 5.98825094023213},
                 {5.281236703887404, 3.478009688558058}, {2.1631595210668535, 4.73944349565763},
                 {9.579301384819974, 5.792432363411047}, {2.858913413972806, 4.49240941089634},
                 {0.9746867640001433, 7.65893643549851}, {6.476482371060755, 2.812416196675602},
                 {5.8451856377290525, 6.09190964383117}, {0.5317308719460216, 9.73244829021451}};

TEST(Hypervolume, IsWhatMoocorePublishes) {
  EXPECT_NEAR(volume(kSet1, {10, 10}), 90.46272765, 1e-8);
  EXPECT_NEAR(volume(kSet2, {10, 10}), 53.969708954, 1e-9);
}

TEST(Hypervolume, OfNothingIsNothing) {
  for (std::size_t objectives = 1; objectives <= 9; ++objectives) {
    const std::vector<double> reference(objectives, 1);
    EXPECT_EQ(volume({}, reference), 0);
    EXPECT_EQ(volume({std::vector<double>(objectives, 1)}, reference), 0);
    EXPECT_EQ(volume({std::vector<double>(objectives, 2)}, reference), 0);
    EXPECT_EQ(measure({}, reference, {HypervolumeMethod::sampled}).value, 0);
    EXPECT_TRUE(contributions({}, reference).empty());
  }
}

TEST(Hypervolume, OfOnePointIsItsBox) {
  for (std::size_t objectives = 1; objectives <= kMostExactObjectives; ++objectives) {
    const Rows one{std::vector<double>(objectives, -1)};
    EXPECT_EQ(volume(one, std::vector<double>(objectives, 1)), std::ldexp(1.0, static_cast<int>(objectives)));
    EXPECT_EQ(contributions(one, std::vector<double>(objectives, 1))[0], std::ldexp(1.0, static_cast<int>(objectives)));
  }
}

TEST(Hypervolume, OfAStaircaseIsItsSteps) {
  Rows rows;
  for (int i = 0; i < 100; ++i) rows.push_back({double(i), double(99 - i)});
  EXPECT_EQ(volume(rows, {100, 100}), 100 * 101 / 2);
  EXPECT_EQ(contributions(rows, {100, 100}), std::vector<double>(100, 1));
}

TEST(Hypervolume, OfADiscreteSimplexIsABinomialCoefficient) {
  // All whole points whose coordinates add up to side − 1 cover every cell with a sum of at least that.
  constexpr std::uint32_t kSide = 5;
  for (std::uint32_t objectives = 2; objectives <= 6; ++objectives) {
    Rows rows;
    std::vector<double> row(objectives, 0);
    for (std::uint32_t code = 0; code < std::pow(kSide, objectives); ++code) {
      double sum = 0;
      for (std::uint32_t k = 0, rest = code; k < objectives; ++k, rest /= kSide) sum += row[k] = rest % kSide;
      if (sum == kSide - 1) rows.push_back(row);
    }
    double below = 1;  // cells with a sum of at most side − 2: (side − 2 + objectives choose objectives)
    for (std::uint32_t k = 1; k <= objectives; ++k) below = below * (kSide - 2 + k) / k;
    const std::vector<double> reference(objectives, kSide);
    EXPECT_EQ(volume(rows, reference), std::pow(kSide, objectives) - below) << objectives;
    EXPECT_EQ(contributions(rows, reference), std::vector<double>(rows.size(), 1)) << objectives;
  }
}

TEST(Hypervolume, IsInclusionAndExclusion) {
  for (const auto distribution : kDistributions) {
    for (std::uint32_t objectives = 1; objectives <= 8; ++objectives) {
      for (std::uint32_t size = 1; size <= 8; ++size) {
        const Rows rows = rows_of(test::draw(distribution, size, objectives, 100 * objectives + size));
        std::vector<double> reference(objectives, distribution == Distribution::quantised ? 21 : 3);
        reference.front() = size + 21.0;
        const double expected = by_subsets(rows, reference);
        EXPECT_NEAR(volume(rows, reference), expected, 1e-11 * expected) << test::name_of(distribution) << objectives;
      }
    }
  }
}

TEST(Hypervolume, CountsCells) {
  constexpr std::uint32_t kSide[] = {0, 30, 30, 20, 12, 7, 5, 4};
  for (std::uint32_t objectives = 1; objectives <= 7; ++objectives) {
    const std::uint32_t side = kSide[objectives];
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      Rows rows = rows_of(test::draw(Distribution::anti_correlated, 80, objectives, seed));
      for (auto& row : rows) {
        for (double& value : row) value = std::floor(value * side);
      }
      EXPECT_EQ(volume(rows, std::vector<double>(objectives, side)), by_cells(rows, objectives, side)) << objectives;
    }
  }
}

TEST(Hypervolume, IsTheSameBitsForAnyOrderOfRowsAndAnyNumberOfThreads) {
  for (const std::uint32_t objectives : {1, 2, 3, 4, 5, 7}) {
    Rows rows = draw_sphere(objectives < 5 ? 700 : 60, objectives, objectives);
    if (objectives == 1) rows.resize(3);
    const std::vector<double> reference(objectives, 1.1);
    const double expected = volume(rows, reference);
    const std::vector<double> parts = contributions(rows, reference);
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), 0);
    for (const int threads : {1, 2, 5}) {
      std::shuffle(order.begin(), order.end(), std::mt19937_64(threads));
      Rows moved;
      for (const std::size_t i : order) moved.push_back(rows[i]);
      const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads));
      EXPECT_EQ(volume(moved, reference), expected) << objectives;
      const std::vector<double> moved_parts = contributions(moved, reference);
      for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(moved_parts[i], parts[order[i]]) << objectives;
    }
  }
}

TEST(Hypervolume, IsTheSameBitsWithRowsThatAddNothing) {
  for (std::uint32_t objectives = 1; objectives <= 6; ++objectives) {
    Rows rows = draw_sphere(objectives < 5 ? 400 : 60, objectives, objectives);
    const std::vector<double> reference(objectives, 1.1);
    const double expected = volume(rows, reference);
    const std::vector<double> parts = contributions(rows, reference);
    const std::size_t size = rows.size();
    std::mt19937_64 random(3);
    for (std::size_t i = 0; i < size; ++i) {
      rows.push_back(rows[i]);  // dominated
      for (double& value : rows.back()) value += (1.1 - value) * static_cast<double>(random() % 4) / 8;
      rows.push_back(rows[i]);  // outside in one objective
      rows.back()[i % objectives] = i % 3 == 0 ? 1.1 : i % 3 == 1 ? kInfinity : kMissing;
      if (i % 2 == 0) rows.back()[(i + 1) % objectives] -= 100, rows.back()[i % objectives] = 1.1;
    }
    EXPECT_EQ(volume(rows, reference), expected) << objectives;
    const std::vector<double> found = contributions(rows, reference, DominatedRows::ignored);
    std::vector<std::uint8_t> equal(size, 0);
    for (std::size_t i = 0; i < size; ++i) equal[i] = rows[size + 2 * i] == rows[i];
    for (std::size_t i = 0; i < size && objectives > 1; ++i) EXPECT_EQ(found[i], equal[i] ? 0 : parts[i]) << objectives;
    for (std::size_t i = size; i < rows.size(); ++i) EXPECT_EQ(found[i], 0) << objectives;
  }
}

TEST(Hypervolume, MayBeVeryLargeOrVerySmall) {
  const Rows large{{-1e300, 1e300, 0}, {1e300, -1e300, -1e-300}};
  EXPECT_NEAR(volume(large, {1.5e300, 1.5e300, 1e-300}), 3.5e300, 1e286);
  EXPECT_EQ(volume({{0, 0}}, {1e300, 1e300}), kInfinity);
  EXPECT_NEAR(volume({{0, 1e-200}, {1e-200, 0}}, {2e-200, 2e-200}), 0, 0);
  EXPECT_NEAR(volume({{0, 1e200, 0}, {1e200, 0, 0}}, {2e200, 2e200, 1e-200}), 3e200, 1e186);
  EXPECT_NEAR(volume({{-1.7e308, -1e-300}}, {1.7e308, 0}), 3.4e8, 1e-6);
  EXPECT_EQ(volume({{-kInfinity, 0}, {0, 0}}, {1, 1}), kInfinity);
  EXPECT_EQ(volume({{-kInfinity, 1}, {0, 0}}, {1, 1}), 1);
  EXPECT_EQ(volume({{-0.0, 0.0}, {0.0, -0.0}}, {1, 1}), 1);
  EXPECT_EQ(contributions({{-0.0, 0.0}, {0.0, -0.0}}, {1, 1}), (std::vector<double>{0, 0}));
}

TEST(Hypervolume, NeedsAFiniteReferencePoint) {
  EXPECT_THROW(volume({{0, 0}}, {1, kInfinity}), SpecError);
  EXPECT_THROW(volume({{0, 0}}, {kMissing, 1}), SpecError);
  EXPECT_THROW(volume({{}}, {}), SpecError);
}

TEST(Contributions, AreWhatIsLostWithoutTheRow) {
  for (const auto distribution : kDistributions) {
    for (std::uint32_t objectives = 1; objectives <= 6; ++objectives) {
      const Rows rows = rows_of(test::draw(distribution, 70, objectives, objectives));
      std::vector<double> reference(objectives, distribution == Distribution::quantised ? 19 : 1.7);
      if (distribution == Distribution::all_nondominated) reference.front() = 60;
      const double all = volume(rows, reference);
      const std::vector<double> found = contributions(rows, reference);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        Rows others = rows;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_NEAR(found[i], all - volume(others, reference), 1e-12 * all)
            << test::name_of(distribution) << objectives << " row " << i;
      }
    }
  }
}

TEST(Contributions, OfALargeFrontInThreeObjectivesAreThoseOfTheGeneralWay) {
  // A fourth objective in which all are equal sends the same front the other way.
  Rows rows = draw_sphere(3000, 3, 4);
  for (std::size_t i = 0; i < 1000; ++i) {
    for (double& value : rows[i]) value = std::round(value * 50) / 50;  // ties
  }
  const std::vector<double> found = contributions(rows, {1.1, 1.1, 1.1});
  for (auto& row : rows) row.push_back(0);
  const std::vector<double> expected = contributions(rows, {1.1, 1.1, 1.1, 1});
  for (std::size_t i = 0; i < rows.size(); ++i) ASSERT_NEAR(found[i], expected[i], 1e-14);
}

TEST(Contributions, CanIgnoreDominatedRows) {
  const Rows rows{{0, 0}, {2, 2}, {3, 3}};
  EXPECT_EQ(contributions(rows, {4, 4}), (std::vector<double>{12, 0, 0}));
  EXPECT_EQ(contributions(rows, {4, 4}, DominatedRows::ignored), (std::vector<double>{16, 0, 0}));
  EXPECT_EQ(contributions({{1}, {3}, {2}}, {4}), (std::vector<double>{1, 0, 0}));
  EXPECT_EQ(contributions({{1}, {3}, {2}}, {4}, DominatedRows::ignored), (std::vector<double>{3, 0, 0}));
}

TEST(SampledHypervolume, IsWithinFourStandardErrors) {
  for (std::uint32_t objectives = 3; objectives <= 6; ++objectives) {
    const Rows rows = draw_sphere(80, objectives, objectives);
    const std::vector<double> reference(objectives, 1.1);
    const double expected = volume(rows, reference);
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const Hypervolume found = measure(rows, reference, {HypervolumeMethod::sampled, 20000, seed});
      EXPECT_FALSE(found.exact);
      EXPECT_LT(std::abs(found.value - expected), 4 * found.standard_error) << objectives;
      EXPECT_LT(found.standard_error, 0.01 * expected) << objectives;
    }
  }
}

TEST(SampledHypervolume, IsTheSameBitsForAnyOrderOfRowsAndAnyNumberOfThreads) {
  Rows rows = draw_sphere(100, 10, 1);
  const std::vector<double> reference(10, 1.1);
  const HypervolumeRequest wanted{HypervolumeMethod::sampled, 10000, 7};
  const double expected = measure(rows, reference, wanted).value;
  std::shuffle(rows.begin(), rows.end(), std::mt19937_64(1));
  rows.push_back(rows[0]);
  for (const std::size_t threads : {1, 2, 5}) {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    EXPECT_EQ(measure(rows, reference, wanted).value, expected);
  }
  EXPECT_NE(measure(rows, reference, {HypervolumeMethod::sampled, 10000, 8}).value, expected);
}

TEST(SampledHypervolume, IsChosenWhereExactWouldTakeTooLong) {
  EXPECT_TRUE(measure(draw_sphere(10, 9, 1), std::vector<double>(9, 1.1), {}).exact);
  EXPECT_FALSE(measure(draw_sphere(most_points_exact(12) + 1, 12, 1), std::vector<double>(12, 1.1), {}).exact);
  const Hypervolume many = measure(draw_sphere(5, 20, 1), std::vector<double>(20, 1.1));
  EXPECT_FALSE(many.exact);
  EXPECT_GT(many.standard_error, 0);
  EXPECT_THROW(contributions(draw_sphere(5, 20, 1), std::vector<double>(20, 1.1)), SpecError);
}

TEST(PointBlocks, AreScannedAlikeByEveryInstructionSet) {
  const BlockScans& portable = portable_block_scans();
  const BlockScans* fast = avx512_block_scans();
  if (!fast) GTEST_SKIP() << "this machine has no AVX-512";
  for (std::uint32_t objectives = 2; objectives <= kMostExactObjectives; ++objectives) {
    for (std::uint32_t size = 0; size < 60; ++size) {
      const Rows rows = rows_of(test::draw(Distribution::three_values, 60, objectives, size));
      PointBlocks set, out[2], kept[2];
      reset(set, objectives, size);
      for (std::uint32_t i = 0; i < size; ++i) append(set, rows[i].data());
      const double* point = rows[59].data();
      std::vector<double> bounds[2];
      const BlockScans* both[] = {&portable, fast};
      Standing standing[2];
      for (int b = 0; b < 2; ++b) {
        bounds[b].assign(objectives, 2.5);
        standing[b] = both[b]->scan(set.values.data(), set.blocks(), objectives, point, bounds[b].data());
        EXPECT_EQ(both[b]->covers(set.values.data(), set.blocks(), objectives, point), standing[b].dominated);
        reset(out[b], objectives, size + 3);
        for (std::uint32_t i = 0; i < 3; ++i) append(out[b], rows[i].data());
        const std::vector<double> end(objectives, size % 2 + 1.0);
        out[b].size = both[b]->clip(set.values.data(), set.blocks(), objectives, point, end.data(), out[b].values.data(), 3);
        kept[b] = set;
        kept[b].size = both[b]->drop(kept[b].values.data(), set.blocks(), objectives, point);
      }
      EXPECT_EQ(standing[0].dominated, standing[1].dominated);
      EXPECT_EQ(standing[0].dominating, standing[1].dominating);
      EXPECT_EQ(bounds[0], bounds[1]);
      for (const auto& pair : {out, kept}) {
        ASSERT_EQ(pair[0].size, pair[1].size);
        for (std::uint32_t i = 0; i < pair[0].blocks() * kPointLanes; ++i) {
          for (std::uint32_t k = 0; k < objectives; ++k) ASSERT_EQ(pair[0].at(i, k), pair[1].at(i, k));
        }
      }
    }
  }
}

}  // namespace
}  // namespace carbonfront
