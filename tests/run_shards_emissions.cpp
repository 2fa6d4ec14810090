// Shares of sweeps with every emission model, catalogue and kind of interval have the bytes of one run.

#include <cmath>
#include <random>

#include "tests/program.hpp"
#include "tests/shards.hpp"

namespace carbonfront {
namespace {

namespace fs = std::filesystem;

constexpr int kRows = 480;

/// Configurations of which a different fact is missing each time, in chunks of 40 rows.
std::string sweep_in(const Scratch& folder) {
  std::mt19937 random(11);
  auto some = [&](double from, unsigned steps, double step, unsigned missing) {
    std::vector<double> values;
    for (int i = 0; i < kRows; ++i)
      values.push_back(missing && random() % missing == 0 ? NAN : from + step * static_cast<double>(random() % steps));
    return values;
  };
  std::vector<std::optional<std::string>> gpu, country, dataset;
  const char *gpus[] = {"NVIDIA A100-PCIE-80GB", "TPU v3", "", "Cerebras CS-2", "V100"},
             *countries[] = {"France", "us-east-1", "world", "Atlantis"};
  for (int i = 0; i < kRows; ++i) {
    gpu.push_back(gpus[random() % 5]);
    country.push_back(countries[random() % 4]);
    dataset.push_back(std::string(1, static_cast<char>('a' + random() % 3)));
  }
  std::vector<double> least = some(5, 20, 1, 9), most = least, width = some(0, 4, 1, 15);
  for (int i = 0; i < kRows; ++i) most[i] += width[i];
  const Stored chunks{.chunk = 40};
  return Sweeping(folder / "s.h5")
      .column("quality", some(50, 40, 1, 20), chunks)
      .column("kwh", some(1, 300, 0.5, 2), chunks)
      .units("kWh")
      .column("n", some(1, 8, 1, 0), chunks)
      .column("watts", some(100, 20, 15, 7), chunks)
      .units("W")
      .column("hours", some(1, 50, 0.25, 3), chunks)
      .units("h")
      .column("work", some(100, 90, 10, 5), chunks)
      .units("PFLOP")
      .column("joules", some(1, 30, 0.1, 6), chunks)
      .units("J")
      .column("least", least, chunks)
      .column("most", most, chunks)
      .texts("gpu", gpu, chunks)
      .texts("country", country, chunks)
      .texts("dataset", dataset, chunks)
      .close();
}

const std::string kViews = R"([[view]]
name = "counts"
objectives = ["quality:max", "co2e_kg:min"]
outputs = ["dominated_by", "dominates", "witness"]
group_by = ["dataset"]
columns = ["co2e_kg"]
[[view]]
name = "ranks"
objectives = ["quality:max", "energy_kwh:min"]
outputs = ["rank", "crowding"]
[[view]]
name = "front"
objectives = ["quality:max", "co2e_kg:min", "energy_kwh:min"]
outputs = ["hypervolume"]
group_by = ["dataset"]
[[view]]
name = "worst"
objectives = ["quality:max", "co2e_kg:min"]
missing = "worst"
)";

void expect_one_run(const std::string& emissions, const std::string& views = kViews, const std::string& where = "",
                    const Arguments& more = {}) {
  Scratch folder;
  std::string sweep = sweep_in(folder);
  std::string spec = folder.write("s.toml", "[sweep]\n" + where + "[emissions]\n" + emissions + views);
  expect_the_bytes_of_one_run(folder, {sweep}, {"--spec", spec}, {1, 3, 8}, more);
}

const std::string kWork =
    "flops = { column = \"work\" }\npeak = { value = 100, unit = \"TFLOP/s\" }\nutilisation = { value = 0.5 }\n";
const std::string kPower =
    "devices = { column = \"n\" }\nmax_power = { column = \"watts\" }\ntime = { column = \"hours\" }\n";

TEST(ShardsOfModels, FirstAvailableWithManufactureAndLifetime) {
  expect_one_run(
      "model = \"first-available\"\nmodels = [\"measured-energy\", \"device-power\", \"flops\"]\n"
      "energy = { column = \"kwh\" }\n" +
          kPower + kWork +
          "manufacture = { value = 150, unit = \"kg\" }\nhardware_life = { value = 4, unit = \"y\" }\n"
          "inference = \"energy-per-sample\"\nenergy_per_sample = { column = \"joules\" }\n"
          "queries = { value = 3, unit = \"M\" }\n",
      kViews +
          "[[view]]\nname = \"life\"\nobjectives = [\"lifetime_co2e_kg:min\", \"inference_co2e_kg:min\", "
          "\"co2e_kg:min\"]\n",
      "where = [\"kwh >= 0\", \"n < 8\"]\n");
}

TEST(ShardsOfModels, GreenAlgorithms) {
  expect_one_run(kPower +
                 "model = \"green-algorithms\"\ncores = { value = 8 }\ncore_power = { value = 12, unit = \"W\" }\n"
                 "memory = { value = 64, unit = \"GB\" }\ndevice_usage = { value = 0.8 }\npue = { value = 1.2 }\n");
}

TEST(ShardsOfModels, MeasuredEnergyAndWork) {
  expect_one_run("model = \"measured-energy\"\nenergy = { column = \"joules\" }\n");
  expect_one_run("model = \"flops\"\n" + kWork + "devices = { column = \"n\" }\nmax_power = { column = \"watts\" }\n");
}

TEST(ShardsOfModels, FactsThatAreLookedUpAssumedAndMissing) {
  expect_one_run(
      "devices = { column = \"n\" }\nmax_power = { column = \"gpu\", catalog = \"hardware\", unknown = \"missing\", "
      "assume = 300 }\ntime = { column = \"hours\", assume = 7 }\n"
      "carbon_intensity = { column = \"country\", catalog = \"carbon\", unknown = \"missing\" }\n");
}

TEST(ShardsOfModels, AFactThatIsRequiredIsRefusedInTheShareThatMissesIt) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("hours", {1, 2, 3, 4, 5, NAN, 7, 8}, {.chunk = 2})
                          .units("h")
                          .column<double>("quality", {1, 2, 3, 4, 5, 6, 7, 8}, {.chunk = 2})
                          .close();
  std::string spec = folder.write("s.toml",
                                  "[emissions]\ndevices = { value = 1 }\nmax_power = { value = 1, unit = \"W\" }\n"
                                  "time = { column = \"hours\" }\n[[view]]\nname = \"v\"\n"
                                  "objectives = [\"quality:max\", \"co2e_kg:min\"]\n");
  Sharing work{folder, {sweep}, {"--spec", spec, "--require", "time"}, 4};
  for (int shard : {0, 1, 3}) EXPECT_EQ(work.score(shard).code, 0);
  expect_refused(work.score(2), 3, {"time", "'hours'", "row 5", "required"});
  EXPECT_FALSE(fs::exists(work.part(2)));
  expect_refused(work.merge(), 3, {"run shards 2 again"});
}

