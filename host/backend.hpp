#pragma once
// One interface to everything that can compute, and the list of what this program was built with.

#include <span>
#include <string>

#include "host/emissions/evaluate.hpp"
#include "host/pareto/front_stream.hpp"
#include "host/pareto/verdict.hpp"

namespace carbonfront {

/// A way to compute. All give the same bytes.
struct Backend {
  const char* name;
  const char* description;
  std::string unavailable;  // why it cannot be used here; empty: it can
  void (*emissions)(DevicePower model, const DevicePowerFactors& factors, std::size_t rows, double* energy_kwh,
                    double* co2e_kg);
  Verdict (*evaluate)(PointsView points, VerdictRequest wanted, Progress& progress);
  CrossCounts (*count_against)(PointsView points, const std::vector<std::uint8_t>& is_source, bool dominated_by,
                               bool dominates, Progress& progress);
  FindFront find_front;     // for fronts found while reading
  bool definition = false;  // keeps all rows and evaluates them together, even where only the front is asked for
};

/// All backends, best first.
std::span<const Backend> backends();

/// Finds a backend by name, or for "auto" the first that can be used. Throws SpecError for an unknown name, DeviceError for
/// one that cannot be used: an explicit choice never falls back.
const Backend& choose_backend(const std::string& name);

}  // namespace carbonfront
