#pragma once
// Threads beside the work: a watchdog, a clock, the display.

#include <chrono>
#include <condition_variable>
#include <latch>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace carbonfront {

/// Starts a thread of `body(std::stop_token)` and returns once it runs; destroying what is returned asks it to stop and
/// waits for it. A process forked later (crash_guard.hpp) finds no thread that is still being set up and holds a lock of the
/// runtime, such as a sanitizer's, which nobody would release there.
template <class Body>
std::jthread side_thread(Body body) {
  auto runs = std::make_shared<std::latch>(1);
  std::jthread thread([runs, body = std::move(body)](std::stop_token stop) {
    runs->count_down();
    body(std::move(stop));
  });
  runs->wait();
  return thread;
}

/// Waits for a while; returns false at once when a stop is asked for.
inline bool wait_for(const std::stop_token& stop, std::chrono::duration<double> duration) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace carbonfront
