#pragma once
// What calls throw. Text is always `problem (why it is one); what to do`, on one line.

#include <stdexcept>
#include <string>

namespace carbonfront {

/// Base of all errors a user can meet. What files, specs and command lines say in its text is escaped.
struct Error : std::runtime_error {
  Error(const std::string& problem, const std::string& why, const std::string& advice);
  /// An error's text with the file it concerns in front.
  Error(const std::string& file, const Error& error);
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

/// The call was stopped, by a signal (exit code 128 + signal), at its time limit (reason kTimeLimit, exit code 7), or for
/// another reason of the caller's.
struct Stopped : Error {
  explicit Stopped(int why);
  int reason;
};

}  // namespace carbonfront
