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
  std::atomic<std::chrono::steady_clock::time_point> started{std::chrono::steady_clock::now()};

  /// Starts a phase of `units` steps. Call from one thread.
  void begin(const char* name, std::uint64_t units) {
    total = 0;
    done = 0;
    phase = name;
    started = std::chrono::steady_clock::now();
    total = units;
  }
  void add(std::uint64_t units) { done.fetch_add(units, std::memory_order_relaxed); }
};

/// Asks running work to stop; async-signal-safe.
void request_stop(int signal) noexcept;

/// Throws Stopped once a stop was requested. Costs one relaxed load: call it every few milliseconds of work.
void throw_if_stopped();

}  // namespace carbonfront
