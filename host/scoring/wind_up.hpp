#pragma once
// How long work ends with what it has instead of nothing.

#include <atomic>

#include "carbonfront/progress.hpp"

namespace carbonfront {

/// Asks work to wind up: reading ends after its batch, nothing is thrown, and a checkpoint keeps what was read. Work says
/// when it can; thread-safe and async-signal-safe.
class WindUp {
 public:
  void allow(bool yes) noexcept { allowed_ = yes; }

  /// Asks for it, for a reason as StopFlag's; asked again it goes on winding up for the first. False where it cannot.
  bool request(int reason) noexcept {
    if (!allowed_.load(std::memory_order_relaxed)) return false;
    flag_.request(reason);
    return true;
  }

  /// Why; kNotStopped: it was not asked for.
  int reason() const noexcept { return flag_.reason(); }
  bool asked() const noexcept { return reason() != kNotStopped; }

  /// Says that work which was stopped winds up instead of ending: it writes what it has, and is not asked again.
  void begin(int reason) noexcept {
    allow(true);
    request(reason);
  }

 private:
  std::atomic<bool> allowed_{false};
  StopFlag flag_;
};

}  // namespace carbonfront
