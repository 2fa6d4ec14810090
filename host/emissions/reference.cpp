// The emission models by definition: one row at a time, one operation at a time.

#include <cmath>

#include "host/emissions/evaluate.hpp"

namespace carbonfront {

namespace {

/// One row's factors of a step.
struct Row {
  const EmissionStep& step;
  std::size_t row;
  double operator[](int k) const { return step.factors[k].values ? step.factors[k].values[row] : step.factors[k].constant; }
};

double converted(double value, Scale scale) {
  value = value * scale.multiplier;
  value = value / scale.divisor;
  return value;
}

/// kWh at the wall, with the emissions of the grid.
Emitted with_grid(double kwh, double alpha, Scale intensity) { return {kwh, converted(kwh * alpha, intensity)}; }

Emitted by_definition(const DevicePower& model, const Row& in) {
  double n = in[0], p_max = in[1], t = in[2], alpha = in[3], pue = in[4];
  double energy = n * p_max;
  energy = energy * t;
  energy = converted(energy, model.energy);
  energy = energy * pue;
  return with_grid(energy, alpha, model.intensity);
}

Emitted by_definition(const GreenAlgorithms& model, const Row& in) {
  double t = in[0], psf = in[9], alpha = in[10], pue = in[11];
  double cores = in[1];
  cores = cores * in[2];
  cores = cores * in[3];
  double devices = in[4];
  devices = devices * in[5];
  devices = devices * in[6];
  double memory = in[7] * in[8];
  double power = converted(cores, model.core_power);
  power = power + converted(devices, model.device_power);
  power = power + converted(memory, model.memory_power);
  double energy = converted(t * power, model.energy);
  energy = energy * pue;
  energy = energy * psf;
  return with_grid(energy, alpha, model.intensity);
}

Emitted by_definition(const MeasuredEnergy& model, const Row& in) {
  double energy = converted(in[0], model.energy);
  energy = energy * in[2];
  return with_grid(energy, in[1], model.intensity);
}

double seconds_of(const WorkTime& time, double a, double b, double n, double peak, double utilisation) {
  double flop = converted(a * b, time.work);
  double rate = n * peak;
  rate = rate * utilisation;
  return flop / converted(rate, time.rate);
}

Emitted by_definition(const Flops& model, const Row& in) {
  double n = in[2], p_max = in[5], alpha = in[6], pue = in[7];
  double energy = n * p_max;
  energy = energy * seconds_of(model.time, in[0], in[1], n, in[3], in[4]);
  energy = converted(energy, model.energy);
  energy = energy * pue;
  return with_grid(energy, alpha, model.intensity);
}

Emitted by_definition(const Embodied& model, const Row& in) {
  double made = in[0] * in[1];
  made = made * in[2];
  made = made / in[3];
  return {0, converted(made, model.share)};
}

Emitted by_definition(const EmbodiedOfWork& model, const Row& in) {
  double made = in[2] * in[5];
  made = made * seconds_of(model.time, in[0], in[1], in[2], in[3], in[4]);
  made = made / in[6];
  return {0, converted(made, model.share)};
}

Emitted by_definition(const Lifetime& model, const Row& in) {
  double queries = converted(in[4], model.count);
  double energy = queries * in[2], co2e = queries * in[3];
  energy = in[0] + energy;
  co2e = in[1] + co2e;
  return {energy, co2e};
}

}  // namespace

void emissions_reference(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out) {
  for (std::size_t row = 0; row < rows; ++row) {
    Emitted sum{std::nan(""), std::nan("")};
    int source = kNoSource;
    for (std::size_t s = 0; s < steps.size(); ++s) {
      const EmissionStep& step = steps[s];
      Emitted one = std::visit([&](const auto& model) { return by_definition(model, Row{step, row}); }, step.model);
      if (step.how == Combine::add) {
        sum = {sum.energy_kwh + one.energy_kwh, sum.co2e_kg + one.co2e_kg};
        continue;
      }
      bool taken = out.chosen ? out.chosen[row] == s : step.how == Combine::set || std::isnan(sum.energy_kwh);
      if (!taken) continue;
      sum = one;
      source = std::isnan(one.energy_kwh) ? kNoSource : static_cast<int>(s);
    }
    out.energy_kwh[row] = sum.energy_kwh;
    out.co2e_kg[row] = sum.co2e_kg;
    if (out.source) out.source[row] = static_cast<std::uint8_t>(source);
  }
}

}  // namespace carbonfront
