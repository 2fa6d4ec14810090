// One row explained: inputs with units and source, every step with its numbers, the verdict and by how much it is beaten.

#include "tests/outcome.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

std::string small_sweep(const Scratch& folder) {
  return Sweeping(folder / "s.h5")
      .texts("name", {"big", "small", "lost"})
      .texts("gpu", {"TPU v3", "Quadro RTX 6000", ""})
      .column<double>("hours", {10, 5, 5})
      .units("h")
      .column<double>("quality", {80, 90, 70})
      .column<double>("joules", {1800, 3600, 1})
      .units("J")
      .close();
}

const char* const kSpec = R"([sweep]
label = "name"
[emissions]
devices = { value = 2 }
max_power = { column = "gpu", catalog = "hardware" }
time = { column = "hours" }
pue = { value = 1.5 }
inference = "energy-per-sample"
energy_per_sample = { column = "joules" }
[[view]]
name = "v"
objectives = ["quality:max", "co2e_kg:min"]
)";

TEST(Explain, ShowsInputsStepsVerdictAndWhatBeatsIt) {
  Scratch folder;
  std::string sweep = small_sweep(folder), result = scored(folder, sweep, {"--spec", folder.write("s.toml", kSpec)});
  Outcome done = run({"explain", result, "0"});
  ASSERT_EQ(done.code, 0) << done.err;
  for (const char* words :
       {"big", "column gpu has 'TPU v3': Google TPU v3, source epoch", "220 to 450 W", "column hours has 10",
        "left out: the world's average of 2018", "· max_power = 2 · 450 = 900", "· time = 900 · 10 = 9000",
        "in kWh: 9000 · 1 / 1000 = 9", "· pue = 9 · 1.5 = 13.5", "energy_kwh = 13.5 kWh", "co2e_kg = 5.8995 kg",
        "One sample: energy-per-sample", "sub-optimal, beaten by 1", "small", "10", "4.1952"})
    EXPECT_TRUE(says(done.out, words)) << words << "\n" << done.out;
  EXPECT_TRUE(says(run({"explain", result, "1"}).out, "worth it: nothing beats it"));
  EXPECT_TRUE(says(run({"explain", result, "2"}).out, "no verdict; missing: co2e_kg"));
}

TEST(Explain, FindsTheQueriesAtWhichTwoLifetimesAreEven) {
  Scratch folder;
  std::string sweep = small_sweep(folder), result = scored(folder, sweep, {"--spec", folder.write("s.toml", kSpec)});
  // 13.5 and 3.9 kWh of training, 0.75 and 1.5 Wh per sample: even at 9600 / 0.75 queries.
  Outcome done = run({"explain", result, "0", "--against", "1"});
  EXPECT_TRUE(says(done.out, "at 12800 queries")) << done.out;
}

TEST(Explain, RefusesWhatItCannotExplain) {
  Scratch folder;
  std::string sweep = small_sweep(folder), result = scored(folder, sweep, {"--spec", folder.write("s.toml", kSpec)});
  expect_refused(run({"explain", result, "3"}), 2, {"no row 3", "0 to 2"});
  expect_refused(run({"explain", sweep, "0"}), 3, {"not a result"});
  patch<double>(sweep, "/configs/hours", 0, 11);
  Outcome changed = run({"explain", result, "0"});
  EXPECT_EQ(changed.code, 3);
  EXPECT_TRUE(says(changed.err, "not the one that was scored")) << changed.err;
}

TEST(Explain, ShowsEveryModelsSteps) {
  Scratch folder;
  std::string sweep = small_sweep(folder);
  const std::pair<const char*, const char*> models[] = {
      {"model = \"green-algorithms\"\ntime = { column = \"hours\" }\nmemory = { value = 100, unit = \"GB\" }\ndevices = { "
       "value = "
       "1 }\nmax_power = { value = 100, unit = \"W\" }\n",
       "+ power of memory = 100 + 37.25 = 137.25"},
      {"model = \"measured-energy\"\nenergy = { column = \"joules\" }\n", "in kWh: 1800 · 1 / 3600000 = 0.0005"},
      {"model = \"flops\"\nflops = { value = 36, unit = \"PFLOP\" }\npeak = { value = 10, unit = \"TFLOP/s\" }\nutilisation "
       "= { "
       "value = 0.5 }\ndevices = { value = 2 }\nmax_power = { value = 1, unit = \"kW\" }\nmanufacture = { value = 100, unit "
       "= "
       "\"kg\" }\nhardware_life = { value = 1, unit = \"y\" }\n",
       "/ rate [s] = 3.6e+16 / 10000000000000 = 3600"}};
  for (const auto& [lines, words] : models) {
    std::string spec =
        folder.write("m.toml", std::string("[emissions]\n") + lines +
                                   "[[view]]\nname = \"v\"\nobjectives = [\"co2e_kg:min\", \"quality:max\"]\n");
    Outcome done = run({"explain", scored(folder, sweep, {"--spec", spec, "--force"}), "0"});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_TRUE(says(done.out, words)) << done.out;
  }
}

}  // namespace
}  // namespace carbonfront
