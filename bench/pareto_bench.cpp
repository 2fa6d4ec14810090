// Time of the CPU's verdict over rows × objectives × distribution × task. Choose with --benchmark_filter, see README.md.

#include <benchmark/benchmark.h>

#include <numeric>
#include <string>
#include <vector>

#include "host/pareto/verdict.hpp"
#include "host/sweep/generator.hpp"

namespace {

using namespace carbonfront;

struct Task {
  const char* name;
  VerdictRequest wanted;
};

const Task kTasks[] = {{"front", {}},
                       {"dominated_by", {.dominated_by = true}},
                       {"dominates", {.dominates = true}},
                       {"rank", {.rank = true}},
                       {"witness", {.witness = true}},
                       {"score", {.dominated_by = true, .witness = true}}};  // what a view computes by default

struct Input {
  Distribution distribution = Distribution::independent;
  std::uint32_t rows = 0, objectives = 0;

  bool operator==(const Input&) const = default;
};

/// Points [objectives × rows] as float64, kept from one benchmark to the next with the same input.
const std::vector<double>& points_of(const Input& input) {
  static Input held;
  static std::vector<double> points;
  if (!(held == input)) {
    held = input;
    points.resize(std::size_t{input.rows} * input.objectives);
    generate_points(input.distribution, 1, input.rows, input.objectives, 0, input.rows, points.data());
  }
  return points;
}

void verdict(benchmark::State& state, Input input, VerdictRequest wanted) {
  const std::vector<double>& points = points_of(input);
  std::vector<Objective> objectives(input.objectives);
  for (std::uint32_t i = 0; i < input.objectives; ++i)
    objectives[i].column.values = points.data() + std::size_t{input.rows} * i;
  const PointsView view{.objectives = objectives.data(), .objective_count = input.objectives, .size = input.rows};
  std::size_t front = 0;
  for (auto _ : state) {
    Progress progress;
    const Verdict answer = evaluate_cpu(view, wanted, progress);
    front = std::accumulate(answer.nondominated.begin(), answer.nondominated.end(), std::size_t{0});
  }
  state.counters["front"] = static_cast<double>(front);
  state.counters["rows/s"] = benchmark::Counter(static_cast<double>(input.rows) * static_cast<double>(state.iterations()),
                                                benchmark::Counter::kIsRate);
}

void register_all() {
  for (std::uint32_t rows : {10'000u, 100'000u, 1'000'000u, 10'000'000u})
    for (std::uint32_t objectives : {1u, 2u, 3u, 4u, 5u, 6u, 8u})
      for (Distribution distribution : {Distribution::independent, Distribution::correlated, Distribution::anticorrelated,
                                        Distribution::nondominated, Distribution::quantised}) {
        if (objectives == 1 && distribution == Distribution::nondominated) continue;  // there is no such thing
        for (const Task& task : kTasks) {
          const Input input{distribution, rows, objectives};
          const std::string name = std::string(task.name) + "/" + name_of(distribution) + "/rows:" + std::to_string(rows) +
                                   "/objectives:" + std::to_string(objectives);
          const VerdictRequest wanted = task.wanted;
          benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { verdict(state, input, wanted); })
              ->Unit(benchmark::kMillisecond)
              ->UseRealTime();
        }
      }
}

}  // namespace

int main(int argc, char** argv) {
  register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  return benchmark::RunSpecifiedBenchmarks() == 0 ? 1 : 0;  // nothing measured is an error
}
