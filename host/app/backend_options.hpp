#pragma once
// --backend and --device, wherever something is computed.

#include <CLI/App.hpp>
#include <string>

#include "host/backend.hpp"
#include "host/scoring/plan.hpp"

namespace carbonfront {

/// Adds both options to a command.
void add_backend_options(CLI::App& command, std::string& backend, std::string& device);

/// What the devices may use: the memory limit, where one is given, holds for each of them. Throws SpecError.
DeviceChoice device_choice(const std::string& device, const std::string& memory_limit);

/// What a command does with a plan's rows besides reading them.
enum class Judging { none, of_views, of_shares };

/// Tells whether a device may have work in reading and judging `rows` rows, where it shares the work with the CPU.
bool device_has_work(const Plan& plan, std::uint64_t rows, Judging judging);

/// Says on stderr what "auto" has chosen, and why nothing better; nothing where the backend was named.
void say_what_auto_chose(const std::string& asked_for, const Backend& chosen, int threads);

/// Adds a line on what was done where, as in "view 'a': counts on cuda; ranks on cpu", if a device and the CPU shared it.
void note_what_ran_where(const std::string& what, const Backend& backend, std::vector<std::string>& lines);

}  // namespace carbonfront
