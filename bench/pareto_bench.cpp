// Time of the CPU's verdict over rows × objectives × distribution × task. Choose with --benchmark_filter, see README.md.

#include <benchmark/benchmark.h>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "host/clones.hpp"
#include "host/pareto/cpu.hpp"
#include "host/pareto/hypervolume.hpp"
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

Verdict judged(const Input& input, const std::vector<double>& points, VerdictRequest wanted) {
  std::vector<Objective> objectives(input.objectives);
  for (std::uint32_t i = 0; i < input.objectives; ++i)
    objectives[i].column.values = points.data() + std::size_t{input.rows} * i;
  Progress progress;
  return evaluate_cpu({.objectives = objectives.data(), .objective_count = input.objectives, .size = input.rows}, wanted,
                      progress);
}

std::string name_for(const char* task, const Input& input) {
  return std::string(task) + "/" + name_of(input.distribution) + "/rows:" + std::to_string(input.rows) +
         "/objectives:" + std::to_string(input.objectives);
}

void verdict(benchmark::State& state, Input input, VerdictRequest wanted) {
  const std::vector<double>& points = points_of(input);
  std::size_t front = 0;
  for (auto _ : state) {
    const Verdict answer = judged(input, points, wanted);
    front = std::accumulate(answer.nondominated.begin(), answer.nondominated.end(), std::size_t{0});
  }
  state.counters["front"] = static_cast<double>(front);
  state.counters["rows/s"] = benchmark::Counter(static_cast<double>(input.rows) * static_cast<double>(state.iterations()),
                                                benchmark::Counter::kIsRate);
}

using Lanes = double __attribute__((vector_size(32)));
using LaneCounts = std::int64_t __attribute__((vector_size(32)));

/// Compares every pair for queries [first, last), four sources at a time; `rows` is a multiple of 4.
template <std::uint32_t M>
CARBONFRONT_INLINE void compare_pairs(const double* points, std::uint32_t rows, std::uint32_t first, std::uint32_t last,
                                      std::uint32_t* counts) {
  for (std::uint32_t q = first; q < last; ++q) {
    LaneCounts sums = {};
    for (std::uint32_t i = 0; i < rows; i += 4) {
      LaneCounts no_worse = ~LaneCounts{}, better = {};  // all ones where true
      for (std::uint32_t k = 0; k < M; ++k) {
        Lanes values;
        std::memcpy(&values, points + std::size_t{rows} * k + i, sizeof values);
        const double mine = points[std::size_t{rows} * k + q];
        no_worse &= values <= mine;
        better |= values < mine;
      }
      sums -= no_worse & better;
    }
    std::int64_t sum = 0;
    for (int lane = 0; lane < 4; ++lane) sum += sums[lane];
    counts[q] = static_cast<std::uint32_t>(sum);
  }
}

CARBONFRONT_CLONES void compare_pairs(const double* points, std::uint32_t rows, std::uint32_t objectives,
                                      std::uint32_t first, std::uint32_t last, std::uint32_t* counts) {
  switch (objectives) {
    case 2:
      return compare_pairs<2>(points, rows, first, last, counts);
    case 3:
      return compare_pairs<3>(points, rows, first, last, counts);
    case 4:
      return compare_pairs<4>(points, rows, first, last, counts);
    case 6:
      return compare_pairs<6>(points, rows, first, last, counts);
    default:
      return compare_pairs<8>(points, rows, first, last, counts);
  }
}

/// The floor: all pairs, on all cores, written so that the compiler makes vectors of it. What a careful user would write.
Array<std::uint32_t> count_pairwise(const std::vector<double>& points, std::uint32_t rows, std::uint32_t objectives) {
  Array<std::uint32_t> counts(rows, 0u);
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, rows, 64), [&](const auto& queries) {
    compare_pairs(points.data(), rows, objectives, queries.begin(), queries.end(), counts.data());
  });
  return counts;
}

void pairwise(benchmark::State& state, Input input) {
  const std::vector<double>& points = points_of(input);
  Array<std::uint32_t> counts;
  for (auto _ : state) counts = count_pairwise(points, input.rows, input.objectives);
  if (counts != judged(input, points, {.dominated_by = true}).dominated_by) state.SkipWithError("the answers differ");
}

void hypervolume_of(benchmark::State& state, Input input) {
  const std::vector<double>& points = points_of(input);
  const std::vector<double> reference(input.objectives, 1.1);
  Progress progress;
  for (auto _ : state)
    benchmark::DoNotOptimize(hypervolume({points.data(), input.rows, input.objectives}, reference.data(), {}, progress));
}

void register_peers_and_volumes() {
  for (Distribution distribution : {Distribution::independent, Distribution::correlated, Distribution::anticorrelated,
                                    Distribution::nondominated, Distribution::quantised}) {
    for (std::uint32_t rows : {10'000u, 100'000u, 1'000'000u})
      for (std::uint32_t objectives : {2u, 3u, 4u, 6u, 8u}) {
        const Input input{distribution, rows, objectives};
        benchmark::RegisterBenchmark(name_for("pairwise", input).c_str(),
                                     [=](benchmark::State& state) { pairwise(state, input); })
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
      }
    for (const auto& [rows, objectives] : {std::pair{100'000u, 3u}, {10'000u, 4u}, {1'000u, 6u}, {500u, 8u}}) {
      const Input input{distribution, rows, objectives};
      benchmark::RegisterBenchmark(name_for("hypervolume", input).c_str(),
                                   [=](benchmark::State& state) { hypervolume_of(state, input); })
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
    }
  }
}

void register_all() {
  for (std::uint32_t rows : {10'000u, 100'000u, 1'000'000u, 10'000'000u, 100'000'000u})
    for (std::uint32_t objectives : {1u, 2u, 3u, 4u, 5u, 6u, 8u})
      for (Distribution distribution : {Distribution::independent, Distribution::correlated, Distribution::anticorrelated,
                                        Distribution::nondominated, Distribution::quantised}) {
        if (objectives == 1 && distribution == Distribution::nondominated) continue;  // there is no such thing
        if (rows > 10'000'000 && objectives > 3) continue;                            // more than 16 GiB
        for (const Task& task : kTasks) {
          const Input input{distribution, rows, objectives};
          const VerdictRequest wanted = task.wanted;
          benchmark::RegisterBenchmark(name_for(task.name, input).c_str(),
                                       [=](benchmark::State& state) { verdict(state, input, wanted); })
              ->Unit(benchmark::kMillisecond)
              ->UseRealTime();
        }
      }
}

}  // namespace

int main(int argc, char** argv) {
  register_all();
  register_peers_and_volumes();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  return benchmark::RunSpecifiedBenchmarks() == 0 ? 1 : 0;  // nothing measured is an error
}
