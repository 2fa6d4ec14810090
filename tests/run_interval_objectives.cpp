// Objectives with intervals of their own: columns with bounds or errors, such as an accuracy over several seeds.

#include <nlohmann/json.hpp>
#include <random>

#include "tests/program.hpp"
#include "tests/shards.hpp"

namespace carbonfront {
namespace {

using Counts = std::vector<std::int64_t>;

/// A view of accuracy and cost with lines added to it.
std::string view_with(const Scratch& folder, const std::string& lines) {
  return folder.write("s.toml", "[[view]]\nname = \"v\"\nobjectives = [\"accuracy:max\", \"cost:min\"]\n" + lines + "\n");
}

/// Three seeds' mean, spread and range; the second spread and the last upper bound are missing.
std::string seeds(const Scratch& folder) {
  return Sweeping(folder / "s.h5")
      .column<double>("accuracy", {90, 88, 89, 70})
      .column<double>("spread", {2, kNan, 0, 1})
      .column<float>("lowest", {88, 87, 89, 69})
      .column<float>("highest", {91, 88.5, 89, NAN})
      .column<std::int64_t>("cost", {10, 9, 10, 11})
      .close();
}

TEST(IntervalObjective, TakesBoundsFromTwoColumns) {
  Scratch folder;
  std::string sweep = seeds(folder);
  Outcome done = program(score_command(
      folder, sweep,
      {"--spec", view_with(folder, R"(intervals = { accuracy = { low = "lowest", high = "highest" } })"), "--json"}));
  ASSERT_EQ(done.code, 0) << done.err;
  Reading result(folder / "r.h5");
  EXPECT_EQ(result.integers("/views/v/front"), (Counts{0, 1})) << "the verdict itself is that of the values";
  EXPECT_EQ(result.integers("/views/v/certainty"), (Counts{3, 1, 3, 0}))
      << "row 0 may be worse than row 2, which has no error; row 1 costs least; row 3 misses a bound";
  EXPECT_EQ(result.text_attributes("/views/v", "missing_columns"), std::vector<std::string>{"highest"});
  auto objective = nlohmann::json::parse(done.out)["views"][0]["objectives"][0];
  EXPECT_EQ(objective["interval"]["low"], "lowest");
  EXPECT_EQ(program({"validate", folder / "r.h5", sweep}).code, 0);
  Outcome explained = program({"explain", folder / "r.h5", "2"});
  EXPECT_TRUE(says(explained.out, "undecided")) << explained.out;
  EXPECT_TRUE(says(program({"explain", folder / "r.h5", "3"}).out, "missing: highest"));
}

TEST(IntervalObjective, ThatMissesOneBoundIsUnratedWhateverTheOther) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("accuracy", {90, 60, 95})
                          .column<double>("lowest", {88, 69, kNan})
                          .column<double>("highest", {91, kNan, 93})
                          .column<std::int64_t>("cost", {10, 9, 10})
                          .close();
  std::string spec = view_with(folder, R"(intervals = { accuracy = { low = "lowest", high = "highest" } })");
  Reading result(scored(folder, sweep, {"--spec", spec}));
  EXPECT_EQ(result.integers("/views/v/certainty"), (Counts{1, 0, 0}));
  EXPECT_EQ(result.integers("/views/v/state"), (Counts{2, 1, 1}));
}

TEST(IntervalObjective, TakesAnErrorOfItsOwnUnitOrARelativeOne) {
  Scratch folder;
  std::string sweep = seeds(folder);
  auto certainty = [&](const std::string& interval) {
    std::string spec = view_with(folder, "intervals = { accuracy = " + interval + " }");
    return Reading(scored(folder, sweep, {"--spec", spec, "--force"})).integers("/views/v/certainty");
  };
  EXPECT_EQ(certainty(R"({ absolute_error = "spread" })"), (Counts{3, 0, 3, 2})) << "88 to 92 beside 89; 71 at most";
  EXPECT_EQ(certainty("{ absolute_error = 0.4 }"), (Counts{1, 1, 2, 2})) << "89.6 is above 89.4";
  EXPECT_EQ(certainty("{ absolute_error = 0.5 }"), (Counts{1, 1, 3, 2})) << "both may be 89.5";
  EXPECT_EQ(certainty("{ error = 0.001 }"), (Counts{1, 1, 2, 2}));
  EXPECT_EQ(certainty("{ error = 0.2 }"), (Counts{3, 1, 3, 3}));
}

/// Certainty by definition, for accuracy up and cost down, both with bounds.
Counts by_definition(const Reals& low, const Reals& high, const Reals& least, const Reals& most) {
  auto dominates = [](double a1, double c1, double a2, double c2) { return a1 >= a2 && c1 <= c2 && (a1 > a2 || c1 < c2); };
  Counts certainty;
  for (std::size_t i = 0; i < low.size(); ++i) {
    bool sure = false, possible = false;
    for (std::size_t j = 0; j < low.size(); ++j) {
      if (i == j) continue;
      sure |= dominates(low[j], most[j], high[i], least[i]);
      possible |= dominates(high[j], least[j], low[i], most[i]);
    }
    certainty.push_back(sure ? 2 : possible ? 3 : 1);
  }
  return certainty;
}

TEST(IntervalObjective, AnswersAreTheDefinitionsOnEveryBackendAndInShares) {
  std::mt19937 random(3);
  for (unsigned width : {1u, 4u}) {
    Scratch folder;
    std::size_t rows = 240;
    Reals value(rows), low(rows), high(rows), error(rows), least(rows), most(rows);
    std::vector<std::int32_t> cost(rows);
    for (std::size_t i = 0; i < rows; ++i) {
      low[i] = -10 + static_cast<double>(random() % 20);
      value[i] = low[i] + static_cast<double>(random() % width);
      high[i] = value[i] + static_cast<double>(random() % width);
      cost[i] = static_cast<std::int32_t>(random() % 25) - 12;
      error[i] = 0.5 * static_cast<double>(random() % width);
      least[i] = cost[i] - error[i], most[i] = cost[i] + error[i];
    }
    const Stored chunks{.chunk = 30};
    std::string sweep = Sweeping(folder / "s.h5")
                            .column("accuracy", value, chunks)
                            .column("low", low, chunks)
                            .column("high", high, chunks)
                            .column("cost", cost, chunks)
                            .column("error", error, chunks)
                            .close();
    Arguments spec = {"--spec", view_with(folder,
                                          "intervals = { accuracy = { low = \"low\", high = \"high\" }, cost = { "
                                          "absolute_error = \"error\" } }")};
    std::string digest;
    for (const char* backend : {"cpu", "reference"}) {
      Reading result(scored(folder, sweep, joined(spec, {"--backend", backend, "--force"})));
      EXPECT_EQ(result.integers("/views/v/certainty"), by_definition(low, high, least, most)) << backend;
      std::string now = digest_of(folder / "r.h5");
      EXPECT_TRUE(digest.empty() || digest == now) << backend;
      digest = now;
    }
    expect_the_bytes_of_one_run(folder, {sweep}, spec, {1, 3, 8});
  }
}

TEST(IntervalObjective, ThatIsMissingOrOutOfOrderNamesTheRow) {
  Scratch folder;
  auto refused = [&](const Reals& value, const Reals& low, const Reals& high, const std::string& interval,
                     const std::vector<std::string>& words) {
    std::string sweep = Sweeping(folder / "s.h5")
                            .column("accuracy", value)
                            .column("low", low)
                            .column("high", high)
                            .column<double>("cost", {1, 2})
                            .close();
    std::string spec = view_with(folder, "intervals = { accuracy = " + interval + " }");
    expect_refused(score(folder, sweep, {"--spec", spec}), 3, words, folder, {"s.h5", "s.toml"});
  };
  const std::string columns = R"({ low = "low", high = "high" })";
  refused({1, 2}, {1, 3}, {1, 2}, columns, {"accuracy", "low", "from 3", "to 2", "row 1"});
  refused({1, 5}, {1, 2}, {1, 3}, columns, {"accuracy is 5", "2 to 3", "row 1"});
  refused({1, 5}, {1, -2}, {1, 3}, R"({ absolute_error = "low" })", {"'low'", "-2", "row 1", "negative"});
  refused({1, INFINITY}, {1, 2}, {1, 3}, "{ error = 0.1 }", {"accuracy", "inf", "row 1"});
}

TEST(IntervalObjective, OfIntegersIsRefusedWhereFloat64IsNotExact) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<std::int64_t>("accuracy", {5, (std::int64_t{1} << 53) + 1})
                          .column<double>("cost", {1, 2})
                          .close();
  std::string spec = view_with(folder, "intervals = { accuracy = { absolute_error = 1 } }");
  expect_refused(score(folder, sweep, {"--spec", spec}), 3, {"accuracy", "row 1", "float64"}, folder, {"s.h5", "s.toml"});
}

