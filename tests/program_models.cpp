// Emission models through the program: chosen in the spec, evaluated, written, checked.

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/outcome.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

using Texts = std::vector<std::string>;
using Counts = std::vector<std::int64_t>;

/// A few trainings, each known in another way.
std::string trainings(const Scratch& folder) {
  return Sweeping(folder / "s.h5")
      .column<double>("quality", {1, 2, 3, 4})
      .column<double>("kwh", {5, kNan, kNan, kNan})
      .units("kWh")
      .column<double>("n", {2, 2, 2, 2})
      .column<double>("hours", {10, 10, kNan, kNan})
      .units("h")
      .column<double>("work", {3600, 3600, 3600, kNan})
      .units("PFLOP")
      .close();
}

const char* const kFirstAvailable = R"([emissions]
model = "first-available"
models = ["measured-energy", "device-power", "flops"]
carbon_intensity = { value = 0.5, unit = "kg/kWh" }
energy = { column = "kwh" }
devices = { column = "n" }
max_power = { value = 400, unit = "W" }
time = { column = "hours" }
flops = { column = "work" }
peak = { value = 100, unit = "TFLOP/s" }
utilisation = { value = 0.5 }
[[view]]
name = "v"
objectives = ["quality:max", "co2e_kg:min"]
)";

TEST(FirstAvailable, TakesTheFirstModelThatKnowsAndSaysWhich) {
  Scratch folder;
  std::string sweep = trainings(folder), spec = folder.write("s.toml", kFirstAvailable);
  for (const char* backend : {"cpu", "reference"}) {
    Outcome done = score(folder, sweep, {"--spec", spec, "--backend", backend, "--validate", "all", "--force"});
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_TRUE(says(done.out, "measured-energy in 1, device-power in 1, flops in 1")) << done.out;
    EXPECT_TRUE(says(done.out, "known for 3 of 4")) << done.out;
    Reading result(folder / "r.h5");
    std::vector<double> kwh = result.reals("/emissions/energy_kwh");
    EXPECT_EQ((std::vector<double>{kwh[0], kwh[1], kwh[2]}), (std::vector<double>{5, 8, 2 * 0.4 * 10}));
    EXPECT_TRUE(std::isnan(kwh[3]));
    EXPECT_EQ(result.integers("/emissions/source"), (Counts{0, 1, 2, 255}));
    EXPECT_EQ(result.text_attributes("/emissions", "models"), (Texts{"measured-energy", "device-power", "flops"}));
    EXPECT_EQ(result.integers("/views/v/state"), (Counts{2, 2, 2, 1}));
    EXPECT_EQ(result.text_attributes("/views/v", "missing_quantities"), (Texts{"energy", "time", "flops"}));
    EXPECT_EQ(result.integer_attributes("/views/v", "missing_rows"), (Counts{1, 1, 1}))
        << "what is missing elsewhere was not needed";
    EXPECT_EQ(run({"validate", folder / "r.h5", sweep}).code, 0);
  }
}

TEST(Lifetime, IsTrainingAndAllQueries) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("kwh", {1000, 10, kNan})
                          .units("kWh")
                          .column<double>("joules", {3600, 36000, 1})
                          .units("J")
                          .column<double>("quality", {1, 1, 1})
                          .close();
  std::string spec = folder.write("s.toml", R"([emissions]
model = "measured-energy"
inference = "energy-per-sample"
carbon_intensity = { value = 500, unit = "g/kWh" }
pue = { value = 1.5 }
energy = { column = "kwh" }
energy_per_sample = { column = "joules" }
queries = { value = 2, unit = "M" }
[[view]]
name = "v"
objectives = ["lifetime_co2e_kg:min"]
[[view]]
name = "use"
objectives = ["inference_co2e_kg:min", "co2e_kg:min"]
)");
  Outcome done = score(folder, sweep, {"--spec", spec, "--validate", "all"});
  ASSERT_EQ(done.code, 0) << done.err;
  Reading result(folder / "r.h5");
  EXPECT_DOUBLE_EQ(result.reals("/emissions/inference_kwh")[0], 0.0015);
  EXPECT_DOUBLE_EQ(result.reals("/emissions/inference_co2e_kg")[1], 0.0075);
  EXPECT_DOUBLE_EQ(result.reals("/emissions/lifetime_kwh")[0], 1500 + 3000);
  EXPECT_DOUBLE_EQ(result.reals("/emissions/lifetime_co2e_kg")[1], 7.5 + 15000);
  EXPECT_TRUE(std::isnan(result.reals("/emissions/lifetime_co2e_kg")[2]));
  EXPECT_EQ(result.integers("/views/v/front"), Counts{0}) << "2 million queries outweigh its training";
  EXPECT_EQ(result.text_attributes("/views/v", "missing_quantities"), Texts{"energy"});
  EXPECT_EQ(result.text_attributes("/views/use", "objective_units"), (Texts{"kg", "kg"}));
  EXPECT_TRUE(says(done.out, "110,000 queries")) << done.out;  // (750 − 7.5) / (0.0075 − 0.00075) = 110,000
  EXPECT_EQ(run({"validate", folder / "r.h5", sweep}).code, 0);
  auto even =
      nlohmann::json::parse(score(folder, sweep, {"--spec", spec, "--json", "--force"}).out)["views"][1]["break_even"];
  EXPECT_EQ(even["trained_row"], 1);
  EXPECT_EQ(even["used_row"], 0);
  EXPECT_NEAR(even["queries"].get<double>(), 110000, 1e-6);
}

TEST(Lifetime, IsUnknownWithoutInference) {
  Scratch folder;
  expect_refused(score(folder, trainings(folder),
                       {"--emissions", "model=measured-energy,energy=kwh", "--view", "v=lifetime_co2e_kg:min"}),
                 2, {"'lifetime_co2e_kg'", "inference"}, folder, {"s.h5"});
}

TEST(Models, AreListedWithFormulaInputsUnitsAndSource) {
  Outcome done = run({"models"});
  ASSERT_EQ(done.code, 0);
  for (const char* words : {"device-power", "green-algorithms", "measured-energy", "flops", "first-available", "embodied",
                            "energy-per-sample", "flops-per-sample", "parameters", "lifetime", "Douwes & Esling",
                            "Lannelongue", "LLMCarbon", "W or kW", "left out: 0.437 kg/kWh", "left out: 0.3725 W/GB"})
    EXPECT_TRUE(says(done.out, words)) << words;
}

TEST(EmissionValue, OfAModelThatCannotBeIsRefusedWithItsRow) {
  Scratch folder;
  std::string sweep =
      Sweeping(folder / "s.h5").column<double>("u", {0.5, 1, 1.2}).column<double>("work", {1, 1, 1}).units("EFLOP").close();
  expect_refused(score(folder, sweep,
                       {"--emissions", "model=flops,flops=work,devices=1,max_power=1W,peak=1TFLOP/s,utilisation=u", "--view",
                        "v=co2e_kg:min"}),
                 3, {"utilisation", "'u'", "1.2", "row 2", "at most 1"}, folder, {"s.h5"});
}

}  // namespace
}  // namespace carbonfront
