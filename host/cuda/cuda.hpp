#pragma once
// The device backend for the host: which devices there are, and the evaluation objects that own the chosen ones. The same
// for the emulated device, which is another library behind the same functions.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "host/emissions/evaluate.hpp"
#include "host/pareto/verdict.hpp"

namespace carbonfront {

/// Lists the devices, a line each for people. Where none can be used, `why_none` says so: the runtime's own text, or what is
/// wrong with each.
struct CudaList {
  std::vector<std::string> devices;
  std::string why_none;
};
CudaList list_cuda_devices();

/// Owns the evaluation objects of one device or of all.
class CudaDevices {
 public:
  /// Takes the device that `choice` names: a number, "all", or "" for the first. At most `memory_limit` bytes of each are
  /// used at a time; 0: what is free. `as_for_many`: as device::Evaluator says. Throws SpecError for what is no choice,
  /// DeviceError.
  CudaDevices(const std::string& choice, std::size_t memory_limit, bool as_for_many);
  ~CudaDevices();

  /// Makes room on all devices for columns of keys that go up while rows are read; see device::Evaluator. False, and none is
  /// kept, where they do not fit. Throws DeviceError.
  bool keep(std::uint32_t columns, std::uint32_t capacity, std::uint32_t most_objectives);

  /// Brings `count` values up as rows from `begin` on of the kept column `objective.kept`. Throws DeviceError, Stopped.
  void bring_up(const Objective& objective, std::uint32_t begin, std::uint32_t count);

  /// As emissions_cpu, on the first of the devices; computed columns that are kept are then there on all of them. Throws
  /// DeviceError.
  void emissions(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out, const KeptEmissions& kept = {});

  /// As evaluate_cpu; several devices share the rows. What is kept does not go up again. Throws DeviceError, Stopped.
  Verdict evaluate(PointsView points, VerdictRequest wanted, Progress& progress);

  /// As count_against_cpu; several devices share the rows. Throws DeviceError, Stopped.
  CrossCounts count_against(PointsView points, const std::vector<std::uint8_t>& is_source, bool dominated_by, bool dominates,
                            Progress& progress);

  /// As find_front_cpu, always exactly. Throws DeviceError, Stopped.
  std::vector<std::uint32_t> find_front(PointsView points);

 private:
  struct Devices;
  std::unique_ptr<Devices> devices_;
};

}  // namespace carbonfront
