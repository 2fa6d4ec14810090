// Bounds of emissions: around the value to the last bit, from the model that gave the value, of what can be divided by.

#include <cmath>
#include <limits>
#include <random>

#include "tests/program.hpp"
#include "tests/shards.hpp"

namespace carbonfront {
namespace {

using Counts = std::vector<std::int64_t>;
using Texts = std::vector<std::string>;

const std::string kView = "[[view]]\nname = \"v\"\nobjectives = [\"quality:max\", \"co2e_kg:min\"]\n";

std::string spec_with(const Scratch& folder, const std::string& emissions, const std::string& views = kView) {
  return folder.write("s.toml", "[emissions]\n" + emissions + views);
}

const std::string kWork =
    "model = \"flops\"\nflops = { value = 3, unit = \"PFLOP\" }\nmax_power = { value = 300, unit = \"W\" }\n"
    "peak = { value = 100, unit = \"TFLOP/s\" }\nutilisation = { value = 0.3 }\n";

TEST(Bounds, OfWhatDoesNotDependOnDevicesAreTheValue) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("quality", {1, 2, 2}).close();
  for (const std::string more : {"",
                                 "manufacture = { value = 150, unit = \"kg\" }\nhardware_life = { value = 4, unit = "
                                 "\"y\" }\n"}) {
    std::string spec = spec_with(folder, kWork + "devices = { low = 3, high = 7 }\n" + more);
    for (const char* backend : {"reference", "cpu"}) {
      Reading result(scored(folder, sweep, {"--spec", spec, "--backend", backend, "--force"}));
      for (const char* name : {"/emissions/co2e_kg", "/emissions/energy_kwh"}) {
        Reals value = result.reals(name);
        EXPECT_EQ(result.reals(name + std::string("_low")), value) << backend;
        EXPECT_EQ(result.reals(name + std::string("_high")), value) << backend;
      }
      EXPECT_EQ(result.integers("/views/v/certainty"), (Counts{2, 1, 1}));
      EXPECT_EQ(result.integers("/views/v/possibly_dominated_by"), (Counts{2, 0, 0})) << "nobody is their own opponent";
      EXPECT_EQ(result.integers("/views/v/surely_dominated_by"), (Counts{2, 0, 0}));
    }
    EXPECT_EQ(program({"validate", folder / "r.h5", sweep}).code, 0);
    Outcome explained = program({"explain", folder / "r.h5", "1"});
    EXPECT_TRUE(says(explained.out, "surely worth it")) << explained.out << explained.err;
  }
}

constexpr int kRows = 600;

/// Columns of every quantity, and of bounds of the number of devices.
std::string all_quantities(const Scratch& folder) {
  std::mt19937 random(23);
  Sweeping sweep(folder / "s.h5");
  std::lognormal_distribution<double> any(1, 2);
  std::uniform_real_distribution<double> share(0.01, 1);
  for (auto [name, unit] : {std::pair("quality", "1"),
                            {"energy", "kWh"},
                            {"max_power", "W"},
                            {"time", "min"},
                            {"carbon_intensity", "g/kWh"},
                            {"flops", "PFLOP"},
                            {"peak", "TFLOP/s"},
                            {"cores", "1"},
                            {"core_power", "W"},
                            {"memory", "GB"},
                            {"manufacture", "kg"},
                            {"hardware_life", "d"},
                            {"energy_per_sample", "J"},
                            {"flops_per_sample", "GFLOP"},
                            {"queries", "k"},
                            {"least", "1"}}) {
    Reals values(kRows);
    for (double& value : values) value = any(random);
    sweep.column(name, values, {.chunk = 50}).units(unit);
    if (std::string(name) == "least") {
      for (double& value : values) value *= 1 + share(random);
      sweep.column("most", values, {.chunk = 50}).units("1");
    }
  }
  for (const char* name : {"utilisation", "inference_utilisation", "pue"}) {
    Reals values(kRows);
    for (double& value : values) value = share(random) + (std::string(name) == "pue" ? 1 : 0);
    sweep.column(name, values, {.chunk = 50}).units("1");
  }
  return sweep.close();
}

/// A quantity's line: its own column, with a relative error.
std::string uncertain(const std::string& quantities) {
  std::string lines, name;
  for (char c : quantities + " ") {
    if (c != ' ')
      name += c;
    else
      lines += name + " = { column = \"" + name + "\", error = 0.1 }\n", name.clear();
  }
  return lines;
}

const std::string kDevices = "devices = { low = \"least\", high = \"most\" }\n";
const std::string kEachModel[] = {
    "model = \"device-power\"\n" + kDevices + uncertain("max_power time carbon_intensity pue manufacture hardware_life"),
    "model = \"green-algorithms\"\n" + kDevices + uncertain("max_power time cores core_power memory pue"),
    "model = \"measured-energy\"\ninference = \"energy-per-sample\"\n" +
        uncertain("energy pue carbon_intensity energy_per_sample queries"),
    "model = \"flops\"\n" + kDevices +
        uncertain("flops peak utilisation max_power pue carbon_intensity manufacture hardware_life"),
    "model = \"flops\"\n" + kDevices +
        "flops = { value = 7, unit = \"PFLOP\" }\npeak = { column = \"peak\" }\nutilisation = { column = \"utilisation\" }\n"
        "max_power = { column = \"max_power\" }\n",
    "model = \"flops\"\ninference = \"flops-per-sample\"\n" + kDevices +
        uncertain("flops peak utilisation max_power flops_per_sample inference_utilisation queries"),
    "model = \"first-available\"\nmodels = [\"measured-energy\", \"flops\"]\n" + kDevices +
        uncertain("energy flops peak utilisation max_power time manufacture hardware_life")};

TEST(Bounds, AreAroundTheValueInEveryModel) {
  Scratch folder;
  std::string sweep = all_quantities(folder);
  for (const std::string& model : kEachModel) {
    std::string spec = spec_with(folder, model), digest;
    for (const char* backend : {"reference", "cpu"}) {
      Reading result(scored(folder, sweep, {"--spec", spec, "--backend", backend, "--force"}));
      for (const char* name : {"energy_kwh", "co2e_kg", "inference_kwh", "inference_co2e_kg", "lifetime_co2e_kg"}) {
        std::string path = std::string("/emissions/") + name;
        if (!result.has(path)) continue;
        Reals value = result.reals(path), low = result.reals(path + "_low"), high = result.reals(path + "_high");
        for (int i = 0; i < kRows; ++i)
          ASSERT_TRUE(low[i] <= value[i] && value[i] <= high[i])
              << model << name << ", row " << i << ": " << low[i] - value[i];
      }
      Counts surely = result.integers("/views/v/surely_dominated_by"), all = result.integers("/views/v/dominated_by"),
             possibly = result.integers("/views/v/possibly_dominated_by");
      for (int i = 0; i < kRows; ++i) ASSERT_TRUE(surely[i] <= all[i] && all[i] <= possibly[i]) << model << "row " << i;
      EXPECT_TRUE(digest.empty() || digest == digest_of(folder / "r.h5")) << backend;
      digest = digest_of(folder / "r.h5");
    }
  }
}

TEST(Bounds, AreThoseOfOneRunInShares) {
  Scratch folder;
  std::string sweep = all_quantities(folder);
  expect_the_bytes_of_one_run(folder, {sweep}, {"--spec", spec_with(folder, kEachModel[4])}, {1, 5});
}

TEST(Bounds, ThatOverflowAreTheWidest) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("quality", {1, 2})
                          .column<double>("n", {0, 1})
                          .column<double>("watts", {1e308, 1})
                          .units("W")
                          .close();
  // The most of row 0 is (0 · inf): its value is 0, and nothing is known of how far above it goes.
  std::string spec = spec_with(folder,
                               "devices = { column = \"n\" }\nmax_power = { low = \"watts\", high = \"watts\" }\n"
                               "time = { value = 1e10, unit = \"d\", error = 0.5 }\n"
                               "pue = { low = 1, high = 1e300 }\ncarbon_intensity = { low = 0, high = 1e308, unit = "
                               "\"t/kWh\" }\n");
  Reading result(scored(folder, sweep, {"--spec", spec}));
  Reals high = result.reals("/emissions/co2e_kg_high"), low = result.reals("/emissions/co2e_kg_low");
  EXPECT_EQ(result.reals("/emissions/co2e_kg").at(0), 0);
  EXPECT_EQ(low.at(0), 0);
  EXPECT_FALSE(std::isnan(high.at(0)) || std::isnan(high.at(1)));
  EXPECT_EQ(high.at(1), std::numeric_limits<double>::infinity());
}

