// Intervals: bounds of energy and emissions, and verdicts that hold whatever the true values are.

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/program.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

using Counts = std::vector<std::int64_t>;

std::string spec_with(const Scratch& folder, const std::string& emissions, const std::string& objectives) {
  return folder.write("s.toml", "[emissions]\n" + emissions + "[[view]]\nname = \"v\"\nobjectives = " + objectives + "\n");
}

const char* const kByColumns =
    "devices = { value = 1 }\nmax_power = { value = 1, unit = \"kW\" }\ntime = { low = \"least\", high = \"most\", unit = "
    "\"h\" }\n"
    "carbon_intensity = { value = 1, unit = \"kg/kWh\" }\n";
const char* const kObjectives = "[\"quality:max\", \"co2e_kg:min\"]";

std::string bounded(const Scratch& folder, const Reals& quality, const Reals& least, const Reals& most) {
  return Sweeping(folder / "s.h5").column("quality", quality).column("least", least).column("most", most).close();
}

TEST(Interval, OfTwoColumnsBoundsEnergyAndEmissions) {
  Scratch folder;
  std::string sweep = bounded(folder, {90, 80, 85, 70, 60}, {10, 4, 9, 20, kNan}, {12, 6, 13, 30, 2});
  Outcome done = program(score_command(folder, sweep, {"--spec", spec_with(folder, kByColumns, kObjectives), "--json"}));
  ASSERT_EQ(done.code, 0) << done.err;
  Reading result(folder / "r.h5");
  Reals low = result.reals("/emissions/co2e_kg_low"), high = result.reals("/emissions/energy_kwh_high");
  EXPECT_EQ(Reals(low.begin(), low.begin() + 4), (Reals{10, 4, 9, 20}));
  EXPECT_EQ(Reals(high.begin(), high.begin() + 4), (Reals{12, 6, 13, 30}));
  EXPECT_EQ(result.reals("/emissions/co2e_kg")[0], 11) << "the middle";
  EXPECT_TRUE(std::isnan(low[4]) && std::isnan(result.reals("/emissions/co2e_kg")[4])) << "one bound missing";
  // Row 0 has the best quality and row 1 the least emissions; row 2 is beaten by row 0 only if 0 emits little; row 3 always.
  EXPECT_EQ(result.integers("/views/v/certainty"), (Counts{1, 1, 3, 2, 0}));
  EXPECT_EQ(result.values<std::uint32_t>("/views/v/surely_dominated_by"),
            (std::vector<std::uint32_t>{0, 0, 0, 3, 0xFFFFFFFFu}));
  EXPECT_EQ(result.values<std::uint32_t>("/views/v/possibly_dominated_by"),
            (std::vector<std::uint32_t>{0, 0, 1, 3, 0xFFFFFFFFu}));
  auto certainty = nlohmann::json::parse(done.out)["views"][0]["certainty"];
  EXPECT_EQ(certainty["surely_nondominated"], 2);
  EXPECT_EQ(certainty["undecided"], 1);
  EXPECT_EQ(program({"validate", folder / "r.h5", sweep}).code, 0);
}

TEST(Interval, OfEqualPointsLeavesThemAllOnTheFront) {
  Scratch folder;
  std::string sweep = bounded(folder, {1, 1}, {5, 5}, {5, 5});
  Reading result(scored(folder, sweep, {"--spec", spec_with(folder, kByColumns, kObjectives)}));
  EXPECT_EQ(result.integers("/views/v/certainty"), (Counts{1, 1}));
}

TEST(Interval, OfOneRowIsNotBeatenByItself) {
  Scratch folder;
  Reading result(scored(folder, bounded(folder, {1}, {5}, {9}), {"--spec", spec_with(folder, kByColumns, kObjectives)}));
  EXPECT_EQ(result.integers("/views/v/certainty"), Counts{1});
}

/// Certainty by definition, for quality up and emissions down.
std::vector<std::int64_t> by_definition(const Reals& quality, const Reals& low, const Reals& high) {
  auto dominates = [&](double q1, double c1, double q2, double c2) { return q1 >= q2 && c1 <= c2 && (q1 > q2 || c1 < c2); };
  std::vector<std::int64_t> certainty;
  for (std::size_t i = 0; i < quality.size(); ++i) {
    bool sure = false, possible = false;
    for (std::size_t j = 0; j < quality.size(); ++j) {
      if (i == j) continue;
      sure |= dominates(quality[j], high[j], quality[i], low[i]);
      possible |= dominates(quality[j], low[j], quality[i], high[i]);
    }
    certainty.push_back(sure ? 2 : possible ? 3 : 1);
  }
  return certainty;
}

