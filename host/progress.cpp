#include "host/progress.hpp"

#include "host/errors.hpp"

namespace carbonfront {

namespace {

constexpr int kNone = -1;
std::atomic<int> stop_reason{kNone}, wind_up{kNone};
std::atomic<bool> winding_up_first{false};

}  // namespace

void request_stop(int signal) noexcept {
  int none = kNone;
  bool first = winding_up_first.load(std::memory_order_relaxed) && wind_up.compare_exchange_strong(none, signal);
  if (!first) stop_reason.store(signal, std::memory_order_relaxed);
}

void wind_up_when_stopped(bool yes) noexcept { winding_up_first = yes; }

int wind_up_reason() noexcept { return wind_up.load(std::memory_order_relaxed); }

bool asked_to_wind_up() noexcept { return wind_up_reason() != kNone; }

void throw_if_stopped() {
  if (int reason = stop_reason.load(std::memory_order_relaxed); reason != kNone) throw Stopped{reason};
}

}  // namespace carbonfront