/// A meter's reading between two columns, and the power of devices where there is none.
std::string readings(const Scratch& folder) {
  return Sweeping(folder / "s.h5")
      .column<double>("quality", {1, 2, 3, 4, 5}, {.chunk = 1})
      .column<double>("lo", {0.4, kNan, 0.4, kNan, 0.4}, {.chunk = 1})
      .units("kWh")
      .column<double>("hi", {0.6, 0.6, kNan, kNan, kNan}, {.chunk = 1})
      .units("kWh")
      .column<double>("hours", {100, 100, 100, 100, kNan}, {.chunk = 1})
      .units("h")
      .close();
}

const std::string kReadings =
    "model = \"first-available\"\nmodels = [\"measured-energy\", \"device-power\"]\n"
    "carbon_intensity = { value = 1, unit = \"kg/kWh\" }\nenergy = { low = \"lo\", high = \"hi\" }\n"
    "devices = { value = 1 }\nmax_power = { value = 1, unit = \"kW\", error = 0.5 }\ntime = { column = \"hours\" }\n";

/// Equal where both are missing, too.
TEST(FirstAvailable, TakesItsBoundsFromTheModelThatGaveTheValue) {
  Scratch folder;
  std::string sweep = readings(folder), spec = spec_with(folder, kReadings);
  for (const char* backend : {"reference", "cpu"}) {
    Outcome done =
        program(score_command(folder, sweep, {"--spec", spec, "--backend", backend, "--force", "--validate", "all"}));
    ASSERT_EQ(done.code, 0) << done.err;
    Reading result(folder / "r.h5");
    EXPECT_EQ(result.integers("/emissions/source"), (Counts{0, 1, 1, 1, 255}));
    expect_equal(result.reals("/emissions/co2e_kg"), {0.5, 100, 100, 100, kNan}, "value");
    expect_equal(result.reals("/emissions/co2e_kg_low"), {0.4, 50, 50, 50, kNan}, "low");
    expect_equal(result.reals("/emissions/co2e_kg_high"), {0.6, 150, 150, 150, kNan}, "high");
    EXPECT_EQ(result.integers("/emissions/account/energy"), (Counts{1, 4, 4, 4, 4}));
    EXPECT_TRUE(says(done.out, "missing: lo (energy) in 2, hi (energy) in 3, hours (time) in 1")) << done.out;
    EXPECT_EQ(result.text_attributes("/views/v", "missing_columns"), (Texts{"hi", "hours"})) << "not lo, which row 4 has";
    EXPECT_EQ(result.text_attributes("/views/v", "missing_quantities"), (Texts{"energy", "time"}));
    EXPECT_EQ(program({"validate", folder / "r.h5", sweep}).code, 0);
  }
  expect_the_bytes_of_one_run(folder, {sweep}, {"--spec", spec}, {1, 2, 5});
}

