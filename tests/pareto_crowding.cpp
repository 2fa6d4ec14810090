// Crowding distances: worked examples, ties, infinities, and what must not matter.

#include <gtest/gtest.h>
#include <tbb/task_arena.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "host/pareto/crowding.hpp"
#include "tests/points.hpp"

namespace carbonfront {
namespace {

using test::Columns;
using test::Distribution;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

std::vector<double> flat(const Columns& columns) {
  std::vector<double> values;
  for (const auto& column : columns) values.insert(values.end(), column.begin(), column.end());
  return values;
}

std::vector<double> distances(const Columns& columns, const std::vector<std::uint32_t>& fronts,
                              const std::vector<std::uint32_t>& groups = {}) {
  const std::vector<double> values = flat(columns);
  return crowding_distance({values.data(), fronts.size(), static_cast<std::uint32_t>(columns.size())}, fronts.data(),
                           groups.empty() ? nullptr : groups.data(), test::kUnwatched);
}

std::vector<double> distances_of_one_front(const Columns& columns) {
  return distances(columns, std::vector<std::uint32_t>(columns[0].size(), 0));
}

/// The definition for one front, by insertion into sorted sets: O(N² · M).
std::vector<double> by_definition(const Columns& columns) {
  const std::size_t size = columns[0].size();
  std::vector<std::vector<double>> rows, points;
  for (std::size_t i = 0; i < size; ++i) {
    rows.emplace_back();
    for (const auto& column : columns) rows.back().push_back(column[i]);
  }
  points = rows;
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  std::vector<double> result;
  for (const auto& row : rows) {
    double distance = points.size() == 1 ? kInfinity : 0;
    for (std::size_t k = 0; k < columns.size(); ++k) {
      auto sorted = points;
      std::stable_sort(sorted.begin(), sorted.end(), [k](const auto& a, const auto& b) { return a[k] < b[k]; });
      if (sorted.front()[k] == sorted.back()[k]) continue;
      const auto at = std::find(sorted.begin(), sorted.end(), row);
      distance += at == sorted.begin() || at + 1 == sorted.end()
                      ? kInfinity
                      : (at[1][k] - at[-1][k]) / (sorted.back()[k] - sorted.front()[k]);
    }
    result.push_back(distance);
  }
  return result;
}

TEST(Crowding, GivesEndsInfinityAndTheOthersTheSidesOfTheirBox) {
  const Columns columns{{0, 1, 3, 10}, {8, 4, 2, 0}};
  EXPECT_EQ(distances_of_one_front(columns), (std::vector<double>{kInfinity, 0.3 + 0.75, 0.9 + 0.5, kInfinity}));
}

TEST(Crowding, OfOneOrTwoPointsIsInfinite) {
  EXPECT_EQ(distances_of_one_front({{3}, {4}}), (std::vector<double>{kInfinity}));
  EXPECT_EQ(distances_of_one_front({{3, 4}, {4, 3}}), (std::vector<double>{kInfinity, kInfinity}));
  EXPECT_EQ(distances_of_one_front({{3, 3}, {4, 3}}), (std::vector<double>{kInfinity, kInfinity}));
  EXPECT_TRUE(distances_of_one_front({{}, {}}).empty());
}

TEST(Crowding, OfEqualRowsIsThatOfTheOnePointTheyAre) {
  EXPECT_EQ(distances_of_one_front({{3, 3, 3}, {4, 4, 4}}), (std::vector<double>(3, kInfinity)));
  EXPECT_EQ(distances_of_one_front({{0, 1, 1, 1, 2}, {4, 1, 1, 1, 0}}),
            (std::vector<double>{kInfinity, 2, 2, 2, kInfinity}));
  EXPECT_EQ(distances_of_one_front({{0, 1, -0.0, 2}, {4, 1, 4, 0}}),
            (std::vector<double>{kInfinity, 2, kInfinity, kInfinity}));
}

TEST(Crowding, IgnoresAnObjectiveInWhichAllAreEqual) {
  EXPECT_EQ(distances_of_one_front({{0, 1, 2}, {5, 5, 5}}), (std::vector<double>{kInfinity, 1, kInfinity}));
}

TEST(Crowding, OrdersTiesByTheOtherObjectives) {
  // By objective 1: (0,9) (1,2) (1,4) (1,6) (5,0); by objective 2: (5,0) (1,2) (1,4) (1,6) (0,9).
  const Columns columns{{1, 0, 1, 5, 1}, {6, 9, 2, 0, 4}};
  const std::vector<double> expected{4.0 / 5 + 5.0 / 9, kInfinity, 1.0 / 5 + 4.0 / 9, kInfinity, 0.0 / 5 + 4.0 / 9};
  EXPECT_EQ(distances_of_one_front(columns), expected);
}

TEST(Crowding, IsNeverNaN) {
  EXPECT_EQ(distances_of_one_front({{-kInfinity, 1, 2, kInfinity}, {9, 6, 3, 0}}),
            (std::vector<double>{kInfinity, 6.0 / 9, 6.0 / 9, kInfinity}));
  EXPECT_EQ(distances_of_one_front({{kInfinity, kInfinity, kInfinity}, {0, 1, 2}}),
            (std::vector<double>{kInfinity, 1, kInfinity}));
  EXPECT_EQ(distances_of_one_front({{kMissing, 1, kInfinity, 0}, {0, 1, 0, 2}}),
            (std::vector<double>{kInfinity, 1, kInfinity, kInfinity}));
  EXPECT_EQ(distances_of_one_front({{-1e308, 0, 1e308}}), (std::vector<double>{kInfinity, 1, kInfinity}));
}

TEST(Crowding, FollowsTheDefinitionOnEveryDistribution) {
  for (const auto distribution : {Distribution::independent, Distribution::correlated, Distribution::anti_correlated,
                                  Distribution::all_nondominated, Distribution::quantised, Distribution::three_values}) {
    for (std::uint32_t objectives = 1; objectives <= 5; ++objectives) {
      const Columns columns = test::draw(distribution, 60, objectives, 17 + objectives);
      EXPECT_EQ(distances_of_one_front(columns), by_definition(columns)) << test::name_of(distribution) << objectives;
    }
  }
}

TEST(Crowding, KeepsFrontsAndGroupsApart) {
  const Columns columns = test::draw(Distribution::quantised, 300, 3, 5);
  const auto fronts = test::draw_groups(300, 4, 6), groups = test::draw_groups(300, 3, 7);
  const std::vector<double> found = distances(columns, fronts, groups);
  for (std::uint32_t group = 0; group < 3; ++group) {
    for (std::uint32_t front = 0; front < 4; ++front) {
      Columns part(3);
      std::vector<double> of_part;
      for (std::uint32_t i = 0; i < 300; ++i) {
        if (groups[i] != group || fronts[i] != front) continue;
        for (std::uint32_t k = 0; k < 3; ++k) part[k].push_back(columns[k][i]);
        of_part.push_back(found[i]);
      }
      EXPECT_EQ(of_part, by_definition(part));
    }
  }
}

TEST(Crowding, DoesNotDependOnTheOrderOfRowsOrTheNumberOfThreads) {
  constexpr std::uint32_t kSize = 5000;
  const Columns columns = test::draw(Distribution::quantised, kSize, 4, 8);
  const auto fronts = test::draw_groups(kSize, 3, 9);
  const std::vector<double> expected = distances(columns, fronts);
  std::vector<std::uint32_t> order(kSize), moved_fronts;
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937_64(10));
  Columns moved(4);
  for (const std::uint32_t i : order) {
    for (std::uint32_t k = 0; k < 4; ++k) moved[k].push_back(columns[k][i]);
    moved_fronts.push_back(fronts[i]);
  }
  for (const int threads : {1, 2, 5}) {
    std::vector<double> found;
    tbb::task_arena(threads).execute([&] { found = distances(moved, moved_fronts); });
    for (std::uint32_t i = 0; i < kSize; ++i) ASSERT_EQ(found[i], expected[order[i]]);
  }
}

}  // namespace
}  // namespace carbonfront
