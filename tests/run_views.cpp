// Views: what the verdict over a set of objectives says of every row.

#include <cmath>

#include "tests/outcome.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

using Texts = std::vector<std::string>;
using Rows = std::vector<std::int64_t>;
using Counts = std::vector<std::uint32_t>;

constexpr std::uint32_t kNoAnswer = 0xFFFFFFFF;
constexpr const char* kAll = "dominated_by,dominates,rank,witness";

/// Six models, quality up and params down, worked out by hand: rows 0, 2 and 3 are the front; 1 is behind 3; 4 is behind all
/// but 0; 5 cannot be rated.
std::string models(const Scratch& folder) {
  return Sweeping(folder / "s.h5")
      .column<double>("quality", {0.5, 0.7, 0.9, 0.8, 0.6, 0.99})
      .column<double>("params", {10, 30, 40, 20, 50, kNan})
      .texts("model", {"a", "b", "c", "d", "e", "f"})
      .close();
}

TEST(View, AnswersASmallTableRight) {
  for (const char* backend : {"cpu", "reference"}) {
    Scratch folder;
    Reading result(
        scored(folder, models(folder), {"--view", "v=quality:max,params:min", "--outputs", kAll, "--backend", backend}));
    EXPECT_EQ(result.integers("/views/v/state"), (Rows{2, 2, 2, 2, 2, 1}));
    EXPECT_EQ(result.integers("/views/v/nondominated"), (Rows{1, 0, 1, 1, 0, 0}));
    EXPECT_EQ(result.integers("/views/v/front"), (Rows{0, 2, 3}));
    EXPECT_EQ(result.values<std::uint32_t>("/views/v/dominated_by"), (Counts{0, 1, 0, 0, 3, kNoAnswer}));
    EXPECT_EQ(result.values<std::uint32_t>("/views/v/dominates"), (Counts{0, 1, 1, 2, 0, kNoAnswer}));
    EXPECT_EQ(result.values<std::uint32_t>("/views/v/rank"), (Counts{0, 1, 0, 0, 2, kNoAnswer}));
    EXPECT_EQ(result.integers("/views/v/witness"), (Rows{-1, 3, -1, -1, 2, -1}));
    EXPECT_EQ(result.reals("/views/v/groups/ideal"), (std::vector<double>{0.9, 10}));
    EXPECT_EQ(result.reals("/views/v/groups/nadir"), (std::vector<double>{0.5, 40}));
    EXPECT_EQ(result.shape("/views/v/groups/ideal"), (std::vector<hsize_t>{1, 2}));
    EXPECT_EQ(result.integers("/views/v/groups/rows"), Rows{6});
    EXPECT_EQ(result.integers("/views/v/groups/rated"), Rows{5});
    EXPECT_EQ(result.integers("/views/v/groups/front_rows"), Rows{3});
    EXPECT_EQ(result.integers("/views/v/groups/front_points"), Rows{3});
    EXPECT_FALSE(result.has("/views/v/group"));
    EXPECT_FALSE(result.has("/views/v/groups/keys"));
  }
}

TEST(View, IsStoredInTheDocumentedTypes) {
  Scratch folder;
  Reading result(
      scored(folder, models(folder), {"--view", "v=quality:max,params:min", "--outputs", kAll, "--group-by", "model"}));
  for (const char* name : {"state", "nondominated"})
    EXPECT_TRUE(result.is<std::uint8_t>(std::string("/views/v/") + name)) << name;
  for (const char* name : {"front", "witness"})
    EXPECT_TRUE(result.is<std::int64_t>(std::string("/views/v/") + name)) << name;
  for (const char* name : {"dominated_by", "dominates", "rank", "group"})
    EXPECT_TRUE(result.is<std::uint32_t>(std::string("/views/v/") + name)) << name;
  for (const char* name : {"rows", "rated", "front_rows", "front_points"})
    EXPECT_TRUE(result.is<std::uint64_t>(std::string("/views/v/groups/") + name)) << name;
  EXPECT_TRUE(result.is<std::uint8_t>("/views/v/groups/keys/model_missing"));
  EXPECT_EQ(result.text_attribute("/views/v/nondominated", "dtype"), "bool");
  EXPECT_EQ(result.integer_attribute("/views/v/rank", "_FillValue"), kNoAnswer);
  EXPECT_EQ(result.integer_attribute("/views/v/witness", "_FillValue"), -1);
  EXPECT_EQ(result.text_attribute("/", "format"), "carbonfront result");
  EXPECT_EQ(result.integer_attribute("/", "format_version"), 1);
  EXPECT_EQ(result.integer_attribute("/", "rows"), 6);
}

