#pragma once
// Answers compared with the reference, row by row.

#include <string>
#include <vector>

#include "host/scoring/views.hpp"

namespace carbonfront {

/// Chooses `count` of `size` positions, the same ones every time; all of them where count >= size. Ascending.
std::vector<std::uint32_t> seeded_sample(std::uint32_t size, std::uint64_t count);

/// What was found: how many rows were compared, and the differences as lines that name view, row and both values.
struct CheckReport {
  std::uint64_t compared = 0;
  std::uint64_t different = 0;
  std::vector<std::string> lines;  // the first 20
};

/// Compares a view's answers with the reference's for a sample of rated rows. O(sample · rated · objectives), threaded.
void check_view_answers(const Plan& plan, const Data& data, std::size_t view, const ViewScores& scores, std::uint64_t sample,
                        Progress& progress, CheckReport& report);

/// Compares energy and emissions of every selected row with the reference's, bit for bit. The sweep's batches are read
/// again.
void check_emissions(const Plan& plan, const Data& data, std::uint64_t batch_rows, Progress& progress, CheckReport& report);

}  // namespace carbonfront
