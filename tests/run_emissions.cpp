// Energy and emissions: exact numbers from known factors, whatever the units and wherever they are said.

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/program.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

using Texts = std::vector<std::string>;
using Counts = std::vector<std::int64_t>;

/// Energy in kWh by definition: ((n·p)·t)·A/B.
double energy(double n, double p, double t, double a, double b) {
  volatile double power = n * p, work = power * t, scaled = work * a;
  return scaled / b;
}

TEST(Emissions, OfKnownTrainingsAreExact) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<std::int32_t>("n_gpus", {32, 2, 512})
                          .column<double>("tdp", {235, 300, 300})
                          .units("W")
                          .column<double>("train_time", {240, 67.2, 672})
                          .units("h")
                          .close();
  Outcome done = program(score_command(
      folder, sweep,
      {"--emissions", "devices=n_gpus,max_power=tdp,time=train_time", "--view", "v=co2e_kg:min,energy_kwh:min"}));
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(says(done.err, "0.437 kg/kWh") && says(done.err, "default")) << "the default intensity is said: " << done.err;
  Reading result(folder / "r.h5");
  EXPECT_EQ(result.reals("/emissions/energy_kwh"),
            (std::vector<double>{energy(32, 235, 240, 1, 1000), energy(2, 300, 67.2, 1, 1000), 103219.2}));
  EXPECT_EQ(result.reals("/emissions/energy_kwh"), (std::vector<double>{1804.8, 40.32, 103219.2}));
  EXPECT_EQ(result.reals("/emissions/co2e_kg"), (std::vector<double>{1804.8 * 0.437, 40.32 * 0.437, 103219.2 * 0.437}));
  EXPECT_DOUBLE_EQ(result.reals("/emissions/co2e_kg")[0], 788.6976);
  EXPECT_DOUBLE_EQ(result.reals("/emissions/co2e_kg")[1], 17.61984);
  EXPECT_EQ(result.text_attribute("/emissions/energy_kwh", "units"), "kWh");
  EXPECT_EQ(result.text_attribute("/emissions/co2e_kg", "units"), "kg");
  EXPECT_EQ(result.text_attribute("/emissions", "model"), "device-power");
  EXPECT_EQ(result.text_attributes("/emissions", "quantity_columns"), (Texts{"n_gpus", "tdp", "train_time", "", ""}));
  EXPECT_EQ(result.integers("/views/v/front"), Counts{1});
  EXPECT_EQ(result.text_attributes("/views/v", "objective_units"), (Texts{"kg", "kWh"}));
}

struct UnitCase {
  const char *power, *time, *intensity;
  double a, b, c, d;
};

const UnitCase kUnitCases[] = {{"W", "s", "kg/kWh", 1, 3600000, 1, 1}, {"W", "min", "g/kWh", 1, 60000, 1, 1000},
                               {"W", "h", "t/kWh", 1, 1000, 1000, 1},  {"W", "d", "kg/kWh", 24, 1000, 1, 1},
                               {"kW", "s", "g/kWh", 1, 3600, 1, 1000}, {"kW", "min", "t/kWh", 1, 60, 1000, 1},
                               {"kW", "h", "kg/kWh", 1, 1, 1, 1},      {"kW", "d", "g/kWh", 24, 1, 1, 1000}};

constexpr double kDevices = 3, kPower = 0.7, kTime = 1234.567, kIntensity = 0.437;

void expect_emissions(const std::string& result_path, const UnitCase& units) {
  Reading result(result_path);
  volatile double kwh = energy(kDevices, kPower, kTime, units.a, units.b), kg = kwh * kIntensity;
  kg = kg * units.c;
  EXPECT_EQ(result.reals("/emissions/energy_kwh")[0], kwh) << units.power << " " << units.time;
  EXPECT_EQ(result.reals("/emissions/co2e_kg")[0], kg / units.d) << units.intensity;
  EXPECT_EQ(result.text_attributes("/emissions", "quantity_units"),
            (Texts{"1", units.power, units.time, units.intensity, "1"}));
}

TEST(Emissions, AreExactInEveryUnitOfAColumnsAttribute) {
  for (const UnitCase& units : kUnitCases) {
    Scratch folder;
    std::string sweep = Sweeping(folder / "s.h5")
                            .column<double>("n", {kDevices})
                            .units("1")
                            .column<double>("p", {kPower})
                            .units(units.power)
                            .column<double>("t", {kTime})
                            .units(units.time)
                            .column<double>("a", {kIntensity})
                            .units(units.intensity)
                            .close();
    expect_emissions(
        scored(folder, sweep, {"--emissions", "devices=n,max_power=p,time=t,carbon_intensity=a", "--view", "v=co2e_kg:min"}),
        units);
  }
}

