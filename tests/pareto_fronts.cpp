// Fronts and witnesses: the filter, the sweeps and the tiles against the definition and against each other, and streams.

#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <limits>
#include <numeric>
#include <optional>

#include "host/pareto/aligned_tiles.hpp"
#include "host/pareto/engine.hpp"
#include "host/pareto/filter.hpp"
#include "host/pareto/front_stream.hpp"
#include "tests/points.hpp"

namespace carbonfront::test {
namespace {

constexpr VerdictRequest kWitness{false, false, false, true};

Array<std::uint8_t> front_of(Table& table) { return by_cpu(table, {}).nondominated; }

/// Gives some rows the values of others, and makes some values missing.
Columns with_twins_and_gaps(Columns columns, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i < columns[0].size(); ++i) {
    const std::size_t twin = random() % columns[0].size();
    const auto chance = random() % 8;
    for (auto& column : columns) {
      if (chance == 0) column[i] = column[twin];
    }
    if (chance == 1) columns[random() % columns.size()][i] = std::numeric_limits<double>::quiet_NaN();
  }
  return columns;
}

/// The front by the count of dominators: another engine.
Array<std::uint8_t> front_by_counts(Table& table) {
  Progress progress;
  return where_zero(count_dominators(lexicographic_order(table.view(), progress), progress));
}

TEST(Fronts, AgreeWithTheDefinitionWithTwinsAndGaps) {
  std::mt19937_64 random(1);
  for (const Distribution distribution : kDistributions) {
    for (const std::uint32_t objectives : {1, 2, 3, 4, 5, 7, 9, 12}) {
      const auto size = static_cast<std::uint32_t>(1 + random() % 900);
      Table table = table_of(with_twins_and_gaps(draw(distribution, size, objectives, random()), random()));
      for (Objective& objective : table.objectives) objective.maximise = random() % 3 == 0;
      EXPECT_EQ(difference(by_reference(table, kWitness), by_cpu(table, kWitness)), "")
          << size << " x " << objectives << ' ' << name_of(distribution);
      EXPECT_EQ(front_of(table), by_reference(table, {}).nondominated);
    }
  }
}

TEST(Fronts, AgreeWithTheDefinitionBehindTheFilter) {
  for (const std::uint32_t objectives : {3, 6}) {
    Table table = table_of(with_twins_and_gaps(draw(Distribution::independent, 4300, objectives, 31), 32));
    table.objectives[1].maximise = true;
    EXPECT_EQ(front_of(table), by_reference(table, {}).nondominated) << objectives;
  }
}

TEST(Fronts, AreTheRowsThatNobodyDominatesInLargeTables) {
  for (const Distribution distribution : kDistributions) {
    for (const std::uint32_t objectives : {2, 3, 4, 6}) {
      Table table = table_of(with_twins_and_gaps(draw(distribution, 60000, objectives, 41), 42));
      const Array<std::uint8_t> expected = front_by_counts(table);
      EXPECT_EQ(front_of(table), expected) << objectives << ' ' << name_of(distribution);
      table.group.assign(table.size, 7);  // no filter
      EXPECT_EQ(front_of(table), expected) << objectives << ' ' << name_of(distribution);
    }
  }
}

TEST(Fronts, OfThreeObjectivesAreTheSameByTiles) {
  for (const Distribution distribution : kDistributions) {
    Table table = table_of(with_twins_and_gaps(draw(distribution, 30000, 3, 43), 44));
    Progress progress;
    const Order order = lexicographic_order(table.view(), progress);
    EXPECT_EQ(find_front(order, progress), front_by_tiles(table.view(), progress)) << name_of(distribution);
  }
}

TEST(Fronts, AgreeOnEveryTypeBehindTheFilter) {
  std::mt19937_64 random(5);
  std::vector<std::int64_t> large(6000);
  std::vector<std::uint64_t> unsigned_large(6000);
  std::vector<float> floats(6000);
  std::vector<std::uint8_t> bytes(6000);
  for (std::size_t i = 0; i < large.size(); ++i) {
    large[i] = (std::int64_t{1} << 60) + static_cast<std::int64_t>(random() % 5000);
    unsigned_large[i] = ~std::uint64_t{0} - random() % 5000;
    floats[i] = random() % 50 == 0 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(random() % 3000) - 1500;
    bytes[i] = static_cast<std::uint8_t>(random() % 30);
  }
  for (const int directions : {0, 5, 10, 15}) {
    Table table;
    add_column(table, large, directions & 1);
    add_column_with_missing<std::uint64_t>(table, unsigned_large, ~std::uint64_t{0} - 17, directions & 2);
    add_column(table, floats, directions & 4);
    add_column_with_missing<std::uint8_t>(table, bytes, 3, directions & 8);
    Progress progress;
    EXPECT_TRUE(front_candidates(table.view(), progress)) << "the filter is not tested";
    EXPECT_EQ(front_of(table), front_by_counts(table)) << directions;
  }
}

/// Inputs of all values alike, one column constant, rising, falling, and one rising as the others fall.
std::vector<Columns> awkward_inputs(std::uint32_t size, std::uint32_t objectives) {
  const double infinity = std::numeric_limits<double>::infinity(), missing = std::numeric_limits<double>::quiet_NaN();
  std::vector<Columns> inputs;
  for (const double value : {0.0, infinity, -infinity, missing}) {
    inputs.push_back(Columns(objectives, std::vector<double>(size, value)));
    inputs.push_back(draw(Distribution::independent, size, objectives, 51));
    inputs.back()[0].assign(size, value);
  }
  Columns sorted(objectives, std::vector<double>(size));
  for (auto& column : sorted) std::iota(column.begin(), column.end(), -static_cast<double>(size / 2));
  inputs.push_back(sorted);
  for (auto& column : sorted) std::reverse(column.begin(), column.end());
  inputs.push_back(sorted);
  std::reverse(sorted[0].begin(), sorted[0].end());
  inputs.push_back(sorted);
  return inputs;
}

TEST(Fronts, AgreeOnInputsThatSpoilPivots) {
  for (const std::uint32_t objectives : {1, 2, 3, 5}) {
    for (const Columns& columns : awkward_inputs(700, objectives)) {
      Table table = table_of(columns);
      EXPECT_EQ(difference(by_reference(table, kWitness), by_cpu(table, kWitness)), "") << objectives;
    }
    for (const Columns& columns : awkward_inputs(20000, objectives)) {
      Table table = table_of(columns);
      EXPECT_EQ(front_of(table), front_by_counts(table)) << objectives;
    }
  }
}

TEST(Fronts, AgreeOnSelectedRowsBehindTheFilter) {
  Table table = table_of(draw(Distribution::independent, 20000, 3, 61));
  for (std::uint32_t row = 1; row < 20000; row += 1 + row % 3) table.rows.push_back(row);
  table.size = static_cast<std::uint32_t>(table.rows.size());
  EXPECT_EQ(front_of(table), front_by_counts(table));
}

TEST(Fronts, DoNotDependOnThreads) {
  for (const std::uint32_t objectives : {2, 3, 6}) {
    Table table = table_of(draw(Distribution::anti_correlated, 40000, objectives, 71));
    std::optional<Verdict> first;
    for (const std::size_t threads : {1, 2, 3, 8}) {
      const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
      const Verdict found = by_cpu(table, kWitness);
      if (!first) first = found;
      EXPECT_EQ(difference(*first, found), "") << threads;
    }
  }
}

/// Streams a table in batches of `batch` rows into `streams` streams by turns, and merges them.
std::vector<std::uint64_t> streamed(Table& table, std::uint32_t batch, std::size_t stream_count) {
  std::vector<FrontStream> streams(stream_count, FrontStream(find_front_cpu));
  std::uint32_t turn = 0;
  for (std::uint32_t begin = 0; begin < table.size; begin += batch, ++turn) {
    PointsView points = table.view();
    std::vector<Objective> objectives = table.objectives;
    for (std::size_t k = 0; k < objectives.size(); ++k) {
      objectives[k].column.values = table.columns[k].data() + std::size_t{begin} * (table.columns[k].size() / table.size);
    }
    points.objectives = objectives.data();
    points.size = std::min(batch, table.size - begin);
    if (points.group) points.group += begin;
    streams[turn % stream_count].add(
        points, [begin](std::uint32_t row) { return std::uint64_t{begin} + row; }, kUnwatched);
  }
  for (std::size_t s = 1; s < stream_count; ++s) streams[0].absorb(std::move(streams[s]), kUnwatched);
  return streams[0].finish(kUnwatched).row;
}

TEST(FrontStreams, FindTheSameRowsInAnyBatches) {
  for (const Distribution distribution :
       {Distribution::independent, Distribution::quantised, Distribution::all_nondominated}) {
    for (const bool groups : {false, true}) {
      Table table = table_of(with_twins_and_gaps(draw(distribution, 9000, 3, 81), 82));
      std::vector<std::int64_t> large(9000);
      for (std::size_t i = 0; i < large.size(); ++i) large[i] = (std::int64_t{1} << 55) - static_cast<std::int64_t>(i % 7);
      add_column_with_missing<std::int64_t>(table, large, large[3], true);
      if (groups) table.group = draw_groups(9000, 5, 83);
      std::vector<std::uint64_t> expected;
      const Array<std::uint8_t> front = front_by_counts(table);
      for (std::uint32_t i = 0; i < table.size; ++i) {
        if (front[i]) expected.push_back(i);
      }
      for (const std::uint32_t batch : {1, 7, 1000, 9000}) EXPECT_EQ(streamed(table, batch, 1), expected) << batch;
      for (const std::size_t streams : {2, 5}) EXPECT_EQ(streamed(table, 333, streams), expected) << streams;
    }
  }
}

TEST(FrontStreams, AreEmptyWithoutRows) {
  FrontStream stream(find_front_cpu);
  EXPECT_EQ(stream.finish(kUnwatched).size(), 0u);
  stream.absorb(FrontStream(find_front_cpu), kUnwatched);
  EXPECT_EQ(stream.finish(kUnwatched).size(), 0u);
}

}  // namespace
}  // namespace carbonfront::test
