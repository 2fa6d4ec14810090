// Emission models: known answers, and every backend's bits against the definition's.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>

#include "carbonfront/errors.hpp"
#include "host/backend.hpp"
#include "host/emissions/evaluate.hpp"
#include "host/emissions/models.hpp"
#include "host/emissions/units.hpp"

namespace carbonfront {
namespace {

EmissionsSpec spec_of(const std::string& model, const std::map<std::string, Quantity>& quantities) {
  EmissionsSpec spec;
  spec.model = model;
  spec.quantities = quantities;
  complete_emissions(spec);
  return spec;
}

std::string unit_in(const EmissionsSpec& spec, const std::string& quantity) {
  auto at = spec.quantities.find(quantity);
  if (at != spec.quantities.end()) return canonical_unit(quantity, at->second.unit);
  for (const ModelQuantity& used : used_quantities(spec))
    if (used.name == quantity) return used.fallback_unit;
  return "1";
}

EmissionStep step_of(const BoundModel& bound, const EmissionsSpec& spec) {
  EmissionStep step{bound.model, {}, bound.how};
  for (std::size_t k = 0; k < bound.factors.size(); ++k) {
    auto at = spec.quantities.find(bound.factors[k]);
    if (at != spec.quantities.end()) step.factors[k] = {nullptr, *at->second.value};
    for (const ModelQuantity& used : used_quantities(spec))
      if (at == spec.quantities.end() && used.name == bound.factors[k]) step.factors[k] = {nullptr, *used.fallback};
  }
  return step;
}

/// What one row of constants emits.
Emitted emits(const std::string& model, const std::map<std::string, Quantity>& quantities) {
  EmissionsSpec spec = spec_of(model, quantities);
  std::vector<EmissionStep> steps;
  for (const BoundModel& bound : bind_training(spec, [&](const std::string& q) { return unit_in(spec, q); }))
    steps.push_back(step_of(bound, spec));
  Emitted out;
  emissions_cpu(steps, 1, {&out.energy_kwh, &out.co2e_kg, nullptr});
  return out;
}

Quantity of(double value, const char* unit = "") { return Quantity{value, "", unit}; }

TEST(GreenAlgorithms, GivesTheWorkedNumbers) {
  // 12 h on 12 cores of 12 W with 64 GB: 12 · (144 + 23.84) W · 1.67 = 3.3635136 kWh; at 475 g/kWh 1.59766896 kg.
  std::map<std::string, Quantity> cluster = {{"time", of(12, "h")},       {"cores", of(12)},
                                             {"core_power", of(12, "W")}, {"memory", of(64, "GB")},
                                             {"pue", of(1.67)},           {"carbon_intensity", of(475, "g/kWh")}};
  EXPECT_NEAR(emits("green-algorithms", cluster).energy_kwh, 3.3635136, 1e-12);
  EXPECT_NEAR(emits("green-algorithms", cluster).co2e_kg, 1.59766896, 1e-12);
  // Two GPUs of 250 W, half used, and three repetitions: 3 · 12 · (167.84 + 250) W · 1.67 = 25.1205408 kWh.
  cluster["devices"] = of(2), cluster["max_power"] = of(0.25, "kW"), cluster["device_usage"] = of(0.5),
  cluster["psf"] = of(3);
  EXPECT_NEAR(emits("green-algorithms", cluster).energy_kwh, 25.1205408, 1e-11);
  cluster["time"] = of(720, "min"), cluster["memory"] = of(64000, "MB");
  EXPECT_NEAR(emits("green-algorithms", cluster).energy_kwh, 25.1205408, 1e-11);
}

TEST(GreenAlgorithms, OfADeviceAloneIsDevicePower) {
  std::map<std::string, Quantity> run = {{"devices", of(8)}, {"max_power", of(300, "W")}, {"time", of(36, "h")}};
  Emitted poster = emits("device-power", run);
  run["memory"] = of(0, "GB");
  EXPECT_DOUBLE_EQ(emits("green-algorithms", run).energy_kwh, poster.energy_kwh);
  EXPECT_DOUBLE_EQ(emits("green-algorithms", run).co2e_kg, poster.co2e_kg);
}

TEST(MeasuredEnergy, IsTheSameInEveryUnit) {
  for (auto [value, unit] :
       {std::pair(2.5, "kWh"), {2500.0, "Wh"}, {0.0025, "MWh"}, {9e6, "J"}, {9000.0, "kJ"}, {9.0, "MJ"}}) {
    Emitted out = emits("measured-energy", {{"energy", of(value, unit)}, {"pue", of(1.2)}});
    EXPECT_NEAR(out.energy_kwh, 3, 1e-12) << unit;
    EXPECT_NEAR(out.co2e_kg, 3 * 0.437, 1e-12) << unit;
  }
}

struct PublishedTraining {
  const char* name;
  double parameters, tokens, intensity, pue, power, peak, utilisation, devices, reported, formula;
};

/// Training runs as LLMCarbon's table 4 has them: sizes in 10⁹, W, TFLOP/s; emissions in tCO2e, reported and by its formula.
const PublishedTraining kLlmCarbonCases[] = {{"T5", 11, 600, 0.545, 1.12, 310, 123, 0.37, 512, 46.7, 45.74},
                                             {"GPT-3", 175, 300, 0.429, 1.1, 330, 125, 0.197, 10000, 552.1, 553.34},
                                             {"GShard", 2.3, 1000, 0.177, 1.09, 288, 123, 0.39, 1000, 4.3, 4.44},
                                             {"Switch", 7.41, 2000, 0.33, 1.1, 245, 123, 0.28, 1000, 59.1, 63.78},
                                             {"XLM", 0.55, 7000, 0.413, 1.1, 342, 125, 0.212, 512, 39, 37.62}};

TEST(Flops, ReproducesThePublishedTrainingsWithinTheFormulasOwnError) {
  for (const PublishedTraining& run : kLlmCarbonCases) {
    std::map<std::string, Quantity> quantities = {{"parameters", of(run.parameters, "G")},
                                                  {"tokens", of(run.tokens, "billion")},
                                                  {"devices", of(run.devices)},
                                                  {"peak", of(run.peak, "TFLOP/s")},
                                                  {"utilisation", of(run.utilisation)},
                                                  {"max_power", of(run.power, "W")},
                                                  {"pue", of(run.pue)},
                                                  {"carbon_intensity", of(run.intensity, "kg/kWh")}};
    double tonnes = emits("flops", quantities).co2e_kg / 1000;
    EXPECT_NEAR(tonnes, run.formula, 0.006) << run.name;
    EXPECT_GT(tonnes / run.reported - 1, -0.0355) << run.name;
    EXPECT_LT(tonnes / run.reported - 1, 0.0795) << run.name;
    quantities.erase("parameters"), quantities.erase("tokens");
    quantities["flops"] = of(6 * run.parameters * run.tokens, "EFLOP");
    EXPECT_NEAR(emits("flops", quantities).co2e_kg / 1000 / tonnes, 1, 1e-14) << run.name << ": its FLOP given as such";
  }
}

TEST(Embodied, IsTheShareOfManufactureByHoursOfUse) {
  std::map<std::string, Quantity> run = {{"devices", of(8)},
                                         {"max_power", of(300, "W")},
                                         {"time", of(876, "h")},
                                         {"manufacture", of(150, "kg")},
                                         {"hardware_life", of(5, "y")}};
  Emitted with = emits("device-power", run);
  run.erase("manufacture"), run.erase("hardware_life");
  Emitted without = emits("device-power", run);
  EXPECT_EQ(with.energy_kwh, without.energy_kwh) << "making it takes no energy of the run";
  EXPECT_NEAR(with.co2e_kg - without.co2e_kg, 8 * 150 * 0.02, 1e-9) << "876 h of 5 years are 2 %";
}

TEST(Embodied, TakesItsTimeFromTheWorkWhereOnlyThatIsKnown) {
  std::map<std::string, Quantity> run = {{"flops", of(3600, "PFLOP")},    {"devices", of(4)},
                                         {"peak", of(100, "TFLOP/s")},    {"utilisation", of(0.5)},
                                         {"max_power", of(400, "W")},     {"manufacture", of(0.1, "t")},
                                         {"hardware_life", of(1000, "h")}};
  double with = emits("flops", run).co2e_kg;  // 3600 PFLOP at 200 TFLOP/s are 5 h
  run.erase("manufacture"), run.erase("hardware_life");
  EXPECT_NEAR(with - emits("flops", run).co2e_kg, 4 * 100 * 5 / 1000.0, 1e-9);
  EXPECT_NEAR(emits("flops", run).energy_kwh, 4 * 0.4 * 5, 1e-12);
}

TEST(Inference, OfParametersAndOfFlopsAgree) {
  std::map<std::string, Quantity> shared = {{"energy", of(1, "kWh")},
                                            {"peak", of(100, "TFLOP/s")},
                                            {"inference_utilisation", of(0.1)},
                                            {"max_power", of(360, "W")}};
  auto sample = [&](const char* model, const char* quantity, Quantity value) {
    EmissionsSpec spec;
    spec.model = "measured-energy";
    spec.inference = model;
    spec.quantities = shared;
    spec.quantities[quantity] = value;
    complete_emissions(spec);
    EmissionStep step = step_of(*bind_inference(spec, [&](const std::string& q) { return unit_in(spec, q); }), spec);
    Emitted out;
    emissions_cpu({&step, 1}, 1, {&out.energy_kwh, &out.co2e_kg, nullptr});
    return out.energy_kwh;
  };
  double kwh = sample("parameters", "parameters", of(5, "G"));  // 10 GFLOP at 10 TFLOP/s: 1 ms of 360 W
  EXPECT_NEAR(kwh, 1e-7, 1e-20);
  EXPECT_DOUBLE_EQ(sample("flops-per-sample", "flops_per_sample", of(10, "GFLOP")), kwh);
}

/// Every model with its factors as columns, joined in every way.
std::vector<EmissionStep> all_steps(const std::vector<std::vector<double>>& columns) {
  std::vector<EmissionModel> models = {DevicePower{{24, 1000}, {1, 1000}},
                                       GreenAlgorithms{{1, 1}, {1000, 1}, {1, 1}, {1, 60000}, {1, 1000}},
                                       MeasuredEnergy{{1, 3600000}, {1, 1}},
                                       Flops{{{6e18, 1}, {1e12, 1}}, {1, 3600000}, {1000, 1}},
                                       Embodied{{1, 8760}},
                                       EmbodiedOfWork{{{1e18, 1}, {1e12, 1}}, {1, 31536000}},
                                       Lifetime{{1000, 1}}};
  std::vector<EmissionStep> steps;
  for (const EmissionModel& model : models) {
    EmissionStep step{model, {}, Combine::set};
    for (std::size_t k = 0; k < kMostFactors; ++k)
      step.factors[k] = k % 5 == 4 ? Factor{nullptr, 1.3} : Factor{columns[(k + steps.size()) % columns.size()].data(), 1};
    steps.push_back(step);
  }
  return steps;
}

struct Answers {
  std::vector<double> energy, co2e;
  std::vector<std::uint8_t> source;
};

Answers answers_of(Session& session, std::span<const EmissionStep> steps, std::size_t rows) {
  Answers out{std::vector<double>(rows), std::vector<double>(rows), std::vector<std::uint8_t>(rows)};
  session.emissions(steps, rows, {out.energy.data(), out.co2e.data(), steps.size() > 1 ? out.source.data() : nullptr},
                    Progress());
  return out;
}

/// The same where it is known which model answers each row.
Answers answers_as_chosen(Session& session, std::span<const EmissionStep> steps, const std::vector<std::uint8_t>& source) {
  Answers out{std::vector<double>(source.size()), std::vector<double>(source.size()), source};
  session.emissions(steps, source.size(), {out.energy.data(), out.co2e.data(), nullptr, source.data()}, Progress());
  return out;
}

void expect_same(const Answers& got, const Answers& want, const std::string& what) {
  EXPECT_EQ(got.source, want.source) << what;
  for (std::size_t i = 0; i < got.energy.size(); ++i)
    for (auto [a, b] : {std::pair(got.energy[i], want.energy[i]), {got.co2e[i], want.co2e[i]}})
      ASSERT_TRUE((std::isnan(a) && std::isnan(b)) || std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b))
          << what << ", row " << i << ": " << a << " and " << b;
}

TEST(EmissionModels, GiveTheReferencesBitsOnEveryBackend) {
  std::mt19937_64 random(11);
  std::lognormal_distribution<double> any(0, 8);
  const std::size_t rows = 20011;
  std::vector<std::vector<double>> columns(7, std::vector<double>(rows));
  for (auto& column : columns)
    for (std::size_t i = 0; i < rows; ++i) {
      int kind = i / 3000 == 2 ? 3 : static_cast<int>(random() % 16);  // for a while everything is known
      column[i] = kind == 0 ? std::nan("") : kind == 1 ? 0 : kind == 2 ? 1e-310 : any(random);
    }
  const OpenBackend definition = open_backend("reference");
  Session& reference = *definition.session;
  for (const Backend& backend : backends()) {
    if (!backend.unavailable.empty()) continue;
    const auto session = backend.open({});
    std::vector<EmissionStep> steps = all_steps(columns);
    for (std::size_t s = 0; s < steps.size(); ++s)
      expect_same(answers_of(*session, {&steps[s], 1}, rows), answers_of(reference, {&steps[s], 1}, rows),
                  std::string(backend.name) + ", model " + std::to_string(s));
    std::vector<EmissionStep> chosen = {steps[2], steps[0], steps[3], steps[4], steps[5]};
    chosen[1].how = chosen[2].how = Combine::missing;
    chosen[3].how = chosen[4].how = Combine::add;
    Answers got = answers_of(*session, chosen, rows);
    expect_same(got, answers_of(reference, chosen, rows), std::string(backend.name) + ", first-available");
    for (std::uint8_t number : {0, 1, 2}) EXPECT_GT(std::ranges::count(got.source, number), 0) << int(number);
    EXPECT_GT(std::ranges::count(got.source, kNoSource), 0);
    for (std::size_t i = 0; i < rows; ++i) got.source[i] = i / 2000 == 1 ? 2 : i % 4 == 3 ? kNoSource : i % 4;
    Answers mine = answers_as_chosen(*session, chosen, got.source);
    expect_same(mine, answers_as_chosen(reference, chosen, got.source), std::string(backend.name) + ", chosen");
    EXPECT_TRUE(std::isnan(mine.energy[3]) && std::isnan(mine.co2e[3])) << "none was chosen";
  }
}

struct BadSpec {
  const char* model;
  std::map<std::string, Quantity> quantities;
  const char* words;
};

TEST(Quantities, HaveARangeAndAReasonForWhatIsOutsideOfIt) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity(), kMost = std::numeric_limits<double>::max();
  struct Case {
    const char* quantity;
    bool divides;
    std::vector<double> inside, outside;
  };
  const Case cases[] = {
      {"time", false, {0, -0.0, 5e-324, 1, kMost}, {-5e-324, -1, kInfinity, -kInfinity}},
      {"time", true, {5e-324, 1, kMost}, {0, -0.0, -1, kInfinity}},
      {"peak", false, {5e-324, kMost}, {0, -1, kInfinity}},
      {"hardware_life", false, {5e-324, kMost}, {0, -1, kInfinity}},
      {"pue", false, {1, 1.5, kMost}, {0, std::nextafter(1.0, 0.0), -1, kInfinity}},
      {"utilisation", false, {5e-324, 0.5, 1}, {0, std::nextafter(1.0, 2.0), -1, kInfinity}},
      {"core_usage", false, {5e-324, 1}, {0, 1.5, -0.5, kInfinity}},
  };
  for (const auto& [quantity, divides, inside, outside] : cases) {
    for (double value : inside) {
      EXPECT_TRUE(range_of(quantity, divides).has(value)) << quantity << " " << value;
      EXPECT_EQ(what_is_wrong(quantity, value, divides), nullptr) << quantity << " " << value;
    }
    for (double value : outside) {
      EXPECT_FALSE(range_of(quantity, divides).has(value)) << quantity << " " << value;
      EXPECT_NE(what_is_wrong(quantity, value, divides), nullptr) << quantity << " " << value;
    }
    const double missing = std::numeric_limits<double>::quiet_NaN();
    EXPECT_FALSE(range_of(quantity, divides).has(missing));
    EXPECT_EQ(what_is_wrong(quantity, missing, divides), nullptr) << "missing is not wrong";
  }
}

