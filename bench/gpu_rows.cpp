#include "bench/gpu_rows.hpp"

#include <algorithm>
#include <chrono>
#include <sstream>

#include "carbonfront/errors.hpp"
#include "host/pareto/cpu.hpp"
#include "host/sweep/hash.hpp"

namespace carbonfront::bench {
namespace {

constexpr const char* kKnownAnswers =
#include "gpu_answers.inc"
    ;

constexpr VerdictRequest kFront{}, kCounts{.dominated_by = true}, kWitnesses{.dominated_by = true, .witness = true},
    kRanks{.rank = true};

std::string size_name(std::uint32_t rows) {
  int zeros = 0;
  for (; rows % 10 == 0; rows /= 10) ++zeros;
  return std::to_string(rows) + "e" + std::to_string(zeros);
}

Row row(const char* answer, VerdictRequest wanted, Distribution distribution, std::uint32_t rows, std::uint32_t objectives,
        double predicted_ms, double goal_ms, double cpu_seconds, bool worst = false) {
  std::string name = std::string(answer) + "-" + size_name(rows) + "x" + std::to_string(objectives);
  if (distribution != Distribution::independent) name += std::string("-") + name_of(distribution);
  return {name, distribution, rows, objectives, wanted, predicted_ms, goal_ms, cpu_seconds, false, worst};
}

std::vector<Row> make_rows() {
  using enum Distribution;
  constexpr std::uint32_t k6 = 1'000'000, k7 = 10'000'000, k8 = 100'000'000;
  std::vector<Row> rows = {row("front", kFront, independent, k6, 3, 0.13, 0.25, 0.0024),
                           row("front", kFront, independent, k6, 8, 0.73, 1, 0.11),
                           row("front", kFront, anticorrelated, k6, 6, 1.1, 3.5, 0.26),
                           row("front", kFront, anticorrelated, k6, 8, 2.8, 6, 0.75),
                           row("front", kFront, independent, k8, 3, 0.8, 0.9, 0.36),
                           row("front-and-ranks", kRanks, nondominated, k6, 8, 2.5, 10, 0.5),
                           row("counts", kCounts, independent, k6, 2, 0.4, 0.5, 0.031),
                           row("counts", kCounts, independent, k6, 3, 0.62, 1.2, 0.097),
                           row("counts", kCounts, independent, k6, 4, 2.8, 4, 0.4),
                           row("counts", kCounts, independent, k6, 5, 3.5, 6, 0.81),
                           row("counts", kCounts, independent, k6, 8, 5.3, 10, 2.1),
                           row("counts", kCounts, correlated, k6, 8, 12, 20, 4),
                           row("counts", kCounts, independent, k7, 3, 6, 7, 1.95),
                           row("counts", kCounts, independent, k7, 4, 15, 45, 8.5),
                           row("witnesses", kWitnesses, independent, k6, 8, 6, 12.5, 2.5),
                           row("ranks", kRanks, independent, k6, 2, 3.6, 6, 0.036),
                           row("ranks", kRanks, independent, k6, 3, 2, 4, 0.56),
                           row("ranks", kRanks, independent, k6, 4, 1.9, 5, 0.86),
                           row("ranks", kRanks, independent, k6, 8, 4.3, 12, 2.1),
                           row("counts", kCounts, independent, k8, 3, 60, 80, 31, true),
                           row("counts", kCounts, independent, k7, 8, 210, 350, 200, true),
                           row("counts", kCounts, correlated, k7, 8, 600, 1000, 400, true),
                           row("front", kFront, anticorrelated, k7, 8, 39, 60, 11, true),
                           row("counts", kCounts, quantised, k6, 3, 0.7, 0, 0.1, true),
                           row("counts", kCounts, quantised, k6, 8, 5.7, 0, 2, true),
                           row("counts", kCounts, nondominated, k6, 8, 2.2, 0, 2, true),
                           row("front", kFront, quantised, k6, 3, 0.13, 0, 0.01, true),
                           row("front", kFront, nondominated, k6, 8, 2.3, 0, 0.5, true),
                           row("witnesses", kWitnesses, quantised, k6, 3, 1.1, 0, 0.2, true),
                           row("ranks", kRanks, quantised, k6, 3, 2, 0, 0.5, true),
                           row("ranks", kRanks, correlated, k6, 3, 2.8, 0, 0.5, true)};
  rows.push_back({"emissions-1e8", independent, k8, 3, {}, 1, 1.1, 0.5, true, false});
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    const auto cost = [](const Row& r) { return std::max(r.predicted_ms, 1e-5 * r.rows); };  // points are made, too
    return cost(a) < cost(b);
  });
  return rows;
}

}  // namespace

