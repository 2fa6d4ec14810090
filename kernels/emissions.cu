#include "kernels/device/launch.hpp"
#include "kernels/emissions.hpp"

namespace carbonfront::device {
namespace {

struct Emission {
  double energy_kwh, co2e_kg;
};

__device__ Emission emission_of(const DevicePower& model, const double (&factors)[kMostFactors]) {
  const double energy = model.energy_kwh(factors[0], factors[1], factors[2], factors[4]);
  return {energy, model.co2e_kg(energy, factors[3])};
}

/// Two rows a thread, so that loads and stores are of 16 bytes.
template <class Model>
__global__ void emissions_kernel(Model model, FactorColumns columns, std::uint64_t rows, double* energy_kwh,
                                 double* co2e_kg) {
  const std::uint64_t row = 2 * global_thread();
  if (row >= rows) return;
  const bool pair = row + 1 < rows;
  double first[kMostFactors], second[kMostFactors];
#pragma unroll
  for (int k = 0; k < kMostFactors; ++k) {
    first[k] = second[k] = columns.constants[k];
    if (!columns.values[k]) continue;
    if (pair) {
      const double2 both = *reinterpret_cast<const double2*>(columns.values[k] + row);
      first[k] = both.x;
      second[k] = both.y;
    } else {
      first[k] = columns.values[k][row];
    }
  }
  const Emission one = emission_of(model, first), two = emission_of(model, second);
  if (pair) {
    *reinterpret_cast<double2*>(energy_kwh + row) = make_double2(one.energy_kwh, two.energy_kwh);
    *reinterpret_cast<double2*>(co2e_kg + row) = make_double2(one.co2e_kg, two.co2e_kg);
  } else {
    energy_kwh[row] = one.energy_kwh;
    co2e_kg[row] = one.co2e_kg;
  }
}

template <class Model>
void compute(const Stream& stream, Model model, FactorColumns factors, std::uint64_t rows, double* energy_kwh,
             double* co2e_kg) {
  if (rows == 0) return;
  launch(stream, "emissions_kernel", one_thread_each((rows + 1) / 2), emissions_kernel<Model>, model, factors, rows,
         energy_kwh, co2e_kg);
}

}  // namespace

void compute_emissions(const Stream& stream, DevicePower model, FactorColumns factors, std::uint64_t rows,
                       double* energy_kwh, double* co2e_kg) {
  compute(stream, model, factors, rows, energy_kwh, co2e_kg);
}

}  // namespace carbonfront::device
