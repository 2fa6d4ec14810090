// Kernels one by one against the definition. A faster kernel gets a line in the table of its kind, so that it meets the same
// inputs as its plain twin.

#include "tests/device.hpp"

namespace carbonfront::test {
namespace {

using namespace device;

constexpr Distribution kDistributions[] = {Distribution::independent,     Distribution::correlated,
                                           Distribution::anti_correlated, Distribution::all_nondominated,
                                           Distribution::quantised,       Distribution::three_values};

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

/// Radix where it can, which is not for marked rows and shares.
void count_radix_or_tiles(const Stream& stream, OrderView order, Direction direction, const std::uint8_t* counted,
                          Share share, std::uint32_t* counts) {
  if (fits_radix(order, 0) && !counted && share.count == 1)
    count_radix(stream, order, direction, counts);
  else
    count_tiles(stream, order, direction, counted, share, counts);
}

using Count = void (*)(const Stream&, OrderView, Direction, const std::uint8_t* counted, Share, std::uint32_t* counts);
const std::pair<const char*, Count> kCounts[] = {
    {"pairs", count_pairs}, {"tiles", count_tiles}, {"radix", count_radix_or_tiles}};

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
        count(ordered.streams.work, order, direction, nullptr, {}, counts);
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
const std::pair<const char*, MarkDominated> kFronts[] = {{"pairs", mark_dominated_pairs}, {"tiles", mark_dominated_tiles}};

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

TEST(DeviceKernels, FilterNoRowOfTheFrontAndFindItAmongTheRest) {
  for_tables({1, 2, 3, 5, 8, 9, 32}, [](Table& table, const std::string& what) {
    const Array<std::uint8_t> expected = by_reference(table, {}).nondominated;
    Streams streams;
    Keys keys = upload_keys(streams, table.view(), 100, plain_host());
    const std::vector<std::uint32_t> left = down(streams.work, filter_front(streams.work, keys));
    std::vector<std::uint8_t> kept(table.size, left.empty());
    for (const std::uint32_t row : left) kept[row] = 1;
    for (std::uint32_t i = 0; i < table.size; ++i) EXPECT_TRUE(kept[i] || !expected[i]) << "row " << i << " of " << what;
    EXPECT_TRUE(std::is_sorted(left.begin(), left.end())) << what;
    EXPECT_EQ(keys.size, left.empty() ? table.size : left.size()) << what;
    EXPECT_EQ(front_at_once(streams, table), expected) << what;
  });
}

#if !defined(CARBONFRONT_EMULATION_THREADS)
TEST(DeviceKernels, FilterNearlyAllIndependentRows) {
  Table table = table_of(draw(Distribution::independent, 5000, 3, 5));
  Streams streams;
  Keys keys = upload_keys(streams, table.view(), 1000, plain_host());
  filter_front(streams.work, keys);
  EXPECT_LT(keys.size, 400u);
}
#endif

using FindWitnesses = void (*)(const Stream&, OrderView, const std::uint8_t* nondominated, Share, std::uint32_t* witnesses);
const std::pair<const char*, FindWitnesses> kWitnesses[] = {{"pairs", find_witnesses_pairs},
                                                            {"tiles", find_witnesses_tiles}};

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
const std::pair<const char*, SettleRanks> kRanks[] = {{"pairs", settle_ranks_pairs}, {"tiles", settle_ranks_tiles}};

TEST(DeviceKernels, SettleRanks) {
  for_tables({1, 2, 3, 5}, [](Table& table, const std::string& what) {
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
    count_tiles(stream, order, Direction::dominated_by, nullptr, {}, numbers.data());
    count_radix(stream, order, Direction::dominates, numbers.data());
    mark_dominated_tiles(stream, order, nullptr, {}, flags.data());
    find_witnesses_tiles(stream, order, flags.data(), {}, numbers.data());
    fill_bytes(stream, numbers.data(), 0, table.size);
    settle_ranks_tiles(stream, order, numbers.data());
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
    } catch (const Failure&) {
    }
    EXPECT_EQ(emulation::live_objects(), before) << "call " << call;
  }
  emulation::fail_call(0);
}
#endif

}  // namespace
}  // namespace carbonfront::test
