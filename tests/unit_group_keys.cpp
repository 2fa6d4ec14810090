// The keys of groups: found again, in order, and read back as they were.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <random>
#include <tuple>

#include "host/scoring/group_keys.hpp"

namespace carbonfront {
namespace {

std::string encoded(const std::vector<GroupKeyValue>& values, const std::vector<ValueType>& types) {
  std::string key;
  for (std::size_t k = 0; k < values.size(); ++k) append_encoded(key, values[k], types[k]);
  return key;
}

std::uint64_t bits_of(std::int64_t value) { return static_cast<std::uint64_t>(value); }

TEST(GroupKey, IsReadBackAsItWas) {
  const std::vector<ValueType> types = {ValueType::string, ValueType::int16,   ValueType::float64,
                                        ValueType::uint64, ValueType::boolean, ValueType::string};
  std::mt19937 random(1);
  const std::string texts[] = {
      "", "a", std::string("a\0b", 3), std::string("\0\xff\0", 3), "\xff\xff", std::string(300, 'x')};
  for (int i = 0; i < 2000; ++i) {
    std::vector<GroupKeyValue> values(types.size());
    for (std::size_t k = 0; k < types.size(); ++k) {
      values[k].missing = random() % 5 == 0;
      if (values[k].missing) continue;
      if (types[k] == ValueType::string)
        values[k].text = texts[random() % std::size(texts)];
      else if (types[k] == ValueType::float64)
        values[k].bits = std::bit_cast<std::uint64_t>(static_cast<double>(random()) - 2e9);
      else
        values[k].bits =
            types[k] == ValueType::int16 ? bits_of(static_cast<std::int16_t>(random())) : random() * 4294967297u;
    }
    std::vector<GroupKeyValue> read = decoded_key(encoded(values, types), types);
    for (std::size_t k = 0; k < types.size(); ++k)
      EXPECT_EQ(std::tie(read[k].missing, read[k].bits, read[k].text),
                std::tie(values[k].missing, values[k].bits, values[k].text));
  }
}

TEST(GroupKey, HasBytesInTheOrderOfValues) {
  const double infinity = std::numeric_limits<double>::infinity();
  std::string before;
  for (double value : {-infinity, -1e300, -2.5, -5e-324, 0.0, 5e-324, 1.0, 2.5, infinity}) {
    std::string key = encoded({{false, std::bit_cast<std::uint64_t>(value), ""}}, {ValueType::float64});
    EXPECT_LT(before, key) << value;
    before = key;
  }
  EXPECT_LT(before, encoded({{true, 0, ""}}, {ValueType::float64})) << "missing last";
  before.clear();
  for (std::int64_t value : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}, INT64_MAX}) {
    std::string key = encoded({{false, bits_of(value), ""}}, {ValueType::int64});
    EXPECT_LT(before, key) << value;
    before = key;
  }
  EXPECT_LT(encoded({{false, 0, "a"}, {false, 0, "z"}}, {ValueType::string, ValueType::string}),
            encoded({{false, 0, "aa"}, {false, 0, "a"}}, {ValueType::string, ValueType::string}));
}

TEST(GroupKeys, AreNumberedAsTheyAreMetAndSortedByTheirBytes) {
  GroupKeys keys;
  std::map<std::string, std::uint32_t> expected;
  std::mt19937 random(2);
  for (int i = 0; i < 200000; ++i) {
    std::string key = std::to_string(random() % 50000);
    if (i % 1000 == 0) key += std::string(random() % 100000, 'k');
    auto [at, added] = expected.try_emplace(key, static_cast<std::uint32_t>(expected.size()));
    ASSERT_EQ(keys.number_of(key), at->second);
    ASSERT_EQ(keys.size(), expected.size());
  }
  std::vector<std::uint32_t> place = keys.sort();
  std::uint32_t next = 0;
  for (const auto& [key, number] : expected) {
    ASSERT_EQ(keys[next], key);
    ASSERT_EQ(place[number], next++);
  }
}

TEST(GroupKeys, SayWhatTheyTake) {
  GroupKeys keys;
  std::uint64_t bytes = 0;
  for (int i = 0; i < 100000; ++i) {
    std::string key = "a model of some length, number " + std::to_string(i);
    bytes += key.size();
    keys.number_of(key);
  }
  EXPECT_GE(keys.held_bytes(), bytes + 100000 * 24);
  EXPECT_LE(keys.held_bytes(), bytes + 100000 * 40 + (2 << 20));
}

}  // namespace
}  // namespace carbonfront
