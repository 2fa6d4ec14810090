#pragma once
// Everything that can compute: backends to choose from, and the session that an open one is.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "carbonfront/progress.hpp"
#include "carbonfront/verdict.hpp"
#include "kernels/emission_models.hpp"

namespace carbonfront {

/// A backend at work. It answers any number of calls, one at a time; all backends give the same bytes. What it keeps between
/// calls, on a device or anywhere, is its own affair.
class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  /// Evaluates emission models, the first of which is a `set`, for `rows` rows. Throws DeviceError, Stopped.
  virtual void emissions(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out,
                         const Progress& progress) = 0;

  /// Answers a request. Throws SpecError and DeviceError (check_points), Stopped.
  virtual Verdict evaluate(PointsView points, VerdictRequest wanted, Progress& progress) = 0;

  /// Counts between two sets. Throws as evaluate().
  virtual CrossCounts count_against(PointsView points, CrossRequest wanted, Progress& progress) = 0;

  /// Finds ascending positions, among them all that are non-dominated in their group; `exactly` those, or as many more as
  /// are quicker to keep than to find. Throws as evaluate().
  virtual std::vector<std::uint32_t> find_front(PointsView points, bool exactly, Progress& progress) = 0;

  /// Is told of columns while they grow, so that a device has them when they are asked about. Rows 0 begin with other
  /// columns; from then on the ones before may go. Throws DeviceError, Stopped.
  virtual void bring_up(const GrowingColumns&, const Progress&) {}

  /// What ran where since it was last asked, such as "counts on cuda; ranks on cpu", where a device and the CPU share the
  /// work.
  virtual std::string ran_where() { return ""; }
};

/// Finds fronts by a session, which outlives what is given.
inline auto front_finder(Session& session) {
  return [&session](PointsView points, bool exactly, Progress& progress) {
    return session.find_front(points, exactly, progress);
  };
}

/// What a device backend may use.
struct DeviceChoice {
  std::string device;            // a number, or "all"; empty: the first
  std::size_t memory_limit = 0;  // bytes of each device at a time; 0: what is free
  bool as_for_many = false;      // few rows go to the kernels for many rows as well: for tests
  bool has_work = true;          // false: sharing by the table leaves a device nothing to do, and "auto" opens none
};

/// A way to compute.
struct Backend {
  std::string name, description;
  std::string unavailable;           // why it cannot be used here; empty: it can
  std::vector<std::string> devices;  // a line each
  bool on_device = false;
  bool definition = false;  // keeps all rows and evaluates them together, even where only the front is asked for
  /// Opens it. Throws SpecError for a device that is none, DeviceError for one that cannot be used.
  std::function<std::unique_ptr<Session>(const DeviceChoice& choice)> open = {};
};

/// All backends, best first, devices looked at.
std::vector<Backend> backends();

/// A backend that was opened.
struct OpenBackend {
  std::string name, description;
  bool definition = false;
  std::string passed_over = {};  // chosen by "auto": which better ones are not used, and why
  std::string shares = {};       // how a device and the CPU share the work, in words (host/placement.hpp)
  std::unique_ptr<Session> session = {};
};

/// Opens a backend by name, or for "auto" the first that can be used: a device shares the work with the CPU as the table in
/// host/placement.hpp says, and does all of it where `choice` names it. Throws SpecError for an unknown name and for a
/// device where there is none to choose, DeviceError for one that cannot be used: an explicit choice never falls back, and
/// "auto" does only here, before any work. That is why it opens the device here, and not when the table first gives it work.
OpenBackend open_backend(const std::string& name, const DeviceChoice& choice = {});

}  // namespace carbonfront
