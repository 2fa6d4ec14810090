#pragma once
// Options of every command that reads a sweep.

#include <CLI/CLI.hpp>

#include "host/sweep/sweep.hpp"

namespace carbonfront {

/// Adds --reader and --allow-external. `options` must outlive parsing.
void add_reading_options(CLI::App& command, ReadingOptions& options);

}  // namespace carbonfront