TEST(View, HasCountsAndWitnessesUnlessAskedOtherwise) {
  Scratch folder;
  std::string spec = folder.write("s.toml",
                                  "[[view]]\nname = \"usual\"\nobjectives = [\"quality:max\"]\n"
                                  "[[view]]\nname = \"none\"\nobjectives = [\"quality:max\"]\noutputs = []\n"
                                  "[[view]]\nname = \"rank\"\nobjectives = [\"quality:max\"]\noutputs = [\"rank\"]\n");
  Reading result(scored(folder, models(folder), {"--spec", spec}));
  const std::pair<const char*, std::set<std::string>> expected[] = {
      {"usual", {"dominated_by", "witness"}}, {"none", {}}, {"rank", {"rank"}}};
  for (const auto& [view, outputs] : expected) {
    std::string prefix = std::string("/views/") + view + "/";
    for (const char* name : {"dominated_by", "dominates", "rank", "witness"})
      EXPECT_EQ(result.has(prefix + name), outputs.contains(name)) << view << name;
    for (const char* name : {"state", "nondominated", "front", "groups/ideal"})
      EXPECT_TRUE(result.has(prefix + name)) << view << name;
    EXPECT_EQ(result.integers(prefix + "front"), Rows{5});
  }
}

TEST(View, GivesEachOutputTheSameAnswersAloneAsTogether) {
  Scratch folder;
  ASSERT_EQ(
      run({"generate", "--rows", "3000", "--distribution", "quantised", "--missing", "0.1", "-o", folder / "s.h5"}).code, 0);
  Scratch together_folder;
  Reading together(scored(together_folder, folder / "s.h5", {"--view", "v=accuracy:max,params:min", "--outputs", kAll}));
  for (const char* output : {"dominated_by", "dominates", "rank", "witness"}) {
    Scratch alone_folder;
    Reading alone(scored(alone_folder, folder / "s.h5", {"--view", "v=accuracy:max,params:min", "--outputs", output}));
    std::string name = std::string("/views/v/") + output;
    EXPECT_EQ(alone.integers(name), together.integers(name)) << output;
    EXPECT_EQ(alone.integers("/views/v/front"), together.integers("/views/v/front"));
  }
}

TEST(View, FromAFlagReplacesTheSpecsOfThatNameAndAddsOthers) {
  Scratch folder;
  std::string spec =
      folder.write("s.toml",
                   "[[view]]\nname = \"v\"\nobjectives = [\"quality:max\"]\noutputs = []\nmissing = \"worst\"\n"
                   "[[view]]\nname = \"kept\"\nobjectives = [\"quality:min\"]\n");
  Reading result(scored(folder, models(folder), {"--spec", spec, "--view", "v=params:min", "--view", "added=params:max"}));
  EXPECT_EQ(result.integers("/views/v/front"), Rows{0});
  EXPECT_EQ(result.text_attribute("/views/v", "missing"), "exclude");
  EXPECT_TRUE(result.has("/views/v/witness"));
  EXPECT_EQ(result.integers("/views/kept/front"), Rows{0});
  EXPECT_EQ(result.integers("/views/added/front"), Rows{4});
}

TEST(View, SplitsAnObjectiveAtItsLastColon) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("a:b", {2, 1}).column<double>("x,y", {1, 2}).close();
  Reading result(scored(folder, sweep, {"--view", "v=a:b:min", "--view", "w=`x,y`:max,`a:b`:max"}));
  EXPECT_EQ(result.integers("/views/v/front"), Rows{1});
  EXPECT_EQ(result.text_attributes("/views/w", "objectives"), (Texts{"x,y", "a:b"}));
}

TEST(View, KeepsEqualRowsTogetherOnTheFront) {
  Scratch folder;
  std::string sweep =
      Sweeping(folder / "s.h5").column<double>("x", {1, 2, 1, 1, 2}).column<double>("y", {2, 1, 2, 3, 1}).close();
  Reading result(scored(folder, sweep, {"--view", "v=x:min,y:min", "--outputs", kAll}));
  EXPECT_EQ(result.integers("/views/v/front"), (Rows{0, 1, 2, 4}));
  EXPECT_EQ(result.values<std::uint32_t>("/views/v/dominated_by"), (Counts{0, 0, 0, 2, 0}));
  EXPECT_EQ(result.values<std::uint32_t>("/views/v/dominates"), (Counts{1, 0, 1, 0, 0}));
  EXPECT_EQ(result.integers("/views/v/groups/front_rows"), Rows{4});
  EXPECT_EQ(result.integers("/views/v/groups/front_points"), Rows{2});
}