TEST(Emissions, AreExactInEveryUnitOfTheSpec) {
  for (const UnitCase& units : kUnitCases) {
    Scratch folder;
    std::string sweep = Sweeping(folder / "s.h5")
                            .column<double>("n", {kDevices})
                            .column<double>("p", {kPower})
                            .column<double>("t", {kTime})
                            .column<double>("a", {kIntensity})
                            .close();
    auto quantity = [](const char* name, const char* column, const char* unit) {
      return std::string(name) + " = { column = \"" + column + "\", unit = \"" + unit + "\" }\n";
    };
    std::string spec =
        folder.write("s.toml", "[emissions]\ndevices = { column = \"n\" }\n" + quantity("max_power", "p", units.power) +
                                   quantity("time", "t", units.time) + quantity("carbon_intensity", "a", units.intensity) +
                                   "[[view]]\nname = \"v\"\nobjectives = [\"co2e_kg:min\"]\n");
    expect_emissions(scored(folder, sweep, {"--spec", spec}), units);
  }
}

TEST(Emissions, TakeAConstantForEveryQuantity) {
  Scratch folder;
  std::string sweep =
      Sweeping(folder / "s.h5").column<double>("quality", {1, 2}).column<double>("train_time", {10, 20}).close();
  Reading by_flags(scored(folder, sweep,
                          {"--emissions", "devices=8,max_power=250W,time=train_time:h,carbon_intensity=475g/kWh,pue=1.12",
                           "--view", "v=quality:max,co2e_kg:min"}));
  volatile double kwh = energy(8, 250, 20, 1, 1000) * 1.12, grams = kwh * 475;
  EXPECT_EQ(by_flags.reals("/emissions/energy_kwh")[1], kwh);
  EXPECT_EQ(by_flags.reals("/emissions/co2e_kg")[1], grams / 1000);
  std::string spec =
      folder.write("s.toml",
                   "[emissions]\ndevices = { value = 8 }\nmax_power = { value = 0.25, unit = \"kW\" }\n"
                   "time = { value = 90, unit = \"min\" }\n[[view]]\nname = \"v\"\nobjectives = [\"quality:max\"]\n");
  Reading by_spec(scored(folder, sweep, {"--spec", spec, "--force"}));
  EXPECT_EQ(by_spec.reals("/emissions/energy_kwh"), (std::vector<double>(2, energy(8, 0.25, 90, 1, 60))));
}

TEST(Emissions, TakeAColumnForEveryQuantity) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<std::uint8_t>("n", {1, 4})
                          .column<std::int16_t>("p", {250, 300})
                          .units("watts")
                          .column<float>("t", {1.5f, 0.1f})
                          .units("hours")
                          .column<double>("a", {56, 700})
                          .units("g CO2eq/kWh")
                          .column<double>("pue", {1.0, 1.58})
                          .close();
  Reading result(scored(
      folder, sweep, {"--emissions", "devices=n,max_power=p,time=t,carbon_intensity=a,pue=pue", "--view", "v=co2e_kg:min"}));
  volatile double kwh = energy(4, 300, static_cast<double>(0.1f), 1, 1000) * 1.58, grams = kwh * 700;
  EXPECT_EQ(result.reals("/emissions/energy_kwh")[1], kwh);
  EXPECT_EQ(result.reals("/emissions/co2e_kg")[1], grams / 1000);
}

TEST(Emissions, FlagsOverrideTheSpecsQuantities) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("quality", {1}).close();
  std::string spec =
      folder.write("s.toml",
                   "[emissions]\ndevices = { value = 8 }\nmax_power = { value = 250, unit = \"W\" }\n"
                   "time = { value = 1, unit = \"h\" }\n[[view]]\nname = \"v\"\nobjectives = [\"co2e_kg:min\"]\n");
  Reading result(scored(folder, sweep,
                        {"--spec", spec, "--emissions", "devices=2,carbon_intensity=1kg/kWh", "--where", "quality == 1"}));
  EXPECT_EQ(result.reals("/emissions/co2e_kg")[0], 0.5);
}

