// Aligned tiles: where they are cut, and every answer by them for the data that are hard for tiles.

#include <bit>
#include <functional>
#include <numeric>

#include "tests/device.hpp"

namespace carbonfront::test {
namespace {

using namespace device;

constexpr std::uint32_t kKeyBits = 32;

/// Sorted keys of the Z order, as its definition has them: leading bits of place and ranks in turn.
std::vector<std::uint32_t> z_keys(const Ordered& ordered) {
  const OrderView view = ordered.order.view();
  const std::uint32_t size = view.size, columns = view.columns + 1, bits = kKeyBits / columns;
  const std::vector<std::uint32_t> ranks = down(ordered.streams.work, ordered.order.ranks);
  const auto width = static_cast<std::uint32_t>(std::bit_width(size - 1));
  std::vector<std::uint32_t> keys(size, 0);
  for (std::uint32_t i = 0; i < size; ++i)
    for (std::uint32_t b = 0; b < bits; ++b)
      for (std::uint32_t c = 0; c < columns; ++c) {
        const std::uint32_t value = c == 0 ? i : ranks[std::size_t{c - 1} * size + i];
        keys[i] = keys[i] << 1 | (b < width ? value >> (width - 1 - b) & 1 : 0);
      }
  std::sort(keys.begin(), keys.end());
  return keys;
}

/// The first rows of the leaves of the binary trie of sorted keys, and the end: halves until at most kTile rows are left,
/// or no bit; then every kTile.
std::vector<std::uint32_t> trie_leaves(const std::vector<std::uint32_t>& keys, std::uint32_t bits) {
  std::vector<std::uint32_t> begins;
  const std::function<void(std::size_t, std::size_t, std::uint32_t)> cut = [&](std::size_t begin, std::size_t end,
                                                                               std::uint32_t bit) {
    if (begin == end) return;
    if (end - begin <= kTile || bit == 0) {
      for (std::size_t at = begin; at < end; at += kTile) begins.push_back(static_cast<std::uint32_t>(at));
      return;
    }
    std::size_t middle = begin;
    while (middle < end && !(keys[middle] >> (bit - 1) & 1)) ++middle;
    cut(begin, middle, bit - 1);
    cut(middle, end, bit - 1);
  };
  cut(0, keys.size(), bits);
  begins.push_back(static_cast<std::uint32_t>(keys.size()));
  return begins;
}

TEST(DeviceTiles, AreCutAtTheLeavesOfTheTrie) {
  for (const auto& [size, objectives, distribution] :
       {std::tuple{1u, 2u, Distribution::independent}, std::tuple{256u, 3u, Distribution::independent},
        std::tuple{257u, 3u, Distribution::independent}, std::tuple{5000u, 2u, Distribution::correlated},
        std::tuple{5000u, 3u, Distribution::anti_correlated}, std::tuple{3000u, 8u, Distribution::independent},
        std::tuple{2000u, 17u, Distribution::independent}, std::tuple{2000u, 32u, Distribution::three_values}}) {
    Table table = table_of(draw(distribution, size, objectives, 3));
    const Ordered ordered(table);
    const Tiles tiles = make_tiles(ordered.streams.work, ordered.order.view(), nullptr, Direction::dominated_by);
    EXPECT_EQ(down(ordered.streams.work, tiles.begin), trie_leaves(z_keys(ordered), objectives * (kKeyBits / objectives)))
        << size << " x " << objectives;
  }
}

/// Answers of all kinds by tiles, whatever the number of rows.
Verdict by_tiles(Ordered& ordered) {
  const Stream& stream = ordered.streams.work;
  const OrderView order = ordered.order.view();
  Engines engines(stream, order, 0);
  const auto numbers = [&](auto find) {
    return ordered.answers<std::uint32_t>([&](OrderView, std::uint32_t* found) { find(found); });
  };
  Verdict verdict;
  verdict.nondominated = ordered.answers<std::uint8_t>([&](OrderView, std::uint8_t* dominated) {
    engines.mark_dominated(nullptr, {}, dominated);
    flag_zeros(stream, dominated, dominated, order.size);
  });
  const auto front = up(stream, verdict.nondominated);
  const DeviceArray<std::uint8_t> by_place(stream, order.size);
  gather(stream, order.position, front.data(), by_place.data(), order.size);
  verdict.witness = numbers([&](std::uint32_t* found) { engines.find_witnesses(by_place.data(), {}, found); });
  verdict.rank = numbers([&](std::uint32_t* found) {
    fill_bytes(stream, found, 0, order.size);
    engines.settle_ranks(0, found);
  });
  for (const Direction direction : {Direction::dominated_by, Direction::dominates}) {
    const Tiles tiles = make_tiles(stream, order, nullptr, direction);
    (direction == Direction::dominates ? verdict.dominates : verdict.dominated_by) =
        numbers([&](std::uint32_t* found) { count_tiles(stream, tiles, tiles, {}, found); });
  }
  return verdict;
}

Columns equal_rows(std::uint32_t size, std::uint32_t objectives) {
  return Columns(objectives, std::vector<double>(size, 7));
}

Columns total_order(std::uint32_t size, std::uint32_t objectives) {
  Columns columns(objectives, std::vector<double>(size));
  for (auto& column : columns) std::iota(column.begin(), column.end(), 0.0);
  return columns;
}

/// Rows that are all among a hundred.
Columns few_distinct(std::uint32_t size, std::uint32_t objectives) {
  Columns columns = draw(Distribution::independent, 100, objectives, 5);
  for (auto& column : columns)
    for (std::uint32_t i = 100; i < size; ++i) column.push_back(column[i * 7919 % 100]);
  return columns;
}

/// Fifty narrow clusters, or with `objectives` noisy copies of one column: u and one per cent.
Columns clusters(std::uint32_t size, std::uint32_t objectives) {
  Columns columns = draw(Distribution::independent, size, objectives, 6);
  const Columns centres = draw(Distribution::independent, 50, objectives, 7);
  for (std::uint32_t k = 0; k < objectives; ++k)
    for (std::uint32_t i = 0; i < size; ++i) columns[k][i] = centres[k][i * 7919 % 50] + 0.02 * columns[k][i];
  return columns;
}

Columns noisy_copies(std::uint32_t size, std::uint32_t objectives) {
  Columns columns = draw(Distribution::independent, size, objectives, 8);
  const Columns one = draw(Distribution::independent, size, 1, 9);
  for (auto& column : columns)
    for (std::uint32_t i = 0; i < size; ++i) column[i] = one[0][i] + 0.01 * column[i];
  return columns;
}

/// Nearly a total order: rows beside it are leaves of their own.
Columns order_with_outliers(std::uint32_t size, std::uint32_t objectives) {
  Columns columns = total_order(size, objectives);
  const Columns anywhere = draw(Distribution::independent, size, objectives, 4);
  for (std::uint32_t k = 0; k < objectives; ++k)
    for (std::uint32_t i = 0; i < size; i += 20) columns[k][i] = size * anywhere[k][i];
  return columns;
}

TEST(DeviceTiles, AreCutByNumberWhereTheTrieHasTooManyLeaves) {
  Table table = table_of(order_with_outliers(4100, 8));
  const Ordered ordered(table);
  const Tiles tiles = make_tiles(ordered.streams.work, ordered.order.view(), nullptr, Direction::dominated_by);
  EXPECT_GT(trie_leaves(z_keys(ordered), kKeyBits).size(), 4100 / 96 + 2);
  ASSERT_EQ(tiles.tiles, 17u);
  const std::vector<std::uint32_t> begins = down(ordered.streams.work, tiles.begin);
  for (std::uint32_t t = 0; t <= 17; ++t) EXPECT_EQ(begins[t], std::min(t * kTile, 4100u));
}

#if !defined(CARBONFRONT_EMULATION_THREADS)
TEST(DeviceTiles, AnswerForHardData) {
  const std::pair<const char*, Columns (*)(std::uint32_t, std::uint32_t)> kHard[] = {
      {"all rows equal", equal_rows},
      {"a total order", total_order},
      {"an order with outliers", order_with_outliers},
      {"a hundred distinct rows", few_distinct},
      {"fifty clusters", clusters},
      {"one per cent of noise", noisy_copies}};
  for (const auto& [what, make] : kHard) {
    for (const auto& [size, objectives] : {std::pair{1u, 2u}, {257u, 3u}, {4100u, 2u}, {3000u, 8u}}) {
      Table table = table_of(make(size, objectives));
      Ordered ordered(table);
      EXPECT_EQ(difference(by_cpu(table), by_tiles(ordered)), "") << what << ", " << size << " x " << objectives;
    }
  }
}

TEST(DeviceTiles, AnswerForManyTilesWithGroups) {
  for (const auto& [size, objectives, distribution] :
       {std::tuple{20000u, 2u, Distribution::quantised}, std::tuple{20000u, 3u, Distribution::independent},
        std::tuple{12000u, 8u, Distribution::correlated}, std::tuple{9000u, 5u, Distribution::anti_correlated}}) {
    Table table = table_of(draw(distribution, size, objectives, 17));
    if (objectives % 2 == 1) table.group = draw_groups(size, 2, 18);
    Ordered ordered(table);
    EXPECT_EQ(difference(by_cpu(table), by_tiles(ordered)), "") << size << " x " << objectives;
  }
}

TEST(DeviceTiles, SettleRanksUpToALimit) {
  Table table = table_of(draw(Distribution::correlated, 5000, 3, 4));
  const Array<std::uint32_t> expected = by_cpu(table, {.rank = true}).rank;
  Ordered ordered(table);
  for (const std::uint32_t limit : {1u, 2u, 7u, 1000u}) {
    const auto found = ordered.answers<std::uint32_t>([&](OrderView order, std::uint32_t* ranks) {
      fill_bytes(ordered.streams.work, ranks, 0, order.size);
      Engines(ordered.streams.work, order, 0).settle_ranks(limit, ranks);
    });
    for (std::uint32_t i = 0; i < table.size; ++i)
      ASSERT_EQ(std::min(found[i], limit), std::min(expected[i], limit)) << "row " << i << ", limit " << limit;
  }
}
#endif

}  // namespace
}  // namespace carbonfront::test
