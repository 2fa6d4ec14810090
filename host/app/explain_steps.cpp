#include "host/app/explain_steps.hpp"

#include <fmt/format.h>

namespace carbonfront {

namespace {

/// A running value and the lines that led to it.
struct Walk {
  std::vector<std::string> lines;
  double value = 0;

  void start(const std::string& name, double first) {
    value = first;
    lines.push_back(fmt::format("{} = {}", name, first));
  }
  void step(const char* op, const std::string& name, double by) {
    double before = value;
    value = *op == '/' ? value / by : *op == '+' ? value + by : value * by;
    lines.push_back(fmt::format("{} {} = {} {} {} = {}", op, name, before, op, by, value));
  }
  void times(const std::string& name, double by) { step("·", name, by); }
  void convert(const std::string& unit, Scale scale) {
    if (scale.multiplier == 1 && scale.divisor == 1) return lines.push_back("in " + unit + " as it is");
    double before = value;
    value = scaled(value, scale);
    lines.push_back(fmt::format("in {}: {} · {} / {} = {}", unit, before, scale.multiplier, scale.divisor, value));
  }
  void emit(const std::string& title, double intensity, Scale scale) {
    lines.push_back(fmt::format("energy {}= {} kWh", title, value));
    times("carbon_intensity", intensity);
    convert("kg", scale);
  }
};

double seconds_steps(Walk& walk, const WorkTime& time, const std::vector<double>& f) {
  walk.start("work", f[0]);
  walk.times("tokens, or 1", f[1]);
  walk.convert("FLOP", time.work);
  double flop = walk.value;
  walk.start("devices", f[2]);
  walk.times("peak", f[3]);
  walk.times("utilisation", f[4]);
  walk.convert("FLOP/s", time.rate);
  double rate = walk.value;
  walk.start("FLOP", flop);
  walk.step("/", "rate [s]", rate);
  return walk.value;
}

void walk_through(Walk& walk, const DevicePower& model, const std::vector<double>& f) {
  walk.start("devices", f[0]);
  walk.times("max_power", f[1]);
  walk.times("time", f[2]);
  walk.convert("kWh", model.energy);
  walk.times("pue", f[4]);
  walk.emit("", f[3], model.intensity);
}

void walk_through(Walk& walk, const GreenAlgorithms& model, const std::vector<double>& f) {
  double power[3];
  const char* names[3][3] = {{"cores", "core_power", "core_usage"}, {"devices", "max_power", "device_usage"}};
  for (int k = 0; k < 2; ++k) {
    walk.start(names[k][0], f[1 + 3 * k]);
    walk.times(names[k][1], f[2 + 3 * k]);
    walk.times(names[k][2], f[3 + 3 * k]);
    walk.convert("W", k == 0 ? model.core_power : model.device_power);
    power[k] = walk.value;
  }
  walk.start("memory", f[7]);
  walk.times("memory_power", f[8]);
  walk.convert("W", model.memory_power);
  power[2] = walk.value;
  walk.start("power of cores [W]", power[0]);
  walk.step("+", "power of devices", power[1]);
  walk.step("+", "power of memory", power[2]);
  walk.times("time", f[0]);
  walk.convert("kWh", model.energy);
  walk.times("pue", f[11]);
  walk.times("psf", f[9]);
  walk.emit("", f[10], model.intensity);
}

void walk_through(Walk& walk, const MeasuredEnergy& model, const std::vector<double>& f) {
  walk.start("energy", f[0]);
  walk.convert("kWh", model.energy);
  walk.times("pue", f[2]);
  walk.emit("", f[1], model.intensity);
}

void walk_through(Walk& walk, const Flops& model, const std::vector<double>& f) {
  double seconds = seconds_steps(walk, model.time, f);
  walk.start("devices", f[2]);
  walk.times("max_power", f[5]);
  walk.times("seconds", seconds);
  walk.convert("kWh", model.energy);
  walk.times("pue", f[7]);
  walk.emit("", f[6], model.intensity);
}

void walk_through(Walk& walk, const Embodied& model, const std::vector<double>& f) {
  walk.start("devices", f[0]);
  walk.times("manufacture", f[1]);
  walk.times("time", f[2]);
  walk.step("/", "hardware_life", f[3]);
  walk.convert("kg", model.share);
}

void walk_through(Walk& walk, const EmbodiedOfWork& model, const std::vector<double>& f) {
  double seconds = seconds_steps(walk, model.time, f);
  walk.start("devices", f[2]);
  walk.times("manufacture", f[5]);
  walk.times("seconds", seconds);
  walk.step("/", "hardware_life", f[6]);
  walk.convert("kg", model.share);
}

void walk_through(Walk&, const Lifetime&, const std::vector<double>&) {}  // its sum is shown by its parts

}  // namespace

std::vector<std::string> explained_steps(const EmissionModel& model, const std::vector<double>& factors) {
  Walk walk;
  std::visit([&](const auto& one) { walk_through(walk, one, factors); }, model);
  return walk.lines;
}

}  // namespace carbonfront
