// The `where` expressions: what they accept, what they refuse, and that numbers compare exactly.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "carbonfront/errors.hpp"
#include "host/sweep/condition.hpp"

namespace carbonfront {
namespace {

template <class T>
std::vector<int> kept(const std::string& text, ValueType type, const std::vector<T>& values,
                      std::optional<std::uint64_t> missing = {}) {
  ColumnInfo info;
  info.type = type;
  info.missing_value = missing;
  Condition condition = parse_condition(text);
  check_condition(condition, info);
  std::vector<std::uint8_t> keep(values.size(), 1);
  apply_condition(condition, info, values.data(), values.size(), keep.data());
  return {keep.begin(), keep.end()};
}

std::vector<int> kept_texts(const std::string& text, const std::vector<std::string>& values,
                            std::vector<std::string> missing = {}) {
  ColumnInfo info;
  info.type = ValueType::string;
  info.missing_texts = std::move(missing);
  Strings strings;
  for (const std::string& value : values) strings.add(value);
  std::vector<std::uint8_t> keep(values.size(), 1);
  apply_condition(parse_condition(text), info, strings, keep.data());
  return {keep.begin(), keep.end()};
}

using Ints = std::vector<std::int64_t>;
using Kept = std::vector<int>;

TEST(Condition, KnowsAllSixOperators) {
  Ints values = {1, 2, 3};
  EXPECT_EQ(kept("x == 2", ValueType::int64, values), (Kept{0, 1, 0}));
  EXPECT_EQ(kept("x != 2", ValueType::int64, values), (Kept{1, 0, 1}));
  EXPECT_EQ(kept("x < 2", ValueType::int64, values), (Kept{1, 0, 0}));
  EXPECT_EQ(kept("x <= 2", ValueType::int64, values), (Kept{1, 1, 0}));
  EXPECT_EQ(kept("x > 2", ValueType::int64, values), (Kept{0, 0, 1}));
  EXPECT_EQ(kept("x >= 2", ValueType::int64, values), (Kept{0, 1, 1}));
}

TEST(Condition, NeedsNoSpaces) { EXPECT_EQ(kept("x>=2", ValueType::int64, Ints{1, 2}), (Kept{0, 1})); }

TEST(Condition, ComparesIntegersBeyondDoublePrecisionExactly) {
  Ints values = {9007199254740992, 9007199254740993, 9007199254740994};
  EXPECT_EQ(kept("x == 9007199254740993", ValueType::int64, values), (Kept{0, 1, 0}));
  EXPECT_EQ(kept("x > 9007199254740992.0", ValueType::int64, values), (Kept{0, 1, 1}));
  std::vector<std::uint64_t> large = {18446744073709551615u, 9223372036854775808u};
  EXPECT_EQ(kept("x == 18446744073709551615", ValueType::uint64, large), (Kept{1, 0}));
  EXPECT_EQ(kept("x < 18446744073709551616.0", ValueType::uint64, large), (Kept{1, 1}));
  EXPECT_EQ(kept("x > -1", ValueType::uint64, large), (Kept{1, 1}));
}

TEST(Condition, ComparesIntegersWithFractionsExactly) {
  EXPECT_EQ(kept("x < 2.5", ValueType::int64, Ints{2, 3, -3}), (Kept{1, 0, 1}));
  EXPECT_EQ(kept("x > -2.5", ValueType::int64, Ints{-2, -3}), (Kept{1, 0}));
  EXPECT_EQ(kept("x == 2.5", ValueType::int64, Ints{2, 3}), (Kept{0, 0}));
  EXPECT_EQ(kept("x <= 1e300", ValueType::int64, Ints{std::numeric_limits<std::int64_t>::max()}), (Kept{1}));
  EXPECT_EQ(kept("x >= -1e300", ValueType::int64, Ints{std::numeric_limits<std::int64_t>::min()}), (Kept{1}));
}

TEST(Condition, WidensFloat32AsStored) {
  std::vector<float> values = {0.1f, 0.5f};
  EXPECT_EQ(kept("x == 0.1", ValueType::float32, values), (Kept{0, 0}));  // 0.1f is not 0.1
  EXPECT_EQ(kept("x == 0.5", ValueType::float32, values), (Kept{0, 1}));
}

TEST(Condition, ComparesFloatsWithIntegersExactly) {
  std::vector<double> values = {9007199254740992.0, 9007199254740994.0};
  EXPECT_EQ(kept("x < 9007199254740993", ValueType::float64, values), (Kept{1, 0}));
  EXPECT_EQ(kept("x > 9007199254740993", ValueType::float64, values), (Kept{0, 1}));
}

TEST(Condition, FailsForMissingValuesWhateverTheOperator) {
  std::vector<double> values = {std::nan(""), 1};
  EXPECT_EQ(kept("x != 5", ValueType::float64, values), (Kept{0, 1}));
  EXPECT_EQ(kept("x < 5", ValueType::float64, values), (Kept{0, 1}));
  EXPECT_EQ(kept("x != 5", ValueType::int64, Ints{-999, 1}, static_cast<std::uint64_t>(-999)), (Kept{0, 1}));
  EXPECT_EQ(kept_texts("x != 'b'", {"a", "n/a"}, {"n/a"}), (Kept{1, 0}));
}

TEST(Condition, TreatsZerosAsEqualAndOrdersInfinities) {
  std::vector<double> values = {-0.0, 0.0, INFINITY, -INFINITY};
  EXPECT_EQ(kept("x == 0", ValueType::float64, values), (Kept{1, 1, 0, 0}));
  EXPECT_EQ(kept("x > 1e308", ValueType::float64, values), (Kept{0, 0, 1, 0}));
  EXPECT_EQ(kept("x < inf", ValueType::float64, values), (Kept{1, 1, 0, 1}));
}

TEST(Condition, ComparesBooleansWithTruthAndWithNumbers) {
  std::vector<std::uint8_t> values = {0, 1};
  EXPECT_EQ(kept("x == true", ValueType::boolean, values), (Kept{0, 1}));
  EXPECT_EQ(kept("x == false", ValueType::boolean, values), (Kept{1, 0}));
  EXPECT_EQ(kept("x == 1", ValueType::boolean, values), (Kept{0, 1}));
}

TEST(Condition, ComparesTextsByBytes) {
  EXPECT_EQ(kept_texts("x == 'cifar100'", {"cifar10", "cifar100", "CIFAR100"}), (Kept{0, 1, 0}));
  EXPECT_EQ(kept_texts("x < 'b'", {"a", "B", "é", ""}), (Kept{1, 1, 0, 1}));
  EXPECT_EQ(kept_texts("x == ''", {"", "a"}), (Kept{1, 0}));
}

TEST(Condition, ReadsDoubledQuotesAsOne) {
  EXPECT_EQ(kept_texts("x == 'it''s'", {"it's"}), (Kept{1}));
  EXPECT_EQ(kept_texts("x == \"a \"\"b\"\"\"", {"a \"b\""}), (Kept{1}));
  EXPECT_EQ(parse_condition("`odd name``s` > 1").column, "odd name`s");
  EXPECT_EQ(parse_condition("train/accuracy > 1").column, "train/accuracy");
}

TEST(Condition, PointsAtWhatItCannotRead) {
  for (const char* text :
       {"", "x", "x = 2", "x ==", "x == 2 3", "x == 'open", "`x == 2", "2 == x", "x == nan", "x == 1e999",
        "x == 18446744073709551616", "x == truex", "x == 2;", "`` == 1", "x == 1__", "x ~ 2", "x == -", "x == +-1"}) {
    try {
      parse_condition(text);
      ADD_FAILURE() << "accepted: " << text;
    } catch (const SpecError& error) {
      EXPECT_NE(std::string(error.what()).find("at character"), std::string::npos) << error.what();
    }
  }
}

TEST(Condition, RefusesToCompareTextWithNumbers) {
  ColumnInfo number, text;
  number.type = ValueType::float64;
  text.type = ValueType::string;
  EXPECT_THROW(check_condition(parse_condition("x == 'a'"), number), InputError);
  EXPECT_THROW(check_condition(parse_condition("x == 1"), text), InputError);
  EXPECT_THROW(check_condition(parse_condition("x == true"), number), InputError);
  EXPECT_THROW(check_condition(parse_condition("x == true"), text), InputError);
}

}  // namespace
}  // namespace carbonfront
