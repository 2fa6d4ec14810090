#pragma once
// What scoring needs in memory, known before it starts.

#include <cstdint>
#include <filesystem>
#include <string>

#include "host/scoring/plan.hpp"

namespace carbonfront {

/// Bytes that scoring `selected` rows needs at its peak, an upper bound: a batch (0 rows: the default), resident columns,
/// the answers of all views, and the work on the most demanding view (its order, counts, ranks). Constants are the engine's,
/// per row, as its headers state them. Groups, texts of variable length and fronts found while reading are not in it: they
/// are checked as they grow (memory_watch.hpp).
std::uint64_t memory_needed(const Plan& plan, std::uint64_t selected, std::uint64_t batch_rows);

/// Rows to read at a time: as wanted (0: the default), or where nothing is wanted fewer, if the limit asks for it.
std::uint64_t batch_rows_within(const Plan& plan, std::uint64_t selected, std::uint64_t wanted, std::uint64_t limit);

/// Bytes a row that the engine needs while it works on a view, besides the values.
std::uint64_t work_bytes(const ViewPlan& view);

/// Says what is needed and what stays in memory, on one line.
std::string memory_text(const Plan& plan, std::uint64_t selected, std::uint64_t batch_rows, std::uint64_t limit);

/// The least memory limit on the way from a process's control groups to the root, of either version; the largest number
/// where there is none. `memberships`: as /proc/PID/cgroup; `root`: where the groups are mounted.
std::uint64_t cgroup_memory_limit(const std::string& memberships, const std::filesystem::path& root);

/// 60 % of what the control groups or the machine have.
std::uint64_t default_memory_limit();

/// Reads a size such as 2GiB, 500MB or 1e9. Throws SpecError.
std::uint64_t parse_size(const std::string& text);

/// Writes a size for people: "1.5 GiB".
std::string size_text(std::uint64_t bytes);

/// Throws DeviceError that names the need and what to change, where it is above the limit.
void check_memory(const Plan& plan, std::uint64_t selected, std::uint64_t batch_rows, std::uint64_t limit);

}  // namespace carbonfront
