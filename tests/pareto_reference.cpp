// The reference against an oracle written straight from the definition, on every small table there is.

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "tests/points.hpp"

namespace carbonfront::test {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Answers from the set of all dominating pairs.
Verdict oracle(const std::vector<std::vector<double>>& points) {
  const std::size_t size = points.size();
  std::vector<std::set<std::size_t>> beaten_by(size);
  std::vector<std::size_t> beats(size, 0);
  for (std::size_t a = 0; a < size; ++a) {
    for (std::size_t b = 0; b < size; ++b) {
      const bool no_worse = std::equal(points[a].begin(), points[a].end(), points[b].begin(), std::less_equal<>());
      if (no_worse && points[a] != points[b]) beaten_by[b].insert(a), ++beats[a];
    }
  }
  Verdict verdict;
  verdict.rank.assign(size, 0);
  for (std::size_t round = 0; round < size; ++round) {  // ranks are longest chains, so they settle in `size` rounds
    for (std::size_t b = 0; b < size; ++b) {
      for (const std::size_t a : beaten_by[b]) verdict.rank[b] = std::max(verdict.rank[b], verdict.rank[a] + 1);
    }
  }
  for (std::size_t b = 0; b < size; ++b) {
    verdict.nondominated.push_back(beaten_by[b].empty());
    verdict.dominated_by.push_back(static_cast<std::uint32_t>(beaten_by[b].size()));
    verdict.dominates.push_back(static_cast<std::uint32_t>(beats[b]));
    const auto witness =
        std::find_if(beaten_by[b].begin(), beaten_by[b].end(), [&](std::size_t a) { return beaten_by[a].empty(); });
    verdict.witness.push_back(witness == beaten_by[b].end() ? kNone : static_cast<std::uint32_t>(*witness));
  }
  return verdict;
}

/// Calls `check(points, table)` for every table of the given shape with values 0, 1, 2.
template <class Check>
void for_every_table(std::uint32_t size, std::uint32_t objectives, Check check) {
  std::uint32_t tables = 1;
  for (std::uint32_t i = 0; i < size * objectives; ++i) tables *= 3;
  std::vector<std::vector<double>> points(size, std::vector<double>(objectives));
  Table table = table_of(Columns(objectives, std::vector<double>(size)));
  for (std::uint32_t code = 0; code < tables; ++code) {
    std::uint32_t left = code;
    for (std::uint32_t i = 0; i < size; ++i) {
      for (std::uint32_t k = 0; k < objectives; ++k, left /= 3) {
        points[i][k] = left % 3;
        std::memcpy(table.columns[k].data() + i * sizeof(double), &points[i][k], sizeof(double));
      }
    }
    check(points, table);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Reference, AgreesWithTheOracleOnEverySmallTable) {
  for (std::uint32_t objectives = 1; objectives <= 3; ++objectives) {
    for (std::uint32_t size = 1; size <= 4; ++size) {
      for_every_table(size, objectives, [](const auto& points, Table& table) {
        EXPECT_EQ(difference(oracle(points), by_reference(table)), "") << testing::PrintToString(points);
      });
    }
  }
}

TEST(Reference, RowByRowAgreesWithTheOracleOnEverySmallTable) {
  for (std::uint32_t size = 1; size <= 4; ++size) {
    for_every_table(size, 2, [](const auto& points, Table& table) {
      const Verdict expected = oracle(points);
      for (std::uint32_t i = 0; i < table.size; ++i) {
        const RowVerdict row = reference_row(table.view(), i, kUnwatched);
        EXPECT_EQ(row.nondominated, expected.nondominated[i] == 1);
        EXPECT_EQ(row.dominated_by, expected.dominated_by[i]);
        EXPECT_EQ(row.dominates, expected.dominates[i]);
        EXPECT_EQ(row.witness, expected.witness[i]);
        EXPECT_EQ(reference_rank_from(table.view(), i, expected.rank, kUnwatched), expected.rank[i]);
      }
    });
  }
}

TEST(Cpu, AgreesWithTheOracleOnEverySmallTable) {
  for (const auto& [size, objectives] : {std::pair{4, 1}, {3, 2}, {4, 2}, {2, 3}, {3, 3}}) {
    for_every_table(size, objectives, [](const auto& points, Table& table) {
      EXPECT_EQ(difference(oracle(points), by_cpu(table)), "") << testing::PrintToString(points);
    });
  }
}

TEST(Reference, RowByRowAgreesWithAllAtOnce) {
  for (const Distribution distribution : {Distribution::independent, Distribution::correlated, Distribution::quantised}) {
    Table table = table_of(draw(distribution, 300, 3, 5));
    table.group = draw_groups(300, 2, 6);
    const Verdict all = by_reference(table);
    for (std::uint32_t i = 0; i < table.size; ++i) {
      const RowVerdict row = reference_row(table.view(), i, kUnwatched);
      EXPECT_EQ(row.nondominated, all.nondominated[i] == 1);
      EXPECT_EQ(row.dominated_by, all.dominated_by[i]);
      EXPECT_EQ(row.dominates, all.dominates[i]);
      EXPECT_EQ(row.witness, all.witness[i]);
      EXPECT_EQ(reference_rank_from(table.view(), i, all.rank, kUnwatched), all.rank[i]);
    }
  }
}

TEST(Reference, GivesOnlyWhatIsAskedFor) {
  Table table = table_of({{1, 2}, {1, 2}});
  const Verdict verdict = by_reference(table, {});
  EXPECT_EQ(verdict.nondominated, (Array<std::uint8_t>{1, 0}));
  EXPECT_TRUE(verdict.dominated_by.empty() && verdict.dominates.empty() && verdict.rank.empty() && verdict.witness.empty());
}

TEST(Definition, PutsMissingBehindEveryValueInBothDirections) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const bool maximise : {false, true}) {
    Table table;
    add_column<double>(table, {infinity, -infinity, kNaN, -kNaN, 0.0, -0.0}, maximise);
    const PointsView points = table.view();
    for (const std::uint32_t missing : {2, 3}) {
      for (const std::uint32_t value : {0, 1, 4, 5}) {
        EXPECT_TRUE(dominates_by_definition(points, value, missing));
        EXPECT_FALSE(dominates_by_definition(points, missing, value));
      }
    }
    EXPECT_FALSE(dominates_by_definition(points, 2, 3));
    EXPECT_FALSE(dominates_by_definition(points, 4, 5));  // −0.0 equals +0.0
    EXPECT_FALSE(dominates_by_definition(points, 5, 4));
    EXPECT_EQ(dominates_by_definition(points, 1, 4), !maximise);
    EXPECT_EQ(dominates_by_definition(points, 0, 4), maximise);
  }
}

TEST(Definition, NeverComparesRowsOfDifferentGroups) {
  Table table = table_of({{1, 2}});
  EXPECT_TRUE(dominates_by_definition(table.view(), 0, 1));
  table.group = {0, 1};
  EXPECT_FALSE(dominates_by_definition(table.view(), 0, 1));
}

}  // namespace
}  // namespace carbonfront::test