const std::vector<Row>& all_rows() {
  static const std::vector<Row> rows = make_rows();
  return rows;
}

Row row_of(const std::string& name, bool tiny) {
  for (Row row : all_rows()) {
    if (row.name != name) continue;
    if (tiny) row.rows = 300 + row.objectives;
    return row;
  }
  throw SpecError("there is no row '" + name + "'", "see gpu_bench rows", "choose one of them");
}

std::vector<double> points_of(const Row& row) {
  std::vector<double> points(std::size_t{row.rows} * row.objectives);
  generate_points(row.distribution, 1, row.rows, row.objectives, 0, row.rows, points.data());
  return points;
}

Fingerprint Fingerprint::of(const Verdict& verdict) {
  Hash hash;
  const auto add = [&](const auto& values) {
    hash.number(values.size());
    hash.bytes(values.data(), values.size() * sizeof(values[0]));
  };
  add(verdict.nondominated);
  for (const auto* numbers : {&verdict.dominated_by, &verdict.dominates, &verdict.rank, &verdict.witness}) add(*numbers);
  return {hash.hex()};
}

Fingerprint Fingerprint::of_emissions(const std::vector<double>& energy, const std::vector<double>& co2e) {
  Hash hash;
  for (const auto* values : {&energy, &co2e}) hash.bytes(values->data(), values->size() * sizeof(double));
  return {hash.hex()};
}

std::vector<Objective> objectives_of(const Row& row, const std::vector<double>& points) {
  std::vector<Objective> objectives(row.objectives);
  for (std::uint32_t k = 0; k < row.objectives; ++k) objectives[k].column.values = points.data() + std::size_t{k} * row.rows;
  return objectives;
}

EmissionStep emission_step(const Row& row, const std::vector<double>& points) {
  EmissionStep step{DevicePower{{1, 1000}, {1, 1}}, {}, Combine::set};
  for (std::uint32_t k = 0; k < 3; ++k) step.factors[k] = {points.data() + std::size_t{k} * row.rows, 1};
  step.factors[3] = {nullptr, 0.437};
  return step;
}

CpuAnswer answer_on_cpu(const Row& row, const std::vector<double>& points) {
  std::vector<double> energy(row.emissions ? row.rows : 0), co2e(energy.size());
  const std::vector<Objective> objectives = objectives_of(row, points);
  Progress progress;
  Verdict verdict;
  const auto begin = std::chrono::steady_clock::now();
  if (row.emissions) {
    const EmissionStep step = emission_step(row, points);
    emissions_cpu({&step, 1}, row.rows, {energy.data(), co2e.data(), nullptr});
  } else {
    verdict = evaluate_cpu({objectives.data(), row.objectives, row.rows, nullptr, nullptr}, row.wanted, progress);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return {row.emissions ? Fingerprint::of_emissions(energy, co2e) : Fingerprint::of(verdict), seconds};
}

std::string known_answer(const std::string& name) {
  std::istringstream lines(kKnownAnswers);
  for (std::string known, hex; lines >> known >> hex;)
    if (known == name) return hex;
  return "";
}

}  // namespace carbonfront::bench
