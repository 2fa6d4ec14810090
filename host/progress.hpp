#pragma once
// What long work tells the outside, and how it is stopped. Thread-safe; the work itself never prints.

#include <atomic>
#include <chrono>
#include <cstdint>

namespace carbonfront {

/// Progress of the phase under way, written by the work and read by whoever displays it.
struct Progress {
  std::atomic<const char*> phase{""};
  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> total{0};
  std::atomic<double> step_bytes{0};  // of values that a step moves from or to a file; 0: they move none; 1: they are bytes
  std::atomic<std::chrono::steady_clock::time_point> started{std::chrono::steady_clock::now()};

  /// Starts a phase of `units` steps. Call from one thread.
  void begin(const char* name, std::uint64_t units, double bytes_of_a_step = 0) {
    total = 0;
    done = 0;
    step_bytes = bytes_of_a_step;
    phase = name;
    started = std::chrono::steady_clock::now();
    total = units;
  }
  void add(std::uint64_t units) { done.fetch_add(units, std::memory_order_relaxed); }
};

/// What asks for a stop when no signal does.
inline constexpr int kTimeLimit = 0;

/// Asks running work to stop: a signal, or kTimeLimit. Async-signal-safe.
void request_stop(int reason) noexcept;

/// Says whether the work under way can wind up: reading ends after its batch, and nothing is thrown.
void allow_winding_up(bool yes) noexcept;

/// Asks the work to wind up, for a reason as request_stop's; asked again it goes on winding up for the first. False where it
/// cannot. Async-signal-safe.
bool request_wind_up(int reason) noexcept;

/// Says that work which was stopped winds up instead of ending: it writes what it has, and is not asked again.
void wind_up_now(int reason) noexcept;

/// Tells whether winding up was asked for, and by what: a signal, kTimeLimit, or −1.
bool asked_to_wind_up() noexcept;
int wind_up_reason() noexcept;

/// Throws Stopped once a stop was requested. Costs one relaxed load: call it every few milliseconds of work.
void throw_if_stopped();

}  // namespace carbonfront
