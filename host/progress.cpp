#include "host/progress.hpp"

#include "host/errors.hpp"

namespace carbonfront {

namespace {

constexpr int kNone = -1;
std::atomic<int> stop_reason{kNone}, wind_up{kNone};
std::atomic<bool> winding_up_first{false};

}  // namespace

bool request_wind_up(int reason) noexcept {
  if (!winding_up_first.load(std::memory_order_relaxed)) return false;
  int none = kNone;
  wind_up.compare_exchange_strong(none, reason);
  return true;
}

void wind_up_now(int reason) noexcept {
  allow_winding_up(true);
  request_wind_up(reason);
}

void request_stop(int reason) noexcept { stop_reason.store(reason, std::memory_order_relaxed); }

void allow_winding_up(bool yes) noexcept { winding_up_first = yes; }

int wind_up_reason() noexcept { return wind_up.load(std::memory_order_relaxed); }

bool asked_to_wind_up() noexcept { return wind_up_reason() != kNone; }

void throw_if_stopped() {
  if (int reason = stop_reason.load(std::memory_order_relaxed); reason != kNone) throw Stopped{reason};
}

}  // namespace carbonfront
