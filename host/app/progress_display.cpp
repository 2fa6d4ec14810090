#include "host/app/progress_display.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <string>

namespace carbonfront {

namespace {

using Seconds = std::chrono::duration<double>;

std::string bar(double share) {
  int filled = static_cast<int>(share * 30);
  return std::string(filled, '#') + std::string(30 - filled, '.');
}

}  // namespace

ProgressDisplay::ProgressDisplay(const Progress& progress, std::string who)
    : progress_(progress), who_(std::move(who)), thread_([this] { show(); }) {}

ProgressDisplay::~ProgressDisplay() {
  {
    std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void ProgressDisplay::show() {
  bool terminal = who_.empty() && ::isatty(STDERR_FILENO);
  bool shown = false;
  std::unique_lock lock(mutex_);
  auto step = [&] { return terminal ? Seconds(shown ? 0.2 : 1.0) : Seconds(30); };
  while (!wake_.wait_for(lock, step(), [&] { return done_; })) {
    std::uint64_t done = progress_.done, total = progress_.total;
    const char* phase = progress_.phase;
    double elapsed = Seconds(std::chrono::steady_clock::now() - progress_.started.load()).count();
    double share = total ? std::min(1.0, static_cast<double>(done) / static_cast<double>(total)) : 0;
    double rate = static_cast<double>(done) / elapsed, left = share > 0 ? elapsed / share - elapsed : 0;
    std::string line =
        fmt::format("{:<8} [{}] {:3.0f} %  {:.3g} rows/s  {:.0f} s left", phase, bar(share), share * 100, rate, left);
    if (!who_.empty()) line = who_ + ": " + line;
    fmt::print(stderr, "{}{}{}", terminal ? "\r" : "", line, terminal ? "\033[K" : "\n");
    std::fflush(stderr);
    shown = true;
  }
  if (shown && terminal) fmt::print(stderr, "\r\033[K");
}

}  // namespace carbonfront
