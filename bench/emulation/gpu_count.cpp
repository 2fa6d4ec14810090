// Counts what the device would do for an answer, on the emulated device: see ../README.md, "Counted, not measured".

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "bench/gpu_model.hpp"
#include "bench/gpu_rows.hpp"
#include "bench/gpu_work.hpp"
#include "carbonfront/errors.hpp"
#include "kernels/device/work.hpp"
#include "kernels/emulation/memory.hpp"
#include "kernels/emulation/runtime.hpp"

namespace carbonfront::bench {
namespace {

using device::Work;
using emulation::LaunchCounts;
using nlohmann::json;

constexpr int kWrong = 1;

/// Names of the counters, by Work.
constexpr const char* kNames[] = {"pairs_none",   "pairs_all",   "pairs_undecided", "warp_items", "lanes",
                                  "open_columns", "mask_builds", "mask_columns",    "levels",     "rounds"};
static_assert(std::size(kNames) == static_cast<std::size_t>(Work::count));

struct CountOptions {
  std::string row, distribution = "independent", task = "front", ceilings;
  std::uint32_t rows = 0, objectives = 3, most_rows = 1'000'000;
  std::uint64_t shuffle = 0;
  unsigned workers = 0;
  bool as_for_many = false, all = false, as_json = false;
};

/// What all launches of one name did.
struct Line {
  LaunchCounts sum;
  std::uint64_t times = 0;
  double seconds = 0;  // predicted

  Line() { sum.kernels = 0; }
  void add(const LaunchCounts& launch, const DeviceModel& model) {
    sum.kernels += launch.kernels;
    sum.blocks += launch.blocks;
    sum.traffic += launch.traffic;
    sum.sorted32 += launch.sorted32;
    sum.sorted64 += launch.sorted64;
    for (std::size_t i = 0; i < launch.work.size(); ++i) sum.work[i] += launch.work[i];
    ++times;
    seconds += predicted_seconds(model, launch);
  }
};

/// What one answer did.
struct Counts {
  Row row;
  Asked asked;
  std::map<std::string, Line> by_name;
  Line total;
  double seconds = 0;  // predicted, with the host's waits
  std::string answer;  // "known", "unknown", or "wrong"