TEST(Emissions, AreMissingWhereAFactorIsAndCountedByCause) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<std::int32_t>("n", {1, -1, 1, -1, 1})
                          .attribute<std::int32_t>("_FillValue", -1)
                          .column<double>("p", {250, 250, kNan, kNan, 250})
                          .units("W")
                          .column<double>("t", {1, 1, 1, 1, 2})
                          .units("h")
                          .column<double>("quality", {1, 2, 3, 4, kNan})
                          .close();
  Outcome done = program(score_command(
      folder, sweep, {"--emissions", "devices=n,max_power=p,time=t", "--view", "v=quality:max,co2e_kg:min", "--json"}));
  ASSERT_EQ(done.code, 0) << done.err;
  Reading result(folder / "r.h5");
  auto kg = result.reals("/emissions/co2e_kg");
  EXPECT_EQ(
      std::vector<bool>({std::isnan(kg[0]), std::isnan(kg[1]), std::isnan(kg[2]), std::isnan(kg[3]), std::isnan(kg[4])}),
      std::vector<bool>({false, true, true, true, false}));
  EXPECT_EQ(result.integers("/views/v/state"), (Counts{2, 1, 1, 1, 1}));
  EXPECT_EQ(result.text_attributes("/views/v", "missing_columns"), (Texts{"quality", "n", "p"}));
  EXPECT_EQ(result.text_attributes("/views/v", "missing_quantities"), (Texts{"", "devices", "max_power"}));
  EXPECT_EQ(result.integer_attributes("/views/v", "missing_rows"), (Counts{1, 2, 2}));
  EXPECT_EQ(result.integer_attributes("/emissions", "missing_rows"), (Counts{2, 2, 0, 0, 0}));
  EXPECT_EQ(result.integer_attribute("/emissions", "rows_without_emissions"), 3);
  auto json = nlohmann::json::parse(done.out);
  EXPECT_EQ(json["emissions"]["rows_without_emissions"], 3);
  EXPECT_EQ(json["emissions"]["quantities"]["devices"]["missing_rows"], 2);
  EXPECT_EQ(json["views"][0]["unrated"], 4);
  EXPECT_EQ(json["views"][0]["missing_by_cause"].size(), 3u);
  EXPECT_EQ(json["views"][0]["missing_by_cause"][1]["column"], "n");
  EXPECT_EQ(json["views"][0]["missing_by_cause"][1]["quantity"], "devices");
}

TEST(Emissions, OfEnergyDoNotDependOnAMissingIntensity) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("t", {2, 1})
                          .units("h")
                          .column<double>("a", {kNan, 0.4})
                          .units("kg/kWh")
                          .close();
  Reading result(scored(folder, sweep,
                        {"--emissions", "devices=1,max_power=1kW,time=t,carbon_intensity=a", "--view", "e=energy_kwh:min",
                         "--view", "c=co2e_kg:min"}));
  EXPECT_EQ(result.integers("/views/e/state"), (Counts{2, 2}));
  EXPECT_EQ(result.integers("/views/c/state"), (Counts{1, 2}));
  EXPECT_EQ(result.text_attributes("/views/e", "missing_columns"), Texts{});
  EXPECT_EQ(result.text_attributes("/views/c", "missing_columns"), Texts{"a"});
  EXPECT_EQ(result.reals("/emissions/energy_kwh")[0], 2);
}

TEST(Emissions, MayComeFromTheSweepWithoutAModel) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("co2e_kg", {2, 1}).units("kg").close();
  Reading result(scored(folder, sweep, {"--view", "v=co2e_kg:min"}));
  EXPECT_EQ(result.integers("/views/v/front"), Counts{1});
  EXPECT_FALSE(result.has("/emissions"));
}

TEST(Emissions, RefuseAColumnOfTheirName) {
  Scratch folder;
  std::string sweep =
      Sweeping(folder / "s.h5").column<double>("co2e_kg", {2, 1}).units("kg").column<double>("t", {1, 2}).units("h").close();
  expect_refused(score(folder, sweep, {"--emissions", "devices=1,max_power=1kW,time=t", "--view", "v=co2e_kg:min"}), 3,
                 {"'co2e_kg'", "s.h5", "rename"}, folder, {"s.h5"});
}

TEST(Emissions, AreAskedForWhereAViewNamesThem) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("t", {1, 2}).close();
  expect_refused(score(folder, sweep, {"--view", "v=co2e_kg:min"}), 2, {"'co2e_kg'", "--emissions"}, folder, {"s.h5"});
}

TEST(EmissionUnit, IsNeededWhereNoneIsDefault) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("p", {250})
                          .column<double>("t", {1})
                          .units("")
                          .column<double>("a", {1})
                          .close();
  expect_refused(score(folder, sweep, {"--emissions", "devices=1,max_power=p,time=1h", "--view", "v=co2e_kg:min"}), 3,
                 {"'p'", "s.h5", "no unit", "W or kW"}, folder, {"s.h5"});
  expect_refused(score(folder, sweep, {"--emissions", "devices=1,max_power=1W,time=t", "--view", "v=co2e_kg:min"}), 3,
                 {"'t'", "no unit", "s, min, h or d"}, folder, {"s.h5"});
  expect_refused(
      score(folder, sweep, {"--emissions", "devices=1,max_power=1W,time=1h,carbon_intensity=a", "--view", "v=co2e_kg:min"}),
      3, {"'a'", "no unit", "g/kWh, kg/kWh or t/kWh"}, folder, {"s.h5"});
  expect_refused(score(folder, sweep, {"--emissions", "devices=1,max_power=250,time=1h", "--view", "v=co2e_kg:min"}), 2,
                 {"max_power", "no unit", "W or kW"}, folder, {"s.h5"});
}

