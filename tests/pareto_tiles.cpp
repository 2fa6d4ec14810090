// Aligned tiles: estimates, the Z order and its trie, sources, opposed columns, and every instruction set's path.

#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "host/pareto/aligned_tiles.hpp"
#include "host/pareto/make_tiles.hpp"
#include "host/pareto/opposed.hpp"
#include "host/pareto/strong_rows.hpp"
#include "host/pareto/z_order.hpp"
#include "tests/points.hpp"

namespace carbonfront::test {
namespace {

constexpr Distribution kDistributions[] = {Distribution::independent,     Distribution::correlated,
                                           Distribution::anti_correlated, Distribution::all_nondominated,
                                           Distribution::quantised,       Distribution::three_values};
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min(), kMost = std::numeric_limits<std::int64_t>::max();

/// The paths that this machine runs.
std::vector<const TilePath*> paths_here() {
  std::vector<const TilePath*> paths;
  for (const TilePath* path : tile_paths()) {
    if (path->runs_here()) paths.push_back(path);
  }
  return paths;
}

/// Samples of keys of every shape: even, of a few values, in clusters, mostly one value, next to the ends of 64 bits.
std::vector<std::vector<std::int64_t>> key_samples() {
  std::mt19937_64 random(1);
  std::vector<std::vector<std::int64_t>> samples(8);
  for (int i = 0; i < 2048; ++i) {
    const auto any = static_cast<std::int64_t>(random());
    samples[0].push_back(any);
    samples[1].push_back(any % 100);
    samples[2].push_back((any % 50) * (std::int64_t{1} << 50) + static_cast<std::int64_t>(random() % 1000));
    samples[3].push_back(any % 2 ? 0 : any);
    samples[4].push_back(kLeast + static_cast<std::int64_t>(random() % 3));
    samples[5].push_back(kMost - static_cast<std::int64_t>(random() % 3000));
    samples[6].push_back(i % 3 == 0 ? kLeast : i % 3 == 1 ? kMost : any);
  }
  samples[7] = {42};
  return samples;
}

/// Keys in and around a sample, ascending.
std::vector<std::int64_t> keys_around(const std::vector<std::int64_t>& sample) {
  std::set<std::int64_t> keys = {kLeast, kLeast + 1, -1, 0, 1, kMost - 1, kMost};
  for (const std::int64_t key : sample) {
    keys.insert(key);
    keys.insert(key > kLeast ? key - 1 : key);
    keys.insert(key < kMost ? key + 1 : key);
  }
  return {keys.begin(), keys.end()};
}

TEST(Estimates, RiseWithTheKeys) {
  for (const auto& sample : key_samples()) {
    const Histogram histogram = histogram_of(sample);
    const std::vector<std::int64_t> keys = keys_around(sample);
    for (std::size_t i = 1; i < keys.size(); ++i) {
      const std::uint16_t before = estimate_of(histogram, keys[i - 1]), after = estimate_of(histogram, keys[i]);
      ASSERT_LE(before, after) << keys[i - 1] << ' ' << keys[i];
      if (before != after) continue;
      ASSERT_FALSE(histogram.exact[after >> histogram.step_bits]) << keys[i] << " is not told from " << keys[i - 1];
    }
  }
}

TEST(Estimates, AreTheSameOnEveryPath) {
  for (const auto& sample : key_samples()) {
    const Histogram histogram = histogram_of(sample);
    const std::vector<std::int64_t> keys = keys_around(sample);
    std::vector<std::uint16_t> expected, found(keys.size() + 1);
    for (const std::int64_t key : keys) expected.push_back(estimate_of(histogram, key));
    for (const TilePath* path : paths_here()) {
      found.assign(keys.size() + 1, 77);
      path->estimate(histogram, keys.data(), static_cast<std::uint32_t>(keys.size()), found.data());
      EXPECT_EQ(found.back(), 77) << path->name << " writes behind the end";
      EXPECT_TRUE(std::equal(expected.begin(), expected.end(), found.begin())) << path->name;
    }
  }
}

TEST(Estimates, GiveFrequentValuesABinOfTheirOwn) {
  std::vector<std::int64_t> sample(2048);
  std::iota(sample.begin(), sample.end(), std::int64_t{1} << 40);
  std::fill(sample.begin(), sample.begin() + 900, -5);
  const Histogram histogram = histogram_of(sample);
  EXPECT_TRUE(histogram.exact[estimate_of(histogram, -5) >> histogram.step_bits]);
  EXPECT_NE(estimate_of(histogram, -6), estimate_of(histogram, -5));
  EXPECT_NE(estimate_of(histogram, -4), estimate_of(histogram, -5));
}

TEST(Estimates, TellClustersApartInMoreBins) {
  const auto samples = key_samples();
  EXPECT_EQ(histogram_of(samples[0]).bins(), Histogram::kFewBins);
  EXPECT_EQ(histogram_of(samples[2]).bins(), Histogram::kManyBins);
}

TEST(Estimates, KnowWhereEqualOnesMeanEqualValues) {
  Table table = table_of(draw(Distribution::three_values, 3000, 2, 3));
  add_column(table, draw(Distribution::independent, 3000, 1, 4)[0]);
  const Estimates estimates = estimate_points(table.view(), best_tile_path(), kUnwatched);
  for (std::uint32_t i = 0; i < table.size; ++i) {
    EXPECT_TRUE(estimates.is_exact(0, estimates.row(i)[0]));
    EXPECT_TRUE(estimates.is_exact(1, estimates.row(i)[1]));
    EXPECT_EQ(estimates.row(i)[3], 0) << "a lane without an objective";
  }
}

TEST(Estimates, OfAStrongRowAreAPartOfTheVolume) {
  Table table = table_of({{0, 1, 2, 3}, {0, 1, 2, 3}, {0, 1, 2, 3}});
  float strength[4];
  estimate_points(table.view(), best_tile_path(), kUnwatched, strength);
  for (int i = 0; i < 3; ++i) EXPECT_GT(strength[i], strength[i + 1]);
  EXPECT_LE(strength[0], 1);
  EXPECT_GE(strength[3], 0);
}

TEST(ZOrder, PutsDominatorsFirstAndDropsEqualRowsButTheFirst) {
  std::mt19937_64 random(5);
  for (const Distribution distribution : kDistributions) {
    for (const std::uint32_t objectives : {3, 5, 9, 32}) {
      for (const std::uint32_t groups : {0, 4}) {
        Table table = table_of(draw(distribution, 400, objectives, random()));
        if (groups > 0) table.group = draw_groups(table.size, groups, random());
        const PointsView points = table.view();
        const Estimates estimates = estimate_points(points, best_tile_path(), kUnwatched);
        const ZOrder order = z_order(estimates, nullptr, kUnwatched);
        ASSERT_EQ(order.size + order.twins.size(), table.size);
        for (std::uint32_t a = 0; a < order.size; ++a) {
          for (std::uint32_t b = a + 1; b < order.size; ++b) {
            const std::uint32_t first = order.rows.row(a), second = order.rows.row(b);
            ASSERT_LE(points.group_of(first), points.group_of(second));
            ASSERT_FALSE(points.group_of(first) == points.group_of(second) &&
                         dominates_by_definition(points, second, first));
          }
        }
        for (const auto& [twin, first] : order.twins) {
          EXPECT_LT(first, twin);
          for (std::uint32_t k = 0; k < objectives; ++k) EXPECT_EQ(compare_keys(points, k, twin, first), 0);
          EXPECT_EQ(points.group_of(twin), points.group_of(first));
        }
      }
    }
  }
}

TEST(ZOrder, TakesTheRowsItIsGiven) {
  Table table = table_of(draw(Distribution::independent, 1000, 4, 6));
  const Estimates estimates = estimate_points(table.view(), best_tile_path(), kUnwatched);
  const std::vector<std::uint32_t> names = {3, 500, 999};
  const ZOrder order = z_order(estimates, &names, kUnwatched);
  EXPECT_EQ(order.size, 3u);
  std::set<std::uint32_t> found;
  for (std::uint32_t i = 0; i < 3; ++i) found.insert(names[order.rows.row(i)]);
  EXPECT_EQ(found, std::set<std::uint32_t>(names.begin(), names.end()));
}

/// Sorted keys of `bits` bits as rows.
KeyedRows rows_of_keys(std::vector<std::uint64_t> keys) {
  std::sort(keys.begin(), keys.end());
  KeyedRows rows = keyed_rows(static_cast<std::uint32_t>(keys.size()));
  for (std::uint32_t i = 0; i < keys.size(); ++i) rows.set(i, keys[i], i);
  return rows;
}

TEST(TrieLeaves, AreTheLargestSubtreesThatFit) {
  std::mt19937_64 random(7);
  std::vector<std::uint64_t> keys(5000);
  for (auto& key : keys) key = random() % 1024;
  const KeyedRows rows = rows_of_keys(keys);
  const std::vector<std::uint32_t> starts = trie_leaves(rows, rows.size, 10, 64);
  ASSERT_EQ(starts.front(), 0u);
  ASSERT_EQ(starts.back(), rows.size);
  const auto prefix = [&](std::uint32_t i, int bits) { return rows.key(i) >> (10 - bits); };
  const auto rows_under = [&](std::uint32_t i, int bits) {
    std::uint32_t count = 0;
    for (std::uint32_t j = 0; j < rows.size; ++j) count += prefix(j, bits) == prefix(i, bits);
    return count;
  };
  for (std::size_t t = 0; t + 1 < starts.size(); ++t) {
    const std::uint32_t first = starts[t], count = starts[t + 1] - first;
    ASSERT_LE(count, 64u);
    int bits = 0;  // of the shortest prefix whose subtree fits: all of it is in this tile
    while (rows_under(first, bits) > 64) ++bits;
    EXPECT_LE(rows_under(first, bits), count) << first;
    EXPECT_TRUE(t == 0 || prefix(first, bits) != prefix(first - 1, bits)) << first;
  }
}

TEST(TrieLeaves, OfEqualKeysAndOfFewRowsAreCutByNumber) {
  const auto starts_of = [](std::uint32_t size) {
    return trie_leaves(rows_of_keys(std::vector<std::uint64_t>(size, 5)), size, 10, 512);
  };
  EXPECT_EQ(starts_of(0), (std::vector<std::uint32_t>{0}));
  EXPECT_EQ(starts_of(1), (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(starts_of(512), (std::vector<std::uint32_t>{0, 512}));
  EXPECT_EQ(starts_of(513), (std::vector<std::uint32_t>{0, 512, 513}));
}

TEST(TrieLeaves, AreNotTiny) {
  std::vector<std::uint64_t> keys;  // at every level one row to the left, and all others to the right
  for (int bit = 0; bit < 30; ++bit)
    keys.push_back(((std::uint64_t{1} << 30) - 1) << (bit + 1) & ((std::uint64_t{1} << 30) - 1));
  keys.resize(2000, (std::uint64_t{1} << 30) - 1);
  const KeyedRows rows = rows_of_keys(keys);
  const std::vector<std::uint32_t> starts = trie_leaves(rows, rows.size, 30, 512);
  EXPECT_LE(starts.size() - 1, 8 * rows.size / 512 + 2);
}

/// A table with columns of every kind, ties, missing and infinite values, either sense; now and then groups.
Table any_table(std::mt19937_64& random, std::uint32_t most_rows) {
  const auto objectives = static_cast<std::uint32_t>(random() % 8 == 0 ? 9 + random() % 25 : 3 + random() % 6);
  const auto size = static_cast<std::uint32_t>(1 + random() % (random() % 4 == 0 ? 40 : most_rows));
  const Columns columns = draw(kDistributions[random() % 6], size, objectives, random());
  std::vector<std::size_t> twin(size);
  for (std::size_t i = 0; i < size; ++i) twin[i] = random() % 5 == 0 ? random() % size : i;
  Table table;
  for (const auto& column : columns) {
    const bool maximise = random() % 2;
    const auto kind = random() % 5;
    std::vector<double> values(size);
    for (std::size_t i = 0; i < size; ++i) values[i] = column[twin[i]];
    if (kind == 0) {
      add_column(table, std::vector<float>(values.begin(), values.end()), maximise);
    } else if (kind == 1) {
      std::vector<std::int64_t> integers;
      for (const double value : values) integers.push_back((std::int64_t{1} << 58) + static_cast<std::int64_t>(value * 50));
      add_column_with_missing<std::int64_t>(table, integers, integers[0], maximise);
    } else if (kind == 2) {
      std::vector<std::uint8_t> bytes;
      for (const double value : values) bytes.push_back(static_cast<std::uint8_t>(static_cast<std::int64_t>(value * 100)));
      add_column(table, bytes, maximise);
    } else {
      constexpr double kSpecial[] = {0.0, -0.0, std::numeric_limits<double>::infinity(),
                                     -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()};
      for (double& value : values) value = random() % 30 == 0 ? kSpecial[random() % 5] : value;
      add_column(table, values, maximise);
    }
  }
  if (random() % 3 == 0) table.group = draw_groups(size, static_cast<std::uint32_t>(1 + random() % size), random());
  return table;
}

TEST(TilePaths, GiveTheRanksAndFrontsOfTheDefinition) {
  std::mt19937_64 random(8);
  EXPECT_EQ(paths_here().back(), &kTilePathPlain);
  for (int round = 0; round < 60; ++round) {
    Table table = any_table(random, 1200);
    const auto max_rank = static_cast<std::uint32_t>(random() % 3 ? 0 : 1 + random() % 5);
    const Verdict expected = by_reference(table, {.rank = true, .max_rank = max_rank});
    for (const TilePath* path : paths_here()) {
      Progress progress;
      EXPECT_EQ(first_difference("rank", expected.rank, ranks_by_tiles(table.view(), max_rank, progress, *path)), "")
          << path->name << " in round " << round;
      EXPECT_EQ(first_difference("nondominated", expected.nondominated, front_by_tiles(table.view(), progress, *path)), "")
          << path->name << " in round " << round;
    }
  }
}

TEST(TilePaths, GiveTheSameRanksAndFrontsOfManyTiles) {
  for (const Distribution distribution : kDistributions) {
    for (const std::uint32_t objectives : {3, 6, 10}) {
      Table table = table_of(draw(distribution, 20000, objectives, 9));
      Progress progress;
      const auto ranks = ranks_by_tiles(table.view(), 0, progress, kTilePathPlain);
      const auto front = front_by_tiles(table.view(), progress, kTilePathPlain);
      for (std::uint32_t i = 0; i < table.size; i += 1999)
        EXPECT_EQ(reference_rank_from(table.view(), i, ranks, kUnwatched), ranks[i])
            << objectives << ' ' << name_of(distribution);
      for (std::uint32_t i = 0; i < table.size; ++i) ASSERT_EQ(front[i] == 1, ranks[i] == 0);
      for (const TilePath* path : paths_here()) {
        EXPECT_EQ(ranks_by_tiles(table.view(), 0, progress, *path), ranks) << path->name;
        EXPECT_EQ(front_by_tiles(table.view(), progress, *path), front) << path->name;
      }
    }
  }
}

TEST(TilePaths, FindTheFirstDominatorOfFewRows) {
  Table table = table_of(draw(Distribution::quantised, 900, 4, 10));
  const PointsView points = table.view();
  const Estimates estimates = estimate_points(points, best_tile_path(), kUnwatched);
  std::vector<std::uint32_t> few(700);
  std::iota(few.begin(), few.end(), 100u);
  for (const TilePath* path : paths_here()) {
    const std::vector<SourceTile> sources = few_sources(estimates, few, *path);
    ASSERT_EQ(sources.size(), 2u);
    std::vector<std::uint32_t> found(table.size);
    path->find_first_dominators(estimates, sources.data(), 2, 0, table.size, found.data());
    for (std::uint32_t i = 0; i < table.size; ++i) {
      std::uint32_t expected = kNoRow;
      for (const std::uint32_t row : few) {
        if (expected == kNoRow && dominates_by_definition(points, row, i)) expected = row;
      }
      ASSERT_EQ(found[i], expected) << path->name << ' ' << i;
    }
  }
}

/// Corners decide which rows of a tile are looked at, by the depth of their rank.
TEST(SourceTiles, HaveTheLowCornerOfTheRowsOfEveryDepthOfRank) {
  std::mt19937_64 random(11);
  Table table = table_of(draw(Distribution::independent, 300, 5, 12));
  const Estimates estimates = estimate_points(table.view(), best_tile_path(), kUnwatched);
  const ZOrder order = z_order(estimates, nullptr, kUnwatched);
  AlignedTiles tiles = make_tiles(estimates, order, nullptr, nullptr, TilesFor::ranks, kUnwatched);
  ASSERT_EQ(tiles.tiles.size(), 1u);
  const Tile& tile = tiles.tiles[0];
  for (std::uint32_t i = 0; i < tile.rows; ++i) tiles.rank[i] = static_cast<std::uint32_t>(40 + random() % 50);
  for (const TilePath* path : paths_here()) {
    SourceTile source = make_source(5, estimates.lanes, false);
    build_source(tiles, tile, *path, source);
    ASSERT_EQ(source.rows, tile.rows);
    for (std::uint32_t bit = 1; bit < source.rows; ++bit) ASSERT_GE(source.rank[bit - 1], source.rank[bit]);
    for (std::uint32_t depth = 0; depth < SourceTile::kDepths; ++depth) {
      const bool all = depth + 1 == SourceTile::kDepths;
      for (std::uint32_t k = 0; k < 5; ++k) {
        std::uint16_t low = 65535;
        for (std::uint32_t i = 0; i < tile.rows; ++i) {
          if (all || source.high_rank - tiles.rank[i] <= depth) low = std::min(low, tiles.rows[i * tiles.lanes + k]);
        }
        EXPECT_EQ(source.corner[depth * source.lanes + k], low) << path->name << ' ' << depth;
        EXPECT_EQ(source.corner_columns[k * SourceTile::kDepths + depth], low) << path->name << ' ' << depth;
      }
      for (std::uint32_t bit = 0; bit < source.rows; ++bit) {
        const bool in = source.depth[depth].word[bit / 64] >> bit % 64 & 1;
        EXPECT_EQ(in, all || source.high_rank - source.rank[bit] <= depth) << path->name << ' ' << depth << ' ' << bit;
      }
    }
  }
}

/// Work is counted, not timed. Pairs compared a row: what is nearly a total order must stay linear.
TEST(TileWork, OfNearlyTotalOrdersIsAFewPairsARow) {
  std::mt19937_64 random(13);
  for (const std::uint32_t objectives : {3, 5, 8}) {
    for (const double noise : {0.0, 1e-5}) {
      Columns columns(objectives, std::vector<double>(60000));
      for (std::size_t i = 0; i < columns[0].size(); ++i) {
        const double place = static_cast<double>(i * 7919 % columns[0].size());
        for (auto& column : columns) column[i] = place + noise * 60000 * static_cast<double>(random() % 1000) / 1000;
      }
      Table table = table_of(columns);
      for (const TilePath* path : paths_here()) {
        Progress progress;
        TileWork work;
        ranks_by_tiles(table.view(), 0, progress, *path, &work);
        EXPECT_LT(work.compared, 8 * table.size) << path->name << ' ' << objectives << ' ' << noise;
        EXPECT_LT(work.masked, 16 * table.size) << path->name << ' ' << objectives << ' ' << noise;
      }
    }
  }
}

TEST(TileWork, OfDuplicatesIsThatOfTheirDistinctRows) {
  Table table = table_of(draw(Distribution::three_values, 100000, 4, 14));  // 81 distinct rows
  Progress progress;
  TileWork work;
  ranks_by_tiles(table.view(), 0, progress, best_tile_path(), &work);
  EXPECT_LE(work.met, 200u);
}

TEST(TileWork, DoesNotDependOnThreads) {
  Table table = table_of(draw(Distribution::independent, 60000, 5, 15));
  Progress progress;
  const auto expected = ranks_by_tiles(table.view(), 0, progress);
  for (const std::size_t threads : {1, 2, 8}) {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    EXPECT_EQ(ranks_by_tiles(table.view(), 0, progress), expected) << threads;
  }
}

TEST(OpposedColumns, ProveTheRowsThatShareTheirValuesWithNoOne) {
  Columns columns = draw(Distribution::all_nondominated, 20000, 5, 16);
  for (std::size_t i = 0; i < 100; ++i) columns[4][i * 200] += 150;  // some rows are dominated in the two columns
  for (std::size_t i = 50; i < 150; ++i) columns[0][i] = columns[0][i - 50], columns[4][i] = columns[4][i - 50];
  Table table = table_of(columns);
  Progress progress;
  const auto proven = proven_by_two_columns(table.view(), progress);
  ASSERT_TRUE(proven);
  const Array<std::uint8_t> front = front_by_tiles(table.view(), progress);
  const auto ranks = ranks_by_tiles(table.view(), 0, progress);
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < table.size; ++i) {
    count += (*proven)[i];
    ASSERT_LE((*proven)[i], front[i]) << i;
    ASSERT_EQ(front[i] == 1, ranks[i] == 0) << i;
    if (i % 97 != 0) continue;
    EXPECT_EQ(reference_row(table.view(), i, kUnwatched).nondominated, front[i] == 1) << i;
    EXPECT_EQ(reference_rank_from(table.view(), i, ranks, kUnwatched), ranks[i]) << i;
  }
  EXPECT_GT(count, table.size / 2);
  EXPECT_LT(count, table.size);
}

TEST(OpposedColumns, AreFoundInEitherSenseAndNotWhereThereAreNone) {
  Table table = table_of(draw(Distribution::all_nondominated, 20000, 3, 17));
  Progress progress;
  EXPECT_TRUE(proven_by_two_columns(table.view(), progress));
  const OpposedColumns opposed = most_opposed(table.view(), 256);
  EXPECT_EQ(opposed.a, 0u);
  EXPECT_EQ(opposed.b, 2u);
  table.objectives[0].maximise = true;  // now the two agree
  EXPECT_FALSE(proven_by_two_columns(table.view(), progress));
  table.objectives[0].maximise = false;
  table.group.assign(table.size, 1);
  EXPECT_FALSE(proven_by_two_columns(table.view(), progress));
}

TEST(StrongRows, LeaveWhoeverIsOnTheFront) {
  for (const Distribution distribution : {Distribution::independent, Distribution::quantised, Distribution::correlated}) {
    Table table = table_of(draw(distribution, 30000, 6, 18));
    Array<float> strength(table.size);
    const Estimates estimates = estimate_points(table.view(), best_tile_path(), kUnwatched, strength.data());
    const auto left = without_the_weak(estimates, strength, best_tile_path(), kUnwatched);
    ASSERT_TRUE(left) << name_of(distribution);
    EXPECT_LT(left->size(), table.size / 4);
    Progress progress;
    const Array<std::uint8_t> front = front_by_tiles(table.view(), progress);
    std::vector<std::uint8_t> is_left(table.size, 0);
    for (const std::uint32_t position : *left) is_left[position] = 1;
    for (std::uint32_t i = 0; i < table.size; ++i) ASSERT_LE(front[i], is_left[i]);
  }
  Table table = table_of(draw(Distribution::all_nondominated, 30000, 6, 19));
  Array<float> strength(table.size);
  const Estimates estimates = estimate_points(table.view(), best_tile_path(), kUnwatched, strength.data());
  EXPECT_FALSE(without_the_weak(estimates, strength, best_tile_path(), kUnwatched));
}

}  // namespace
}  // namespace carbonfront::test
