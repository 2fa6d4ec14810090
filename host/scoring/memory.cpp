#include "host/scoring/memory.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>

#include "carbonfront/errors.hpp"
#include "host/pareto/cpu.hpp"
#include "host/pareto/crowding.hpp"
#include "host/pareto/hypervolume.hpp"
#include "host/scoring/load.hpp"
#include "host/scoring/result_rows.hpp"
#include "host/scoring/views.hpp"
#include "host/sweep/text_heap.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

constexpr std::uint64_t kFixed = std::uint64_t{64} << 20;  // the program, its libraries, and what huge pages round up

bool has_free_texts(const Column& column) { return column.info.bytes_per_value == 0; }

/// What a batch of rows needs: as read, and the one read ahead, as selected, the factors of its emissions, the slabs they
/// are written from; and the chunks that the reader holds.
std::uint64_t batch_bytes(const Plan& plan, std::uint64_t batch_rows) {
  std::uint64_t row = 24, chunks = 0, largest = 0;
  bool free_texts = false;
  if (plan.emissions) row += 8 * (plan.emissions->factors.size() + 2 * plan.emissions->depends.size()) + 10;
  for (const Column& column : plan.columns) {
    row += 3 * (column.info.bytes_per_value ? column.info.bytes_per_value : kTextBytesAhead) + (plan.views.size() + 1);
    if (column.info.type == ValueType::string) row += 2 * sizeof(std::size_t);
    free_texts = free_texts || has_free_texts(column);
    chunks += reader_bytes(column);
    largest = std::max(largest, reader_bytes(column));
  }
  return chunks + 2 * largest + (free_texts ? kTextHeapBytes : 0) +
         row * std::min(plan.rows, batch_rows ? batch_rows : default_batch_rows(plan));
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

std::uint64_t work_bytes(const ViewPlan& view) {
  const Outputs& wanted = view.spec.outputs;
  const auto objectives = static_cast<std::uint32_t>(view.objectives.size());
  std::uint64_t bytes = working_bytes(objectives, request_of(view), !view.group_columns.empty());
  if (wanted.hypervolume) bytes = std::max(bytes, hypervolume_bytes(objectives));
  if (wanted.crowding) bytes = std::max(bytes, crowding_bytes(objectives));
  return bytes;
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
  std::vector<std::string> growing;
  if (std::any_of(plan.views.begin(), plan.views.end(), [](const ViewPlan& view) { return !view.group_columns.empty(); }))
    growing.push_back("the groups and their keys");
  if (!fronts.empty()) growing.push_back("fronts");
  if (std::any_of(plan.columns.begin(), plan.columns.end(), has_free_texts)) growing.push_back("texts of variable length");
  if (!growing.empty()) text += fmt::format("; {} are counted while reading", join(growing, ", "));
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

MemoryWatch watch_memory(const Plan& plan, std::uint64_t least_rows, std::uint64_t batch_rows, std::uint64_t limit) {
  MemoryWatch watch;
  watch.limit = limit, watch.least_rows = least_rows;
  watch.fixed = memory_needed(plan, 0, batch_rows);
  watch.per_row = memory_needed(plan, 1, batch_rows) - watch.fixed;
  return watch;
}

std::uint64_t bytes_of_group(const Plan& plan, const Data& data, std::size_t grouping) {
  constexpr std::uint64_t block = 16;     // of the allocator, beside what it gives
  std::uint64_t bytes = 24, writing = 0;  // sorting
  for (std::size_t i = 0; i < plan.views.size(); ++i) {
    const ViewPlan& view = plan.views[i];
    if (data.grouping_of_view[i] != static_cast<int>(grouping)) continue;
    std::uint64_t point = 8 * view.objectives.size();
    bytes += sizeof(GroupScores) + 2 * (point + block) + 16;
    if (data.memory.lists_groups) bytes += 1500 + 550 * view.objectives.size();  // the object and its text
    if (view.spec.outputs.hypervolume) bytes += 64;
    writing = std::max(writing, 2 * point + 16);
  }
  return bytes + writing;
}

namespace {

std::uint64_t bytes_of_groups(const Plan& plan, const Data& data, std::size_t grouping) {
  const GroupKeys& keys = data.groupings[grouping].keys;
  return keys.held_bytes() + (data.memory.keys_alone ? 0 : keys.size() * bytes_of_group(plan, data, grouping));
}

/// Everything that the work needs so far, and would with `rows` more.
std::uint64_t bytes_so_far(const Plan& plan, const Data& data, std::uint64_t rows) {
  constexpr std::uint64_t looked_up = 512;  // a name found in a catalogue, with where it was found
  std::uint64_t bytes = data.memory.fixed + data.memory.texts;
  bytes += data.memory.per_row * std::max(data.memory.least_rows, data.selection.size + rows);
  for (std::size_t i = 0; i < data.groupings.size(); ++i) bytes += bytes_of_groups(plan, data, i);
  for (const PassingView& passing : data.passing) bytes += passing.stream.needed_bytes();
  for (const NameLookups& names : data.lookups) bytes += looked_up * names.size();
  return bytes;
}

}  // namespace

std::uint64_t bytes_left(const Plan& plan, const Data& data) {
  std::uint64_t bytes = bytes_so_far(plan, data, 0);
  return bytes < data.memory.limit ? data.memory.limit - bytes : 0;
}

void check_growth(const Plan& plan, const Data& data, std::uint64_t rows) {
  const std::uint64_t needed = bytes_so_far(plan, data, rows), selected = data.selection.size + rows;
  if (needed <= data.memory.limit) return;
  const std::string limit = fmt::format("the limit is {}", size_text(data.memory.limit));
  std::uint64_t most = needed - data.memory.limit;  // whatever has grown at least by that is to blame, the largest of it
  std::string problem = fmt::format("scoring {} rows needs {} of memory", std::max(selected, data.memory.least_rows),
                                    size_text(needed)),
              advice = "ask for fewer views or outputs, or select fewer rows with `where`";
  for (std::size_t i = 0; i < data.passing.size(); ++i) {
    std::uint64_t bytes = data.passing[i].stream.needed_bytes();
    if (bytes < most) continue;
    most = bytes;
    problem = fmt::format("the front of view '{}' has grown to {} rows and needs {} of memory, all of the work {}",
                          plan.views[i].spec.name, data.passing[i].stream.held_rows(), size_text(bytes), size_text(needed));
    advice = "or select fewer rows with `where`";
  }
  for (std::size_t i = 0; i < data.groupings.size(); ++i) {
    std::uint64_t bytes = bytes_of_groups(plan, data, i);
    if (bytes < most) continue;
    most = bytes;
    std::vector<std::string> names;
    for (int column : data.groupings[i].columns) names.push_back("'" + plan.columns[column].info.name + "'");
    problem = fmt::format("the {} groups by {} in {} rows take {} bytes, all of the work {} of memory",
                          data.groupings[i].keys.size(), join(names, ", "), selected, bytes, size_text(needed));
    advice = "group by columns with fewer distinct values, or select fewer rows with `where`";
  }
  throw DeviceError(problem, limit, "raise --memory-limit, " + advice);
}

}  // namespace carbonfront
