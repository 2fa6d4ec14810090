// Every engine against the reference: sizes at the edges of its blocks, distributions, value types, groups.

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <numeric>

#include "tests/points.hpp"

namespace carbonfront::test {
namespace {

#ifdef __SANITIZE_ADDRESS__  // accesses beyond a block do not depend on how many objectives there are
constexpr std::uint32_t kObjectivesAtEdges[] = {1, 3, 8}, kObjectivesAtLargeEdges[] = {3};
#else
constexpr std::uint32_t kObjectivesAtEdges[] = {1, 2, 3, 4, 5, 6, 7, 8}, kObjectivesAtLargeEdges[] = {2, 3, 4};
#endif

/// Compares on every distribution and says which one failed.
void check_distributions(std::uint32_t size, std::uint32_t objectives) {
  for (const Distribution distribution : kDistributions) {
    EXPECT_EQ(engine_against_reference(table_of(draw(distribution, size, objectives, size * 37 + objectives))), "")
        << size << " x " << objectives << ' ' << name_of(distribution);
  }
}

TEST(Conformance, AgreesAtEveryBlockEdge) {
  for (const std::uint32_t size : {0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257, 511, 512, 513}) {
    for (const std::uint32_t objectives : kObjectivesAtEdges) check_distributions(size, objectives);
  }
}

TEST(Conformance, AgreesAtTheEdgesOfLargeBlocks) {
  for (const std::uint32_t size : {1023, 1024, 1025, 2047, 2048, 2049}) {
    for (const std::uint32_t objectives : kObjectivesAtLargeEdges) {
      EXPECT_EQ(engine_against_reference(table_of(draw(Distribution::independent, size, objectives, size))), "") << size;
      EXPECT_EQ(engine_against_reference(table_of(draw(Distribution::quantised, size, objectives, size))), "") << size;
    }
  }
  for (const std::uint32_t size : {4095, 4096, 4097}) {
    EXPECT_EQ(engine_against_reference(table_of(draw(Distribution::correlated, size, 3, size))), "") << size;
    EXPECT_EQ(engine_against_reference(table_of(draw(Distribution::anti_correlated, size, 2, size))), "") << size;
  }
}

TEST(Conformance, AgreesOnManyObjectives) {
  for (const std::uint32_t objectives : {9, 12, 20, 32}) {
    for (const std::uint32_t size : {1, 40, 700}) check_distributions(size, objectives);
  }
}

TEST(Conformance, AgreesOnEqualConstantAndSortedColumns) {
  for (const std::uint32_t objectives : {1, 2, 3, 5}) {
    const std::uint32_t size = 600;
    Columns equal(objectives, std::vector<double>(size, 4));
    EXPECT_EQ(engine_against_reference(table_of(equal)), "");
    for (std::uint32_t constant = 0; constant < objectives; ++constant) {
      Columns columns = draw(Distribution::independent, size, objectives, 3);
      columns[constant].assign(size, 1);
      EXPECT_EQ(engine_against_reference(table_of(columns)), "") << constant;
    }
    Columns sorted(objectives, std::vector<double>(size));
    for (auto& column : sorted) std::iota(column.begin(), column.end(), 0.0);
    EXPECT_EQ(engine_against_reference(table_of(sorted)), "");
    for (auto& column : sorted) std::reverse(column.begin(), column.end());
    EXPECT_EQ(engine_against_reference(table_of(sorted)), "");
    std::reverse(sorted[0].begin(), sorted[0].end());
    EXPECT_EQ(engine_against_reference(table_of(sorted)), "");
  }
}

template <class T>
std::vector<T> pick(const std::vector<T>& from, std::uint32_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> values(size);
  for (std::uint32_t i = 0; i < size; ++i) values[i] = from[random() % from.size()];
  return values;
}

/// Compares on the extreme values of a type, with and without a missing value, in all pairs of directions.
template <class T>
void check_type() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> extremes{
      Limits::lowest(), static_cast<T>(Limits::lowest() + 1), T(0), T(1), static_cast<T>(Limits::max() - 1), Limits::max()};
  if constexpr (sizeof(T) == 8 && !std::is_floating_point_v<T>) {  // neighbours that are one double
    for (const T value : {T(1) << 53, T(1) << 62}) extremes.insert(extremes.end(), {value, value + 1, value - 1});
  }
  if constexpr (std::is_signed_v<T>) extremes.push_back(T(-1));
  for (const int directions : {0, 1, 2, 3}) {
    for (std::size_t missing = 0; missing <= extremes.size(); ++missing) {
      for (const std::uint32_t objectives : {1, 2, 3}) {
        Table table;
        for (std::uint32_t k = 0; k < objectives; ++k) {
          const auto values = pick(extremes, 60, k + 10 * missing);
          const bool maximise = (directions >> (k % 2)) & 1;
          if (missing < extremes.size()) {
            add_column_with_missing(table, values, extremes[missing], maximise);
          } else {
            add_column(table, values, maximise);
          }
        }
        EXPECT_EQ(engine_against_reference(table), "") << "missing " << missing << ", directions " << directions;
      }
    }
  }
}

TEST(Conformance, AgreesOnIntegersOfEveryType) {
  check_type<std::int8_t>();
  check_type<std::int16_t>();
  check_type<std::int32_t>();
  check_type<std::int64_t>();
  check_type<std::uint8_t>();
  check_type<std::uint16_t>();
  check_type<std::uint32_t>();
  check_type<std::uint64_t>();
}

TEST(Conformance, AgreesOnBooleans) {
  for (const bool maximise : {false, true}) {
    Table table;
    add_column(table, pick<bool>({false, true}, 100, 1), maximise);
    add_column_with_missing(table, pick<bool>({false, true}, 100, 2), true, !maximise);
    add_column(table, pick<bool>({false, true}, 100, 3));
    EXPECT_EQ(engine_against_reference(table), "");
  }
}

template <class T>
void check_floats() {
  using Limits = std::numeric_limits<T>;
  const std::vector<T> values{Limits::quiet_NaN(),
                              -Limits::quiet_NaN(),
                              Limits::infinity(),
                              -Limits::infinity(),
                              T(0),
                              T(-0.0),
                              Limits::denorm_min(),
                              -Limits::denorm_min(),
                              Limits::max(),
                              Limits::lowest(),
                              T(1),
                              std::nextafter(T(1), T(2))};
  for (const bool maximise : {false, true}) {
    for (const std::uint32_t objectives : {1, 2, 3, 4}) {
      Table table;
      for (std::uint32_t k = 0; k < objectives; ++k) add_column(table, pick(values, 400, k), maximise != (k == 1));
      EXPECT_EQ(engine_against_reference(table), "");
    }
  }
}

TEST(Conformance, AgreesOnMissingZerosAndInfinities) {
  check_floats<float>();
  check_floats<double>();
}

/// Values over the whole range of a type, of which many differ in their last bits alone: a sort that first takes the leading
/// bits must still tell them apart, and leave equal ones equal.
TEST(Conformance, AgreesOnKeysThatTieInTheirLeadingBits) {
  using Reals = std::numeric_limits<double>;
  using Integers = std::numeric_limits<std::int64_t>;
  std::vector<double> reals{Reals::lowest(), Reals::max(), Reals::infinity(), Reals::quiet_NaN(), 0.0, -0.0};
  std::vector<std::int64_t> integers{Integers::min(), Integers::max(), 0, -1};
  for (int i = 0; i < 30; ++i) {
    reals.push_back(std::bit_cast<double>(std::bit_cast<std::uint64_t>(-1.5) + i % 20));
    reals.push_back(std::bit_cast<double>(std::bit_cast<std::uint64_t>(0.75) + i));
    integers.push_back((std::int64_t{1} << 60) + i % 20);
    integers.push_back(-(std::int64_t{1} << 61) + i);
  }
  for (const std::uint32_t objectives : {1, 2, 3, 4}) {
    for (const std::uint32_t groups : {1, 40}) {
      for (const bool maximise : {false, true}) {
        Table table;
        for (std::uint32_t k = 0; k < objectives; ++k) {
          if (k % 2 == 0) add_column(table, pick(reals, 500, 10 * groups + k), maximise);
          if (k % 2 == 1) add_column(table, pick(integers, 500, 10 * groups + k), maximise);
        }
        if (groups > 1) table.group = draw_groups(500, groups, objectives);
        EXPECT_EQ(engine_against_reference(table), "") << objectives << " objectives, " << groups << " groups";
      }
    }
  }
}

TEST(Conformance, ComparesIntegersThatAreOneDouble) {
  Table table;
  const std::int64_t large = (std::int64_t{1} << 53);
  add_column<std::int64_t>(table, {large + 1, large}, false);
  EXPECT_EQ(by_engine(table).nondominated, (Array<std::uint8_t>{0, 1}));
  EXPECT_EQ(engine_against_reference(table), "");
}

TEST(Conformance, AgreesOnMixedTypesAndDirections) {
  Table table;
  std::mt19937_64 random(4);
  std::vector<std::int64_t> counts(900);
  std::vector<float> ratios(900);
  for (auto& value : counts) value = static_cast<std::int64_t>(random() % 40) - 20;
  for (auto& value : ratios) value = static_cast<float>(random() % 30) / 7;
  add_column(table, draw(Distribution::independent, 900, 1, 1)[0], true);
  add_column_with_missing<std::int64_t>(table, counts, -3, true);
  add_column(table, ratios);
  EXPECT_EQ(engine_against_reference(table), "");
}

TEST(Conformance, AgreesWithGroups) {
  for (const std::uint32_t groups : {1, 2, 7, 300, 100000}) {
    for (const std::uint32_t objectives : {1, 2, 3, 4}) {
      for (const Distribution distribution : {Distribution::independent, Distribution::three_values}) {
        Table table = table_of(draw(distribution, 1100, objectives, groups));
        table.group = draw_groups(1100, groups, 9);
        EXPECT_EQ(engine_against_reference(table), "") << groups << " groups, " << objectives << " objectives";
      }
    }
  }
}

TEST(Conformance, AgreesWithGroupsOfOneRowAndTheLargestGroupNumber) {
  for (const std::uint32_t objectives : {1, 2, 3}) {
    Table table = table_of(draw(Distribution::correlated, 500, objectives, 8));
    table.group.resize(500);
    std::iota(table.group.rbegin(), table.group.rend(), 0xFFFFFFFFu - 499);
    EXPECT_EQ(engine_against_reference(table), "");
    EXPECT_EQ(by_engine(table).nondominated, Array<std::uint8_t>(500, std::uint8_t{1}));
  }
}

TEST(Conformance, AgreesOnSelectedRows) {
  for (const std::uint32_t objectives : {1, 2, 3}) {
    Table table = table_of(draw(Distribution::quantised, 3000, objectives, 2));
    for (std::uint32_t row = 1; row < 3000; row += 1 + row % 4) table.rows.push_back(row);
    table.size = static_cast<std::uint32_t>(table.rows.size());
    table.group = draw_groups(table.size, 3, 1);
    EXPECT_EQ(engine_against_reference(table), "");
  }
}

TEST(Conformance, GivesTheSameAnswersWhateverElseIsAskedFor) {
  for (const std::uint32_t objectives : {1, 2, 3}) {
    Table table = table_of(draw(Distribution::independent, 800, objectives, 6));
    const Verdict all = by_reference(table);
    for (int mask = 0; mask < 16; ++mask) {
      const VerdictRequest wanted{(mask & 1) != 0, (mask & 2) != 0, (mask & 4) != 0, (mask & 8) != 0};
      Verdict expected = all;
      if (!wanted.dominated_by) expected.dominated_by.clear();
      if (!wanted.dominates) expected.dominates.clear();
      if (!wanted.rank) expected.rank.clear();
      if (!wanted.witness) expected.witness.clear();
      EXPECT_EQ(engine_against(expected, table, wanted), "") << mask;
    }
  }
}

TEST(Conformance, AgreesOnSeveralTilesOfEveryNumberOfObjectives) {
  for (const std::uint32_t objectives : {1, 2, 3, 4, 5, 6, 7, 8, 12, 32}) {
    for (const Distribution distribution : {Distribution::anti_correlated, Distribution::quantised}) {
      Table table = table_of(draw(distribution, 1100, objectives, objectives));
      if (objectives % 2 == 0) table.group = draw_groups(1100, 2, 1);
      EXPECT_EQ(engine_against_reference(table), "") << objectives << " objectives " << name_of(distribution);
    }
  }
  EXPECT_EQ(engine_against_reference(table_of(draw(Distribution::independent, 4700, 4, 1))), "");
}

TEST(Conformance, CutsRanksWhereAsked) {
  for (const std::uint32_t objectives : {1, 2, 3, 4, 6}) {
    for (const Distribution distribution : {Distribution::correlated, Distribution::three_values}) {
      Table table = table_of(draw(distribution, 900, objectives, 5));
      for (const std::uint32_t most : {1, 2, 7, 1000}) {
        const VerdictRequest wanted{.rank = true, .max_rank = most};
        EXPECT_EQ(engine_against(by_reference(table, wanted), table, wanted), "") << objectives << " cut at " << most;
      }
    }
  }
}

/// Objectives past the bits that a key of neighbours has room for, with values that only the last column tells apart.
TEST(Conformance, AgreesWhereRowsDifferInTheLastObjectiveAlone) {
  for (const std::uint32_t objectives : {2, 3, 8, 12, 32}) {
    Columns columns(objectives, std::vector<double>(600, 1));
    columns.back() = draw(Distribution::quantised, 600, 1, objectives)[0];
    EXPECT_EQ(engine_against_reference(table_of(columns)), "") << objectives;
  }
}

}  // namespace
}  // namespace carbonfront::test
