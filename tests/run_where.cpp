// Conditions: which rows a sweep is reduced to before anything else looks at it.

#include <cmath>
#include <limits>

#include "tests/program.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

using Rows = std::vector<std::int64_t>;

/// Five rows of every kind of column; the fourth misses what can be missing.
std::string small_sweep(const Scratch& folder) {
  return Sweeping(folder / "s.h5")
      .column<std::int32_t>("id", {0, 1, 2, 3, 4})
      .column<std::int64_t>("i", {-5, 0, 9007199254740993, -999, 7})
      .attribute<std::int64_t>("_FillValue", -999)
      .column<std::uint64_t>("u", {0, 18446744073709551615u, 9007199254740993u, 77, 7})
      .attribute<std::uint64_t>("_FillValue", 77)
      .column<double>("f", {0.1, -0.0, 1e300, kNan, std::numeric_limits<double>::infinity()})
      .column<float>("narrow", {0.1f, 2.5f, -1.0f, static_cast<float>(kNan), 16777216.0f})
      .booleans("b", {0, 1, 1, 0, 1})
      .texts("t", {"a", "it's", "say \"hi\"", "n/a", "résumé"})
      .attribute_text("_FillValue", "n/a")
      .fixed_texts("fixed", {"a", "b", "", "d", "B"}, 4, H5T_STR_NULLPAD)
      .column<double>("top-1 %", {10, 20, 30, 40, 50})
      .column<double>("odd`name", {1, 2, 3, 4, 5})
      .column<double>("train/epochs", {1, 2, 3, 4, 5})
      .close();
}

/// The rows of small_sweep that all conditions let through.
Rows selected(const Arguments& conditions) {
  Scratch folder;
  Arguments arguments = {"--view", "v=id:min"};
  for (const std::string& condition : conditions) arguments.insert(arguments.end(), {"--where", condition});
  Reading result(scored(folder, small_sweep(folder), arguments));
  Rows rows;
  auto states = result.integers("/views/v/state");
  for (std::size_t i = 0; i < states.size(); ++i)
    if (states[i] != 0) rows.push_back(static_cast<std::int64_t>(i));
  EXPECT_EQ(result.integer_attribute("/", "selected"), static_cast<std::int64_t>(rows.size()));
  return rows;
}

TEST(Where, KnowsAllSixComparisons) {
  EXPECT_EQ(selected({"id == 2"}), Rows({2}));
  EXPECT_EQ(selected({"id != 2"}), Rows({0, 1, 3, 4}));
  EXPECT_EQ(selected({"id < 2"}), Rows({0, 1}));
  EXPECT_EQ(selected({"id <= 2"}), Rows({0, 1, 2}));
  EXPECT_EQ(selected({"id > 2"}), Rows({3, 4}));
  EXPECT_EQ(selected({"id >= 2"}), Rows({2, 3, 4}));
  EXPECT_EQ(selected({"id>=2"}), Rows({2, 3, 4}));
  EXPECT_EQ(selected({"  id   >=\t2  "}), Rows({2, 3, 4}));
}

TEST(Where, ComparesIntegersWithFloatsWithoutRounding) {
  EXPECT_EQ(selected({"i > 9007199254740992.0"}), Rows({2}));
  EXPECT_EQ(selected({"i == 9007199254740992.0"}), Rows());
  EXPECT_EQ(selected({"i == 9007199254740993"}), Rows({2}));
  EXPECT_EQ(selected({"i == 9007199254740993.0"}), Rows()) << "the literal is a float64, which is ...992";
  EXPECT_EQ(selected({"u >= 9007199254740992.5"}), Rows({1, 2}));
  EXPECT_EQ(selected({"i >= -5.5"}), Rows({0, 1, 2, 4}));
  EXPECT_EQ(selected({"i < -4.5"}), Rows({0}));
  EXPECT_EQ(selected({"i < 1e300"}), Rows({0, 1, 2, 4}));
  EXPECT_EQ(selected({"i > -1e300"}), Rows({0, 1, 2, 4}));
}

TEST(Where, ComparesUnsignedIntegersOverTheirWholeRange) {
  EXPECT_EQ(selected({"u == 18446744073709551615"}), Rows({1}));
  EXPECT_EQ(selected({"u > 9223372036854775807"}), Rows({1}));
  EXPECT_EQ(selected({"u > -1"}), Rows({0, 1, 2, 4}));
  EXPECT_EQ(selected({"u < 18446744073709551616.0"}), Rows({0, 1, 2, 4}));
  EXPECT_EQ(selected({"i < 18446744073709551615"}), Rows({0, 1, 2, 4}));
}

