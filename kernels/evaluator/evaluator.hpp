#pragma once
// One device at work: it owns the streams and buffers, takes columns from host memory, and gives back answers. Plain C++, so
// that the host includes it without CUDA.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "carbonfront/errors.hpp"
#include "carbonfront/progress.hpp"
#include "carbonfront/verdict.hpp"
#include "kernels/emission_models.hpp"

namespace carbonfront::device {

/// What the evaluator asks of its host. All may throw, which ends the work.
struct Host {
  Progress* progress = nullptr;    // told of phases and steps; null: nobody is
  const StopFlag* stop = nullptr;  // asked all the same
  /// Calls the work for parts of [0, size) that cover it, on several threads.
  std::function<void(std::uint32_t size, const std::function<void(std::uint32_t begin, std::uint32_t end)>& work)>
      in_parallel;
  /// The positions in lexicographic order of (group, objective 1, …); only asked for where the rows do not fit the device.
  std::function<std::vector<std::uint32_t>()> lexicographic_positions;

  void begin(const char* phase, std::uint64_t total) const {
    throw_if_stopped();
    if (progress) progress->begin(phase, total);
  }
  void add(std::uint64_t done) const {
    throw_if_stopped();
    if (progress) progress->add(done);
  }
  void throw_if_stopped() const { carbonfront::throw_if_stopped(stop); }
};

/// Which rows a device answers for: it is number `index` of `count`.
struct Part {
  std::uint32_t index = 0, count = 1;
};

/// Opened once, it answers any number of calls, one at a time: streams, buffers and the pool's memory stay between them, so
/// that a call like the one before takes nothing from the device or the driver.
class Evaluator {
 public:
  /// Takes a device. It is given at most `memory_limit` bytes at a time (0: what it has free). With `as_for_many` few rows
  /// go to the kernels for many rows as well, which is for tests: no answer depends on it. Throws DeviceError.
  Evaluator(int device, std::size_t memory_limit, bool as_for_many = false);
  ~Evaluator();

  /// Brings the rows up that it has not yet, as keys that stay; returns once the values have been read, and the device goes
  /// on. Rows 0 begin with other columns, and forget the ones before. Nothing stays where they and the work on them do not
  /// fit: evaluate() then takes all columns from host memory. Throws DeviceError, and what the host throws.
  void bring_up(const GrowingColumns& growing, const Host& host);

  /// Writes energy_kwh, co2e_kg and, unless it is null, source, [rows] each in host memory. Batches go up, are computed step
  /// by step and come down at the same time. Waits for the device. Throws DeviceError, and what the host throws.
  void emissions(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out, const Host& host);

  /// Answers for the part of the points. Of several parts the answers are put together by adding counts, taking the lesser
  /// of `nondominated` and of witnesses, and the ranks of the first, which alone finds them. Objectives that were brought
  /// up, which is told by where their values lie, do not go up again. Rows that do not fit the device's memory are taken in
  /// blocks of sources and queries; the answers do not depend on it. Throws SpecError and DeviceError (check_points among
  /// them), and what the host throws.
  Verdict evaluate(PointsView points, VerdictRequest wanted, const Host& host, Part part = {});

  /// Counts between two sets; parts add up. In blocks where the rows do not fit. Throws as evaluate().
  CrossCounts count_against(PointsView points, CrossRequest wanted, const Host& host, Part part = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace carbonfront::device
