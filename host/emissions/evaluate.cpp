#include "host/emissions/evaluate.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

namespace carbonfront {

void emissions_cpu(DevicePower model, const DevicePowerFactors& factors, std::size_t rows, double* energy_kwh,
                   double* co2e_kg) {
  auto at = [](const Factor& factor, std::size_t row) { return factor.values ? factor.values[row] : factor.constant; };
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, rows, 16384), [&](const auto& range) {
    for (std::size_t row = range.begin(); row != range.end(); ++row) {
      double energy = model.energy_kwh(at(factors.devices, row), at(factors.max_power, row), at(factors.time, row),
                                       at(factors.pue, row));
      energy_kwh[row] = energy;
      co2e_kg[row] = model.co2e_kg(energy, at(factors.carbon_intensity, row));
    }
  });
}

void emissions_reference(DevicePower model, const DevicePowerFactors& factors, std::size_t rows, double* energy_kwh,
                         double* co2e_kg) {
  for (std::size_t row = 0; row < rows; ++row) {
    double n = factors.devices.values ? factors.devices.values[row] : factors.devices.constant;
    double p_max = factors.max_power.values ? factors.max_power.values[row] : factors.max_power.constant;
    double t = factors.time.values ? factors.time.values[row] : factors.time.constant;
    double alpha =
        factors.carbon_intensity.values ? factors.carbon_intensity.values[row] : factors.carbon_intensity.constant;
    double energy = n * p_max;
    energy = energy * t;
    energy = energy * model.energy_multiplier;
    energy = energy / model.energy_divisor;
    if (model.has_pue) energy = energy * (factors.pue.values ? factors.pue.values[row] : factors.pue.constant);
    double co2e = energy * alpha;
    co2e = co2e * model.intensity_multiplier;
    co2e = co2e / model.intensity_divisor;
    energy_kwh[row] = energy;
    co2e_kg[row] = co2e;
  }
}

}  // namespace carbonfront
