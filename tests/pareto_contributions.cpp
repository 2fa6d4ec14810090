// Contributions to hypervolumes: moocore's answers, and what infinitely good points leave of the others'.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/pareto/hypervolume.hpp"
#include "tests/known_contributions.hpp"
#include "tests/points.hpp"

namespace carbonfront {
namespace {

using Rows = std::vector<std::vector<double>>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> contributions(const Rows& rows, const std::vector<double>& reference,
                                  DominatedRows dominated = DominatedRows::counted) {
  std::vector<double> values;
  for (std::size_t k = 0; k < reference.size(); ++k)
    for (const auto& row : rows) values.push_back(row[k]);
  Progress progress;
  return hypervolume_contributions({values.data(), rows.size(), static_cast<std::uint32_t>(reference.size())},
                                   reference.data(), dominated, progress);
}

TEST(Contributions, AreMoocoresOnTiesDuplicatesAndPointsOutside) {
  for (const KnownContributions& set : known_contributions()) {
    const std::vector<double> found = contributions(set.points, set.reference(), DominatedRows::ignored);
    const double all = std::pow(8, set.objectives);
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_NEAR(found[i], set.lost[i], 1e-15 * all) << set.objectives << " " << set.name << " point " << i;
  }
}

TEST(Contributions, OfRowsAtMinusInfinityHaveNoBoundAndOthersHaveTheirs) {
  constexpr double kLow = -kInfinity;
  using Values = std::vector<double>;
  EXPECT_EQ(contributions({{kLow}}, {1}), Values{kInfinity});
  EXPECT_EQ(contributions({{kLow}, {0}, {kLow}}, {1}), (Values{0, 0, 0})) << "they are equal";
  EXPECT_EQ(contributions({{kLow, 0}, {0, -1}, {0.5, -2}}, {1, 1}), (Values{kInfinity, 0.5, 0.5}));
  EXPECT_EQ(contributions({{kLow, 0}, {5, 0}, {0, kLow}}, {9, 9}, DominatedRows::ignored),
            (Values{kInfinity, 0, kInfinity}));
  EXPECT_EQ(contributions({{kLow, 2}, {3, 0}}, {1, 1}), (Values{0, 0})) << "outside";
  EXPECT_EQ(contributions({{kLow, kLow}, {kLow, 0}, {0, 0}}, {1, 1}), (Values{kInfinity, 0, 0}));
  EXPECT_EQ(contributions({{kLow, -1e300}, {0, -1e300}, {kLow, 3}}, {1, 1}), (Values{kInfinity, 0, 0}));
  EXPECT_EQ(contributions({{kLow, 0, 0, 0}, {0, -1, 0, 0}, {0, -1, 0, kInfinity}}, {1, 1, 1, 1}), (Values{kInfinity, 1, 0}));
}

TEST(Contributions, BesideRowsAtMinusInfinityAreThoseBesideRowsFarAway) {
  for (std::uint32_t objectives = 2; objectives <= 5; ++objectives) {
    const test::Columns columns = test::draw(test::Distribution::anti_correlated, 60, objectives, objectives);
    Rows rows(60, std::vector<double>(objectives));
    for (std::uint32_t k = 0; k < objectives; ++k)
      for (std::size_t i = 0; i < rows.size(); ++i) rows[i][k] = columns[k][i];
    for (std::size_t i = 0; i < rows.size(); i += 9) rows[i][i % objectives] = -kInfinity;
    for (std::size_t i = 1; i < rows.size(); i += 9) rows[i][i % objectives] = i % 2 ? 2 : kInfinity;  // outside
    rows[2][0] = 1.1, rows[2][1] = -kInfinity, rows[3][0] = 2, rows[3][1] = -1e300;                    // outside, far away
    const std::vector<double> reference(objectives, 1.1);
    const std::vector<double> found = contributions(rows, reference);
    Rows near = rows;
    for (auto& row : near)
      for (double& value : row) value = value == -kInfinity ? -1 : value;
    near[3][1] = 0;
    const std::vector<double> expected = contributions(near, reference);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      bool infinite = i != 2 && std::ranges::count(rows[i], -kInfinity) > 0 && expected[i] > 0;
      if (infinite) {
        EXPECT_EQ(found[i], kInfinity) << objectives << " row " << i;
      } else {
        EXPECT_NEAR(found[i], expected[i], 1e-13) << objectives << " row " << i;
      }
    }
  }
}

}  // namespace
}  // namespace carbonfront
