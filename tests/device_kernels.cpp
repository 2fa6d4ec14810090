// Kernels one by one against the definition. A faster kernel gets a line in the table of its kind, so that it meets the same
// inputs as its plain twin.

#include "kernels/front_pairs.hpp"
#include "tests/device.hpp"

namespace carbonfront::test {
namespace {

using namespace device;

#if defined(CARBONFRONT_EMULATION_THREADS)
/// Calls `check(table, what)` with tables of three tiles: what threads share does not depend on values, and a thread of the
/// host for every thread of a block is slow.
template <class Check>
void for_tables(std::initializer_list<std::uint32_t>, Check check) {
  for (const std::uint32_t objectives : {2, 3, 4, 5}) {
    Table table = table_of(draw(Distribution::quantised, 520, objectives, 11));
    table.group = draw_groups(520, 2, 12);
    check(table, std::to_string(objectives) + " objectives");
  }
}
#else
/// Calls `check(table, what)` with tables of all distributions, some with groups, some larger than a tile.
template <class Check>
void for_tables(std::initializer_list<std::uint32_t> objective_counts, Check check) {
  constexpr std::uint32_t kMostRows = 900;
  std::mt19937_64 random(11);
  for (const std::uint32_t objectives : objective_counts) {
    for (const Distribution distribution : kDistributions) {
      const auto size = static_cast<std::uint32_t>(1 + random() % kMostRows);
      Table table = table_of(draw(distribution, size, objectives, random()));
      if (random() % 2) table.group = draw_groups(size, 3, random());
      check(table, std::to_string(size) + " x " + std::to_string(objectives) + ' ' + name_of(distribution));
    }
  }
}

#endif

/// Aligned tiles of all rows, and of the marked ones.
void count_by_tiles(const Stream& stream, OrderView order, Direction direction, const std::uint8_t* counted, Share share,
                    std::uint32_t* counts) {
  const Tiles all = make_tiles(stream, order, nullptr, direction);
  if (!counted) return count_tiles(stream, all, all, share, counts);
  count_tiles(stream, make_tiles(stream, order, counted, direction), all, share, counts);
}

void mark_by_tiles(const Stream& stream, OrderView order, const std::uint8_t* is_source, Share share,
                   std::uint8_t* dominated) {
  Engines(stream, order, 0).mark_dominated(is_source, share, dominated);
}

void find_by_tiles(const Stream& stream, OrderView order, const std::uint8_t* nondominated, Share share,
                   std::uint32_t* witnesses) {
  Engines(stream, order, 0).find_witnesses(nondominated, share, witnesses);
}

void settle_by_tiles(const Stream& stream, OrderView order, std::uint32_t* ranks) {
  Engines(stream, order, 0).settle_ranks(0, ranks);
}

/// Radix where it can, which is not for marked rows and shares.
void count_radix_or_tiles(const Stream& stream, OrderView order, Direction direction, const std::uint8_t* counted,
                          Share share, std::uint32_t* counts) {
  if (fits_radix(order, 0) && !counted && share.count == 1)
    count_radix(stream, order, direction, counts);
  else
    count_by_tiles(stream, order, direction, counted, share, counts);
}

using Count = void (*)(const Stream&, OrderView, Direction, const std::uint8_t* counted, Share, std::uint32_t* counts);
const std::pair<const char*, Count> kCounts[] = {
    {"pairs", count_pairs}, {"tiles", count_by_tiles}, {"radix", count_radix_or_tiles}};

TEST(DeviceKernels, CountBothWays) {
  for_tables({1, 2, 3, 4, 7, 32}, [](Table& table, const std::string& what) {
    const Verdict expected = by_reference(table);
    Ordered ordered(table);
    for (const auto& [name, count] : kCounts) {
      for (const Direction direction : {Direction::dominated_by, Direction::dominates}) {
        const auto found = ordered.answers<std::uint32_t>([&, count = count](OrderView order, std::uint32_t* counts) {
          count(ordered.streams.work, order, direction, nullptr, {}, counts);
        });
        EXPECT_EQ(found, direction == Direction::dominated_by ? expected.dominated_by : expected.dominates)
            << name << ' ' << what;
      }
    }
  });
}

#if !defined(CARBONFRONT_EMULATION_THREADS)
/// Large enough for several digits of the radix and for more tiles than a block lists at once.
TEST(DeviceKernels, CountManyRowsAsTheCpuDoes) {
  for (const auto& [size, objectives, distribution] :
       {std::tuple{70000u, 2u, Distribution::quantised}, std::tuple{70000u, 3u, Distribution::quantised},
        std::tuple{4096u, 3u, Distribution::independent}, std::tuple{4097u, 3u, Distribution::anti_correlated},
        std::tuple{257u, 2u, Distribution::independent}, std::tuple{5000u, 1u, Distribution::three_values}}) {
    Table table = table_of(draw(distribution, size, objectives, 17));
    if (size > 4096) table.group = draw_groups(size, 2, 18);
    const Verdict expected = by_cpu(table, {true, true, false, false});
    Ordered ordered(table);
    for (const Direction direction : {Direction::dominated_by, Direction::dominates}) {
      const auto found = ordered.answers<std::uint32_t>([&](OrderView order, std::uint32_t* counts) {
        Engines(ordered.streams.work, order).count(direction, nullptr, {}, counts);
      });
      EXPECT_TRUE(found == (direction == Direction::dominated_by ? expected.dominated_by : expected.dominates))
          << size << " x " << objectives << ' ' << name_of(distribution);
    }
  }
}
#endif

#if !defined(CARBONFRONT_EMULATION_THREADS)
/// Sizes around those of leaves, tiles of look-back and digits; the last have several tiles in a cell.
TEST(DeviceKernels, CountByRadixAroundTheEdgesOfTilesAndDigits) {
  std::mt19937_64 random(19);
  for (const std::uint32_t objectives : {2, 3, 4}) {
    for (const std::uint32_t size : {1u, 2u, 255u, 256u, 257u, 4095u, 4096u, 4097u, 8191u, 65533 + objectives}) {
      const Distribution distribution = kDistributions[random() % std::size(kDistributions)];
      Table table = table_of(draw(distribution, size, objectives, random()));
      if (random() % 2) table.group = draw_groups(size, 3, random());
      const Verdict expected = by_cpu(table, {true, true, false, false});
      Ordered ordered(table);
      for (const Direction direction : {Direction::dominated_by, Direction::dominates}) {
        const auto found = ordered.answers<std::uint32_t>([&](OrderView order, std::uint32_t* counts) {
          EXPECT_TRUE(fits_radix(order, size));
          count_radix(ordered.streams.work, order, direction, counts);
        });
        EXPECT_TRUE(found == (direction == Direction::dominated_by ? expected.dominated_by : expected.dominates))
            << size << " x " << objectives << ' ' << name_of(distribution);
      }
    }
  }
}

TEST(DeviceKernels, CountByRadixRowsThatAreAllEqualOrAllInOneOrder) {
  for (const std::uint32_t objectives : {2, 3, 4}) {
    constexpr std::uint32_t kSize = 9000;
    for (const std::uint32_t distinct : {1u, 2u, kSize}) {
      std::vector<double> values(kSize);
      for (std::uint32_t i = 0; i < kSize; ++i) values[i] = i * 7919u % kSize % distinct;
      Table table = table_of(std::vector<std::vector<double>>(objectives, values));
      const Verdict expected = by_cpu(table, {true, true, false, false});
      Ordered ordered(table);
      for (const Direction direction : {Direction::dominated_by, Direction::dominates}) {
        const auto found = ordered.answers<std::uint32_t>(
            [&](OrderView order, std::uint32_t* counts) { count_radix(ordered.streams.work, order, direction, counts); });
        EXPECT_TRUE(found == (direction == Direction::dominated_by ? expected.dominated_by : expected.dominates))
            << distinct << " distinct rows of " << objectives;
      }
    }
  }
}
#endif

TEST(DeviceKernels, CountMarkedRowsAndSharesThatAddUp) {
  for_tables({1, 2, 3, 5}, [](Table& table, const std::string& what) {
    std::vector<std::uint8_t> marked(table.size);
    for (std::uint32_t i = 0; i < table.size; ++i) marked[i] = i % 3 == 0;
    std::vector<std::uint32_t> expected(table.size);
    for (std::uint32_t q = 0; q < table.size; ++q)
      for (std::uint32_t p = 0; p < table.size; p += 3) expected[q] += dominates_by_definition(table.view(), p, q);
    Ordered ordered(table);
    const auto by_position = up(ordered.streams.work, marked);
    const DeviceArray<std::uint8_t> by_place(ordered.streams.work, table.size);
    gather(ordered.streams.work, ordered.order.position.data(), by_position.data(), by_place.data(), table.size);
    for (const auto& [name, count] : kCounts) {
      std::vector<std::uint32_t> sums(table.size);
      for (const std::uint32_t share : {0, 1, 2}) {
        const auto found = ordered.answers<std::uint32_t>([&, count = count](OrderView order, std::uint32_t* counts) {
          count(ordered.streams.work, order, Direction::dominated_by, by_place.data(), {share, 3}, counts);
        });
        for (std::uint32_t i = 0; i < table.size; ++i) sums[i] += found[i];
      }
      EXPECT_EQ(sums, expected) << name << ' ' << what;
    }
  });
}

using MarkDominated = void (*)(const Stream&, OrderView, const std::uint8_t* is_source, Share, std::uint8_t* dominated);
const std::pair<const char*, MarkDominated> kFronts[] = {{"pairs", mark_dominated_pairs}, {"tiles", mark_by_tiles}};

TEST(DeviceKernels, MarkDominatedRows) {
  for_tables({1, 2, 3, 4, 7, 32}, [](Table& table, const std::string& what) {
    Array<std::uint8_t> expected = by_reference(table, {}).nondominated;
    for (auto& flag : expected) flag = !flag;
    Ordered ordered(table);
    for (const auto& [name, mark] : kFronts) {
      EXPECT_EQ(ordered.answers<std::uint8_t>([&, mark = mark](OrderView order, std::uint8_t* dominated) {
        mark(ordered.streams.work, order, nullptr, {}, dominated);
      }),
                expected)
          << name << ' ' << what;
    }
  });
}

/// Filters a table, checks that no row of its front is dropped and that the front is found among the rest. Returns how many
/// rows are left.
std::uint32_t filter_and_check(Table& table, const Array<std::uint8_t>& front, const std::string& what) {
  Streams streams;
  Keys keys = upload_keys(streams, table.view(), 1 << 24, plain_host());
  streams.work.words();  // so that the first read does not wait for them
  const std::uint64_t waits = tally.waits;
  const DeviceArray<std::uint32_t> there = filter_front(streams.work, keys);
  EXPECT_LE(tally.waits - waits, 2u) << what;
  const std::vector<std::uint32_t> left = down(streams.work, there);
  const std::vector<std::uint64_t> left_keys = down(streams.work, keys.keys);
  std::vector<std::uint8_t> kept(table.size, left.empty());
  for (const std::uint32_t row : left) kept[row] = 1;
  std::uint32_t lost = 0, other_keys = 0;
  for (std::uint32_t i = 0; i < table.size; ++i) lost += front[i] && !kept[i];
  EXPECT_EQ(lost, 0u) << what;
  EXPECT_TRUE(std::is_sorted(left.begin(), left.end())) << what;
  EXPECT_EQ(keys.size, left.empty() ? table.size : left.size()) << what;
  const std::vector<std::uint64_t> all = down(streams.work, upload_keys(streams, table.view(), 1 << 24, plain_host()).keys);
  for (std::uint32_t k = 0; k < keys.columns; ++k)
    for (std::uint32_t i = 0; i < keys.size; ++i)
      other_keys +=
          left_keys[std::size_t{k} * keys.size + i] != all[std::size_t{k} * table.size + (left.empty() ? i : left[i])];
  EXPECT_EQ(other_keys, 0u) << what;
  EXPECT_EQ(front_at_once(streams, table), front) << what;
  return keys.size;
}

TEST(DeviceKernels, MarkDominatedRowsByTheirKeysAlone) {
  for_tables({1, 2, 3, 7, 32}, [](Table& table, const std::string& what) {
    Array<std::uint8_t> expected = by_reference(table, {}).nondominated;
    Streams streams;
    const Keys keys = upload_keys(streams, table.view(), 1 << 20, plain_host());
    const DeviceArray<std::uint8_t> marked(streams.work, table.size);
    Array<std::uint8_t> front(table.size, 1);
    for (const std::uint32_t share : {0, 1, 2}) {
      mark_dominated_keys(streams.work, keys.view(), {share, 3}, marked.data());
      const std::vector<std::uint8_t> found = down(streams.work, marked);
      for (std::uint32_t i = 0; i < table.size; ++i) front[i] = front[i] && !found[i];
    }
    EXPECT_EQ(front, expected) << what;
  });
}

TEST(DeviceKernels, FilterNoRowOfTheFrontAndFindItAmongTheRest) {
  for_tables({1, 2, 3, 5, 8, 9, 32}, [](Table& table, const std::string& what) {
    filter_and_check(table, by_reference(table, {}).nondominated, what);
  });
}

#if !defined(CARBONFRONT_EMULATION_THREADS)
/// Filters a table whose front the CPU finds. Returns the share of the rows that is left.
double share_left(Table table, const std::string& what = {}) {
  return static_cast<double>(filter_and_check(table, by_cpu(table, {}).nondominated, what)) / table.size;
}

TEST(DeviceKernels, FilterTablesOfAnySize) {
  for (const std::uint32_t size : {1, 2, 255, 256, 257, 1025, 2049})
    for (const std::uint32_t objectives : {1, 3, 9, 32})
      for (const Distribution distribution : {Distribution::independent, Distribution::three_values})
        share_left(table_of(draw(distribution, size, objectives, size)),
                   std::to_string(size) + " x " + std::to_string(objectives) + ' ' + name_of(distribution));
}

TEST(DeviceKernels, FilterNearlyAllIndependentRows) {
  EXPECT_LE(share_left(table_of(draw(Distribution::independent, 100000, 3, 5))), 0.01);
  EXPECT_LE(share_left(table_of(draw(Distribution::independent, 100000, 6, 5))), 0.04);
  EXPECT_LE(share_left(table_of(draw(Distribution::independent, 100000, 8, 5))), 0.13);  // the front is a tenth of them
  EXPECT_LE(share_left(table_of(draw(Distribution::quantised, 30000, 3, 5))), 0.01);
  EXPECT_LE(share_left(table_of(draw(Distribution::correlated, 30000, 9, 5))), 0.02);
}

TEST(DeviceKernels, FilterNothingWhereStrongRowsDropFewOfASample) {
  for (const Distribution distribution : {Distribution::anti_correlated, Distribution::all_nondominated})
    EXPECT_EQ(share_left(table_of(draw(distribution, 10000, 8, 5))), 1) << name_of(distribution);
  EXPECT_EQ(share_left(table_of(draw(Distribution::independent, 5000, 32, 5))), 1);
}

TEST(DeviceKernels, FilterWithinGroups) {
  Table table = table_of(draw(Distribution::independent, 30000, 3, 6));
  table.group = draw_groups(table.size, 5, 7);
  EXPECT_LE(share_left(table), 0.06);
  table.group = draw_groups(table.size, table.size, 8);
  EXPECT_EQ(share_left(table), 1);
  table = table_of(draw(Distribution::quantised, 30000, 9, 6));
  table.group = draw_groups(table.size, 2, 7);
  EXPECT_LE(share_left(table), 0.5);
}

TEST(DeviceKernels, FilterNoRowThatEqualsTheStrongest) {
  Columns columns = draw(Distribution::independent, 5000, 3, 7);
  for (auto& column : columns)
    for (std::size_t i = 0; i < column.size(); i += 3) column[i] = -1;
  EXPECT_DOUBLE_EQ(share_left(table_of(columns)), 1667 / 5000.0);
  EXPECT_EQ(share_left(table_of(Columns(4, std::vector<double>(5000, 2)))), 1);
}

TEST(DeviceKernels, FilterRowsWithMissingValues) {
  Columns columns = draw(Distribution::quantised, 20000, 4, 8);
  for (std::size_t i = 0; i < columns[0].size(); ++i)
    if (i % 4 != 0) columns[i % 3][i] = std::nan("");
  EXPECT_LE(share_left(table_of(columns)), 0.1);
  for (auto& column : columns) column.assign(column.size(), std::nan(""));
  EXPECT_EQ(share_left(table_of(columns)), 1);
}

/// Strong rows come from a part of the rows, spread over all; those of the better group leave the other to a second round.
TEST(DeviceKernels, FilterMoreRowsThanAreScoredInTwoRounds) {
  constexpr std::uint32_t kRows = (1 << 20) + 12345;
  Columns columns = draw(Distribution::independent, kRows, 2, 9);
  EXPECT_LE(share_left(table_of(columns)), 0.001);
  std::vector<std::uint32_t> group = draw_groups(kRows, 5, 10);
  for (std::uint32_t i = 0; i < kRows; ++i)
    if (group[i] == 0) columns[0][i] += 10, columns[1][i] += 10;
  for (auto& g : group) g = std::min(g, 1u);
  Table table = table_of(columns);
  table.group = group;
  EXPECT_LE(share_left(table), 0.001);
}
#endif

using FindWitnesses = void (*)(const Stream&, OrderView, const std::uint8_t* nondominated, Share, std::uint32_t* witnesses);
const std::pair<const char*, FindWitnesses> kWitnesses[] = {{"pairs", find_witnesses_pairs}, {"tiles", find_by_tiles}};

TEST(DeviceKernels, FindWitnesses) {
  for_tables({1, 2, 3, 7, 32}, [](Table& table, const std::string& what) {
    const Verdict expected = by_reference(table, {.witness = true});
    Ordered ordered(table);
    const auto by_position = up(ordered.streams.work, expected.nondominated);
    const DeviceArray<std::uint8_t> front(ordered.streams.work, table.size);
    gather(ordered.streams.work, ordered.order.position.data(), by_position.data(), front.data(), table.size);
    for (const auto& [name, find] : kWitnesses) {
      Array<std::uint32_t> least(table.size, ~0u);
      for (const std::uint32_t share : {0, 1}) {
        const auto found = ordered.answers<std::uint32_t>([&, find = find](OrderView order, std::uint32_t* witnesses) {
          find(ordered.streams.work, order, front.data(), {share, 2}, witnesses);
        });
        for (std::uint32_t i = 0; i < table.size; ++i) least[i] = std::min(least[i], found[i]);
      }
      EXPECT_EQ(least, expected.witness) << name << ' ' << what;
    }
  });
}

using SettleRanks = void (*)(const Stream&, OrderView, std::uint32_t* ranks);
const std::pair<const char*, SettleRanks> kRanks[] = {{"pairs", settle_ranks_pairs}, {"tiles", settle_by_tiles}};

TEST(DeviceKernels, SettleRanks) {
  for_tables({1, 2, 3, 5, 32}, [](Table& table, const std::string& what) {
    const Array<std::uint32_t> expected = by_reference(table, {.rank = true}).rank;
    Ordered ordered(table);
    for (const auto& [name, settle] : kRanks) {
      EXPECT_EQ(ordered.answers<std::uint32_t>([&, settle = settle](OrderView order, std::uint32_t* ranks) {
        fill_bytes(ordered.streams.work, ranks, 0, order.size);
        settle(ordered.streams.work, order, ranks);
      }),
                expected)
          << name << ' ' << what;
    }
  });
}

/// Values that differ beyond the 32 leading bits that are sorted: in runs as long as are mended, one longer, and of all
/// rows, falling, rising or equal.
TEST(DeviceKernels, OrderKeysThatTieInTheirLeadingBits) {
  for (const std::uint32_t run : {1u, 2u, 31u, 32u, 33u, 200u, 400u}) {
    for (const int step : {-1, 0, 1}) {
      std::vector<double> values(400);
      for (std::uint32_t i = 0; i < 400; ++i)
        values[i] = 1e3 * (i / run * 7919 % 400 + 1) + step * 1e-9 * static_cast<double>(i % run);
      values[399] = 1e300;
      Table table;
      for (int k = 0; k < 3; ++k) add_column(table, values, k == 1);
      Ordered ordered(table);
      const auto found = ordered.answers<std::uint32_t>([&](OrderView order, std::uint32_t* counts) {
        count_pairs(ordered.streams.work, order, Direction::dominated_by, nullptr, {}, counts);
      });
      EXPECT_EQ(found, by_reference(table, {.dominated_by = true}).dominated_by) << run << " in a run, step " << step;
      Table alone = table_of({values});
      Ordered in_line(alone);
      const auto ranks = in_line.answers<std::uint32_t>([&](OrderView order, std::uint32_t* counts) {
        count_pairs(in_line.streams.work, order, Direction::dominated_by, nullptr, {}, counts);
      });
      EXPECT_EQ(ranks, by_reference(alone, {.dominated_by = true}).dominated_by) << run << " in a run, step " << step;
    }
  }
}

#if !defined(CARBONFRONT_EMULATION_THREADS) && !defined(__CUDACC__)
/// What the engines take for many rows, each answer on its own, and nothing leaks from a call that fails.
TEST(DeviceKernels, FailEveryCallInTurnWithoutALeak) {
  Table table = table_of(draw(Distribution::quantised, 600, 3, 4));
  const auto work = [&] {
    Ordered ordered(table);
    const Stream& stream = ordered.streams.work;
    const OrderView order = ordered.order.view();
    const DeviceArray<std::uint32_t> numbers(stream, table.size);
    const DeviceArray<std::uint8_t> flags(stream, table.size);
    count_by_tiles(stream, order, Direction::dominated_by, nullptr, {}, numbers.data());
    count_radix(stream, order, Direction::dominates, numbers.data());
    mark_by_tiles(stream, order, nullptr, {}, flags.data());
    find_by_tiles(stream, order, flags.data(), {}, numbers.data());
    fill_bytes(stream, numbers.data(), 0, table.size);
    settle_by_tiles(stream, order, numbers.data());
    stream.synchronize();
    return front_at_once(ordered.streams, table);
  };
  emulation::fail_call(0);
  const std::uint64_t before = emulation::live_objects();
  const Array<std::uint8_t> expected = by_reference(table, {}).nondominated;
  const std::uint64_t calls_before = emulation::calls();
  EXPECT_EQ(work(), expected);
  const std::uint64_t calls = emulation::calls() - calls_before;
  for (std::uint64_t call = 1; call <= calls; call += 3) {
    emulation::fail_call(call);
    try {
      EXPECT_EQ(work(), expected) << "call " << call;  // waited for the last time by a destructor
    } catch (const DeviceError&) {
    }
    EXPECT_EQ(emulation::live_objects(), before) << "call " << call;
  }
  emulation::fail_call(0);
}
#endif

}  // namespace
}  // namespace carbonfront::test