TEST(View, TakesMinusZeroForZeroAndWritesPlusZero) {
  Scratch folder;
  std::string sweep =
      Sweeping(folder / "s.h5").column<double>("x", {-0.0, 0.0, -0.0}).column<float>("y", {0.0f, -0.0f, -0.0f}).close();
  for (const char* directions : {"v=x:min,y:max", "v=x:max,y:min"}) {
    Reading result(scored(folder, sweep, {"--view", directions, "--force"}));
    EXPECT_EQ(result.integers("/views/v/front"), (Rows{0, 1, 2}));
    EXPECT_EQ(result.integers("/views/v/groups/front_points"), Rows{1});
    for (const char* point : {"/views/v/groups/ideal", "/views/v/groups/nadir"})
      for (double value : result.reals(point)) EXPECT_FALSE(std::signbit(value)) << point;
  }
}

TEST(View, OrdersInfinitiesLikeAnyValue) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("x", {1, kInfinity, -kInfinity, kInfinity, 1e308}).close();
  Reading result(scored(folder, sweep, {"--view", "up=x:max", "--view", "down=x:min", "--outputs", kAll}));
  EXPECT_EQ(result.integers("/views/up/front"), (Rows{1, 3}));
  EXPECT_EQ(result.values<std::uint32_t>("/views/up/rank"), (Counts{2, 0, 3, 0, 1}));
  EXPECT_EQ(result.values<std::uint32_t>("/views/down/rank"), (Counts{1, 3, 0, 3, 2}));
  EXPECT_EQ(result.reals("/views/up/groups/ideal"), std::vector<double>{kInfinity});
  EXPECT_EQ(result.reals("/views/down/groups/nadir"), std::vector<double>{-kInfinity});
}

TEST(Missing, RowsAreExcludedUnlessTheViewSaysOtherwise) {
  Scratch folder;
  std::string sweep =
      Sweeping(folder / "s.h5").column<double>("x", {1, kNan, 3, kNan}).column<double>("y", {2, 1, kNan, kNan}).close();
  Reading result(scored(folder, sweep, {"--view", "v=x:min,y:min", "--outputs", kAll}));
  EXPECT_EQ(result.integers("/views/v/state"), (Rows{2, 1, 1, 1}));
  EXPECT_EQ(result.integers("/views/v/nondominated"), (Rows{1, 0, 0, 0}));
  for (const char* name : {"dominated_by", "dominates", "rank"})
    EXPECT_EQ(result.values<std::uint32_t>(std::string("/views/v/") + name), (Counts{0, kNoAnswer, kNoAnswer, kNoAnswer}))
        << name;
  EXPECT_EQ(result.integers("/views/v/witness"), Rows(4, -1));
  EXPECT_EQ(result.text_attributes("/views/v", "missing_columns"), (Texts{"x", "y"}));
  EXPECT_EQ(result.integer_attributes("/views/v", "missing_rows"), (Rows{2, 2}));
  EXPECT_EQ(result.integer_attribute("/views/v", "unrated"), 3);
}

TEST(Missing, RanksBehindEveryValueWhereTheViewSaysWorst) {
  for (const char* backend : {"cpu", "reference"}) {
    Scratch folder;
    std::string sweep = Sweeping(folder / "s.h5")
                            .column<double>("up", {kNan, -kInfinity, 1, kNan})
                            .column<double>("down", {kNan, kInfinity, kNan, kNan})
                            .column<std::int8_t>("i", {-128, 127, 127, 5})
                            .attribute<std::int8_t>("_FillValue", 5)
                            .close();
    Reading result(
        scored(folder, sweep,
               {"--view", "up=up:max", "--view", "down=down:min", "--view", "i=i:max", "--view", "j=i:min", "--view",
                "both=up:max,down:min", "--missing", "worst", "--outputs", kAll, "--backend", backend}));
    EXPECT_EQ(result.integers("/views/up/state"), Rows(4, 2));
    EXPECT_EQ(result.values<std::uint32_t>("/views/up/rank"), (Counts{2, 1, 0, 2}));
    EXPECT_EQ(result.values<std::uint32_t>("/views/down/rank"), (Counts{1, 0, 1, 1}));
    EXPECT_EQ(result.values<std::uint32_t>("/views/down/dominated_by"), (Counts{1, 0, 1, 1}));
    EXPECT_EQ(result.values<std::uint32_t>("/views/i/rank"), (Counts{1, 0, 0, 2}));
    EXPECT_EQ(result.values<std::uint32_t>("/views/j/rank"), (Counts{0, 1, 1, 2}));
    EXPECT_EQ(result.integers("/views/both/front"), (Rows{1, 2}));
    EXPECT_EQ(result.integers("/views/both/witness"), (Rows{1, -1, -1, 1}));
    EXPECT_EQ(result.reals("/views/both/groups/ideal"), (std::vector<double>{1, kInfinity}));
    EXPECT_EQ(result.reals("/views/both/groups/nadir"), (std::vector<double>{-kInfinity, kInfinity}))
        << "missing is left out";
    EXPECT_EQ(result.integer_attribute("/views/both", "unrated"), 0);
  }
}

