// Measures a GPU: ceilings, every kernel as a fraction of its bound, the verdict beside the CPU's. See README.md.

#include "bench/gpu_bench.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "bench/gpu_kernels.hpp"
#include "host/backend.hpp"
#include "host/errors.hpp"
#include "host/sweep/generator.hpp"
#include "kernels/device/failure.hpp"

namespace carbonfront::bench {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int kDeviceCode = 4;
constexpr double kPairs = 20;  // how many times one compare a pair comparing them all is expected to take, at most

struct Options {
  std::string folder, backend = "cuda", date;
  std::vector<std::uint32_t> rows = {100'000, 1'000'000, 10'000'000}, objectives = {2, 3, 4, 8};
  double seconds = 150;
  std::size_t copy_bytes = std::size_t{1} << 30;
  std::uint32_t sorted_keys = 50'000'000;
  std::uint64_t compares = 1 << 20;
};

struct Case {
  Distribution distribution;
  std::uint32_t rows, objectives;
};

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// Where lines go, and how much time is left.
struct Run {
  const Options& options;
  std::ofstream out;
  Ceilings ceilings;
  Clock::time_point begin = Clock::now();

  double left() const { return options.seconds - since(begin); }
  void write(json line) {
    if (options.backend != "cuda") line["emulated"] = true;
    out << line.dump() << '\n' << std::flush;
    std::cerr << line.dump() << '\n';
  }
};

json times_json(const Times& times) {
  return {{"seconds", times.median}, {"least", times.least}, {"most", times.most}, {"repetitions", times.repetitions}};
}

json case_json(const Case& c) {
  return {{"distribution", name_of(c.distribution)}, {"rows", c.rows}, {"objectives", c.objectives}};
}

/// The longest of what the work needs at the ceilings, and which one it is.
std::pair<double, const char*> bound_of(const Work& work, const Ceilings& ceilings) {
  return std::max({std::pair{work.bytes / ceilings.copied_bytes, "copied bytes"},
                   std::pair{work.compares / ceilings.compares, "compares"},
                   std::pair{work.sorted_u32 / ceilings.sorted_u32, "sorted keys"},
                   std::pair{work.sorted_u64 / ceilings.sorted_u64, "sorted keys"}});
}

void measure_ceilings_of(Run& run) {
  const Options& o = run.options;
  run.ceilings = measure_ceilings(o.copy_bytes, o.sorted_keys, o.compares, {});
  run.write({{"kind", "ceilings"},
             {"copied_bytes_per_second", run.ceilings.copied_bytes},
             {"compares_per_second", run.ceilings.compares},
             {"sorted_u32_per_second", run.ceilings.sorted_u32},
             {"sorted_u64_per_second", run.ceilings.sorted_u64}});
}

void measure_emissions(Run& run, std::uint64_t rows) {
  const Times times = time_emissions(rows, {});
  json line = times_json(times);
  const double bound = 40.0 * static_cast<double>(rows) / run.ceilings.copied_bytes;
  line.update({{"kind", "kernel"},
               {"task", "emissions"},
               {"method", "device power"},
               {"rows", rows},
               {"bound_seconds", bound},
               {"bound", "copied bytes"},
               {"fraction", bound / times.median}});
  run.write(line);
}

/// One compare of every pair of rows, at the ceiling.
double seconds_of_pairs(const Run& run, const Case& c) { return 0.5 * c.rows * c.rows / run.ceilings.compares; }

void measure_kernels(Run& run, const Case& c, const std::vector<double>& points) {
  PointsOnDevice there(points.data(), c.rows, c.objectives);
  for (const Kernel& kernel : kernels()) {
    if (c.objectives > kernel.most_objectives) continue;
    const auto [bound, of] = bound_of(kernel.least(c.rows, c.objectives, there.front_rows()), run.ceilings);
    json line = case_json(c);
    line.update({{"task", kernel.task},
                 {"method", kernel.method},
                 {"front", there.front_rows()},
                 {"bound_seconds", bound},
                 {"bound", of}});
    const double pairs = kernel.all_pairs ? kPairs * seconds_of_pairs(run, c) : 0;
    if (std::max(pairs, bound * kernel.slower) > run.left() / 5) {
      line.update({{"kind", "left out"}, {"why", "it may take more than a fifth of the time left"}});
    } else {
      const Times times = kernel.time(there, {5, std::max(0.0, std::min(1.0, run.left() / 50))});
      line.update(times_json(times));
      line.update({{"kind", "kernel"}, {"fraction", bound / times.median}});
    }
    run.write(line);
  }
}

/// The whole verdict, columns in host memory, answers in host memory; checked against the CPU's first.
void measure_verdict(Run& run, const Case& c, const std::vector<double>& points, const Backend& backend) {
  std::vector<Objective> objectives(c.objectives);
  for (std::uint32_t k = 0; k < c.objectives; ++k) objectives[k].column.values = points.data() + std::size_t{k} * c.rows;
  const PointsView view{objectives.data(), c.objectives, c.rows, nullptr, nullptr};
  const VerdictRequest wanted{.dominated_by = true, .witness = true};
  Progress progress;
  auto begin = Clock::now();
  const Verdict cpu = evaluate_cpu(view, wanted, progress);
  const double cpu_seconds = since(begin);
  Verdict found = backend.evaluate(view, wanted, progress);
  const bool equal =
      found.nondominated == cpu.nondominated && found.dominated_by == cpu.dominated_by && found.witness == cpu.witness;
  std::vector<double> seconds;
  for (int i = 0; i < 3; ++i) {
    begin = Clock::now();
    found = backend.evaluate(view, wanted, progress);
    seconds.push_back(since(begin));
  }
  std::sort(seconds.begin(), seconds.end());
  json line = case_json(c);
  line.update({{"kind", "verdict"},
               {"equal", equal},
               {"seconds", seconds[1]},
               {"cpu_seconds", cpu_seconds},
               {"order_seconds", found.seconds.order},
               {"front_seconds", found.seconds.front},
               {"counts_seconds", found.seconds.counts}});
  run.write(line);
  if (!equal) throw std::runtime_error("the device's verdict differs from the CPU's: " + line.dump());
}

void measure_case(Run& run, const Case& c, const Backend& backend) {
  const double pairs = seconds_of_pairs(run, c);
  const auto leave_out = [&](const char* what) {
    json line = case_json(c);
    line.update({{"kind", "left out"}, {"why", std::string(what) + " may take more than a fifth of the time left"}});
    run.write(line);
  };
  if (2 * pairs > run.left() / 5) return leave_out("the front");
  std::vector<double> points(std::size_t{c.rows} * c.objectives);
  generate_points(c.distribution, 1, c.rows, c.objectives, 0, c.rows, points.data());
  measure_kernels(run, c, points);
  if (c.objectives > 3 && kPairs * pairs > run.left() / 5) return leave_out("the CPU's verdict");
  measure_verdict(run, c, points, backend);
}

int measure(const Options& options) {
  const std::string name = take_device();
  Run run{options, std::ofstream(options.folder + "/measurements.jsonl", std::ios::app), {}};
  if (!run.out) throw std::runtime_error("cannot write to " + options.folder);
  const Backend backend = choose_backend(options.backend);
  run.write({{"kind", "device"}, {"name", name}});
  measure_ceilings_of(run);
  for (const std::uint32_t rows : options.rows) measure_emissions(run, std::uint64_t{rows} * 10);
  for (const std::uint32_t rows : options.rows)
    for (const Distribution distribution : {Distribution::independent, Distribution::anticorrelated, Distribution::quantised,
                                            Distribution::correlated, Distribution::nondominated})
      for (const std::uint32_t objectives : options.objectives) measure_case(run, {distribution, rows, objectives}, backend);
  return 0;
}

template <class T>
void write_raw(const std::string& path, const std::vector<T>& values) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

/// Writes points and our answers as raw arrays, for peers.
int write_answers(const Options& options) {
  const std::uint32_t rows = options.rows.front(), objective_count = options.objectives.front();
  std::vector<double> points(std::size_t{rows} * objective_count);
  generate_points(Distribution::independent, 1, rows, objective_count, 0, rows, points.data());
  std::vector<Objective> objectives(objective_count);
  for (std::uint32_t k = 0; k < objective_count; ++k) objectives[k].column.values = points.data() + std::size_t{k} * rows;
  Progress progress;
  const Verdict found =
      choose_backend(options.backend)
          .evaluate({objectives.data(), objective_count, rows, nullptr, nullptr}, {.dominated_by = true}, progress);
  write_raw(options.folder + "/points.f64", points);
  write_raw(options.folder + "/front.u8", found.nondominated);
  write_raw(options.folder + "/counts.u32", found.dominated_by);
  return 0;
}

int run_chosen(int argc, char** argv) {
  Options options;
  CLI::App app("Measures a GPU and writes it down.", "gpu_bench");
  app.require_subcommand(1);
  CLI::App* measures =
      app.add_subcommand("measure", "Append measurements to FOLDER/measurements.jsonl, each when it is known");
  measures->add_option("FOLDER", options.folder)->required();
  measures->add_option("--backend", options.backend, "cuda, or cuda-emulated in the program of the tests");
  measures->add_option("--rows", options.rows)->delimiter(',');
  measures->add_option("--objectives", options.objectives)->delimiter(',');
  measures->add_option("--seconds", options.seconds, "What would take too long is left out, and said to be");
  measures->add_option("--copy-bytes", options.copy_bytes);
  measures->add_option("--sorted-keys", options.sorted_keys);
  measures->add_option("--compares", options.compares, "Compares of each thread");
  CLI::App* reports = app.add_subcommand("report", "Write FOLDER/DATE-DEVICE.json and .md from what there is");
  reports->add_option("FOLDER", options.folder)->required();
  reports->add_option("--date", options.date, "YYYY-MM-DD")->required();
  CLI::App* answers = app.add_subcommand("answers", "Write points.f64, front.u8 and counts.u32 to FOLDER");
  answers->add_option("FOLDER", options.folder)->required();
  answers->add_option("--rows", options.rows)->required();
  answers->add_option("--objectives", options.objectives)->required();
  answers->add_option("--backend", options.backend);
  CLI::App* devices = app.add_subcommand("device", "Print the device's name; code 4 where there is none");
  CLI11_PARSE(app, argc, argv);
  if (devices->parsed()) {
    std::cout << take_device() << '\n';
    return 0;
  }
  if (answers->parsed()) return write_answers(options);
  return measures->parsed() ? measure(options) : write_report(options.folder, options.date);
}

}  // namespace
}  // namespace carbonfront::bench

int main(int argc, char** argv) {
  try {
    return carbonfront::bench::run_chosen(argc, argv);
  } catch (const carbonfront::device::Failure& failure) {
    std::cerr << "gpu_bench: the device failed in " << failure.call << " (" << failure.reason << "); " << failure.advice
              << '\n';
    return carbonfront::bench::kDeviceCode;
  } catch (const carbonfront::DeviceError& error) {
    std::cerr << "gpu_bench: " << error.what() << '\n';
    return carbonfront::bench::kDeviceCode;
  } catch (const std::exception& error) {
    std::cerr << "gpu_bench: " << error.what() << '\n';
    return 1;
  }
}
