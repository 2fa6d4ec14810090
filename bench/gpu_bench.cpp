// Measures a GPU: ceilings, then the rows of bench/gpu_rows.cpp from device memory to device memory, from host memory to
// host memory, and on this machine's CPU. See README.md.

#include "bench/gpu_bench.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <set>
#include <thread>

#include "bench/gpu_rows.hpp"
#include "bench/gpu_work.hpp"
#include "carbonfront/errors.hpp"
#include "host/backend.hpp"

namespace carbonfront::bench {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int kDeviceCode = 4, kWrongAnswer = 1;
constexpr double kCap = 5;          // seconds of a row in one way
constexpr double kCpuShare = 0.25;  // of the seconds on two cores, that the CPU beside a GPU is expected to take

struct Options {
  std::string folder, backend = "cuda", date, with, row, which;
  bool tiny = false, once = false;
  double cpu_seconds = 1;
  std::uint32_t rows = 0, objectives = 0;
  std::size_t copy_bytes = std::size_t{1} << 30;
  std::uint32_t sorted_keys = 50'000'000;
  std::uint64_t compares = 1 << 20;
};

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

void write_line(const Options& options, json line) {
  if (options.backend != "cuda") line["emulated"] = true;
  std::ofstream out(options.folder + "/measurements.jsonl", std::ios::app);
  out << line.dump() << '\n';
  if (!out.flush()) throw std::runtime_error("cannot write to " + options.folder);
  std::cerr << line.dump() << '\n';
}

/// Works once to warm up and three times more, less often where a row's cap is reached; a warm-up that takes half of it is
/// all.
json time_of(const std::function<void()>& work) {
  auto begin = Clock::now();
  work();
  std::vector<double> seconds = {since(begin)};
  double spent = seconds[0];
  if (spent < kCap / 2) seconds.clear();
  while (seconds.size() < 3 && (seconds.empty() || spent + seconds.back() < kCap) && spent < kCap) {
    begin = Clock::now();
    work();
    seconds.push_back(since(begin));
    spent += seconds.back();
  }
  std::sort(seconds.begin(), seconds.end());
  return {{"seconds", seconds[seconds.size() / 2]}, {"least", seconds.front()}, {"repetitions", seconds.size()}};
}

json asked_json(const Asked& asked) {
  json by_name = json::array();
  for (const auto& [name, line] : asked.by_name)
    by_name.push_back({{"name", name}, {"microseconds", 1e6 * line.seconds}, {"times", line.times}});
  std::stable_sort(by_name.begin(), by_name.end(),
                   [](const json& a, const json& b) { return a["microseconds"] > b["microseconds"]; });
  return {{"launches", asked.launches},
          {"waits", asked.waits},
          {"allocations", asked.allocations},
          {"pinned", asked.pinned},
          {"by_name", by_name}};
}

/// What a row must at least do, in seconds at the ceilings: read its columns and write its answers once; and, where rows are
/// ordered, sort each column's ranks.
json bound_of(const Row& row, const json& ceilings) {
  const double numbers = row.wanted.dominated_by + row.wanted.dominates + row.wanted.rank + row.wanted.witness;
  const double bytes = row.rows * (8.0 * row.objectives + (row.emissions ? 16 : 1 + 4 * numbers));
  const double copied = bytes / ceilings["copied_bytes_per_second"].get<double>();
  const double sorted =
      numbers > 0 ? row.rows * double(row.objectives) / ceilings["sorted_u32_per_second"].get<double>() : 0;
  return {{"bound_seconds", std::max(copied, sorted)}, {"bound", copied >= sorted ? "copied bytes" : "sorted keys"}};
}

json columns_json(const Row& row) {
  return {{"row", row.name},
          {"distribution", name_of(row.distribution)},
          {"rows", row.rows},
          {"objectives", row.objectives},
          {"predicted_seconds", row.predicted_ms / 1e3},
          {"goal_seconds", row.goal_ms / 1e3}};
}

/// Device memory to device memory.
json measure_device(const Row& row, const std::vector<double>& points, bool tiny, std::string& answer) {
  DeviceWork there(points, row.rows, row.objectives, tiny);
  const auto work = [&] { row.emissions ? there.emissions() : there.answer(row.wanted); };
  json found;
  if (row.predicted_ms / 1e3 > kCap / 2 && !tiny) {  // once is all there is time for
    const auto begin = Clock::now();
    const json asked = asked_json(there.trace(work));
    found = {{"seconds", since(begin)}, {"least", since(begin)}, {"repetitions", 1}};
    found.update(asked);
  } else {
    found = time_of(work);
    found.update(asked_json(there.trace(work)));
  }
  if (row.emissions) {
    const std::vector<double> both = there.emitted();
    const auto middle = both.begin() + row.rows;
    answer = Fingerprint::of_emissions({both.begin(), middle}, {middle, both.end()}).hex;
  } else {
    answer = Fingerprint::of(there.verdict()).hex;
  }
  return found;
}

/// Host memory to host memory, by the backend as the program uses it.
json measure_host(const Row& row, const std::vector<double>& points, Session& session, std::string& answer) {
  if (row.emissions) {
    std::vector<double> energy(row.rows), co2e(row.rows);
    const EmissionStep step = emission_step(row, points);
    json found = time_of([&] {
      session.emissions({&step, 1}, row.rows, {energy.data(), co2e.data(), nullptr}, Progress());
    });
    answer = Fingerprint::of_emissions(energy, co2e).hex;
    return found;
  }
  const std::vector<Objective> objectives = objectives_of(row, points);
  Progress progress;
  Verdict verdict;
  json found = time_of([&] {
    verdict = session.evaluate({objectives.data(), row.objectives, row.rows, nullptr, nullptr}, row.wanted, progress);
  });
  answer = Fingerprint::of(verdict).hex;
  return found;
}

json ceilings_in(const std::string& folder) {
  const std::vector<json> lines = of_kind(measured_lines(folder), "ceilings");
  if (lines.empty())
    throw std::runtime_error("there are no ceilings in " + folder + "/measurements.jsonl; run gpu_bench ceilings first");
  return lines.back();
}

/// One row in all ways. An answer that is not the known one, or where none is known not the CPU's, is a failure.
int measure_row(const Options& options) {
  const Row row = row_of(options.row, options.tiny);
  take_device();
  const std::vector<double> points = points_of(row);
  if (options.once) {
    DeviceWork there(points, row.rows, row.objectives, options.tiny);
    row.emissions ? there.emissions() : there.answer(row.wanted);
    return 0;
  }
  json line = columns_json(row);
  line["kind"] = "headline";
  line.update(bound_of(row, ceilings_in(options.folder)));
  std::string expected = options.tiny ? "" : known_answer(row.name), on_device, on_host;
  line["device"] = measure_device(row, points, options.tiny, on_device);
  line["fraction"] = line["bound_seconds"].get<double>() / line["device"]["seconds"].get<double>();
  const bool ask_cpu = expected.empty() || row.cpu_seconds * kCpuShare < options.cpu_seconds;
  if (expected.empty()) expected = answer_on_cpu(row, points).answer.hex;
  line["equal"] = on_device == expected;
  write_line(options, line);  // what is known so far, should the rest take too long
  if (line["device"]["seconds"] < kCap) {
    line["host"] = measure_host(row, points, *open_backend(options.backend).session, on_host);
    line["equal"] = on_device == expected && on_host == expected;
  }
  if (ask_cpu) {
    answer_on_cpu(row, points);
    line["cpu"] = {{"seconds", answer_on_cpu(row, points).seconds}, {"threads", std::thread::hardware_concurrency()}};
  }
  write_line(options, line);
  return line["equal"].get<bool>() ? 0 : kWrongAnswer;
}

/// One row from host memory to host memory, with so little of the device's memory that its rows go in blocks.
int answer_in_blocks(const Options& options) {
  const Row row = row_of(options.row, options.tiny);
  const std::vector<double> points = points_of(row);
  const std::size_t limit = bytes_of_blocks(row.rows, row.objectives, options.tiny ? 0.95 : 0.3);
  const OpenBackend backend = open_backend(options.backend, {"", limit});
  const std::vector<Objective> objectives = objectives_of(row, points);
  Progress progress;
  const auto begin = Clock::now();
  const Verdict found =
      backend.session->evaluate({objectives.data(), row.objectives, row.rows, nullptr, nullptr}, row.wanted, progress);
  const double seconds = since(begin);
  const std::string known = options.tiny ? "" : known_answer(row.name);
  const bool equal = Fingerprint::of(found).hex == (known.empty() ? answer_on_cpu(row, points).answer.hex : known);
  json line = columns_json(row);
  line.update({{"kind", "blocks"}, {"memory_limit", limit}, {"seconds", seconds}, {"equal", equal}});
  write_line(options, line);
  return equal ? 0 : kWrongAnswer;
}

int measure_ceilings_of(const Options& o) {
  write_line(o, {{"kind", "device"}, {"name", take_device()}});
  const Ceilings c = measure_ceilings(o.copy_bytes, o.sorted_keys, o.compares);
  write_line(o, {{"kind", "ceilings"},
                 {"copied_bytes_per_second", c.copied_bytes},
                 {"compares_per_second", c.compares},
                 {"sorted_u32_per_second", c.sorted_u32},
                 {"sorted_u64_per_second", c.sorted_u64}});
  return 0;
}

/// The lines of rows that were measured, the longest on the device first; of each row its last line.
std::vector<json> heaviest_rows(const std::string& folder) {
  std::vector<json> rows;
  std::set<std::string> seen;
  std::vector<json> lines = of_kind(measured_lines(folder), "headline");
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    if (seen.insert((*line)["row"]).second) rows.push_back(*line);
  std::stable_sort(rows.begin(), rows.end(), [](const json& a, const json& b) {
    return a["device"]["seconds"].get<double>() > b["device"]["seconds"].get<double>();
  });
  return rows;
}

/// Prints names of rows: those of a half, the six heaviest that take at most two seconds, or the five heaviest kernels with
/// the row in which each is.
int print_rows(const Options& options) {
  if (options.which == "heaviest") {
    int left = 6;
    for (const json& row : heaviest_rows(options.folder))
      if (row["device"]["seconds"].get<double>() < 2 && left-- > 0) std::cout << row["row"].get<std::string>() << '\n';
  } else if (options.which == "kernels") {
    std::map<std::string, std::pair<double, std::string>> kernels;
    for (const json& row : heaviest_rows(options.folder)) {
      if (row["device"]["seconds"].get<double>() >= 2) continue;
      for (const json& line : row["device"]["by_name"]) {
        const std::string name = line["name"];
        const double seconds = line["microseconds"];
        if (name.ends_with("_kernel") && seconds > kernels[name].first) kernels[name] = {seconds, row["row"]};
      }
    }
    std::vector<std::pair<double, std::string>> order;
    for (const auto& [name, where] : kernels) order.emplace_back(-where.first, name + " " + where.second);
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < order.size() && i < 5; ++i) std::cout << order[i].second << '\n';
  } else {
    for (const Row& row : all_rows())
      if (options.which == "second" || !row.worst) std::cout << row.name << '\n';
  }
  return 0;
}

