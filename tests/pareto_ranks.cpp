// Front numbers against the definition and against each other.

#include <gtest/gtest.h>
#include <tbb/global_control.h>


#include "host/pareto/engine.hpp"
#include "tests/points.hpp"

namespace carbonfront::test {
namespace {

VerdictRequest ranks_up_to(std::uint32_t max_rank) { return {false, false, true, false, max_rank}; }

TEST(Ranks, AgreeWithTheDefinition) {
  std::mt19937_64 random(1);
  for (const Distribution distribution : kDistributions) {
    for (const std::uint32_t objectives : {1, 2, 3, 4, 6, 12}) {
      const auto size = static_cast<std::uint32_t>(300 + random() % 1200);
      Table table = table_of(draw(distribution, size, objectives, random()));
      EXPECT_EQ(difference(by_reference(table, ranks_up_to(0)), by_cpu(table, ranks_up_to(0))), "")
          << size << " x " << objectives << ' ' << name_of(distribution);
    }
  }
}

TEST(Ranks, AgreeWithTheDefinitionOnMissingTiedAndLargeValues) {
  std::mt19937_64 random(2);
  for (const std::uint32_t objectives : {2, 3, 5}) {
    Table table;
    for (std::uint32_t k = 0; k < objectives; ++k) {
      std::vector<std::int64_t> values(1800);
      for (auto& value : values) value = (std::int64_t{1} << 58) + static_cast<std::int64_t>(random() % 40);
      add_column_with_missing<std::int64_t>(table, values, (std::int64_t{1} << 58) + 11, k % 2 == 1);
    }
    EXPECT_EQ(difference(by_reference(table, ranks_up_to(0)), by_cpu(table, ranks_up_to(0))), "") << objectives;
    table.group = draw_groups(table.size, 40, 3);
    EXPECT_EQ(difference(by_reference(table, ranks_up_to(0)), by_cpu(table, ranks_up_to(0))), "") << objectives;
  }
}

TEST(Ranks, StopAtTheMostAskedFor) {
  for (const Distribution distribution : kDistributions) {
    for (const std::uint32_t objectives : {1, 2, 3, 5}) {
      Table table = table_of(draw(distribution, 900, objectives, 4));
      const Verdict all = by_reference(table, ranks_up_to(0));
      for (const std::uint32_t most : {1u, 2u, 5u, 100u, 100000u}) {
        Verdict expected = all;
        for (std::uint32_t& rank : expected.rank) rank = rank < most ? rank : kNone;
        EXPECT_EQ(difference(expected, by_cpu(table, ranks_up_to(most))), "") << most << ' ' << name_of(distribution);
      }
    }
  }
}

TEST(Ranks, OfTheReferenceStopAtTheMostAskedFor) {
  Table table = table_of({{1, 2, 3}, {1, 2, 3}});
  EXPECT_EQ(by_reference(table, ranks_up_to(2)).rank, (Array<std::uint32_t>{0, 1, kNone}));
  EXPECT_EQ(by_cpu(table, ranks_up_to(2)).rank, (Array<std::uint32_t>{0, 1, kNone}));
}

/// Two objectives are swept, three tiled: a third objective that says nothing makes one the other.
TEST(Ranks, AreTheSameBySweepAndByTiles) {
  for (const Distribution distribution : kDistributions) {
    Columns columns = draw(distribution, 50000, 2, 5);
    Table two = table_of(columns);
    columns.push_back(columns[0]);
    Table three = table_of(columns);
    EXPECT_EQ(difference(by_cpu(two, ranks_up_to(0)), by_cpu(three, ranks_up_to(0))), "") << name_of(distribution);
  }
}

TEST(Ranks, FollowFromTheRanksOfDominators) {
  for (const std::uint32_t objectives : {3, 4, 7}) {
    Table table = table_of(draw(Distribution::quantised, 50000, objectives, 6));
    const Verdict verdict = by_cpu(table, ranks_up_to(0));
    for (std::uint32_t i = 0; i < table.size; i += 997) {
      EXPECT_EQ(reference_rank_from(table.view(), i, verdict.rank, kUnwatched), verdict.rank[i]) << i;
    }
  }
}

TEST(Ranks, DoNotDependOnThreads) {
  for (const std::uint32_t objectives : {2, 3, 5}) {
    Table table = table_of(draw(Distribution::independent, 40000, objectives, 7));
    table.group = draw_groups(table.size, objectives, 8);
    const Verdict first = by_cpu(table, ranks_up_to(0));
    for (const std::size_t threads : {1, 2, 3, 8}) {
      const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
      EXPECT_EQ(difference(first, by_cpu(table, ranks_up_to(0))), "") << threads;
    }
  }
}

}  // namespace
}  // namespace carbonfront::test