TEST(Where, ComparesFloatsExactly) {
  EXPECT_EQ(selected({"f == 0.1"}), Rows({0}));
  EXPECT_EQ(selected({"f == 0"}), Rows({1})) << "-0.0 equals 0";
  EXPECT_EQ(selected({"f > 1e299"}), Rows({2, 4}));
  EXPECT_EQ(selected({"narrow == 0.1"}), Rows()) << "float32's 0.1 is not float64's";
  EXPECT_EQ(selected({"narrow > 0.1"}), Rows({0, 1, 4}));
  EXPECT_EQ(selected({"narrow == 16777216"}), Rows({4}));
  EXPECT_EQ(selected({"narrow < 16777217"}), Rows({0, 1, 2, 4}));
  EXPECT_EQ(selected({"f >= +.5"}), Rows({2, 4}));
}

TEST(Where, ComparesTruthValues) {
  EXPECT_EQ(selected({"b == true"}), Rows({1, 2, 4}));
  EXPECT_EQ(selected({"b != true"}), Rows({0, 3}));
  EXPECT_EQ(selected({"b == false"}), Rows({0, 3}));
  EXPECT_EQ(selected({"b == 1"}), Rows({1, 2, 4}));
  EXPECT_EQ(selected({"b < 0.5"}), Rows({0, 3}));
}

TEST(Where, ComparesTextByBytes) {
  EXPECT_EQ(selected({"t == 'a'"}), Rows({0}));
  EXPECT_EQ(selected({"t == \"a\""}), Rows({0}));
  EXPECT_EQ(selected({"t == 'it''s'"}), Rows({1}));
  EXPECT_EQ(selected({"t == \"it's\""}), Rows({1}));
  EXPECT_EQ(selected({"t == \"say \"\"hi\"\"\""}), Rows({2}));
  EXPECT_EQ(selected({"t == 'résumé'"}), Rows({4}));
  EXPECT_EQ(selected({"t != 'a,b;[c]'"}), Rows({0, 1, 2, 4}));
  EXPECT_EQ(selected({"t > 'b'"}), Rows({1, 2, 4}));
  EXPECT_EQ(selected({"fixed < 'a'"}), Rows({2, 4}));
  EXPECT_EQ(selected({"fixed == ''"}), Rows({2}));
  EXPECT_EQ(selected({"fixed != 'b'"}), Rows({0, 2, 3, 4}));
}

TEST(Where, LetsNoMissingValueThrough) {
  for (const char* column : {"i", "u", "f", "narrow"}) {
    for (const char* condition : {" != 12345", " == -999", " < 1e308", " >= 0", " <= 0"}) {
      Rows rows = selected({column + std::string(condition)});
      EXPECT_EQ(std::count(rows.begin(), rows.end(), 3), 0) << column << condition;
    }
  }
  EXPECT_EQ(selected({"t != 'zzz'"}), Rows({0, 1, 2, 4}));
  EXPECT_EQ(selected({"t == 'n/a'"}), Rows());
}

TEST(Where, NamesUnusualColumnsInBackquotes) {
  EXPECT_EQ(selected({"`top-1 %` >= 30"}), Rows({2, 3, 4}));
  EXPECT_EQ(selected({"`odd``name` < 3"}), Rows({0, 1}));
  EXPECT_EQ(selected({"train/epochs == 5"}), Rows({4}));
  EXPECT_EQ(selected({"`id` == 1"}), Rows({1}));
}

TEST(Where, HoldsWhenAllConditionsDo) {
  EXPECT_EQ(selected({"id > 0", "b == true", "t != 'it''s'"}), Rows({2, 4}));
  EXPECT_EQ(selected({"id > 2", "id < 3"}), Rows());
}

TEST(Where, AddsTheFlagsToTheSpecs) {
  Scratch folder;
  std::string sweep = small_sweep(folder);
  std::string spec =
      folder.write("s.toml", "[sweep]\nwhere = [\"id > 0\"]\n[[view]]\nname = \"v\"\nobjectives = [\"id:min\"]\n");
  Reading result(scored(folder, sweep, {"--spec", spec, "--where", "id < 3"}));
  EXPECT_EQ(result.integers("/views/v/state"), (Rows{0, 2, 2, 0, 0}));
}

TEST(Where, GivesTheSameRowsInBatchesOfAnySize) {
  Scratch folder;
  std::string sweep = small_sweep(folder);
  for (const char* batch : {"1", "2", "3", "100"}) {
    Reading result(
        scored(folder, sweep,
               {"--view", "v=id:min", "--where", "b == true", "--where", "t != 'a'", "--batch-rows", batch, "--force"}));
    EXPECT_EQ(result.integers("/views/v/state"), (Rows{0, 2, 2, 0, 2})) << batch;
  }
}

