#pragma once
// Damaged files that make HDF5 crash or loop end as bad input: the documented message, no half-written result, exit code 3.
// Faults of our own, outside of calls to HDF5, stay what they are.

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "host/sweep/own_file.hpp"

namespace carbonfront {

/// Handles SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT raised inside HDF5, and ends calls that compute for more than 15
/// seconds, until destroyed. One at a time. Not counted: the time that a call waits for a disk.
class CrashGuard {
 public:
  CrashGuard();

 private:
  std::jthread watchdog_;
};

/// A Trial (host/sweep/trial.hpp): runs `open` in a child process first. A structure that makes HDF5 crash, loop or
/// overwrite memory ends the child, not this process: that is an InputError here. What `open` throws does not count; it will
/// be thrown again. A child that still waits for a disk after a minute is given up, and the guard above is what remains.
/// Costs what `open` does.
void try_in_child(const std::vector<std::string>& files, const std::function<void()>& open);

/// Says on stderr where a result carries no checksums.
void say_if_unchecked(const OwnFile& file);

}  // namespace carbonfront
