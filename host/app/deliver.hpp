#pragma once
// What every command that ends in a result does with it: told on the screen, as JSON, on stderr.

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "host/app/summary.hpp"
#include "host/run/scores.hpp"

namespace carbonfront {

/// Where a result goes, and how it is told.
struct DeliveryOptions {
  std::string output, json;
  std::size_t show = 20;
  bool force = false, sha256 = false;
  CLI::Option* json_given = nullptr;

  bool json_to_file() const { return json_given->count() && json != "-"; }
  OutputFiles files() const { return {output, json_to_file() ? json : std::string(), force}; }
};

/// Adds -o, --json, --show, --sha256 and --force.
void add_delivery_options(CLI::App& command, DeliveryOptions& options);

/// What is told of a result: a text for the screen, or JSON.
struct Told {
  std::string text;
  nlohmann::ordered_json json;
};

/// Makes what is to be told, before the result gets its name: labels that cannot be read leave none. Throws InputError.
Told make_told(const Plan& plan, const DeliveryOptions& options, const Provenance& provenance, const Scores& scores);

/// Says on stderr what ran where and where the time went, and tells the result.
void tell_result(const DeliveryOptions& options, const Provenance& provenance, const Scores& scores, Told told);

/// Names why work was stopped, and the exit code that says so.
std::string reason_text(int reason);
int exit_code_of(int reason);

}  // namespace carbonfront
