// carbonfront generate: made-up sweeps.

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>

#include "carbonfront/errors.hpp"
#include "host/app/commands.hpp"
#include "host/app/numbers.hpp"
#include "host/app/progress_display.hpp"
#include "host/app/say.hpp"
#include "host/app/signals.hpp"
#include "host/run/outputs.hpp"
#include "host/sweep/generator.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

/// Reads a row count: an integer, or one with an exponent such as 1e6. Throws SpecError.
std::uint64_t parse_rows(const std::string& text) {
  const char *begin = text.data(), *end = begin + text.size();
  std::uint64_t rows = 0;
  if (auto [rest, error] = std::from_chars(begin, end, rows); error != std::errc() || rest != end) {
    double number = 0;
    auto [rest_of_number, bad] = std::from_chars(begin, end, number);
    if (bad != std::errc() || rest_of_number != end || !(number >= 0 && number <= 1e18) || number != std::floor(number))
      throw SpecError("cannot make '" + text + "' rows", "it is not a whole number", "give --rows such as 100000 or 1e6");
    rows = static_cast<std::uint64_t>(number);
  }
  if (rows > 10'000'000'000u)
    throw SpecError("cannot make " + text + " rows", "configurations are numbered with ten digits", "give at most 1e10");
  return rows;
}

/// Reads a share of rows. Throws SpecError.
double parse_share(const std::string& text) {
  double share = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, share);
  if (error != std::errc() || rest != end || !(share >= 0 && share <= 1))
    throw SpecError("--missing '" + text + "'", "it is not a number from 0 to 1", "give a share of the rows such as 0.05");
  return share;
}

int run_generate(const GenerateOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  clean_up_after_killed_runs(options.output, say_note);
  Progress progress(&stop_of_process());
  {
    ProgressDisplay display(progress);
    generate_sweep(options, progress);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::error_code ignored;
  say("wrote {} rows, {} bytes, to {} in {:.2f} s\n", options.rows, std::filesystem::file_size(options.output, ignored),
      options.output, seconds.count());
  return 0;
}

const std::map<std::string, Distribution>& distributions() {
  static const std::map<std::string, Distribution> names = [] {
    std::map<std::string, Distribution> out;
    for (Distribution d : {Distribution::independent, Distribution::correlated, Distribution::anticorrelated,
                           Distribution::nondominated, Distribution::quantised})
      out[name_of(d)] = d;
    return out;
  }();
  return names;
}

Distribution parse_distribution(const std::string& name) {
  std::vector<std::string> known;
  for (const auto& [one, distribution] : distributions()) known.push_back(one);
  auto at = distributions().find(name);
  if (at == distributions().end())
    throw SpecError("--distribution '" + name + "'", "distributions are " + join(known, ", ") + did_you_mean(name, known),
                    "correct it");
  return at->second;
}

constexpr const char* kAbout =
    "Write a made-up sweep with a known distribution of accuracy (to be maximised), params and emissions (both to be\n"
    "minimised), for trials and measurements. The same options give the same values on every machine.";

constexpr const char* kDistributionHelp =
    "independent (uniform), correlated, anticorrelated (Börzsönyi et al. 2001), nondominated (no row dominates another in\n"
    "accuracy and params, in accuracy and emissions, nor in f1 and f2), quantised (100 distinct values per objective)";

}  // namespace

void add_generate_command(CLI::App& parent, std::function<int()>& action) {
  auto options = std::make_shared<GenerateOptions>();
  auto rows = std::make_shared<std::string>();
  auto distribution = std::make_shared<std::string>(name_of(options->distribution));
  CLI::App* command = parent.add_subcommand("generate", kAbout);
  command->add_option("--rows", *rows, "Number of configurations, such as 1e6")->required();
  command->add_option("--distribution", *distribution, kDistributionHelp)->capture_default_str();
  add_number(*command, "--seed", options->seed, "Another seed, other values")->default_str(std::to_string(options->seed));
  add_number(
      *command, "--objectives", options->objectives,
      "Also write columns f1 to fM in [0, 1), to be minimised, of that distribution; the first three follow accuracy, "
      "params and emissions",
      {1, kMostGeneratedObjectives});
  command->add_flag("--plain", options->plain, "Write only the columns f1 to fM; three unless --objectives says otherwise");
  command->add_flag("--float32", options->float32,
                    "Store the f columns as float32: about 2^24 different values, so that larger sweeps have equal ones");
  command
      ->add_option_function<std::string>(
          "--missing", [options](const std::string& text) { options->missing = parse_share(text); },
          "This share of rows, from 0 to 1, has no train_time, as many have no f1, and a quarter as many no accuracy (NaN), "
          "each drawn by itself")
      ->type_name("SHARE");
  add_number(*command, "--chunk-rows", options->chunk_rows, "Rows in a chunk of the file; 65536 by default",
             {1, 16'777'216});
  add_number(*command, "--deflate", options->deflate, "Compression, with shuffle: 0 (none, fast) to 9", {0, 9})
      ->default_str(std::to_string(options->deflate));
  command->add_flag("--force", options->force, "Overwrite the file if it exists");
  command->add_option("-o,--output", options->output, "The HDF5 file to write")->required();
  command->callback([options, rows, distribution, &action] {
    action = [options, rows, distribution] {
      options->rows = parse_rows(*rows);
      options->distribution = parse_distribution(*distribution);
      return run_generate(*options);
    };
  });
}

}  // namespace carbonfront