TEST(EmissionModels, SayWhichInputIsMissingOrCannotBe) {
  Quantity hours = of(1, "h"), watts = of(1, "W"), one = of(1);
  const BadSpec cases[] = {
      {"device-power", {{"devices", one}, {"max_power", watts}}, "no time"},
      {"green-algorithms", {{"time", hours}, {"memory", of(1, "GB")}}, "no cores and no devices"},
      {"green-algorithms", {{"time", hours}, {"cores", one}, {"core_power", watts}}, "no memory"},
      {"green-algorithms", {{"time", hours}, {"memory", of(1, "GB")}, {"cores", one}}, "cores and no core_power"},
      {"measured-energy", {}, "no energy"},
      {"measured-energy", {{"energy", of(1, "kWh")}, {"time", hours}}, "time is not used"},
      {"measured-energy", {{"energy", of(1)}}, "no unit"},
      {"measured-energy", {{"energy", of(1, "W")}}, "unknown unit 'W'"},
      {"measured-energy", {{"energy", of(1, "kWh")}, {"pue", of(0.9)}}, "PUE"},
      {"flops",
       {{"devices", one}, {"max_power", watts}, {"peak", of(1, "TFLOP/s")}, {"utilisation", of(0.5)}},
       "no parameters"},
      {"flops",
       {{"flops", of(1, "EFLOP")},
        {"devices", one},
        {"max_power", watts},
        {"peak", of(1, "TFLOP/s")},
        {"utilisation", of(1.5)}},
       "above 0 and at most 1"},
      {"flops",
       {{"flops", of(1, "EFLOP")},
        {"devices", one},
        {"max_power", watts},
        {"peak", of(1, "TFLOP/s")},
        {"utilisation", of(0)}},
       "above 0 and at most 1"},
      {"device-powr", {}, "did you mean 'device-power'?"},
      {"first-available", {}, "no models"},
      {"device-power",
       {{"devices", one}, {"max_power", watts}, {"time", hours}, {"manufacture", of(1, "kg")}},
       "no hardware_life"},
      {"device-power", {{"devices", one}, {"max_power", watts}, {"time", hours}, {"queries", one}}, "no inference"}};
  for (const BadSpec& bad : cases) try {
      spec_of(bad.model, bad.quantities);
      ADD_FAILURE() << bad.model << " is not refused for: " << bad.words;
    } catch (const SpecError& error) {
      EXPECT_NE(std::string(error.what()).find(bad.words), std::string::npos) << error.what();
    }
}

}  // namespace
}  // namespace carbonfront
