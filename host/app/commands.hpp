#pragma once
// The subcommands. Each adds itself to the command line and, when chosen, sets `action` to its work.

#include <CLI/App.hpp>
#include <cstdint>
#include <functional>
#include <string>

namespace carbonfront {

void add_score_command(CLI::App& parent, std::function<int()>& action, int argc, char** argv);
void add_count_command(CLI::App& parent, std::function<int()>& action);
void add_merge_command(CLI::App& parent, std::function<int()>& action, int argc, char** argv);
void add_slurm_command(CLI::App& parent, std::function<int()>& action);
void add_validate_command(CLI::App& parent, std::function<int()>& action);
void add_convert_command(CLI::App& parent, std::function<int()>& action);
void add_generate_command(CLI::App& parent, std::function<int()>& action);
void add_inspect_command(CLI::App& parent, std::function<int()>& action);
void add_backends_command(CLI::App& parent, std::function<int()>& action);
void add_models_command(CLI::App& parent, std::function<int()>& action);
void add_explain_command(CLI::App& parent, std::function<int()>& action);
void add_catalog_command(CLI::App& parent, std::function<int()>& action);

/// Reads the number of rows, or "all", that an option gives. Throws SpecError.
std::uint64_t rows_or_all(const std::string& option, const std::string& text);

}  // namespace carbonfront