TEST(Interval, AnswersAreTheDefinitionsOnEveryBackend) {
  std::mt19937 random(5);
  for (int round = 0; round < 4; ++round) {
    Scratch folder;
    std::size_t rows = 300;
    Reals quality(rows), low(rows), high(rows);
    for (std::size_t i = 0; i < rows; ++i) {
      quality[i] = static_cast<double>(random() % 20);
      low[i] = static_cast<double>(random() % 30);
      high[i] = low[i] + static_cast<double>(random() % (round + 1));
    }
    std::string sweep = bounded(folder, quality, low, high), spec = spec_with(folder, kByColumns, kObjectives), digest;
    for (const char* backend : {"cpu", "reference"}) {
      Reading result(scored(folder, sweep, {"--spec", spec, "--backend", backend, "--force"}));
      EXPECT_EQ(result.integers("/views/v/certainty"), by_definition(quality, low, high)) << backend;
      std::string now = program({"inspect", "--digest", folder / "r.h5"}).out;
      EXPECT_TRUE(digest.empty() || digest == now) << backend;
      digest = now;
    }
  }
}

TEST(Interval, OfAConstantAndOfARelativeError) {
  Scratch folder;
  std::string sweep =
      Sweeping(folder / "s.h5").column<double>("quality", {1}).column<double>("hours", {10}).units("h").close();
  Reading result(
      scored(folder, sweep,
             {"--spec", spec_with(folder,
                                  "model = \"flops\"\nflops = { value = 36, unit = \"PFLOP\" }\n"
                                  "peak = { low = 5, high = 10, unit = \"TFLOP/s\" }\nutilisation = { value = 1 }\n"
                                  "devices = { low = 1, high = 3 }\nmax_power = { value = 1, unit = \"kW\", error = 0.5 }\n",
                                  kObjectives)}));
  // 3600 s at 10 TFLOP/s and 0.5 kW are the least, 7200 s and 1.5 kW the most; how many devices share the work is no matter.
  EXPECT_DOUBLE_EQ(result.reals("/emissions/energy_kwh_low")[0], 0.5);
  EXPECT_DOUBLE_EQ(result.reals("/emissions/energy_kwh_high")[0], 3);
  Reading column(scored(folder, sweep,
                        {"--force", "--spec",
                         spec_with(folder,
                                   "devices = { value = 1 }\nmax_power = { value = 1, unit = \"kW\" }\n"
                                   "time = { column = \"hours\", error = 0.1 }\npue = { low = 1, high = 1.5 }\n",
                                   kObjectives)}));
  EXPECT_EQ(column.reals("/emissions/energy_kwh_low")[0], 10 * (1 - 0.1));
  EXPECT_EQ(column.reals("/emissions/energy_kwh")[0], 12.5);
  EXPECT_EQ(column.reals("/emissions/energy_kwh_high")[0], 10 * (1 + 0.1) * 1.5);
}

const std::string kWorkLines =
    "model = \"flops\"\nflops = { value = 36, unit = \"PFLOP\" }\npeak = { value = 10, unit = \"TFLOP/s\" }\n"
    "devices = { value = 1 }\nmax_power = { value = 1, unit = \"kW\" }\n";