TEST(Where, ThatSelectsNothingGivesAnEmptyResultAndAWarning) {
  Scratch folder;
  std::string sweep = small_sweep(folder);
  Outcome done = program(score_command(
      folder, sweep,
      {"--view", "v=id:min,f:max", "--view", "g=id:min", "--group-by", "t", "--where", "id > 100", "--emissions",
       "devices=1,max_power=250W,time=1h", "--outputs", "dominated_by,dominates,rank,witness"}));
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(says(done.err, "warning")) << done.err;
  Reading result(folder / "r.h5");
  EXPECT_EQ(result.shape("/views/v/front"), std::vector<hsize_t>{0});
  EXPECT_EQ(result.integers("/views/v/state"), Rows(5, 0));
  EXPECT_EQ(result.values<std::uint32_t>("/views/v/rank"), std::vector<std::uint32_t>(5, 0xFFFFFFFF));
  EXPECT_EQ(result.integers("/views/v/witness"), Rows(5, -1));
  EXPECT_EQ(result.shape("/views/v/groups/keys/t"), std::vector<hsize_t>{0}) << "no selected row, no group";
  EXPECT_EQ(result.integer_attribute("/", "selected"), 0);
  EXPECT_EQ(program({"validate", folder / "r.h5", sweep}).code, 0);
  EXPECT_EQ(program({"inspect", folder / "r.h5"}).code, 0);
}

TEST(Where, ThatSelectsNothingLeavesOneEmptyGroupWithoutGroupBy) {
  Scratch folder;
  Reading result(scored(folder, small_sweep(folder), {"--view", "v=id:min,f:max", "--where", "id > 100"}));
  EXPECT_EQ(result.integers("/views/v/groups/rows"), Rows{0});
  EXPECT_EQ(result.shape("/views/v/groups/ideal"), (std::vector<hsize_t>{1, 2}));
  for (double value : result.reals("/views/v/groups/ideal")) EXPECT_TRUE(std::isnan(value));
}

TEST(Where, ComesBeforeAnyCheckOfValues) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("p", {250, -1, 300})
                          .units("W")
                          .column<double>("t", {1, 1, 2})
                          .units("h")
                          .column<double>("q", {1, kNan, 3})
                          .close();
  Arguments arguments = {"--emissions", "devices=1,max_power=p,time=t", "--view", "v=q:max,co2e_kg:min", "--missing",
                         "error"};
  EXPECT_EQ(score(folder, sweep, arguments).code, 3);
  arguments.insert(arguments.end(), {"--where", "p > 0"});
  Reading result(scored(folder, sweep, arguments));
  EXPECT_EQ(result.integers("/views/v/state"), (Rows{2, 0, 2}));
  EXPECT_TRUE(std::isnan(result.reals("/emissions/energy_kwh")[1]));
  EXPECT_EQ(result.integer_attribute("/emissions", "rows_without_emissions"), 0) << "rows not selected are not counted";
}

TEST(Where, PointsAtThePlaceOfAMistake) {
  Scratch folder;
  std::string sweep = small_sweep(folder);
  const std::pair<const char*, const char*> mistakes[] = {
      {"id = 2", "character 4"},    {"id => 2", "character 4"},     {"== 2", "character 1"},
      {"id ==", "character 6"},     {"id == two", "character 7"},   {"t == 'open", "character 11"},
      {"id == 2 2", "character 9"}, {"`id == 2", "character 9"},    {"", "character 1"},
      {"1 == id", "character 1"},   {"id == 1.2.3", "character 7"}, {"`` == 1", "character 3"},
      {"id == nan", "character 7"}, {"id < 1e999", "character 6"}};
  for (auto [condition, place] : mistakes)
    expect_refused(score(folder, sweep, {"--view", "v=id:min", "--where", condition}), 2, {condition, place}, folder,
                   {"s.h5"});
}

TEST(Where, RefusesToCompareTextWithNumbers) {
  Scratch folder;
  std::string sweep = small_sweep(folder);
  expect_refused(score(folder, sweep, {"--view", "v=id:min", "--where", "id == '2'"}), 3,
                 {"id == '2'", "'id' is int32", "text"}, folder, {"s.h5"});
  expect_refused(score(folder, sweep, {"--view", "v=id:min", "--where", "t > 2"}), 3,
                 {"t > 2", "'t' is utf8", "number", "quotes"}, folder, {"s.h5"});
  expect_refused(score(folder, sweep, {"--view", "v=id:min", "--where", "t == true"}), 3, {"'t'", "boolean"}, folder,
                 {"s.h5"});
}

TEST(Where, AdvisesANumberWhereATruthValueMeetsOne) {
  Scratch folder;
  Outcome done = score(folder, small_sweep(folder), {"--view", "v=id:min", "--where", "id == true"});
  expect_refused(done, 3, {"'id' is int32", "boolean"});
  EXPECT_FALSE(says(done.err, "quotes")) << "quoting true would not help: " << done.err;
}

TEST(Where, RefusesAColumnThatIsNotThereAndNamesTheNearest) {
  Scratch folder;
  expect_refused(score(folder, small_sweep(folder), {"--view", "v=id:min", "--where", "narow > 1"}), 3,
                 {"'narow'", "did you mean 'narrow'?"}, folder, {"s.h5"});
  expect_refused(
      score(folder, small_sweep(folder),
            {"--emissions", "devices=1,max_power=1W,time=1h", "--view", "v=co2e_kg:min", "--where", "co2e_kg > 1"}),
      3, {"'co2e_kg'"}, folder, {"s.h5"});
}

}  // namespace
}  // namespace carbonfront
