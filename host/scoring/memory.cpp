#include "host/scoring/memory.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>

#include "host/errors.hpp"
#include "host/scoring/load.hpp"
#include "host/scoring/result_rows.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

constexpr std::uint64_t kFixed = std::uint64_t{64} << 20;  // the program, its libraries, and what huge pages round up

/// What a batch of rows needs: as read, and the one read ahead, as selected, the factors of its emissions, the slabs they
/// are written from; and the chunks that the reader holds.
std::uint64_t batch_bytes(const Plan& plan, std::uint64_t batch_rows) {
  std::uint64_t row = 24, chunks = 0, largest = 0;
  if (plan.emissions) row += 8 * (plan.emissions->factors.size() + 2 * plan.emissions->depends.size()) + 10;
  for (const Column& column : plan.columns) {
    row += 3 * (column.info.bytes_per_value ? column.info.bytes_per_value : 64) + (plan.views.size() + 1);
    chunks += reader_bytes(column);
    largest = std::max(largest, reader_bytes(column));
  }
  return chunks + 2 * largest + row * std::min(plan.rows, batch_rows ? batch_rows : default_batch_rows(plan));
}

/// What is gathered of the result's rows before they are written.
std::uint64_t slab_bytes(const Plan& plan) {
  std::uint64_t row = plan.emissions ? 16 : 0;
  for (const ViewPlan& view : plan.views) row += view.passing;
  return row * std::min<std::uint64_t>(plan.rows, kSlabRows);
}

/// Columns, emissions and groups that stay in memory, per selected row.
std::uint64_t resident_bytes(const Plan& plan) {
  std::set<std::vector<int>> groupings;
  for (const ViewPlan& view : plan.views)
    if (!view.group_columns.empty()) groupings.insert(view.group_columns);
  Resident resident = resident_parts(plan);
  std::uint64_t bytes = 4 * groupings.size() + 8 * resident.emissions.size() + resident.emission_source +
                        4 * resident.missing_factors + 4 * resident.assumed_factors + 4 * resident.row_numbers;
  for (int column : resident.columns) bytes += size_of(plan.columns[column].info.type);
  return bytes;
}

/// What one view keeps until the result is written: rated rows, groups, flags, front, answers. Of a view of which only the
/// front is kept nothing grows with the rows but the front, which is checked as it grows.
std::uint64_t answer_bytes(const Plan& plan, const ViewPlan& view) {
  if (!view.resident) return 0;
  const Outputs& wanted = view.spec.outputs;
  std::uint64_t words = wanted.dominated_by + wanted.dominates + (wanted.rank || wanted.crowding) + wanted.witness;
  return 4 + (view.group_columns.empty() ? 0 : 4) + 2 + 4 + (plan.has_intervals(view) ? 9 : 0) + 4 * words +
         (wanted.crowding ? 8 : 0) + (wanted.contributions ? 8 : 0);
}

}  // namespace

// The order, and the hungriest step on it.
std::uint64_t work_bytes(const ViewPlan& view) {
  const Outputs& wanted = view.spec.outputs;
  std::uint64_t m = std::max<std::uint64_t>(2, view.objectives.size());
  std::uint64_t order = 8 + 4 * (m - 1), step = 36;  // the sort's pairs, twice, and its digits
  if (wanted.dominated_by || wanted.dominates) step = std::max<std::uint64_t>(step, m == 2 ? 20 : m == 3 ? 44 : 24 * m);
  if (wanted.rank || wanted.crowding) step = std::max<std::uint64_t>(step, 4 * m + 32);
  if (wanted.witness || wanted.hypervolume) step = std::max<std::uint64_t>(step, 4 * m + 32);
  if (wanted.crowding || wanted.hypervolume) step = std::max<std::uint64_t>(step, 16 * m + 48);
  return order + step;
}

namespace {

/// Judging intervals: both ends of all rows at once, their counts, and three lists of answers.
std::uint64_t interval_bytes(const ViewPlan& view) {
  ViewPlan counting = view;
  counting.spec.outputs = {true};
  return 2 * work_bytes(counting) + 16 * view.objectives.size() + 24;
}

}  // namespace

std::uint64_t memory_needed(const Plan& plan, std::uint64_t selected, std::uint64_t batch_rows) {
  std::uint64_t per_row = resident_bytes(plan), most_work = 0;
  for (const ViewPlan& view : plan.views) {
    per_row += answer_bytes(plan, view);
    if (view.resident) most_work = std::max(most_work, work_bytes(view));
    if (view.resident && plan.has_intervals(view)) most_work = std::max(most_work, interval_bytes(view));
  }
  return kFixed + batch_bytes(plan, batch_rows) + slab_bytes(plan) + selected * (per_row + most_work);
}

