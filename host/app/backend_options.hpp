#pragma once
// --backend and --device, wherever something is computed.

#include <CLI/App.hpp>
#include <string>

#include "host/run/scores.hpp"

namespace carbonfront {

/// What the options say.
struct BackendOptions {
  std::string backend = "auto", device;
};

/// Adds both options to a command.
void add_backend_options(CLI::App& command, BackendOptions& options);

/// What to compute with: the memory limit, where one is given, holds for each device too. Throws SpecError.
BackendChoice backend_choice(const BackendOptions& options, const std::string& memory_limit);

/// Says on stderr what "auto" has chosen, and why nothing better; nothing where the backend was named.
void say_what_auto_chose(const BackendChoice& asked_for, const OpenBackend& chosen, int threads);

}  // namespace carbonfront