TEST(ShardsOfModels, AreRefusedWhereTheUsersCatalogueHasChangedSince) {
  Scratch folder;
  std::string sweep = sweep_in(folder),
              mine = folder.write("mine.csv", "name,quantity,value,unit\nHome brew,max_power,42,W\n");
  std::string spec = folder.write("s.toml", "[emissions]\ncatalogs = [\"" + mine +
                                                "\"]\ndevices = { column = \"n\" }\nmax_power = { catalog = \"hardware\", "
                                                "name = \"Home brew\" }\ntime = { column = \"hours\" }\n" +
                                                kViews);
  Sharing work{folder, {sweep}, {"--spec", spec}, 2};
  work.score_all();
  EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
  folder.write("mine.csv", "name,quantity,value,unit\nHome brew,max_power,43,W\n");
  expect_refused(work.merge({"--force"}), 3, {"another catalogue"});
  EXPECT_EQ(work.score(1, {"--force"}).code, 0);
  expect_refused(work.merge({"--force"}), 3, {"part-1-of-2", "another catalogue"});
}

const std::string kBounds =
    "devices = { column = \"n\" }\nmax_power = { column = \"watts\", error = 0.1 }\n"
    "time = { low = \"least\", high = \"most\", unit = \"h\" }\npue = { low = 1.1, high = 1.3 }\n";

TEST(ShardsOfIntervals, HaveTheBytesOfOneRunInEveryKindOfView) { expect_one_run(kBounds); }

TEST(ShardsOfIntervals, HaveTheBytesOfOneRunForSelectedRows) {
  expect_one_run(kBounds,
                 "[[view]]\nname = \"v\"\nobjectives = [\"quality:max\", \"co2e_kg:min\"]\noutputs = []\n"
                 "group_by = [\"dataset\"]\n",
                 "where = [\"n >= 3\"]\n");
}

TEST(ShardsOfIntervals, HaveTheBytesOfOneRunWithTheReference) {
  expect_one_run(kBounds, kViews, "", {"--backend", "reference"});
}

TEST(ShardsOfIntervals, AreCountedBlockByBlockInLittleMemory) {
  Scratch folder;
  std::string sweep = sweep_in(folder), spec = folder.write("s.toml", "[emissions]\n" + kBounds + kViews);
  Sharing work{folder, {sweep}, {"--spec", spec}, 6};
  work.score_all();
  work.count_all({"--memory-limit", "64KiB"});
  EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
  expect_refused(work.count(1, {"--memory-limit", "1KiB", "--force"}), 4, {"counting shard 1", "--memory-limit"});
}

TEST(ShardsOfIntervals, TellWhatIsCertain) {
  Scratch folder;
  std::string sweep = sweep_in(folder), spec = folder.write("s.toml", "[emissions]\n" + kBounds + kViews);
  Sharing work{folder, {sweep}, {"--spec", spec}, 3, program};
  std::string whole = program({"score", sweep, "--spec", spec, "-o", folder / "m.h5", "--show", "0"}).out;
  auto certain = [](const std::string& text) {
    std::string lines;
    for (std::size_t at = 0; (at = text.find("  whatever", at)) != std::string::npos; ++at)
      lines += text.substr(at, text.find('\n', at) - at) + "\n";
    return lines;
  };
  EXPECT_EQ(std::ranges::count(certain(whole), '\n'), 4) << whole;
  work.score_all();
  EXPECT_EQ(certain(work.merge({"--force"}).out), certain(whole));
  work.count_all();
  EXPECT_EQ(certain(work.merge({"--force"}).out), certain(whole));
  EXPECT_EQ(program({"validate", folder / "m.h5", sweep}).code, 0);
}

}  // namespace
}  // namespace carbonfront
