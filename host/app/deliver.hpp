#pragma once
// What every command that ends in a result does once all rows are there: judge, write, tell.

#include <CLI/App.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "host/app/summary.hpp"
#include "host/scoring/result_rows.hpp"
#include "host/sweep/fingerprint.hpp"
#include "host/sweep/output_file.hpp"

namespace carbonfront {

/// Where a result goes, and how it is told.
struct DeliveryOptions {
  std::string output, json;
  std::size_t show = 20;
  bool force = false, sha256 = false;
  CLI::Option* json_given = nullptr;

  bool json_to_file() const { return json_given->count() && json != "-"; }
};

/// Adds -o, --json, --show, --sha256 and --force.
void add_delivery_options(CLI::App& command, DeliveryOptions& options);

/// Refuses outputs that exist, that are inputs or each other, or that cannot be written. Throws SpecError, OutputError.
void check_outputs(const DeliveryOptions& options, const std::vector<std::string>& inputs);

/// The files that are read besides those on the command line: a plan's inputs and what their links lead to, its catalogues.
std::vector<std::string> files_read(const Plan& plan);

/// Refuses outputs, an output's checkpoint among them, that are one of the files `read`. Throws SpecError.
void refuse_outputs_among(const DeliveryOptions& options, const std::string& output, const std::vector<std::string>& read);

/// A sweep's scores and where the time went. The views point into the data.
struct Scores {
  Data data;
  std::vector<ViewScores> views;
  LoadSeconds load;
  double write_seconds = 0;
  std::vector<std::string> ran_where;  // lines, where a device and the CPU shared the work
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
};

/// Rates and judges every view. Throws InputError, Stopped.
void judge_views(const Plan& plan, const Backend& backend, Progress& progress, Scores& scores);

/// Writes what ResultRows has not, and how the result came about, and gives the file its name. Throws OutputError, Stopped.
void write_result(const Plan& plan, const DeliveryOptions& options, Progress& progress, OutputFile& output, ResultRows& rows,
                  Provenance& provenance, Scores& scores);

/// Says on stderr what ran where and where the time went, and tells the result as text or JSON.
void tell_result(const Plan& plan, const DeliveryOptions& options, const Provenance& provenance, const Scores& scores);

/// Records what identifies the inputs.
void record_inputs(const std::vector<InputIdentity>& inputs, Provenance& provenance);

/// A provenance that begins now.
Provenance provenance_now(const std::string& command_line);

}  // namespace carbonfront
