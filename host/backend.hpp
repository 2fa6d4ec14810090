#pragma once
// One interface to everything that can compute, and the list of what this program was built with.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "host/emissions/evaluate.hpp"
#include "host/pareto/front_stream.hpp"
#include "host/pareto/verdict.hpp"

namespace carbonfront {

/// How columns go up to devices while rows are read, as keys that stay there: the calls of CudaDevices.
struct DeviceColumns {
  std::function<bool(std::uint32_t columns, std::uint32_t capacity, std::uint32_t most_objectives)> keep;
  std::function<void(const Objective& objective, std::uint32_t begin, std::uint32_t count)> bring_up;
  std::function<void(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out, const KeptEmissions& kept)>
      emissions;
};

/// A way to compute. All give the same bytes. A device backend owns what it took of its devices until the last copy is gone.
struct Backend {
  std::string name, description;
  std::string unavailable;           // why it cannot be used here; empty: it can
  std::vector<std::string> devices;  // a line each
  std::function<void(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out)> emissions;
  std::function<Verdict(PointsView points, VerdictRequest wanted, Progress& progress)> evaluate;
  std::function<CrossCounts(PointsView points, const std::vector<std::uint8_t>& is_source, bool dominated_by, bool dominates,
                            Progress& progress)>
      count_against;
  FindFront find_front;     // for fronts found while reading
  DeviceColumns columns;    // none where columns need not go anywhere
  bool definition = false;  // keeps all rows and evaluates them together, even where only the front is asked for
  std::string passed_over;  // chosen by "auto": which better ones are not used, and why
  // Where a device and the CPU share the work (host/placement.hpp): how, in words; and what ran where since it was last
  // asked.
  std::string shares = {};
  std::function<std::string()> ran_where = {};
};

/// What a device backend may use.
struct DeviceChoice {
  std::string device;            // a number, or "all"; empty: the first
  std::size_t memory_limit = 0;  // bytes of each device at a time; 0: what is free
  bool as_for_many = false;      // few rows go to the kernels for many rows as well: for tests
  bool has_work = true;          // false: sharing by the table leaves a device nothing to do, and "auto" opens none
};

/// All backends, best first, to be listed: they cannot compute.
std::vector<Backend> backends();

/// Opens a backend by name, or for "auto" the first that can be used: a device shares the work with the CPU as the table in
/// host/placement.hpp says, and does all of it where `choice` names it. Throws SpecError for an unknown name and for a
/// device where there is none to choose, DeviceError for one that cannot be used: an explicit choice never falls back, and
/// "auto" does only here, before any work. That is why it opens the device here, and not when the table first gives it work.
Backend choose_backend(const std::string& name, const DeviceChoice& choice = {});

}  // namespace carbonfront
