#pragma once
// One device at work: it owns the streams and buffers, takes columns from host memory, and gives back answers. Plain C++, so
// that the host includes it without CUDA.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "kernels/columns.hpp"
#include "kernels/device/failure.hpp"
#include "kernels/emission_models.hpp"

namespace carbonfront::device {

/// Which answers are wanted; as VerdictRequest of the host.
struct Request {
  bool dominated_by = false, dominates = false, rank = false, witness = false;
  std::uint32_t max_rank = 0;

  bool front_alone() const { return !dominated_by && !dominates && !rank && !witness; }
};

/// Where the answers go, host memory, [size] each: all that is asked for, and `nondominated`; as Verdict of the host. Those
/// of several parts are put together by adding counts, taking the lesser of `nondominated` and of witnesses, and the ranks
/// of the first.
struct AnswersView {
  std::uint8_t* nondominated = nullptr;
  std::uint32_t *dominated_by = nullptr, *dominates = nullptr, *rank = nullptr, *witness = nullptr;
};

/// Seconds by phase.
struct Seconds {
  double order = 0, front = 0, counts = 0, rank = 0;
};

/// Where counts between two sets go, host memory, [size] each, 0 for sources; null: not asked for.
struct CrossAnswersView {
  std::uint32_t *dominated_by = nullptr, *dominates = nullptr;
};

/// What the evaluator asks of its host. All may throw, which ends the work.
struct Host {
  std::function<void(const char* phase, std::uint64_t total)> begin;
  std::function<void(std::uint64_t done)> add;
  /// Calls the work for parts of [0, size) that cover it, on several threads.
  std::function<void(std::uint32_t size, const std::function<void(std::uint32_t begin, std::uint32_t end)>& work)>
      in_parallel;
  /// The positions in lexicographic order of (group, objective 1, …); only asked for where the rows do not fit the device.
  std::function<std::vector<std::uint32_t>()> lexicographic_positions;
};

/// Which rows a device answers for: it is number `index` of `count`.
struct Part {
  std::uint32_t index = 0, count = 1;
};

/// One factor of an emission model: a column in host memory, or a constant where `values` is null.
struct HostFactor {
  const double* values = nullptr;
  double constant = 1;
};

/// One model with its factors in its order, and how its answer joins those of the steps before.
struct HostStep {
  EmissionModel model;
  std::array<HostFactor, kMostFactors> factors;
  Combine how = Combine::set;
};

/// Opened once, it answers any number of calls, one at a time: streams, buffers and the pool's memory stay between them, so
/// that a call like the one before takes nothing from the device or the driver.
class Evaluator {
 public:
  /// Takes a device. It is given at most `memory_limit` bytes at a time (0: what it has free). With `as_for_many` few rows
  /// go to the kernels for many rows as well, which is for tests: no answer depends on it. Throws Failure.
  Evaluator(int device, std::size_t memory_limit, bool as_for_many = false);
  ~Evaluator();

  /// Makes room for columns of keys that stay on the device, and forgets those that were there. Columns are numbered from 0.
  /// False, and there are none, where they and work on that many objectives of all their rows do not fit: evaluate() then
  /// takes all columns from host memory. Throws Failure.
  bool keep(std::uint32_t columns, std::uint32_t capacity, std::uint32_t most_objectives);

  /// Brings `count` values in host memory up as rows from `begin` on of a kept column, `objective.kept`. Returns once the
  /// values have been read; the device goes on. Throws Failure, and what the host throws.
  void bring_up(const Objective& objective, std::uint32_t begin, std::uint32_t count, const Host& host);

  /// Writes energy_kwh, co2e_kg and, unless it is null, source, [rows] each in host memory. Batches go up, are computed step
  /// by step and come down at the same time; columns that are kept are left there as keys. Waits for the device. Throws
  /// Failure.
  void emissions(const std::vector<HostStep>& steps, std::size_t rows, EmissionColumns out, const Host& host,
                 const KeptEmissions& kept = {});

  /// Answers for the part of the points, in `out`. Objectives that are kept do not go up again. Rows that do not fit the
  /// device's memory are taken in blocks of sources and queries; the answers do not depend on it. With several parts, only
  /// the first finds ranks. Throws Failure, and what the host throws.
  Seconds evaluate(PointsView points, Request wanted, AnswersView out, const Host& host, Part part = {});

  /// Counts for the rows that are no sources the sources that dominate them and those they dominate; parts add up. In blocks
  /// where the rows do not fit. Throws Failure, and what the host throws.
  void count_against(PointsView points, const std::vector<std::uint8_t>& is_source, CrossAnswersView out, const Host& host,
                     Part part = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace carbonfront::device