std::uint64_t batch_rows_within(const Plan& plan, std::uint64_t selected, std::uint64_t wanted, std::uint64_t limit) {
  constexpr std::uint64_t fewest = 4096;
  std::uint64_t rows = wanted ? wanted : default_batch_rows(plan);
  while (!wanted && rows / 2 >= fewest && memory_needed(plan, selected, rows) > limit) rows /= 2;
  return rows;
}

std::string memory_text(const Plan& plan, std::uint64_t selected, std::uint64_t batch_rows, std::uint64_t limit) {
  Resident resident = resident_parts(plan);
  std::vector<std::string> columns, fronts;
  for (int column : resident.columns) columns.push_back(plan.columns[column].info.name);
  for (const EmissionOutput& output : all_emissions())
    if (resident.emissions.contains(output.source)) columns.push_back(output.name);
  for (const ViewPlan& view : plan.views)
    if (!view.resident) fronts.push_back(view.spec.name);
  std::string text =
      fmt::format("memory: up to {} of {}", size_text(memory_needed(plan, selected, batch_rows)), size_text(limit));
  if (!columns.empty()) text += "; all rows stay of " + join(columns, ", ");
  if (!fronts.empty())
    text += fmt::format("; of view{} {} only the front stays", fronts.size() > 1 ? "s" : "", join(fronts, ", "));
  return text;
}

std::uint64_t cgroup_memory_limit(const std::string& memberships, const std::filesystem::path& root) {
  std::uint64_t least = ~std::uint64_t{0};
  std::ifstream lines(memberships);
  for (std::string line; std::getline(lines, line);) {  // ID:CONTROLLERS:/PATH, of the second version 0::/PATH
    std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    bool newer = controllers == ",,";
    if (!newer && controllers.find(",memory,") == std::string::npos) continue;
    const std::filesystem::path top = newer ? root : root / "memory";
    const char* name = newer ? "memory.max" : "memory.limit_in_bytes";
    std::filesystem::path inside = std::filesystem::path(line.substr(second + 1)).relative_path();
    for (;; inside = inside.parent_path()) {  // every level limits the ones in it
      std::uint64_t limit = 0;
      if (std::ifstream(top / inside / name) >> limit) least = std::min(least, limit);
      if (inside.empty()) break;
    }
  }
  return least;
}

std::uint64_t default_memory_limit() {
  std::uint64_t all =
      static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return std::min(all, cgroup_memory_limit("/proc/self/cgroup", "/sys/fs/cgroup")) / 10 * 6;
}

std::uint64_t parse_size(const std::string& text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit(end, text.data() + text.size());
  constexpr std::pair<const char*, double> units[] = {{"", 1},         {"B", 1},        {"kB", 1e3},     {"KB", 1e3},
                                                      {"MB", 1e6},     {"GB", 1e9},     {"TB", 1e12},    {"KiB", 0x1p10},
                                                      {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}, {"K", 0x1p10},
                                                      {"M", 0x1p20},   {"G", 0x1p30},   {"T", 0x1p40}};
  for (const auto& [name, factor] : units)
    if (error == std::errc() && unit == name && number > 0 && number * factor < 0x1p62)
      return static_cast<std::uint64_t>(number * factor);
  throw SpecError("'" + text + "' is not a size", "it is no positive number with a unit",
                  "write a size such as 2GiB or 500MB");
}

std::string size_text(std::uint64_t bytes) {
  double value = static_cast<double>(bytes);
  for (const char* unit : {"B", "KiB", "MiB"}) {
    if (value < 1024) return fmt::format("{:.3g} {}", value, unit);
    value /= 1024;
  }
  return fmt::format("{:.1f} GiB", value);
}

void check_memory(const Plan& plan, std::uint64_t selected, std::uint64_t batch_rows, std::uint64_t limit) {
  std::uint64_t needed = memory_needed(plan, selected, batch_rows);
  if (needed <= limit) return;
  throw DeviceError(
      fmt::format("scoring {} rows needs up to {} of memory", selected, size_text(needed)),
      fmt::format("the limit is {}", size_text(limit)),
      "raise --memory-limit, ask for fewer views or outputs (with --outputs \"\" only the front is kept), or select "
      "fewer rows with `where`");
}

}  // namespace carbonfront
