// Units and the poster's formula, bit for bit.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "host/emissions/evaluate.hpp"
#include "host/emissions/units.hpp"

namespace carbonfront {
namespace {

Emitted evaluated(const EmissionModel& model, const std::vector<double>& factors) {
  EmissionStep step{model, {}, Combine::set};
  for (std::size_t k = 0; k < factors.size(); ++k) step.factors[k] = {nullptr, factors[k]};
  Emitted out;
  emissions_cpu({&step, 1}, 1, {&out.energy_kwh, &out.co2e_kg, nullptr});
  return out;
}

Emitted emitted(double n, double p, double t, DevicePower model = {{1, 1000}, {1, 1}}, double alpha = 0.437,
                double pue = 1) {
  return evaluated(model, {n, p, t, alpha, pue});
}

TEST(Emissions, GivesThePublishedFigures) {
  EXPECT_EQ(emitted(32, 235, 240).energy_kwh, 1804.8);
  EXPECT_EQ(emitted(32, 235, 240).co2e_kg, 1804.8 * 0.437);
  EXPECT_NEAR(emitted(32, 235, 240).co2e_kg, 788.6976, 1e-10);
  EXPECT_EQ(emitted(2, 300, 67.2).energy_kwh, 40.32);
  EXPECT_NEAR(emitted(2, 300, 67.2).co2e_kg, 17.61984, 1e-12);
  EXPECT_EQ(emitted(512, 300, 672).energy_kwh, 103219.2);
}

TEST(Emissions, MultipliesInTheDocumentedOrder) {
  double n = 0.1, p = 0.7, t = 0.3, pue = 1.12, alpha = 475.3;
  double energy = n * p;
  energy = energy * t;
  energy = energy * 24;
  energy = energy / 1000;
  energy = energy * pue;
  double co2e = energy * alpha;
  co2e = co2e / 1000;
  Emitted got = emitted(n, p, t, {{24, 1000}, {1, 1000}}, alpha, pue);
  EXPECT_EQ(got.energy_kwh, energy);
  EXPECT_EQ(got.co2e_kg, co2e);
}

TEST(Emissions, AreNaNWhereAFactorIsMissing) {
  EXPECT_TRUE(std::isnan(emitted(std::nan(""), 1, 1).energy_kwh));
  EXPECT_TRUE(std::isnan(emitted(1, 1, std::nan("")).co2e_kg));
  EXPECT_FALSE(std::isnan(emitted(1, 1, 1, {{1, 1}, {1, 1}}, std::nan("")).energy_kwh));
  EXPECT_TRUE(std::isnan(emitted(1, 1, 1, {{1, 1}, {1, 1}}, std::nan("")).co2e_kg));
}

TEST(Units, TurnPowerAndTimeIntoKilowattHoursByIntegers) {
  auto is = [](Scale scale, double multiplier, double divisor) {
    return scale.multiplier == multiplier && scale.divisor == divisor;
  };
  EXPECT_TRUE(is(to_kwh("W", "h"), 1, 1000));
  EXPECT_TRUE(is(to_kwh("W", "min"), 1, 60000));
  EXPECT_TRUE(is(to_kwh("W", "s"), 1, 3600000));
  EXPECT_TRUE(is(to_kwh("W", "d"), 24, 1000));
  EXPECT_TRUE(is(to_kwh("kW", "h"), 1, 1));
  EXPECT_TRUE(is(to_kwh("kW", "min"), 1, 60));
  EXPECT_TRUE(is(to_kwh("kW", "s"), 1, 3600));
  EXPECT_TRUE(is(to_kwh("kW", "d"), 24, 1));
  EXPECT_TRUE(is(to_kg_per_kwh("g/kWh"), 1, 1000));
  EXPECT_TRUE(is(to_kg_per_kwh("kg/kWh"), 1, 1));
  EXPECT_TRUE(is(to_kg_per_kwh("t/kWh"), 1000, 1));
}

TEST(Units, KnowTheUsualSpellings) {
  EXPECT_EQ(canonical_unit("max_power", "watts"), "W");
  EXPECT_EQ(canonical_unit("time", "hours"), "h");
  EXPECT_EQ(canonical_unit("time", "minute"), "min");
  for (const char* text : {"kg/kWh", "kgCO2/kWh", "kgCO2e/kWh", "kg CO2eq/kWh", "kgCO₂/kWh", "kg kWh-1"})
    EXPECT_EQ(canonical_unit("carbon_intensity", text), "kg/kWh") << text;
  EXPECT_EQ(canonical_unit("carbon_intensity", "gCO2e/kWh"), "g/kWh");
  EXPECT_EQ(canonical_unit("devices", ""), "1");
  EXPECT_EQ(canonical_unit("pue", "1"), "1");
}

TEST(Units, RefuseWhatIsNoUnitOfTheQuantity) {
  EXPECT_EQ(canonical_unit("max_power", "h"), "");
  EXPECT_EQ(canonical_unit("max_power", ""), "");
  EXPECT_EQ(canonical_unit("time", "m"), "");  // months, minutes or metres
  EXPECT_EQ(canonical_unit("carbon_intensity", "kg"), "");
  EXPECT_EQ(canonical_unit("devices", "W"), "");
}

}  // namespace
}  // namespace carbonfront