TEST(Bounds, OfWhichOneIsMissingAreAllMissingAndBlameItsColumn) {
  Scratch folder;
  std::string sweep = readings(folder);
  std::string spec = spec_with(folder, "model = \"measured-energy\"\nenergy = { low = \"lo\", high = \"hi\" }\n");
  Outcome done =
      program(score_command(folder, sweep, {"--spec", spec, "--where", "quality >= 3", "--where", "quality != 4"}));
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(says(done.out, "missing: hi (energy) in 2\n")) << done.out;
  Reading result(folder / "r.h5");
  for (const char* name : {"co2e_kg", "co2e_kg_low", "co2e_kg_high", "energy_kwh_low"})
    EXPECT_TRUE(std::isnan(result.reals(std::string("/emissions/") + name)[2])) << name;
  EXPECT_EQ(result.text_attributes("/views/v", "missing_columns"), Texts{"hi"});
  std::string refusing = spec_with(folder, "model = \"measured-energy\"\nenergy = { low = \"lo\", high = \"hi\" }\n",
                                   kView + "missing = \"error\"\n");
  expect_refused(program(score_command(folder, sweep, {"--spec", refusing, "--force"})), 3,
                 {"energy", "'lo' or 'hi'", "row 1"});
}

std::string with_devices(const Scratch& folder, const std::string& devices, const std::string& more = "") {
  return spec_with(folder, kWork + "devices = " + devices + "\n" + more);
}