TEST(EmissionUnit, ThatIsUnknownIsRefused) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("p", {250})
                          .units("horses")
                          .column<double>("n", {1})
                          .units("W")
                          .column<double>("plain", {1})
                          .close();
  expect_refused(score(folder, sweep, {"--emissions", "devices=1,max_power=p,time=1h", "--view", "v=co2e_kg:min"}), 3,
                 {"'p'", "s.h5", "'horses'", "W or kW"}, folder, {"s.h5"});
  expect_refused(score(folder, sweep, {"--emissions", "devices=n,max_power=1W,time=1h", "--view", "v=co2e_kg:min"}), 3,
                 {"'n'", "'W'", "devices"}, folder, {"s.h5"});
  expect_refused(
      score(folder, sweep, {"--emissions", "devices=1,max_power=plain:furlongs,time=1h", "--view", "v=co2e_kg:min"}), 2,
      {"'furlongs'", "max_power", "W or kW"}, folder, {"s.h5"});
}

TEST(EmissionUnit, SaidTwiceMustBeTheSame) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("t", {3}).units("hours").close();
  Reading same(scored(folder, sweep, {"--emissions", "devices=1,max_power=1kW,time=t:h", "--view", "v=energy_kwh:min"}));
  EXPECT_EQ(same.reals("/emissions/energy_kwh"), std::vector<double>{3});
  expect_refused(
      score(folder, sweep, {"--emissions", "devices=1,max_power=1kW,time=t:s", "--view", "v=energy_kwh:min", "--force"}), 3,
      {"'t'", "'hours'", "'s'", "s.h5"}, folder, {"s.h5", "r.h5"});
}

struct BadValue {
  const char *quantity, *column;
  double value;
  const char* why;
};

TEST(EmissionValue, ThatCannotBeIsRefusedWithFileColumnAndRow) {
  const BadValue cases[] = {
      {"devices", "n", -1, "negative"}, {"max_power", "p", -250, "negative"},
      {"time", "t", -0.5, "negative"},  {"carbon_intensity", "a", -1, "negative"},
      {"pue", "u", 0.99, "PUE"},        {"time", "t", std::numeric_limits<double>::infinity(), "finite"}};
  for (const BadValue& bad : cases) {
    Scratch folder;
    Sweeping building(folder / "s.h5");
    const std::tuple<const char*, double, const char*> columns[] = {
        {"n", 1, "1"}, {"p", 250, "W"}, {"t", 1, "h"}, {"a", 0.4, "kg/kWh"}, {"u", 1.1, "1"}};
    for (auto [name, value, unit] : columns) {
      std::vector<double> values(9, value);
      if (std::string(name) == bad.column) values[6] = values[8] = bad.value;
      building.column(name, values).units(unit);
    }
    for (const char* batch : {"2", "1000"})
      expect_refused(score(folder, building.close(),
                           {"--emissions", "devices=n,max_power=p,time=t,carbon_intensity=a,pue=u", "--view",
                            "v=co2e_kg:min", "--batch-rows", batch}),
                     3, {bad.quantity, "'" + std::string(bad.column) + "'", "s.h5", "row 6", bad.why, "where"}, folder,
                     {"s.h5"});
  }
}

TEST(EmissionValue, ThatCannotBeIsRefusedAsAConstantToo) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("quality", {1}).close();
  for (auto [constants, why] : {std::pair("devices=-1,max_power=1W,time=1h", "devices = -1"),
                                {"devices=1,max_power=-1W,time=1h", "max_power = -1"},
                                {"devices=1,max_power=1W,time=-2h", "time = -2"},
                                {"devices=1,max_power=1W,time=1h,pue=0.5", "pue = 0.5"},
                                {"devices=1,max_power=1W,time=1h,carbon_intensity=-1g/kWh", "carbon_intensity = -1"}})
    expect_refused(score(folder, sweep, {"--emissions", constants, "--view", "v=quality:max"}), 2, {why}, folder, {"s.h5"});
}

TEST(EmissionFlag, ThatCannotBeUnderstoodIsRefused) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("quality", {1}).close();
  for (auto [flag, word] : {std::pair("devises=1,max_power=1W,time=1h", "did you mean 'devices'?"),
                            {"devices=1,devices=2", "twice"},
                            {"devices=1,max_power=1W", "no time"},
                            {"devices", "'devices'"},
                            {"devices=,max_power=1W,time=1h", "devices"},
                            {"devices=1,max_power=1parsec,time=1h", "'parsec'"}})
    expect_refused(score(folder, sweep, {"--emissions", flag, "--view", "v=quality:max"}), 2, {word}, folder, {"s.h5"});
}

}  // namespace
}  // namespace carbonfront
