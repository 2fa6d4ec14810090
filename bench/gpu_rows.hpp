#pragma once
// The rows of the GPU's benchmark: what is answered for which points, and what was expected of it before anybody measured.

#include <cstdint>
#include <string>
#include <vector>

#include "carbonfront/verdict.hpp"
#include "host/emissions/evaluate.hpp"
#include "host/sweep/generator.hpp"

namespace carbonfront::bench {

/// One row. Milliseconds on an H200, device to device: predicted of the kernels as they are, by gpu_count's model or, where
/// rows are too many to be counted, by the simulations (within a factor of two, not measured; 0: no prediction), and to be
/// reached (0: no goal). CPU seconds on two cores, measured.
struct Row {
  std::string name;
  Distribution distribution;
  std::uint32_t rows, objectives;
  VerdictRequest wanted;
  double predicted_ms, goal_ms, cpu_seconds;
  bool emissions = false;  // of three columns, in place of a verdict
  bool worst = false;      // a distribution that is hard, or large: second half alone
};

/// All rows, the cheapest first.
const std::vector<Row>& all_rows();

/// The row of a name, or with `tiny` its small likeness, for the emulated device. Throws SpecError.
Row row_of(const std::string& name, bool tiny);

/// The columns of a row's points, [objectives × rows]: the same on every machine.
std::vector<double> points_of(const Row& row);

/// The points as objectives, all to be minimised, or as what the emissions' step reads: devices, W and h at 0.437 kg/kWh.
std::vector<Objective> objectives_of(const Row& row, const std::vector<double>& points);
EmissionStep emission_step(const Row& row, const std::vector<double>& points);

/// What is counted of an answer to know it again.
struct Fingerprint {
  std::string hex;
  static Fingerprint of(const Verdict& verdict);
  static Fingerprint of_emissions(const std::vector<double>& energy, const std::vector<double>& co2e);
};

/// The CPU's answer, and the seconds that it took.
struct CpuAnswer {
  Fingerprint answer;
  double seconds;
};
CpuAnswer answer_on_cpu(const Row& row, const std::vector<double>& points);

/// The fingerprint that the CPU's answer is known to have, from bench/gpu_answers.inc; empty: unknown.
std::string known_answer(const std::string& name);

}  // namespace carbonfront::bench