  std::uint64_t work(Work what) const { return total.sum.work[static_cast<std::size_t>(what)]; }
};

std::string answer_of(const DeviceWork& there, const Row& row) {
  const std::string known = known_answer(row.name);
  if (known.empty()) return "unknown";
  if (!row.emissions) return Fingerprint::of(there.verdict()).hex == known ? "known" : "wrong";
  const std::vector<double> both = there.emitted();
  const auto middle = both.begin() + row.rows;
  return Fingerprint::of_emissions({both.begin(), middle}, {middle, both.end()}).hex == known ? "known" : "wrong";
}

Counts count_row(const Row& row, const DeviceModel& model, bool as_for_many) {
  Counts found{row, {}, {}, {}, 0, {}};
  DeviceWork there(points_of(row), row.rows, row.objectives, as_for_many);
  const emulation::Counting counting;
  found.asked = there.trace([&] { row.emissions ? there.emissions() : there.answer(row.wanted); });
  for (const LaunchCounts& launch : counting.launches()) {
    found.by_name[launch.name].add(launch, model);
    found.total.add(launch, model);
  }
  found.seconds = found.total.seconds + static_cast<double>(found.asked.waits) * model.wait;
  found.answer = answer_of(there, row);
  return found;
}

json line_json(const Line& line) {
  const emulation::Traffic& t = line.sum.traffic;
  return {{"times", line.times},
          {"kernels", line.sum.kernels},
          {"bytes_read", t.read},
          {"bytes_written", t.written},
          {"block_sector_bytes", t.block_sectors * emulation::kSectorBytes},
          {"launch_sector_bytes", t.launch_sectors * emulation::kSectorBytes},
          {"shared_bytes", t.shared},
          {"atomics", t.atomics},
          {"predicted_us", 1e6 * line.seconds}};
}

json counts_json(const Counts& c) {
  json by_name = json::object(), work = json::object();
  for (const auto& [name, line] : c.by_name) by_name[name] = line_json(line);
  for (std::size_t i = 0; i < std::size(kNames); ++i) work[kNames[i]] = c.total.sum.work[i];
  return {{"kind", "counts"},
          {"row", c.row.name},
          {"rows", c.row.rows},
          {"objectives", c.row.objectives},
          {"distribution", name_of(c.row.distribution)},
          {"launches", c.asked.launches},
          {"waits", c.asked.waits},
          {"allocations", c.asked.allocations},
          {"pinned", c.asked.pinned},
          {"work", work},
          {"by_name", by_name},
          {"total", line_json(c.total)},
          {"predicted_us", 1e6 * c.seconds},
          {"answer", c.answer}};
}

std::string line_text(const std::string& name, const Line& line) {
  const emulation::Traffic& t = line.sum.traffic;
  const auto mb = [](std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; };
  return fmt::format("{:<32} {:>6} {:>8} {:>10.3f} {:>10.3f} {:>10.3f} {:>10.3f} {:>11.3f} {:>11} {:>10.1f}\n", name,
                     line.times, line.sum.kernels, mb(t.read), mb(t.written), mb(t.block_sectors * emulation::kSectorBytes),
                     mb(t.launch_sectors * emulation::kSectorBytes), mb(t.shared), t.atomics, 1e6 * line.seconds);
}

void print_table(const Counts& c, const DeviceModel& model) {
  std::cout << fmt::format("{}: {} rows, {} objectives, {}; answer {}\n", c.row.name, c.row.rows, c.row.objectives,
                           name_of(c.row.distribution), c.answer)
            << fmt::format("launches {}, host waits {}, allocations {}, pinned {}\n\n", c.asked.launches, c.asked.waits,
                           c.asked.allocations, c.asked.pinned)
            << fmt::format("{:<32} {:>6} {:>8} {:>10} {:>10} {:>10} {:>10} {:>11} {:>11} {:>10}\n", "", "times", "kernels",
                           "read MB", "written MB", "a block MB", "launch MB", "shared MB", "atomics", "predicted µs");
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [name, line] : c.by_name) order.emplace_back(-line.seconds, name);
  std::sort(order.begin(), order.end());
  for (const auto& [seconds, name] : order) std::cout << line_text(name, c.by_name.at(name));
  std::cout << line_text("all", c.total) << '\n';
  for (std::size_t i = 0; i < std::size(kNames); ++i)
    std::cout << fmt::format("{:<16} {:>14}\n", kNames[i], c.total.sum.work[i]);
  std::cout << fmt::format("\npredicted {:.1f} µs, of which launches {:.1f}, host waits {:.1f}\n", 1e6 * c.seconds,
                           1e6 * model.launch * static_cast<double>(c.total.sum.kernels),
                           1e6 * model.wait * static_cast<double>(c.asked.waits));
}

void print_markdown_head() {
  std::cout
      << "| row | goal ms | launches | waits | pairs none / all / undecided | levels | rounds | warp items | mask builds | "
         "GB read + written | predicted ms | answer |\n"
         "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|\n";
}

void print_markdown(const Counts& c) {
  const emulation::Traffic& t = c.total.sum.traffic;
  std::cout << fmt::format("| {} | {} | {} | {} | {} / {} / {} | {} | {} | {} | {} | {:.3g} | {:.3g} | {} |\n", c.row.name,
                           c.row.goal_ms > 0 ? fmt::format("{:g}", c.row.goal_ms) : "–", c.asked.launches, c.asked.waits,
                           c.work(Work::pairs_none), c.work(Work::pairs_all), c.work(Work::pairs_undecided),
                           c.work(Work::levels), c.work(Work::rounds), c.work(Work::warp_items), c.work(Work::mask_builds),
                           static_cast<double>(t.read + t.written) / 1e9, 1e3 * c.seconds, c.answer)
            << std::flush;
}

/// Prints one answer's counts. Returns the exit code.
int print_counts(const Counts& c, const DeviceModel& model, const CountOptions& options) {
  if (options.as_json)
    std::cout << counts_json(c).dump() << std::endl;
  else if (options.all)
    print_markdown(c);
  else
    print_table(c, model);
  return c.answer == "wrong" ? kWrong : 0;
}

Row row_asked_for(const CountOptions& options) {
  if (!options.row.empty()) return row_of(options.row, false);
  const std::map<std::string, VerdictRequest> tasks = {{"front", {}},
                                                       {"ranks", {.rank = true}},
                                                       {"counts", {.dominated_by = true}},
                                                       {"witnesses", {.dominated_by = true, .witness = true}},
                                                       {"front-and-ranks", {.rank = true}}};
  using enum Distribution;
  for (const Distribution distribution : {independent, correlated, anticorrelated, nondominated, quantised})
    if (options.distribution == name_of(distribution))
      return {options.task, distribution, options.rows, options.objectives, tasks.at(options.task), 0, 0, 0};
  throw std::runtime_error("there is no distribution " + options.distribution);
}

int count_asked(const CountOptions& options) {
  emulation::set_devices(1, emulation::kArenaBytes / 2);
  emulation::use_workers(options.workers);
  emulation::shuffle_blocks(options.shuffle);
  take_device();
  const DeviceModel model = options.ceilings.empty() ? DeviceModel{} : model_with_ceilings(options.ceilings);
  if (!options.all) return print_counts(count_row(row_asked_for(options), model, options.as_for_many), model, options);
  if (!options.as_json) print_markdown_head();
  int code = 0;
  for (Row row : all_rows()) {
    if (options.rows > 0) row.rows = options.rows, row.name += fmt::format(" with {} rows", options.rows), row.goal_ms = 0;
    if (row.rows > options.most_rows) continue;
    code = std::max(code, print_counts(count_row(row, model, options.as_for_many), model, options));
  }
  return code;
}

int run_count(int argc, char** argv) {
  CountOptions options;
  CLI::App app("Counts what the device would do for one answer from device memory to device memory, on the emulated device.",
               "gpu_count");
  auto* row = app.add_option("ROW", options.row, "A row of gpu_bench");
  auto* all = app.add_flag("--all", options.all, "All rows of gpu_bench, as a table in Markdown")->excludes(row);
  app.add_option("--most-rows", options.most_rows, "Of --all those with at most so many rows (1000000)")->needs(all);
  app.add_option("--rows", options.rows, "Rows of made-up points; with --all of every row");
  app.add_option("--objectives", options.objectives)->check(CLI::Range(1, 16));
  app.add_option("--distribution", options.distribution, "As in carbonfront generate");
  app.add_option("--task", options.task)->check(CLI::IsMember({"front", "ranks", "counts", "witnesses", "front-and-ranks"}));
  app.add_flag("--as-for-many", options.as_for_many, "Few rows go to the kernels for many rows");
  app.add_flag("--json", options.as_json, "A line of JSON for each answer");
  app.add_option("--ceilings", options.ceilings, "A result of gpu_bench, whose ceilings replace the model's");
  app.add_option("--shuffle", options.shuffle, "Seed of the order in which blocks start");
  app.add_option("--workers", options.workers, "Blocks at once; 1: counts do not depend on the schedule of this machine");
  CLI11_PARSE(app, argc, argv);
  if (options.row.empty() && !options.all && options.rows == 0)
    throw std::runtime_error("nothing to count; name a ROW, --all, or --rows");
  return count_asked(options);
}

}  // namespace
}  // namespace carbonfront::bench

int main(int argc, char** argv) {
  try {
    return carbonfront::bench::run_count(argc, argv);
  } catch (const carbonfront::DeviceError& error) {
    std::cerr << "gpu_count: " << error.what() << '\n';
    return 4;
  } catch (const std::exception& error) {
    std::cerr << "gpu_count: " << error.what() << '\n';
    return 2;
  }
}
