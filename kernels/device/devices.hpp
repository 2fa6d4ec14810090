#pragma once
// The devices of this machine.

#include <cstddef>
#include <string>
#include <vector>

namespace carbonfront::device {

struct DeviceInfo {
  int number = 0;
  std::string name;
  std::size_t memory_bytes = 0;
  int processors = 0, major = 0, minor = 0;  // multiprocessors, compute capability
  std::string why_unusable;                  // empty: it can be used
};

/// What was found: devices, or why there are none, in the runtime's words.
struct Devices {
  std::vector<DeviceInfo> found;
  std::string why_none;
};

/// Asks the runtime once for all devices. One that is older than what this program was compiled for is listed with the
/// reason why it cannot be used. Does not throw, does not start work on any.
Devices list_devices();

/// Makes a device current for the calling thread and lets its memory pool keep what it has. Throws DeviceError.
void use_device(int number);

/// Bytes free on the current device, what its pool holds unused included. Throws DeviceError.
std::size_t free_bytes();

}  // namespace carbonfront::device
