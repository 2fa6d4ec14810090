#include "host/app/progress_display.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "host/app/say.hpp"
#include "host/side_thread.hpp"

namespace carbonfront {

namespace {

using Seconds = std::chrono::duration<double>;

std::string bar(double share) {
  int filled = static_cast<int>(share * 30);
  return std::string(filled, '#') + std::string(30 - filled, '.');
}

std::string time_text(double seconds) {
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

std::string progress_line(const char* phase, std::uint64_t done, std::uint64_t total, double step_bytes, double elapsed) {
  if (total == 0 || elapsed <= 0) return fmt::format("{:<8} {}", phase, time_text(std::max(elapsed, 0.0)));
  double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  double rate = static_cast<double>(done) / elapsed;
  std::string line = fmt::format("{:<8} [{}] {:3.0f} %", phase, bar(share), share * 100);
  if (step_bytes != 1) line += fmt::format("  {:.3g} rows/s", rate);
  if (step_bytes > 0) line += fmt::format("  {:.2f} GB/s", rate * step_bytes / 1e9);
  if (share > 0) line += "  " + time_text(elapsed / share - elapsed) + " left";
  return line;
}

ProgressDisplay::ProgressDisplay(const Progress& progress, std::string who)
    : progress_(progress), who_(std::move(who)), thread_(side_thread([this](const std::stop_token& stop) { show(stop); })) {}

void ProgressDisplay::show(const std::stop_token& stop) {
  bool terminal = who_.empty() && ::isatty(STDERR_FILENO);
  bool shown = false;
  auto step = [&] { return terminal ? Seconds(shown ? 0.2 : 1.0) : Seconds(30); };
  while (wait_for(stop, step())) {
    double elapsed = Seconds(std::chrono::steady_clock::now() - progress_.started.load()).count();
    std::string line = progress_line(progress_.phase, progress_.done, progress_.total, progress_.step_bytes, elapsed);
    if (!who_.empty()) line = who_ + ": " + line;
    if (terminal)
      say("\r{}\033[K", line);
    else
      say("{}\n", line);
    std::fflush(stderr);
    shown = true;
  }
  if (shown && terminal) say("\r\033[K");
}

}  // namespace carbonfront
