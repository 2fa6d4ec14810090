#pragma once
// --backend and --device, wherever something is computed.

#include <CLI/CLI.hpp>
#include <string>

#include "host/backend.hpp"

namespace carbonfront {

/// Adds both options to a command.
void add_backend_options(CLI::App& command, std::string& backend, std::string& device);

/// What the devices may use: the memory limit, where one is given, holds for each of them. Throws SpecError.
DeviceChoice device_choice(const std::string& device, const std::string& memory_limit);

/// Says on stderr what "auto" has chosen, and why nothing better; nothing where the backend was named.
void say_what_auto_chose(const std::string& asked_for, const Backend& chosen, int threads);

}  // namespace carbonfront
