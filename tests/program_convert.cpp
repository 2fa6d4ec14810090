// Tables of text as sweeps: types, units, missing values, quoting; and what is refused, with line, column and value.

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <random>

#include "tests/outcome.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

std::string converted(const Scratch& folder, const std::string& table, const Arguments& more = {}) {
  Arguments arguments = {"convert", folder.write("t.csv", table), "-o", folder / "t.h5", "--force"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  Outcome done = run(arguments);
  EXPECT_EQ(done.code, 0) << done.err;
  return folder / "t.h5";
}

void expect_table_refused(const std::string& table, int code, const std::vector<std::string>& words,
                          const Arguments& more = {}) {
  Scratch folder;
  Arguments arguments = {"convert", folder.write("t.csv", table), "-o", folder / "t.h5"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  expect_refused(run(arguments), code, words, folder, {"t.csv"});
}

TEST(Convert, FindsTheNarrowestTypeThatHoldsAWholeColumn) {
  Scratch folder;
  Reading sweep(converted(folder,
                          "truth,int,big,huge,mixed,real,text,blank,zip\n"
                          "true,1,9007199254740993,18446744073709551615,1,1.5,abc,,007\n"
                          "False,-2,-9223372036854775807,0,2.5,1e-3,1,,012\n"
                          "TRUE,+3,9223372036854775807,9223372036854775808,3,inf,true,,100\n"));
  EXPECT_EQ(sweep.integers("/configs/int"), (std::vector<std::int64_t>{1, -2, 3}));
  EXPECT_TRUE(sweep.is<std::int64_t>("/configs/big"));
  EXPECT_EQ(sweep.integers("/configs/big"), (std::vector<std::int64_t>{9007199254740993, -INT64_MAX, INT64_MAX}));
  EXPECT_TRUE(sweep.is<std::uint64_t>("/configs/huge"));
  EXPECT_EQ(sweep.values<std::uint64_t>("/configs/huge"),
            (std::vector<std::uint64_t>{UINT64_MAX, 0, std::uint64_t{1} << 63}));
  EXPECT_EQ(sweep.reals("/configs/mixed"), (std::vector<double>{1, 2.5, 3}));
  EXPECT_EQ(sweep.reals("/configs/real"), (std::vector<double>{1.5, 1e-3, INFINITY}));
  EXPECT_EQ(sweep.texts("/configs/text"), (std::vector<std::string>{"abc", "1", "true"}));
  EXPECT_TRUE(std::isnan(sweep.reals("/configs/blank")[0])) << "a column of blanks alone is float64";
  EXPECT_EQ(sweep.texts("/configs/zip"), (std::vector<std::string>{"007", "012", "100"})) << "leading zeros mean something";
  Outcome shown = run({"inspect", folder / "t.h5"});
  EXPECT_TRUE(says(shown.out, "boolean")) << shown.out;
}

TEST(Convert, RealsComeBackToTheBit) {
  Scratch folder;
  std::mt19937_64 random(1);
  std::vector<double> values;
  std::string table = "x\n";
  while (values.size() < 5000) {
    double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    values.push_back(value);
    table += fmt::format("{}\n", value);
  }
  EXPECT_EQ(Reading(converted(folder, table)).reals("/configs/x"), values);
}

TEST(Convert, TakesUnitsFromTheHeaderOrTheFlag) {
  Scratch folder;
  Reading sweep(converted(folder, "\xEF\xBB\xBFtrain_time [h],tdp,\"n [1]\",plain\r\n1,2,3,4\r\n", {"--units", "tdp=W"}));
  EXPECT_EQ(sweep.text_attribute("/configs/train_time", "units"), "h");
  EXPECT_EQ(sweep.text_attribute("/configs/tdp", "units"), "W");
  EXPECT_EQ(sweep.text_attribute("/configs/n", "units"), "1");
  EXPECT_EQ(sweep.text_attribute("/configs/plain", "units"), "");
  expect_table_refused("t [h]\n1\n", 2, {"'h'", "'min'", "same unit"}, {"--units", "t=min"});
  expect_table_refused("tiem\n1\n", 2, {"'time'", "did you mean 'tiem'"}, {"--units", "time=h"});
}

TEST(Convert, BlanksAndNamedTextsAreMissing) {
  Scratch folder;
  Reading sweep(converted(folder,
                          "i,u,f,t,b\n"
                          "1,18446744073709551614,1.5,x,true\n"
                          ",,,,\n"
                          "NA, null ,NA,null,  \n"
                          "\"\",1,2,NAME,false\n",
                          {"--missing-text", "NA,null"}));
  EXPECT_EQ(sweep.integers("/configs/i"), (std::vector<std::int64_t>{1, INT64_MIN, INT64_MIN, INT64_MIN}));
  EXPECT_EQ(sweep.integer_attribute("/configs/i", "_FillValue"), INT64_MIN);
  EXPECT_EQ(sweep.values<std::uint64_t>("/configs/u"),
            (std::vector<std::uint64_t>{UINT64_MAX - 1, UINT64_MAX, UINT64_MAX, 1}));
  std::vector<double> reals = sweep.reals("/configs/f");
  EXPECT_TRUE(reals[0] == 1.5 && std::isnan(reals[1]) && std::isnan(reals[2]) && reals[3] == 2);
  EXPECT_EQ(sweep.texts("/configs/t"), (std::vector<std::string>{"x", "", "", "NAME"}));
  EXPECT_EQ(sweep.integers("/configs/b"), (std::vector<std::int64_t>{1, -1, -1, 0})) << "truth values with blanks are int8";
  EXPECT_EQ(sweep.integer_attribute("/configs/b", "_FillValue"), -1);
  Outcome done = score(folder, folder / "t.h5", {"--view", "v=i:min,f:min", "--where", "b != 0"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(Reading(folder / "r.h5").integers("/views/v/state"), (std::vector<std::int64_t>{2, 0, 0, 0}));
}

TEST(Convert, ReadsQuotesAndLineEndsAsRfc4180Says) {
  Scratch folder;
  Reading sweep(converted(folder,
                          "name,\"a \"\"quoted\"\" name, with comma\",n\r\n"
                          "\"two\r\nlines\",\"say \"\"hi\"\"\",1\r\n"
                          "\r\n"
                          "plain,, 2 \n"
                          "\"\",\"\"\"\",3"));
  EXPECT_EQ(sweep.texts("/configs/name"), (std::vector<std::string>{"two\r\nlines", "plain", ""}));
  EXPECT_EQ(sweep.texts("/configs/a \"quoted\" name, with comma"), (std::vector<std::string>{"say \"hi\"", "", "\""}));
  EXPECT_EQ(sweep.integers("/configs/n"), (std::vector<std::int64_t>{1, 2, 3}));
}

TEST(Convert, TakesOtherSeparatorsGroupsAndTypes) {
  Scratch folder;
  Reading sweep(
      converted(folder, "a\tb/c\n1\t2\n3\t4\n", {"--separator", "tab", "--group", "/", "--type", "a=string,b/c=float64"}));
  EXPECT_EQ(sweep.texts("/a"), (std::vector<std::string>{"1", "3"}));
  EXPECT_TRUE(sweep.is<double>("/b/c"));
  Reading other(converted(folder, "a;b\n1,5;2\n", {"--separator", ";"}));
  EXPECT_EQ(other.texts("/configs/a"), (std::vector<std::string>{"1,5"}));
}

TEST(Convert, LongTextsHaveVariableLength) {
  Scratch folder;
  std::string text(5000, 'x'), table = "t,short\n";
  for (int i = 0; i < 300; ++i) table += text + fmt::format("{},ä{}\n", i, i);
  std::vector<std::string> stored = Reading(converted(folder, table)).texts("/configs/t");
  ASSERT_EQ(stored.size(), 300u);
  EXPECT_EQ(stored[299], text + "299");
  EXPECT_EQ(Reading(folder / "t.h5").texts("/configs/short")[299], "ä299");
}

TEST(Convert, NamesLineColumnAndValueOfWhatIsWrong) {
  expect_table_refused("a,b\n1,2\n3,x\n", 3, {"line 3", "column 'b'", "'x'", "float64"}, {"--type", "b=float64"});
  expect_table_refused("a,b\n1,2\n3,2.5\n", 3, {"line 3", "column 'b'", "'2.5'", "int64"}, {"--type", "b=int64"});
  expect_table_refused("a,b\n1.5,2\n1e999,2\n", 3, {"line 3", "column 'a'", "'1e999'", "range of float64"});
  expect_table_refused("a,b\n1,2\n3\n", 3, {"line 3", "1 fields", "header has 2"});
  expect_table_refused("a,b\n1,2\n3,4,5\n", 3, {"line 3", "3 fields", "--separator"});
  expect_table_refused("a,b\n1,\"2\n3,4\n5,6\n", 3, {"line 2", "never closed"});
  expect_table_refused("a,b\n1,2 \"x\"\n", 3, {"line 2", "quote inside"});
  expect_table_refused("a,b\n1,\"x\"y\n", 3, {"line 2", "after a quoted field"});
  expect_table_refused("a,b\n1,\"x\ny\"\n2,\"z\"z\n", 3, {"line 4", "after a quoted field"});
  expect_table_refused("a,b\r1,2\r", 3, {"line 1", "line feed"});
  expect_table_refused("a,t\n1,ok\n2,caf\xE9\n", 3, {"line 3", "column 't'", "UTF-8", "iconv"});
  expect_table_refused("i\n1\n-9223372036854775808\n\"\"\n", 3, {"column 'i'", "-9223372036854775808"});
}

TEST(Convert, RefusesHeadersThatNameNoColumns) {
  expect_table_refused("a,a\n1,2\n", 3, {"line 1", "two columns", "'a'"});
  expect_table_refused("a [h],a [s]\n1,2\n", 3, {"line 1", "two columns", "'a'"});
  expect_table_refused("a,,c\n1,2,3\n", 3, {"line 1", "column 2 has no name"});
  expect_table_refused("a,a/b\n1,2\n", 3, {"'a'", "'a/b'", "another column"});
  expect_table_refused("a/b/c,x,a\n1,2,3\n", 3, {"'a'", "'a/b/c'", "another column"});
  expect_table_refused("a/b/c,a/b,a.b\n1,2,3\n", 3, {"'a/b'", "'a/b/c'", "another column"});
  expect_table_refused("a,/b\n1,2\n", 3, {"'/b'"});
  expect_table_refused("a,b\n", 3, {"no rows"});
  expect_table_refused("", 3, {"empty"});
  expect_table_refused("\n\r\n", 3, {"empty ones"});
  expect_table_refused(
      "\xFF\xFE"
      "a",
      3, {"UTF-16", "iconv"});
}

/// A header of columns c0 to c{count-1} and one row.
std::string wide_table(std::size_t count) {
  std::string header = "c0", row = "0";
  for (std::size_t i = 1; i < count; ++i) header += fmt::format(",c{}", i), row += ",1";
  return header + "\n" + row + "\n";
}

TEST(Convert, WritesNoMoreThanASweepMayHave) {
  expect_table_refused(wide_table(65537), 3, {"65,537 columns", "65,536"});
  expect_table_refused("a/b/c/d/e/f/g/h/i/j\n1\n", 3, {"'a/b/c/d/e/f/g/h/i/j'", "9 groups", "8"});
  expect_table_refused("x,_i_p/q\n1,2\n", 3, {"'_i_p/q'", "PyTables"});
  expect_table_refused(std::string(70000, 'n') + "\n1\n", 3, {"70000 bytes", "4096"});
  expect_table_refused("x [" + std::string(70000, 'u') + "]\n1\n", 3, {"'x'", "70000 bytes", "4096"});
  Scratch folder;
  std::string deepest = converted(folder, "a/b/c/d/e/f/g/h/i,_i_p,n_i_/q\n1,2,3\n");
  Outcome shown = run({"inspect", deepest});
  for (const char* name : {"a/b/c/d/e/f/g/h/i", "_i_p", "n_i_/q"})
    EXPECT_TRUE(says(shown.out, name)) << shown.out << shown.err;
}

TEST(Convert, RefusesWhatIsNoTable) {
  Scratch folder;
  expect_refused(run({"convert", folder.path(), "-o", folder / "t.h5"}), 3, {"folder"}, folder, {});
  expect_refused(run({"convert", folder / "none.csv", "-o", folder / "t.h5"}), 3, {"none.csv"}, folder, {});
  std::string table = folder.write("t.csv", "a\n1\n");
  expect_refused(run({"convert", table, "-o", table, "--force"}), 2, {"t.csv"}, folder, {"t.csv"});
  expect_refused(run({"convert", table, "-o", folder / "t.h5", "--type", "a=int32"}), 2, {"int32", "types are"}, folder,
                 {"t.csv"});
  expect_refused(run({"convert", table, "-o", folder / "t.h5", "--separator", "ab"}), 2, {"'ab'"}, folder, {"t.csv"});
}

TEST(Convert, GivesTheSameBytesForAnyNumberOfThreads) {
  Scratch folder;
  std::string table = "a,b,c,d\n";
  for (int i = 0; i < 150000; ++i) table += fmt::format("{},{},{},name {}\n", i, i * 0.1, i % 7 ? "true" : "", i % 1000);
  std::string one = read_text(converted(folder, table, {"--threads", "1"}));
  EXPECT_TRUE(read_text(converted(folder, table, {"--threads", "2"})) == one);
  EXPECT_EQ(Reading(folder / "t.h5").integers("/configs/a")[149999], 149999);
}

/// The published audio generators: what the table says is what a score says.
TEST(Convert, TakesTheAudioGeneratorsFromTableToVerdict) {
  Scratch folder;
  Outcome done =
      run({"convert", CARBONFRONT_DATA "/audio_models.csv", "-o", folder / "s.h5", "--units", "train_hours=h,tdp_w=W"});
  ASSERT_EQ(done.code, 0) << done.err;
  Reading result(scored(folder, folder / "s.h5", {"--spec", CARBONFRONT_DATA "/poster.toml", "--columns", "model"}));
  EXPECT_EQ(result.texts("/views/training/front_columns/model"), (std::vector<std::string>{"Parallel WaveGAN"}));
  std::vector<std::string> inference = result.texts("/views/inference/front_columns/model");
  EXPECT_EQ(inference.size(), 11u);
  EXPECT_EQ(inference.front(), "WaveNet");
  EXPECT_EQ(result.integer_attribute("/emissions", "rows_without_emissions"), 20);
}

}  // namespace
}  // namespace carbonfront