TEST(Interval, OfARelativeErrorStopsAtTheLimitOfItsQuantity) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("quality", {1, 1, 1})
                          .column<double>("used", {0.5, 0.9, kNan})
                          .column<double>("overhead", {2, 1.1, 1})
                          .close();
  for (const char* backend : {"cpu", "reference"}) {
    std::string spec = spec_with(folder,
                                 kWorkLines +
                                     "utilisation = { column = \"used\", error = 0.25 }\n"
                                     "pue = { column = \"overhead\", error = 0.25 }\n",
                                 kObjectives);
    Reading result(scored(folder, sweep, {"--spec", spec, "--force", "--backend", backend}));
    Reals least = result.reals("/emissions/energy_kwh_low"), most = result.reals("/emissions/energy_kwh_high");
    EXPECT_DOUBLE_EQ(least[0], 1.5 / 0.625);
    EXPECT_EQ(least[1], 1) << "neither a utilisation of 1.125 nor a PUE of 0.825";
    EXPECT_DOUBLE_EQ(most[0], 2.5 / 0.375);
    EXPECT_DOUBLE_EQ(most[1], 1.375 / 0.675);
    EXPECT_TRUE(std::isnan(least[2]) && std::isnan(most[2]));
  }
  Outcome explained = program({"explain", folder / "r.h5", "1"});
  EXPECT_TRUE(says(explained.out, "column used has 0.9; ± 25 %: 0.675 to 1, not above 1")) << explained.out;
  EXPECT_TRUE(says(explained.out, "to 1.375, not below 1")) << explained.out;
  Reading constants(scored(folder, sweep,
                           {"--force", "--spec",
                            spec_with(folder,
                                      kWorkLines + "utilisation = { value = 0.9, error = 0.25 }\n"
                                                   "pue = { value = 1.1, error = 0.25 }\n",
                                      kObjectives)}));
  EXPECT_EQ(constants.reals("/emissions/energy_kwh_low")[0], 1);
}

TEST(Interval, OfTwoColumnsOutsideTheDomainNamesColumnAndRow) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("quality", {1, 1, 1})
                          .column<double>("least", {1, kNan, 1.2})
                          .column<double>("most", {kNan, 1, 1.3})
                          .column<double>("wild", {1, 0.5, 7})
                          .column<double>("below", {kNan, -0.5, 1})
                          .close();
  auto pue = [&](const std::string& low, const std::string& high, const std::string& name = "pue") {
    return score(folder, sweep,
                 {"--force", "--spec",
                  spec_with(folder,
                            kWorkLines + (name == "pue" ? "utilisation = { value = 1 }\n" : "") + name + " = { low = \"" +
                                low + "\", high = \"" + high + "\" }\n",
                            kObjectives)});
  };
  Outcome good = pue("least", "most");
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_EQ(Reading(folder / "r.h5").integers("/views/v/state"), (Counts{1, 1, 2})) << "one missing bound is enough";
  expect_refused(pue("below", "most"), 3, {"pue of column 'below' is -0.5", "row 1", "negative"});
  expect_refused(pue("least", "wild"), 3, {"pue of column 'wild' is 0.5", "row 1", "1 or more"});
  expect_refused(pue("wild", "wild", "utilisation"), 3, {"utilisation of column 'wild' is 7", "row 2", "at most 1"});
}

TEST(Interval, ThatCannotBeIsRefused) {
  Scratch folder;
  std::string sweep = bounded(folder, {1, 2}, {5, 9}, {6, 8});
  expect_refused(score(folder, sweep, {"--spec", spec_with(folder, kByColumns, kObjectives)}), 3,
                 {"time goes from 9", "'least'", "to 8", "'most'", "row 1", "low to high"}, folder, {"s.h5", "s.toml"});
  sweep = bounded(folder, {1, 2}, {-5, 9}, {6, 18});
  expect_refused(score(folder, sweep, {"--spec", spec_with(folder, kByColumns, kObjectives)}), 3,
                 {"-5", "negative", "row 0"});
  const std::string rest = "devices = { value = 1 }\nmax_power = { value = 1, unit = \"kW\" }\n";
  for (auto [time, words] : {std::pair("{ low = 3, high = 2, unit = \"h\" }", "low = 3 above high = 2"),
                             {"{ low = -1, high = 2, unit = \"h\" }", "negative"},
                             {"{ low = 1, unit = \"h\" }", "one bound"},
                             {"{ low = 1, high = 2 }", "no unit"},
                             {"{ column = \"most\", unit = \"h\", error = 1.5 }", "an error of 1.5"},
                             {"{ column = \"most\", unit = \"h\", low = 1, high = 2 }", "bounds and a column"},
                             {"{ value = 9, low = 1, high = 2, unit = \"h\" }", "outside its bounds"}})
    expect_refused(score(folder, sweep, {"--spec", spec_with(folder, rest + "time = " + time + "\n", kObjectives)}), 2,
                   {words});
  expect_refused(
      score(folder, sweep,
            {"--spec",
             spec_with(folder, rest + "time = { value = 1, unit = \"h\" }\npue = { low = 0.5, high = 2 }\n", kObjectives)}),
      2, {"PUE"});
}

}  // namespace
}  // namespace carbonfront
