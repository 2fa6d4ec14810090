#pragma once
// What a call tells the outside while it works, and how it is stopped. Thread-safe; the work itself never prints.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace carbonfront {

/// Why work was stopped: a signal's number, a number of the caller's, or
inline constexpr int kTimeLimit = 0, kNotStopped = -1;

/// A stop token: asks the calls that were given it to stop. Whoever asks may be another thread or a signal handler. It
/// outlives the calls, and serves any number of them; once asked it stays so.
class StopFlag {
 public:
  StopFlag() = default;
  /// A flag that is asked whenever `parent` is, and may be asked by itself.
  explicit StopFlag(const StopFlag* parent) : parent_(parent) {}

  /// Asks for a stop; asked again it keeps the first reason. Async-signal-safe.
  void request(int reason) noexcept {
    int none = kNotStopped;
    reason_.compare_exchange_strong(none, reason, std::memory_order_relaxed);
  }

  /// Why a stop was asked for; kNotStopped: it was not. One relaxed load, or one each of this flag and its parents.
  int reason() const noexcept {
    const int own = reason_.load(std::memory_order_relaxed);
    return own != kNotStopped || !parent_ ? own : parent_->reason();
  }

 private:
  std::atomic<int> reason_{kNotStopped};
  const StopFlag* parent_ = nullptr;
};

/// Throws Stopped (carbonfront/errors.hpp).
[[noreturn]] void throw_stopped(int reason);

/// Throws Stopped once a stop was asked for; `stop` may be null. Costs one relaxed load: call it every few milliseconds of
/// work.
inline void throw_if_stopped(const StopFlag* stop) {
  if (!stop) return;
  if (const int reason = stop->reason(); reason != kNotStopped) throw_stopped(reason);
}

/// The phase of one call that is under way: written by the work; read by whoever displays it, or told to a callback.
struct Progress {
  std::atomic<const char*> phase{""};
  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> total{0};
  std::atomic<double> step_bytes{0};  // of values that a step moves from or to a file; 0: they move none; 1: they are bytes
  std::atomic<std::chrono::steady_clock::time_point> started{std::chrono::steady_clock::now()};

  /// `stop` may be null, and `changed` empty. `changed` is called whenever a phase begins or gets on, by any thread of the
  /// work, also by several at a time; what it throws ends the work.
  explicit Progress(const StopFlag* stop = nullptr, std::function<void(const Progress&)> changed = {})
      : stop_(stop), changed_(std::move(changed)) {}

  /// Starts a phase of `units` steps. Call from one thread.
  void begin(const char* name, std::uint64_t units, double bytes_of_a_step = 0) {
    total = 0;
    done = 0;
    step_bytes = bytes_of_a_step;
    phase = name;
    started = std::chrono::steady_clock::now();
    total = units;
    if (changed_) changed_(*this);
  }

  void add(std::uint64_t units) {
    done.fetch_add(units, std::memory_order_relaxed);
    if (changed_) changed_(*this);
  }

  void throw_if_stopped() const { carbonfront::throw_if_stopped(stop_); }

  /// For parts of the work that are not told of but stopped all the same.
  const StopFlag* stop() const { return stop_; }

 private:
  const StopFlag* stop_;
  std::function<void(const Progress&)> changed_;
};

}  // namespace carbonfront
