#include "host/progress.hpp"

#include "host/errors.hpp"

namespace carbonfront {

namespace {
std::atomic<int> stop_signal{0};
}

void request_stop(int signal) noexcept { stop_signal.store(signal, std::memory_order_relaxed); }

void throw_if_stopped() {
  if (int signal = stop_signal.load(std::memory_order_relaxed)) throw Stopped{signal};
}

}  // namespace carbonfront
