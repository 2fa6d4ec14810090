#pragma once
// The program's errors. Text is always `problem (why it is one); what to do`; `main` alone maps them to exit codes.

#include <stdexcept>
#include <string>

#include "host/text.hpp"

namespace carbonfront {

/// Base of all errors a user can meet. Its text is one line: what files, specs and command lines say in it is escaped.
struct Error : std::runtime_error {
  Error(const std::string& problem, const std::string& why, const std::string& advice)
      : std::runtime_error(escaped(problem + " (" + why + "); " + advice)) {}
  /// An error's text with the file it concerns in front.
  Error(const std::string& file, const Error& error) : std::runtime_error(escaped(file) + ": " + error.what()) {}
};

/// Usage, spec, or an existing output without --force. Exit code 2.
struct SpecError : Error {
  using Error::Error;
};
/// Bad input data, or a spec that does not fit the file it is applied to. Exit code 3.
struct InputError : Error {
  using Error::Error;
};
/// A device, or valid input that does not fit into memory. Exit code 4.
struct DeviceError : Error {
  using Error::Error;
};
/// The output cannot be written. Exit code 6.
struct OutputError : Error {
  using Error::Error;
};

/// Thrown by `throw_if_stopped` after SIGINT, SIGTERM, SIGHUP or SIGUSR1 (exit code 128 + signal), or when the time limit is
/// reached (signal 0, exit code 7).
struct Stopped {
  int signal;
};

}  // namespace carbonfront
