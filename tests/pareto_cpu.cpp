// The CPU engine on large tables: sampled rows, any number of threads, no quadratic path.

#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <chrono>

#include "tests/points.hpp"

namespace carbonfront::test {
namespace {

constexpr Distribution kDistributions[] = {Distribution::independent,     Distribution::correlated,
                                           Distribution::anti_correlated, Distribution::all_nondominated,
                                           Distribution::quantised,       Distribution::three_values};

/// Compares a few rows of a table that is too large for the whole definition.
TEST(Cpu, AgreesOnSampledRowsOfLargeTables) {
  for (const std::uint32_t objectives : {2, 3, 5}) {
    Table table = table_of(draw(Distribution::quantised, 40000, objectives, 77));
    const Verdict verdict = by_cpu(table);
    for (std::uint32_t i = 0; i < table.size; i += 1777) {
      const RowVerdict row = reference_row(table.view(), i, kUnwatched);
      EXPECT_EQ(row.nondominated, verdict.nondominated[i] == 1);
      EXPECT_EQ(row.dominated_by, verdict.dominated_by[i]);
      EXPECT_EQ(row.dominates, verdict.dominates[i]);
      EXPECT_EQ(row.witness, verdict.witness[i]);
      EXPECT_EQ(reference_rank_from(table.view(), i, verdict.rank, kUnwatched), verdict.rank[i]);
    }
  }
}

TEST(Cpu, FindsALargeFrontThatIsCheaperToCount) {
  for (const std::uint32_t groups : {1, 2}) {
    Table table = table_of(draw(Distribution::anti_correlated, 6000, 6, 31));
    for (auto& column : table.columns) std::memcpy(column.data(), column.data() + 8, 8);  // two equal rows
    table.group = draw_groups(6000, groups, 32);
    EXPECT_EQ(by_cpu(table, {}).nondominated, by_reference(table, {}).nondominated);
  }
}

TEST(Cpu, GivesTheSameAnswersOnAnyNumberOfThreads) {
  for (const std::uint32_t objectives : {2, 3, 5}) {
    Table table = table_of(draw(Distribution::quantised, 30000, objectives, 11));
    table.group = draw_groups(30000, 3, 12);
    const Verdict expected = by_cpu(table);
    for (const std::size_t threads : {1, 2, 3, 8}) {
      const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
      EXPECT_EQ(difference(expected, by_cpu(table)), "") << threads << " threads";
    }
  }
}

double seconds_of(Table& table, VerdictRequest wanted = kEverything) {
  const auto begin = std::chrono::steady_clock::now();
  by_cpu(table, wanted);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST(Cpu, TakesNoQuadraticPathWithTwoObjectives) {
  for (const Distribution distribution : kDistributions) {
    Table table = table_of(draw(distribution, 200000, 2, 13));
    EXPECT_LT(seconds_of(table), 5) << name_of(distribution);
  }
  // A front of 100,000 rows, and as many rows that each have all of it before them but one as their witness.
  Columns stairs(2, std::vector<double>(200000));
  for (std::uint32_t i = 0; i < 100000; ++i) {
    stairs[0][i] = stairs[0][i + 100000] = i;
    stairs[1][i] = 100000.0 - i;
    stairs[1][i + 100000] = 100000.5 - i;
  }
  Table table = table_of(stairs);
  EXPECT_LT(seconds_of(table), 5);
}

TEST(Cpu, TakesNoQuadraticPathWithOneObjectiveOrManyGroups) {
  Table chain = table_of(draw(Distribution::independent, 200000, 1, 14));
  EXPECT_LT(seconds_of(chain), 5);
  Table grouped = table_of(draw(Distribution::independent, 200000, 3, 15));
  grouped.group = draw_groups(200000, 50000, 16);
  EXPECT_LT(seconds_of(grouped), 5);
}

}  // namespace
}  // namespace carbonfront::test