TEST(Zero, OfWhatAModelDividesByIsRefused) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("quality", {1, 2, 3})
                          .column<std::int32_t>("n", {2, 0, 1})
                          .column<double>("tiny", {1, 1, 5e-324})
                          .column<double>("one", {1, 1, 1})
                          .column<double>("none", {1, 1, -0.0})
                          .close();
  auto scored_with = [&](const std::string& devices, const Arguments& more = {}) {
    return program(score_command(folder, sweep, joined({"--spec", with_devices(folder, devices), "--force"}, more)));
  };
  const std::string refused = "the model divides by it";
  for (const char* backend : {"reference", "cpu"})
    expect_refused(scored_with("{ column = \"n\" }", {"--backend", backend}), 3,
                   {"devices of column 'n' is 0", "s.h5', row 1", refused, "`where`", "mark it missing"});
  expect_refused(scored_with("{ low = \"none\", high = \"one\" }"), 3, {"devices of column 'none' is -0", "row 2", refused});
  expect_refused(scored_with("{ column = \"tiny\", error = 0.9 }"), 3,
                 {"devices of column 'tiny' is 5e-324", "row 2", "goes to 0 with its error of 0.9", refused});
  for (const char* devices :
       {"{ value = 0 }", "{ low = 0, high = 2 }", "{ column = \"one\", assume = 0 }", "{ value = 5e-324, error = 0.9 }"})
    expect_refused(scored_with(devices), 2, {"[emissions] devices", refused});
  EXPECT_EQ(scored_with("{ column = \"n\" }", {"--where", "n > 0"}).code, 0);
  std::string first = spec_with(folder,
                                "model = \"first-available\"\nmodels = [\"device-power\", \"flops\"]\ntime = { value "
                                "= 1, unit = \"h\" }\ndevices = { column = \"n\" }\n" +
                                    kWork.substr(kWork.find('\n') + 1));
  expect_refused(program(score_command(folder, sweep, {"--spec", first, "--force"})), 3,
                 {"devices of column 'n' is 0", refused});
  EXPECT_TRUE(says(program({"models"}).out, "devices                1, above 0"));
}

TEST(Zero, OfDevicesIsAValueWhereNothingDividesByIt) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("quality", {1, 2}).column<double>("n", {0, 1}).close();
  std::string spec = spec_with(folder,
                               "devices = { column = \"n\" }\nmax_power = { value = 1, unit = \"kW\" }\ntime = { value "
                               "= 1, unit = \"h\" }\nmanufacture = { value = 1, unit = \"kg\" }\nhardware_life = { "
                               "value = 1, unit = \"h\" }\n");
  EXPECT_EQ(Reading(scored(folder, sweep, {"--spec", spec})).reals("/emissions/co2e_kg")[0], 0);
}

}  // namespace
}  // namespace carbonfront
