#include "kernels/device/launch.hpp"
#include "kernels/emissions.hpp"

namespace carbonfront::device {
namespace {

__device__ void join(Combine how, std::uint8_t number, Emitted one, std::uint64_t row, EmissionColumns out) {
  Emitted sum{};
  std::uint8_t source = kNoSource;
  if (how != Combine::set) {
    sum = {out.energy_kwh[row], out.co2e_kg[row]};
    if (out.source) source = out.source[row];
  }
  if (out.chosen)
    combine_chosen(how, number, one, out.chosen[row], sum);
  else
    combine(how, number, one, sum, source);
  out.energy_kwh[row] = sum.energy_kwh;
  out.co2e_kg[row] = sum.co2e_kg;
  if (out.source) out.source[row] = source;
}

/// Two rows a thread, so that loads and the first answer's stores are of 16 bytes.
template <class Model>
__global__ void emissions_kernel(Model model, FactorColumns columns, Combine how, std::uint8_t number, std::uint64_t rows,
                                 EmissionColumns out) {
  const std::uint64_t row = 2 * global_thread();
  if (row >= rows) return;
  const bool pair = row + 1 < rows;
  double first[Model::factor_count], second[Model::factor_count];
#pragma unroll
  for (int k = 0; k < Model::factor_count; ++k) {
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
  const Emitted one = model(first), two = model(second);
  if (pair && how == Combine::set && !out.source && !out.chosen) {
    *reinterpret_cast<double2*>(out.energy_kwh + row) = make_double2(one.energy_kwh, two.energy_kwh);
    *reinterpret_cast<double2*>(out.co2e_kg + row) = make_double2(one.co2e_kg, two.co2e_kg);
    return;
  }
  join(how, number, one, row, out);
  if (pair) join(how, number, two, row + 1, out);
}

}  // namespace

void compute_emissions(const Stream& stream, const EmissionModel& model, FactorColumns factors, Combine how,
                       std::uint8_t number, std::uint64_t rows, EmissionColumns out) {
  if (rows == 0) return;
  std::visit(
      [&](const auto& one) {
        launch(stream, "emissions_kernel", one_thread_each((rows + 1) / 2), emissions_kernel<std::decay_t<decltype(one)>>,
               one, factors, how, number, rows, out);
      },
      model);
}

}  // namespace carbonfront::device
