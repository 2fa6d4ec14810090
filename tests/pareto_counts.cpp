// Dominance counts: every way to count, forced by its limits, against the definition and against the others; the order too.

#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <limits>
#include <numeric>

#include "host/pareto/count_aligned.hpp"
#include "host/pareto/count_lists.hpp"
#include "host/pareto/engine.hpp"
#include "host/pareto/estimates.hpp"
#include "host/pareto/key_codes.hpp"
#include "host/pareto/keys.hpp"
#include "tests/points.hpp"

namespace carbonfront::test {
namespace {

using Counts = Array<std::uint32_t>;

struct Way {
  const char* name;
  CountLimits limits;
};

constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();

const Way kWays[] = {
    {"as it is", {}},
    {"tiles alone", {.plane_pairs = ~0ull, .pairs = ~0ull, .tile_rows = kNever}},
    {"no tiles", {.plane_pairs = 0, .pairs = 0}},
    {"no tiles, in chunks", {.plane_pairs = 0, .pairs = 0, .task_rows = 8, .chunk_rows = 8}},
    {"planes to few", {.plane_pairs = 5000, .pairs = 0, .task_rows = 100, .chunk_rows = kNever}},
    {"lists to few", {.plane_pairs = 0, .pairs = 40000, .task_rows = 100, .chunk_rows = 700}},
    {"few rows a tile", {.tile_rows = 600}},
    {"aligned tiles", {.aligned_objectives = 3, .aligned_rows = 0, .aligned_undecided = 1}},
};

Order order_of(Table& table) {
  Progress progress;
  return lexicographic_order(table.view(), progress);
}

/// The key of a row in objective 1.
std::uint64_t key_in_first(Table& table, std::size_t row) {
  std::uint64_t key = 0;
  const PointsView points = table.view();
  with_keys(points.objectives[0], [&](auto key_of_row) { key = key_of_row(static_cast<std::uint32_t>(row)); });
  return key;
}

Counts counts_of(const Order& order, const CountLimits& limits) {
  Progress progress;
  Counts counts = count_dominators(order, limits, progress);
  EXPECT_EQ(progress.done, progress.total);
  return counts;
}

/// Compares all ways with the definition.
void check_ways(Table& table, const std::string& what) {
  const Counts expected = by_reference(table, {.dominated_by = true}).dominated_by;
  const Order order = order_of(table);
  for (const Way& way : kWays) {
    EXPECT_EQ(first_difference("count", expected, counts_of(order, way.limits)), "") << way.name << ", " << what;
  }
}

TEST(Counts, AgreeWithTheDefinitionInEveryWay) {
  std::mt19937_64 random(1);
  for (const std::uint32_t objectives : {1, 2, 3, 4, 5, 6, 7, 8, 9, 12}) {
    for (const Distribution distribution : kDistributions) {
      const auto size = static_cast<std::uint32_t>(1 + random() % 1200);
      Table table = table_of(draw(distribution, size, objectives, random()));
      if (random() % 2) table.group = draw_groups(size, static_cast<std::uint32_t>(1 + random() % 4), random());
      check_ways(table, std::to_string(size) + " x " + std::to_string(objectives) + name_of(distribution));
    }
  }
}

TEST(Counts, AgreeWithTheDefinitionOnMoreRows) {
  for (const std::uint32_t objectives : {2, 3, 4, 6}) {
    Table table = table_of(draw(Distribution::independent, 5000, objectives, objectives));
    check_ways(table, std::to_string(objectives));
    Table tied = table_of(draw(Distribution::quantised, 4800, objectives, objectives));
    check_ways(tied, std::to_string(objectives));
  }
}

TEST(Counts, AgreeAroundTheSizesOfTilesBatchesAndBlocks) {
  for (const std::uint32_t size : {0, 1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 511, 512, 513, 1023, 1025, 2047, 2048, 2049}) {
    for (const std::uint32_t objectives : {2, 3, 4, 5}) {
      Table table = table_of(draw(Distribution::quantised, size, objectives, size));
      check_ways(table, std::to_string(size) + " x " + std::to_string(objectives));
    }
  }
  for (const std::uint32_t size : {4095, 4096, 4097}) {
    Table table = table_of(draw(Distribution::independent, size, 3, size));
    check_ways(table, std::to_string(size));
  }
}

TEST(Counts, AgreeWithEachOtherOnManyRows) {
  const CountLimits no_tiles{.plane_pairs = 1 << 12, .pairs = 1 << 16, .chunk_rows = kNever};
  for (const std::uint32_t objectives : {2, 3, 4}) {
    for (const Distribution distribution : {Distribution::independent, Distribution::quantised}) {
      const std::uint32_t size = objectives == 2 ? 1'000'000 : objectives == 3 ? 300'000 : 100'000;
      Table table = table_of(draw(distribution, size, objectives, 5));
      const Order order = order_of(table);
      const Counts expected = counts_of(order, {});
      EXPECT_EQ(first_difference("count", expected, counts_of(order, no_tiles)), "") << objectives;
      for (std::uint32_t i = 0; i < size; i += size / 7) {
        EXPECT_EQ(reference_row(table.view(), i, kUnwatched).dominated_by, expected[i]) << i;
      }
    }
  }
}

TEST(Counts, ByAlignedTilesAreTheSameOnEveryPath) {
  std::mt19937_64 random(31);
  for (const Distribution distribution : kDistributions) {
    for (const std::uint32_t objectives : {3, 6, 8, 11}) {
      Table table = table_of(draw(distribution, 3000, objectives, random()));
      if (random() % 2) table.group = draw_groups(table.size, 3, random());
      const Order order = order_of(table);
      const Counts expected = counts_of(order, {});
      for (const TilePath* path : tile_paths()) {
        if (!path->runs_here()) continue;
        Progress progress;
        const auto counts = count_by_aligned_tiles(order, 1, progress, *path);
        ASSERT_TRUE(counts);
        EXPECT_EQ(first_difference("count", expected, by_position(order, *counts, kUnwatched)), "") << path->name;
      }
    }
  }
}

/// Columns of few values are sorted by codes, all of them at once where there is room.
TEST(Orders, OfColumnsOfFewValuesAreThoseOfTheirValues) {
  std::mt19937_64 random(34);
  for (const std::uint32_t values : {1u, 2u, 100u, 4096u, 4097u, 6000u}) {
    for (const std::uint32_t groups : {0, 3}) {
      Table table;
      for (std::uint32_t k = 0; k < 3; ++k) {
        std::vector<double> column(20000);
        for (auto& value : column) value = static_cast<double>(random() % values) - 0.5 * values;
        if (k == 1) column[7] = column[8] = std::numeric_limits<double>::quiet_NaN();
        add_column(table, column, k == 2);
      }
      if (groups > 0) table.group = draw_groups(table.size, groups, random());
      const PointsView points = table.view();
      const Order order = order_of(table);
      for (std::uint32_t place = 1; place < order.size; ++place) {
        const std::uint32_t before = order.position[place - 1], own = order.position[place];
        int which = points.group_of(before) < points.group_of(own) ? -1 : points.group_of(before) > points.group_of(own);
        for (std::uint32_t k = 0; k < 3 && which == 0; ++k) which = compare_keys(points, k, before, own);
        ASSERT_LE(which, 0) << values << ' ' << place;
        ASSERT_EQ(order.run_start[place] != place, which == 0) << values << ' ' << place;
        ASSERT_TRUE(which != 0 || before < own);
      }
      std::vector<std::uint32_t> place_of_rank(order.size);
      for (std::uint32_t place = 0; place < order.size; ++place) place_of_rank[order.ranks[1][place]] = place;
      for (std::uint32_t rank = 1; rank < order.size; ++rank) {
        const std::uint32_t a = place_of_rank[rank - 1], b = place_of_rank[rank];
        const int which = compare_keys(points, 2, order.position[a], order.position[b]);
        ASSERT_TRUE(which < 0 || (which == 0 && a < b)) << values << ' ' << rank;
      }
    }
  }
}

TEST(KeyCodes, RiseWithTheKeysOfColumnsOfFewValues) {
  std::vector<std::int64_t> few(20000), many(20000);
  for (std::size_t i = 0; i < few.size(); ++i) {
    few[i] = (std::int64_t{1} << 60) - static_cast<std::int64_t>(i * 7919 % 300);
    many[i] = i % 4 == 0 ? static_cast<std::int64_t>(i) : 0;  // 5,000 values, though most rows share one
  }
  Table table;
  add_column(table, few, true);
  add_column(table, many);
  const auto codes = codes_of(table.view(), 0, kUnwatched);
  ASSERT_TRUE(codes);
  EXPECT_EQ(codes->count, 300u);
  for (std::size_t i = 0; i < few.size(); ++i) ASSERT_EQ(codes->of(key_in_first(table, i)), i * 7919 % 300);
  EXPECT_FALSE(codes_of(table.view(), 1, kUnwatched)) << "there are more than " << KeyCodes::kMost;
}

TEST(Counts, AreLeftToHalvingWhereBoxesDecideLittle) {
  Progress progress;
  Table table = table_of(draw(Distribution::independent, 30000, 8, 32));
  EXPECT_TRUE(count_by_aligned_tiles(order_of(table), 1, progress));
  EXPECT_FALSE(count_by_aligned_tiles(order_of(table), 0.01, progress));
}

TEST(Counts, OfSourcesAgreeWithTheDefinition) {
  std::mt19937_64 random(2);
  for (const std::uint32_t objectives : {1, 2, 3, 4, 6}) {
    for (const Distribution distribution : kDistributions) {
      for (const std::uint32_t one_in : {1, 2, 10, 100000}) {
        const auto size = static_cast<std::uint32_t>(1 + random() % 900);
        Table table = table_of(draw(distribution, size, objectives, random()));
        if (random() % 2) table.group = draw_groups(size, 3, random());
        std::vector<std::uint8_t> is_source(size);
        for (auto& source : is_source) source = random() % one_in == 0;
        Counts expected(size, 0u);
        for (std::uint32_t i = 0; i < size; ++i) {
          for (std::uint32_t j = 0; j < size && !is_source[i]; ++j) {
            const bool together = table.group.empty() || table.group[i] == table.group[j];
            expected[i] += is_source[j] && together && dominates_by_definition(table.view(), j, i);
          }
        }
        const Order order = order_of(table);
        for (const Way& way : kWays) {
          Progress progress;
          EXPECT_EQ(first_difference("count", expected, count_dominators_of(order, is_source.data(), way.limits, progress)),
                    "")
              << way.name << ", " << size << " x " << objectives << ' ' << name_of(distribution) << ", 1 in " << one_in;
          EXPECT_EQ(progress.done, progress.total);
        }
      }
    }
  }
}

TEST(Counts, AreTheSameOnAnyNumberOfThreads) {
  for (const std::uint32_t objectives : {2, 3, 4, 7}) {
    Table table = table_of(draw(Distribution::quantised, 150000, objectives, 11));
    table.size = objectives == 7 ? 20000 : table.size;
    table.group = draw_groups(table.size, 2, 12);
    const Order expected = order_of(table);
    const Counts counts = counts_of(expected, {});
    for (const std::size_t threads : {1, 2, 3, 8}) {
      const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
      const Order order = order_of(table);
      EXPECT_EQ(expected.position, order.position) << threads;
      EXPECT_EQ(expected.run_start, order.run_start) << threads;
      EXPECT_EQ(expected.ranks, order.ranks) << threads;
      EXPECT_EQ(counts, counts_of(order, {})) << threads;
    }
  }
}

TEST(Counts, AgreeOnHardInput) {
  for (const std::uint32_t objectives : {1, 2, 3, 4}) {
    for (const Columns& columns : hard_columns(700, objectives)) {
      Table table = table_of(columns);
      check_ways(table, "hard");
    }
  }
}

/// Checks an order against its own description, with comparisons by key for large tables.
TEST(Order, IsSortedAndItsRanksAreUniqueOnManyRows) {
  for (const Columns& columns : hard_columns(300000, 3)) {
    Table table = table_of(columns);
    const Order order = order_of(table);
    for (std::uint32_t place = 1; place < order.size; ++place) {
      const std::uint32_t a = order.position[place - 1], b = order.position[place];
      ASSERT_FALSE(dominates_by_definition(table.view(), b, a)) << place;
    }
    for (std::uint32_t k = 1; k < 3; ++k) {
      std::vector<std::uint32_t> by_rank(order.size, kNone);
      for (std::uint32_t place = 0; place < order.size; ++place) by_rank[order.ranks[k - 1][place]] = place;
      for (std::uint32_t rank = 1; rank < order.size; ++rank) {
        ASSERT_NE(by_rank[rank], kNone);
        const double before = columns[k][order.position[by_rank[rank - 1]]],
                     after = columns[k][order.position[by_rank[rank]]];
        if (before == after || (std::isnan(before) && std::isnan(after))) {
          ASSERT_LT(by_rank[rank - 1], by_rank[rank]) << rank;
        } else {
          ASSERT_TRUE(before < after || std::isnan(after)) << rank;
        }
      }
    }
  }
}

}  // namespace
}  // namespace carbonfront::test
