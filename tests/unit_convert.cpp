// Tables are split into the same records however they come: in one piece, or in blocks that cut them anywhere.

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "carbonfront/errors.hpp"
#include "host/csv.hpp"
#include "host/sweep/convert.hpp"
#include "host/sweep/csv_column.hpp"
#include "tests/scratch.hpp"

namespace carbonfront {
namespace {

using Rows = std::vector<std::vector<std::string>>;

/// Splits a text that comes in blocks of `block` bytes; what is wrong becomes a row of its own.
Rows split(const std::string& text, std::size_t block) {
  Rows rows;
  std::string waiting;
  std::uint64_t line = 1;
  CsvRecords records;
  try {
    for (std::size_t at = 0; at < text.size(); at += block) {
      waiting += text.substr(at, block);
      records.clear();
      std::size_t used = split_records(waiting, at + block >= text.size(), ',', "t.csv", line, records);
      for (std::size_t i = 0; i < records.size(); ++i) {
        rows.push_back({std::to_string(records.line[i])});
        for (std::size_t k = records.first_field[i]; k < records.first_field[i + 1]; ++k)
          rows.back().emplace_back(records.fields[k]);
      }
      waiting.erase(0, used);
    }
    EXPECT_EQ(waiting, "");
  } catch (const InputError& error) {
    rows.push_back({error.what()});
  }
  return rows;
}

TEST(CsvRecords, AreTheSameHoweverTheTextIsCut) {
  std::mt19937_64 random(7);
  const std::string letters = "a,\"\n\r b";
  for (int i = 0; i < 3000; ++i) {
    std::string text(random() % 24, ' ');
    for (char& c : text) c = letters[random() % letters.size()];
    Rows whole = split(text, 1000);
    bool wrong = !whole.empty() && whole.back().size() == 1;
    for (std::size_t block : {1, 2, 3, 7})
      if (Rows parts = split(text, block); wrong)
        EXPECT_EQ(parts.back(), whole.back()) << ::testing::PrintToString(text);
      else
        EXPECT_EQ(parts, whole) << ::testing::PrintToString(text);
  }
}

TEST(CsvRecords, AreSplitAsWritten) {
  EXPECT_EQ(split("a,b\r\n\"x\ny\",\"\"\"\"\n\nc,", 1), (Rows{{"1", "a", "b"}, {"2", "x\ny", "\""}, {"5", "c", ""}}));
}

TEST(CsvNumbers, AreReadWholeOrNotAtAll) {
  EXPECT_EQ(parse_int64(" +12 "), 12);
  for (const char* text : {"", "1x", "+-1", "++1", "0x10", "1.0", "9223372036854775808", "01", "-01", "1 2"})
    EXPECT_FALSE(parse_int64(text)) << text;
  EXPECT_EQ(parse_int64("-0"), 0);
  EXPECT_EQ(parse_uint64("18446744073709551615"), UINT64_MAX);
  EXPECT_FALSE(parse_uint64("-1"));
  EXPECT_EQ(parse_real("5e-324"), 5e-324);
  EXPECT_EQ(parse_real("-Infinity"), -INFINITY);
  for (const char* text : {"", "1e", "1e400", "nan(1)", "1,5", "00.5", "e5"}) EXPECT_FALSE(parse_real(text)) << text;
}

TEST(CsvTexts, AreUtf8) {
  for (const char* text : {"", "a", "ä", "€", "𝄞", "a\xC2\xA0"}) EXPECT_TRUE(is_plain_utf8(text)) << text;
  for (std::string_view text :
       {"\xE9", "\xC3", "\xE2\x82", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\x80", "\xF0\x9D\x84"})
    EXPECT_FALSE(is_plain_utf8(text));
  EXPECT_FALSE(is_plain_utf8(std::string_view("a\0b", 3)));
}

TEST(Convert, GivesTheSameFileForBlocksOfAnySize) {
  Scratch folder;
  std::string table = "i,x,t,long\n";
  for (int i = 0; i < 70000; ++i)
    table += std::to_string(i) + "," + (i % 9 ? std::to_string(i * 0.25) : "") + ",\"a \"\"b\"\"\n" +
             std::to_string(i % 77) + "\"," + std::string(static_cast<std::size_t>(i % 200), 'y') + "\r\n";
  ConvertOptions options;
  options.input = folder.write("t.csv", table);
  options.force = true;
  Progress progress;
  auto file_with = [&](std::size_t block) {
    options.block_bytes = block;
    options.output = folder / "t.h5";
    EXPECT_EQ(convert_table(options, progress).rows, 70000u);
    return read_text(options.output);
  };
  std::string whole = file_with(std::size_t{8} << 20);
  for (std::size_t block : {100, 4096, 100000}) EXPECT_TRUE(file_with(block) == whole) << block;
}

}  // namespace
}  // namespace carbonfront
