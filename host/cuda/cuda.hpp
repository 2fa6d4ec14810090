#pragma once
// The device backend for the host: which devices there are, and the session that owns the chosen ones. The same for the
// emulated device, which is another library behind the same functions.

#include <memory>
#include <string>
#include <vector>

#include "host/backend.hpp"

namespace carbonfront {

/// Lists the devices, a line each for people. Where none can be used, `why_none` says so: the runtime's own text, or what is
/// wrong with each.
struct CudaList {
  std::vector<std::string> devices;
  std::string why_none;
};
CudaList list_cuda_devices();

/// Opens the device that `choice` names: a number, "all", or "" for the first. Several devices share the rows of a verdict.
/// Throws SpecError for what is no choice, DeviceError.
std::unique_ptr<Session> open_cuda(const DeviceChoice& choice);

}  // namespace carbonfront
