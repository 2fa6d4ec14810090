// The program with the emulated device: the same bytes as on the CPU, and how it ends when the device fails.

#include <cstdlib>
#include <random>

#include "tests/outcome.hpp"

namespace carbonfront {
namespace {

/// Sets a variable of the environment for the length of a scope.
struct Variable {
  const char* name;
  Variable(const char* a_name, const char* value) : name(a_name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name); }
};

std::string sweep(const Scratch& folder) {
  EXPECT_EQ(run({"generate", "--rows", "2000", "--objectives", "4", "--missing", "0.05", "--distribution", "quantised", "-o",
                 folder / "s.h5"})
                .code,
            0);
  return folder / "s.h5";
}

Arguments work(const Arguments& more) {
  Arguments arguments = {"--emissions", "devices=n_gpus,max_power=tdp,time=train_time",
                         "--view",      "a=accuracy:max,co2e_kg:min",
                         "--view",      "b=f1:min,f2:max,f3:min,f4:min",
                         "--outputs",   "dominated_by,dominates,rank,witness",
                         "--force"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::string digest(const Scratch& folder, const std::string& sweep, const Arguments& more) {
  return run({"inspect", "--digest", scored(folder, sweep, work(more))}).out;
}

TEST(EmulatedProgram, GivesTheSameBytesAsTheCpu) {
  Scratch folder;
  const std::string input = sweep(folder);
  for (const Arguments& more : {Arguments{}, {"--missing", "worst"}, {"--group-by", "region"}, {"--where", "f1 > 0.5"}}) {
    Arguments cpu = more, device = more;
    cpu.insert(cpu.end(), {"--backend", "cpu"});
    device.insert(device.end(), {"--backend", "cuda-emulated"});
    const std::string expected = digest(folder, input, cpu);
    EXPECT_EQ(digest(folder, input, device), expected);
    device.insert(device.end(), {"--batch-rows", "77"});
    EXPECT_EQ(digest(folder, input, device), expected) << "in small batches";
    const Variable devices("CARBONFRONT_EMULATED_DEVICES", "2"), memory("CARBONFRONT_EMULATED_MEMORY", "150000");
    device.insert(device.end(), {"--device", "all"});
    EXPECT_EQ(digest(folder, input, device), expected) << "in blocks, on two devices";
  }
}

/// Runs whose energy has bounds of which one or both may be missing, and whose other facts may be missing too.
std::string readings(const Scratch& folder) {
  std::string table = "quality,lo [kWh],hi [kWh],n,watts [W],hours [h],work [PFLOP],least [kg],most [kg]\n";
  std::mt19937 random(4);
  auto some = [&](unsigned missing) {
    return random() % missing ? std::to_string(1 + random() % 90) + ".5" : std::string();
  };
  for (int row = 0; row < 600; ++row) {
    const std::string energy = some(2), made = some(9);
    table += std::to_string(random() % 40) + "," + energy + "," + (random() % 3 ? "9" + energy : "") + "," + some(99) + "," +
             some(9) + "," + some(3) + "," + some(4) + "," + made + "," + (random() % 9 ? "9" + made : "") + "\n";
  }
  EXPECT_EQ(run({"convert", folder.write("t.csv", table), "-o", folder / "t.h5"}).code, 0);
  return folder / "t.h5";
}

TEST(EmulatedProgram, TakesBoundsFromTheModelOfTheValueAsTheCpuDoes) {
  Scratch folder;
  const std::string input = readings(folder);
  const std::string spec = folder.write("s.toml", R"([emissions]
model = "first-available"
models = ["measured-energy", "device-power", "flops"]
energy = { low = "lo", high = "hi" }
devices = { column = "n", error = 0.3 }
max_power = { column = "watts", error = 0.1 }
time = { column = "hours" }
flops = { column = "work" }
peak = { value = 9, unit = "TFLOP/s", error = 0.2 }
utilisation = { value = 0.3 }
manufacture = { low = "least", high = "most" }
hardware_life = { value = 4, unit = "y", error = 0.5 }
[[view]]
name = "computed"
objectives = ["quality:max", "co2e_kg:min"]
[[view]]
name = "bound"
objectives = ["quality:max", "energy_kwh_high:min", "co2e_kg_low:min"]
columns = ["co2e_kg_low", "energy_kwh_high"]
)");
  std::string expected;
  for (const char* backend : {"reference", "cpu", "cuda-emulated"})
    for (const char* rows : {"77", "100000"}) {
      const std::string found =
          run({"inspect", "--digest",
               scored(folder, input, {"--spec", spec, "--backend", backend, "--force", "--batch-rows", rows})})
              .out;
      if (expected.empty()) expected = found;
      EXPECT_EQ(found, expected) << backend << " in batches of " << rows;
    }
}

TEST(EmulatedProgram, JudgesIntervalsAsTheCpuDoes) {
  Scratch folder;
  const std::string input = sweep(folder);
  const std::string spec = folder.write("s.toml", R"([emissions]
devices = { column = "n_gpus" }
max_power = { column = "tdp", error = 0.1 }
time = { column = "train_time" }
[[view]]
name = "computed"
objectives = ["accuracy:max", "co2e_kg:min"]
[[view]]
name = "columns"
objectives = ["f1:min", "f2:max", "f3:min"]
intervals = { f1 = { error = 0.05 }, f2 = { absolute_error = 0.1 }, f3 = { absolute_error = "f4" } }
group_by = ["region"]
)");
  std::string expected;
  for (const char* backend : {"reference", "cpu", "cuda-emulated"}) {
    const std::string found =
        run({"inspect", "--digest", scored(folder, input, {"--spec", spec, "--backend", backend, "--force"})}).out;
    if (expected.empty()) expected = found;
    EXPECT_EQ(found, expected) << backend;
  }
}

TEST(EmulatedProgram, FindsFrontsWhileReading) {
  Scratch folder;
  const std::string input = sweep(folder);
  const Arguments front = {"--view", "v=f1:min,f2:min,f3:min", "--outputs", "", "--force"};
  std::string expected;
  for (const char* backend : {"cpu", "cuda-emulated"}) {
    Arguments arguments = front;
    arguments.insert(arguments.end(), {"--backend", backend, "--batch-rows", "300"});
    const std::string found = run({"inspect", "--digest", scored(folder, input, arguments)}).out;
    if (expected.empty()) expected = found;
    EXPECT_EQ(found, expected);
  }
}

TEST(EmulatedProgram, EndsWithCode4AndWithoutAResultWhenACallFails) {
  Scratch folder;
  const std::string input = sweep(folder);
  for (const char* call : {"1", "2", "5", "9", "20", "60", "150"}) {
    const Variable fault("CARBONFRONT_EMULATED_FAULT", call);
    expect_refused(score(folder, input, work({"--backend", "cuda-emulated"})), 4, {"cuda"}, folder, {"s.h5"});
  }
  const Variable memory("CARBONFRONT_EMULATED_MEMORY", "1000");
  expect_refused(score(folder, input, work({"--backend", "cuda-emulated"})), 4, {"--memory-limit"}, folder, {"s.h5"});
}

TEST(EmulatedProgram, SaysWhatItCanUseAndWhyNot) {
  Scratch folder;
  const std::string input = sweep(folder);
  {
    const Variable devices("CARBONFRONT_EMULATED_DEVICES", "2");
    const Outcome list = run({"backends"});
    EXPECT_TRUE(says(list.out, "device 1: ") && says(list.out, "auto takes cpu")) << list.out;
    expect_refused(score(folder, input, work({"--backend", "cuda-emulated", "--device", "2"})), 4, {"device 2"});
    expect_refused(score(folder, input, work({"--backend", "cpu", "--device", "0"})), 2, {"--device 0"});
  }
  const Outcome chosen = score(folder, input, work({}));
  EXPECT_TRUE(says(chosen.err, "chosen by auto (cuda: ")) << chosen.err;
  const Variable none("CARBONFRONT_EMULATED_DEVICES", "0");
  expect_refused(score(folder, input, work({"--backend", "cuda-emulated"})), 4, {"no CUDA-capable device"});
}

TEST(EmulatedProgram, UsesNoDeviceOlderThanItsCode) {
  Scratch folder;
  const std::string input = sweep(folder);
  const Variable old("CARBONFRONT_EMULATED_CAPABILITY", "86");
  const Outcome list = run({"backends"});
  EXPECT_TRUE(says(list.out, "compute capability 8.6, this program was compiled for 9.0")) << list.out;
  expect_refused(score(folder, input, work({"--backend", "cuda-emulated"})), 4, {"capability 8.6"}, folder, {"s.h5"});
  const Variable devices("CARBONFRONT_EMULATED_DEVICES", "2");
  expect_refused(score(folder, input, work({"--backend", "cuda-emulated", "--device", "0"})), 4, {"device 0", "8.6"});
  EXPECT_EQ(digest(folder, input, {"--backend", "cuda-emulated"}), digest(folder, input, {"--backend", "cpu"}))
      << "on the second device";
}

TEST(EmulatedProgram, CountsAndMergesPartsOnTheChosenDevices) {
  Scratch folder;
  const std::string input = sweep(folder), result = folder / "parts.h5";
  const std::string expected = digest(folder, input, {"--backend", "cpu"});
  Arguments parts;
  for (const char* shard : {"0/2", "1/2"}) {
    Arguments arguments = {"score", input, "-o", result, "--shard", shard};
    const Arguments more = work({"--backend", "cpu"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    EXPECT_EQ(run(arguments).code, 0);
    parts.push_back(result + ".part-" + shard[0] + "-of-2");
  }
  const auto on = [&](Arguments arguments, const char* device) {
    arguments.insert(arguments.end(), parts.begin(), parts.end());
    arguments.insert(arguments.end(), {"--backend", "cuda-emulated", "--device", device});
    return run(arguments);
  };
  const Variable devices("CARBONFRONT_EMULATED_DEVICES", "2");
  EXPECT_EQ(on({"count", "--shard", "0/2"}, "2").code, 4);
  EXPECT_EQ(on({"merge", "-o", result}, "2").code, 4);
  for (const Arguments& command : {Arguments{"merge", "-o", folder / "auto.h5"}, {"count", "--shard", "0/2"}}) {
    Arguments arguments = command;
    arguments.insert(arguments.end(), parts.begin(), parts.end());
    const Outcome chosen = run(arguments);
    EXPECT_TRUE(says(chosen.err, "backend: cpu (") && says(chosen.err, "chosen by auto (cuda: ")) << chosen.err;
    arguments.insert(arguments.end(), {"--backend", "cpu", "--force"});
    EXPECT_FALSE(says(run(arguments).err, "chosen by")) << "named";
  }
  for (const std::string& part : parts) std::remove((part + ".counts").c_str());
  EXPECT_EQ(on({"count", "--shard", "0/2"}, "all").code, 0);
  EXPECT_EQ(on({"count", "--shard", "1/2"}, "1").code, 0);
  EXPECT_EQ(on({"merge", "-o", result}, "all").code, 0);
  EXPECT_EQ(run({"inspect", "--digest", result}).out.substr(0, 32), expected.substr(0, 32));
}

}  // namespace
}  // namespace carbonfront
