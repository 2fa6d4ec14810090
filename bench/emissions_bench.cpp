// Every emission model beside a copy of as many bytes, which is the bound.

#include <benchmark/benchmark.h>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <cstring>
#include <type_traits>
#include <vector>

#include "host/emissions/evaluate.hpp"

namespace {

using namespace carbonfront;

/// A step whose first `columns` factors are columns and the others constants.
EmissionStep step_of(const EmissionModel& model, const std::vector<double>& values, std::size_t rows, int columns,
                     Combine how = Combine::set) {
  EmissionStep step{model, {}, how};
  for (int k = 0; k < kMostFactors; ++k) step.factors[k] = {k < columns ? values.data() + k * rows : nullptr, 1.5};
  return step;
}

void measure(benchmark::State& state, const std::vector<EmissionStep>& steps, std::size_t columns, std::size_t rows) {
  std::vector<double> energy(rows), co2e(rows);
  std::vector<std::uint8_t> source(steps.size() > 1 ? rows : 0);
  for (auto _ : state) emissions_cpu(steps, rows, {energy.data(), co2e.data(), source.empty() ? nullptr : source.data()});
  std::size_t bytes = 8 * columns + 16 + !source.empty();
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * rows * bytes));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * rows));
}

/// One model with every factor a column but the last: PUE, or what stands there.
template <class Model>
void model_of(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  constexpr int columns = Model::factor_count - 1;
  std::vector<double> values(columns * rows, 2.5);
  measure(state, {step_of(Model{}, values, rows, columns)}, columns, rows);
}

/// A measurement, else device power, plus the share of manufacture: 5 columns.
void first_available_of(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  std::vector<double> values(5 * rows, 2.5);
  for (std::size_t i = 0; i < rows; i += 2) values[i] = __builtin_nan("");
  EmissionStep measured = step_of(MeasuredEnergy{}, values, rows, 1);
  EmissionStep power = step_of(DevicePower{}, values, rows, 5, Combine::missing);
  EmissionStep made = step_of(Embodied{}, values, rows, 4, Combine::add);
  for (EmissionStep* step : {&power, &made})
    for (Factor& factor : step->factors)
      if (factor.values == values.data()) factor.values = values.data() + 4 * rows;
  measure(state, {measured, power, made}, 5, rows);
}

/// As many bytes, half read and half written.
void copy_of(benchmark::State& state) {
  const auto values = static_cast<std::size_t>(state.range(0)) * 5 / 2;
  std::vector<double> from(values, 1), to(values);
  for (auto _ : state)
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, values, 16384), [&](const auto& part) {
      std::memcpy(to.data() + part.begin(), from.data() + part.begin(), part.size() * sizeof(double));
    });
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * values * 16));
}

constexpr int kRows = 10'000'000;

#define CARBONFRONT_BENCHMARK(name, function) \
  BENCHMARK(function)->Name(name)->Arg(kRows)->Unit(benchmark::kMillisecond)->UseRealTime()

CARBONFRONT_BENCHMARK("copy", copy_of);
CARBONFRONT_BENCHMARK("device-power", model_of<DevicePower>);
CARBONFRONT_BENCHMARK("green-algorithms", model_of<GreenAlgorithms>);
CARBONFRONT_BENCHMARK("measured-energy", model_of<MeasuredEnergy>);
CARBONFRONT_BENCHMARK("flops", model_of<Flops>);
CARBONFRONT_BENCHMARK("embodied", model_of<Embodied>);
CARBONFRONT_BENCHMARK("embodied-of-work", model_of<EmbodiedOfWork>);
CARBONFRONT_BENCHMARK("lifetime", model_of<Lifetime>);
CARBONFRONT_BENCHMARK("first-available", first_available_of);

}  // namespace

BENCHMARK_MAIN();