/// Prints the lines of bench/gpu_answers.inc: of all rows with at most so many rows, or of one.
int print_answers(const Options& options) {
  bool same = true;
  for (const Row& row : all_rows()) {
    if (options.row.empty() ? row.rows > options.rows : row.name != options.row) continue;
    const CpuAnswer found = answer_on_cpu(row, points_of(row));
    same = same && found.answer.hex == known_answer(row.name);
    std::cout << row.name << ' ' << found.answer.hex << std::endl;
    std::cerr << row.name << ": " << found.seconds << " s\n";
  }
  if (!same) std::cerr << "gpu_bench: an answer is not that of bench/gpu_answers.inc\n";
  return same ? 0 : kWrongAnswer;
}

template <class Values>
void write_raw(const std::string& path, const Values& values) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(values[0])));
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

/// Writes points and our answers as raw arrays, for peers.
int write_answers(const Options& options) {
  const Row row{
      "peers", Distribution::independent, options.rows, options.objectives, {.dominated_by = true, .rank = true}, 0, 0, 0};
  const std::vector<double> points = points_of(row);
  const std::vector<Objective> objectives = objectives_of(row, points);
  Progress progress;
  const Verdict found =
      open_backend(options.backend)
          .session->evaluate({objectives.data(), row.objectives, row.rows, nullptr, nullptr}, row.wanted, progress);
  write_raw(options.folder + "/points.f64", points);
  write_raw(options.folder + "/front.u8", found.nondominated);
  write_raw(options.folder + "/counts.u32", found.dominated_by);
  write_raw(options.folder + "/ranks.u32", found.rank);
  return 0;
}