TEST(Missing, IsRefusedWhereTheViewSaysError) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("x", {1, 2, kNan, kNan}).close();
  std::string spec = folder.write("s.toml", "[[view]]\nname = \"v\"\nobjectives = [\"x:min\"]\nmissing = \"error\"\n");
  expect_refused(score(folder, sweep, {"--spec", spec}), 3, {"s.h5", "'x'", "row 2", "where"}, folder, {"s.h5", "s.toml"});
  EXPECT_EQ(score(folder, sweep, {"--spec", spec, "--where", "x > 0"}).code, 0);
}

TEST(Missing, FactorIsRefusedByColumnWhereTheViewSaysError) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("t", {1, kNan}).units("h").close();
  expect_refused(score(folder, sweep,
                       {"--emissions", "devices=1,max_power=1W,time=t", "--view", "v=co2e_kg:min", "--missing", "error"}),
                 3, {"s.h5", "'t'", "time", "row 1"}, folder, {"s.h5"});
}

TEST(SeveralFiles, AreOneSweepWhoseRowsCountOn) {
  Scratch folder;
  std::string a = Sweeping(folder / "a.h5").column<double>("x", {3, 2}).texts("t", {"p", "q"}).close();
  std::string b = Sweeping(folder / "b.h5")
                      .column<double>("x", {1, 5, 1}, {.chunk = 2})
                      .fixed_texts("t", {"q", "r", "p"}, 3, H5T_STR_SPACEPAD)
                      .close();
  for (const char* batch : {"1", "2", "3", "1000"}) {
    Outcome done = run({"score", a, b, "-o", folder / "r.h5", "--view", "v=x:min", "--view", "g=x:min", "--where", "x < 5",
                        "--batch-rows", batch, "--force"});
    ASSERT_EQ(done.code, 0) << done.err;
    Reading result(folder / "r.h5");
    EXPECT_EQ(result.integers("/views/v/state"), (Rows{2, 2, 2, 0, 2}));
    EXPECT_EQ(result.integers("/views/v/front"), (Rows{2, 4}));
    EXPECT_EQ(result.integers("/views/v/witness"), (Rows{2, 2, -1, -1, -1}));
    EXPECT_EQ(result.integer_attributes("/", "input_rows"), (Rows{2, 3}));
  }
  Outcome grouped = run({"score", a, b, "-o", folder / "r.h5", "--view", "v=x:min", "--group-by", "t", "--force"});
  ASSERT_EQ(grouped.code, 0) << grouped.err;
  EXPECT_EQ(Reading(folder / "r.h5").integers("/views/v/group"), (Rows{0, 1, 1, 2, 0}));
  EXPECT_EQ(run({"validate", folder / "r.h5", a, b}).code, 0);
}

TEST(SeveralFiles, NameTheFileAndItsOwnRowInMessages) {
  Scratch folder;
  std::string a = Sweeping(folder / "a.h5").column<double>("x", {3, 2}).close();
  std::string b = Sweeping(folder / "b.h5").column<double>("x", {1, kNan}).close();
  expect_refused(run({"score", a, b, "-o", folder / "r.h5", "--view", "v=x:min", "--missing", "error"}), 3,
                 {"b.h5", "row 1", "'x'"}, folder, {"a.h5", "b.h5"});
}

TEST(SeveralFiles, MustHaveEqualTypesUnitsAndMissingValues) {
  Scratch folder;
  std::string a = Sweeping(folder / "a.h5").column<double>("x", {3, 2}).units("h").close();
  auto refused = [&](const std::string& b, const std::vector<std::string>& words) {
    expect_refused(run({"score", a, b, "-o", folder / "r.h5", "--view", "v=x:min"}), 3, words, folder, {"a.h5", "b.h5"});
  };
  refused(Sweeping(folder / "b.h5").column<float>("x", {1}).units("h").close(),
          {"'x'", "a.h5", "b.h5", "float64", "float32"});
  refused(Sweeping(folder / "b.h5").column<double>("x", {1}).units("s").close(), {"'x'", "a.h5", "b.h5", "'h'", "'s'"});
  refused(Sweeping(folder / "b.h5").column<double>("x", {1}).close(), {"'x'", "unit", "not given"});
  refused(Sweeping(folder / "b.h5").column<double>("x", {1}).units("h").attribute("_FillValue", -1.0).close(),
          {"'x'", "missing value"});
  refused(Sweeping(folder / "b.h5").column<double>("y", {1}).close(), {"b.h5", "'x'"});
}

}  // namespace
}  // namespace carbonfront
