#pragma once
// Lines of measurements: one JSON object each, written as soon as it is known, so that an interrupted run keeps what it has.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace carbonfront::bench {

/// All whole lines of FOLDER/measurements.jsonl. One that was cut short when the run was ended is left out.
std::vector<nlohmann::json> measured_lines(const std::string& folder);

/// Lines of a kind.
std::vector<nlohmann::json> of_kind(const std::vector<nlohmann::json>& lines, const std::string& kind);

/// Writes FOLDER/YYYY-MM-DD-DEVICE.json and .md from FOLDER/measurements.jsonl, as far as it goes, and from the result
/// `with` of an earlier run on the same device, if one is named. Returns the exit code.
int write_report(const std::string& folder, const std::string& date, const std::string& with);

}  // namespace carbonfront::bench
