#pragma once
// Shows the progress of long work on stderr: a bar on a terminal, otherwise a line every 30 seconds.

#include <cstdint>
#include <stop_token>
#include <string>
#include <thread>

#include "carbonfront/progress.hpp"

namespace carbonfront {

/// Writes one line: phase, share, rows/s, GB/s where steps move bytes, and the time left by the phase's own speed. Without a
/// total only the phase and its time.
std::string progress_line(const char* phase, std::uint64_t done, std::uint64_t total, double step_bytes, double elapsed);

/// Displays until it goes out of scope. Work that ends within a second shows nothing.
class ProgressDisplay {
 public:
  explicit ProgressDisplay(const Progress& progress, std::string who = "");
  ProgressDisplay(const ProgressDisplay&) = delete;

 private:
  void show(const std::stop_token& stop);

  const Progress& progress_;
  std::string who_;
  std::jthread thread_;
};

}  // namespace carbonfront
