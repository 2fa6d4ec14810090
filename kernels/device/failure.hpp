#pragma once
// What goes wrong on a device.

#include <stdexcept>
#include <string>

namespace carbonfront::device {

/// A call of the runtime that failed, a launch included. The host reports it as `DeviceError`.
struct Failure : std::runtime_error {
  Failure(std::string failed_call, std::string error, std::string what_to_do)
      : std::runtime_error(failed_call + ": " + error),
        call(std::move(failed_call)),
        reason(std::move(error)),
        advice(std::move(what_to_do)) {}
  std::string call, reason, advice;
};

}  // namespace carbonfront::device