int run_chosen(int argc, char** argv) {
  Options options;
  CLI::App app("Measures a GPU and writes it down.", "gpu_bench");
  app.require_subcommand(1);
  std::function<int()> action;
  const auto command = [&](const char* name, const char* what, std::function<int()> run) {
    CLI::App* sub = app.add_subcommand(name, what);
    sub->callback([&action, run] { action = run; });
    return sub;
  };
  const auto folder = [&](CLI::App* sub) {
    sub->add_option("FOLDER", options.folder)->required();
    sub->add_option("--backend", options.backend, "cuda, or cuda-emulated in the program of the tests");
  };
  command("device", "Print the device's name; code 4 where there is none", [] {
    std::cout << take_device() << '\n';
    return 0;
  });
  command("probe", "Launch one small kernel and check it", [] {
    take_device();
    probe();
    std::cout << "probe: passed\n";
    return 0;
  });
  CLI::App* ceilings = command("ceilings", "Append what the device can do at best to FOLDER/measurements.jsonl",
                               [&] { return measure_ceilings_of(options); });
  folder(ceilings);
  ceilings->add_option("--copy-bytes", options.copy_bytes);
  ceilings->add_option("--sorted-keys", options.sorted_keys);
  ceilings->add_option("--compares", options.compares, "Compares of each thread");
  CLI::App* rows = command("rows", "Print the names of rows, the cheapest first", [&] { return print_rows(options); });
  rows->add_option("WHICH", options.which, "first, second, or of what FOLDER has: heaviest rows, heaviest kernels")
      ->required()
      ->check(CLI::IsMember({"first", "second", "heaviest", "kernels"}));
  rows->add_option("FOLDER", options.folder);
  CLI::App* row =
      command("headline", "Append the measurements of a row to FOLDER/measurements.jsonl; code 1 where an answer is wrong",
              [&] { return measure_row(options); });
  row->add_option("ROW", options.row)->required();
  folder(row);
  row->add_flag("--tiny", options.tiny, "A few hundred rows, checked against the CPU");
  row->add_flag("--once", options.once, "Answer once, device to device, and write nothing: for profilers");
  row->add_option("--cpu-seconds", options.cpu_seconds, "Ask this machine's CPU, too, where it takes no longer");
  CLI::App* blocks = command("blocks", "Answer a row in blocks; code 1 where the answer is wrong",
                             [&] { return answer_in_blocks(options); });
  blocks->add_option("ROW", options.row)->required();
  folder(blocks);
  blocks->add_flag("--tiny", options.tiny);
  CLI::App* known = command("known", "Compute on the CPU what bench/gpu_answers.inc holds, and compare",
                            [&] { return print_answers(options); });
  known->add_option("--row", options.row);
  known->add_option("--most-rows", options.rows);
  CLI::App* answers = command("answers", "Write points.f64, front.u8, counts.u32 and ranks.u32 to FOLDER",
                              [&] { return write_answers(options); });
  folder(answers);
  answers->add_option("--rows", options.rows)->required();
  answers->add_option("--objectives", options.objectives)->required();
  CLI::App* report = command("report", "Write FOLDER/DATE-DEVICE.json and .md from what there is",
                             [&] { return write_report(options.folder, options.date, options.with); });
  report->add_option("FOLDER", options.folder)->required();
  report->add_option("--date", options.date, "YYYY-MM-DD")->required();
  report->add_option("--with", options.with, "The JSON of an earlier run on the same device, to be joined");
  CLI11_PARSE(app, argc, argv);
  return action();
}

}  // namespace
}  // namespace carbonfront::bench

int main(int argc, char** argv) {
  try {
    return carbonfront::bench::run_chosen(argc, argv);
  } catch (const carbonfront::DeviceError& error) {
    std::cerr << "gpu_bench: " << error.what() << '\n';
    return carbonfront::bench::kDeviceCode;
  } catch (const std::exception& error) {
    std::cerr << "gpu_bench: " << error.what() << '\n';
    return 1;
  }
}
