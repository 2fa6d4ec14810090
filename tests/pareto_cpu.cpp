// The CPU engine on large tables: sampled rows, any number of threads.

#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include "tests/points.hpp"

namespace carbonfront::test {
namespace {

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

}  // namespace
}  // namespace carbonfront::test