TEST(IntervalObjective, ThatCannotBeIsASpecError) {
  Scratch folder;
  std::string sweep = seeds(folder);
  for (auto [lines, words] : {std::pair("intervals = { acuracy = { error = 0.1 } }", "'acuracy'"),
                              {"intervals = { accuracy = { error = -1 } }", "-1"},
                              {"intervals = { accuracy = { absolute_error = inf } }", "inf"},
                              {"intervals = { accuracy = { low = \"lowest\" } }", "low and high"},
                              {"intervals = { accuracy = { low = \"lowest\", high = \"highest\", error = 0.1 } }", "one of"},
                              {"intervals = { accuracy = {} }", "one of"},
                              {"intervals = { accuracy = 0.1 }", "must be a table"},
                              {"intervals = { accuracy = { width = 0.1 } }", "unknown key 'width'"},
                              {"intervals = { accuracy = { error = 0.1 } }\nmissing = \"worst\"", "missing = \"worst\""}})
    expect_refused(score(folder, sweep, {"--spec", view_with(folder, lines)}), 2, {words}, folder, {"s.h5", "s.toml"});
  std::string computed = folder.write("s.toml",
                                      "[emissions]\ndevices = { value = 1 }\nmax_power = { value = 1, unit = \"W\" }\n"
                                      "time = { column = \"cost\", unit = \"h\" }\n[[view]]\nname = \"v\"\n"
                                      "objectives = [\"accuracy:max\", \"co2e_kg:min\"]\n"
                                      "intervals = { co2e_kg = { error = 0.1 } }\n");
  expect_refused(score(folder, sweep, {"--spec", computed}), 2, {"co2e_kg", "[emissions]"}, folder, {"s.h5", "s.toml"});
  expect_refused(
      score(folder, sweep, {"--spec", view_with(folder, "intervals = { accuracy = { absolute_error = \"sread\" } }")}), 3,
      {"sread"}, folder, {"s.h5", "s.toml"});
}

}  // namespace
}  // namespace carbonfront
