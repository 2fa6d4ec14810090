#pragma once
// Lines of measurements: one JSON object each, written as soon as it is known, so that an interrupted run keeps what it has.

#include <string>

namespace carbonfront::bench {

/// Writes FOLDER/YYYY-MM-DD-DEVICE.json and .md from FOLDER/measurements.jsonl, as far as it goes. Returns the exit code.
int write_report(const std::string& folder, const std::string& date);

}  // namespace carbonfront::bench
