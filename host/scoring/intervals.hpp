#pragma once
// Verdicts that hold whatever the true values within their bounds are.

#include "host/scoring/interval_ends.hpp"
#include "host/scoring/views.hpp"

namespace carbonfront {

/// What is certain of a row. With every value an interval [best, worst], independent of each other, a row is surely
/// dominated when one row's worst dominates its best, surely non-dominated when no other row's best dominates its worst.
enum class Certainty : std::uint8_t { unrated = 0, surely_nondominated = 1, surely_dominated = 2, undecided = 3 };

/// Marks rows whose interval, of float64, has a width. [rows]
void mark_wide(const std::vector<std::byte>& best, const std::vector<std::byte>& worst, std::vector<std::uint8_t>& wide);

/// What follows from how many rows surely and possibly dominate a row.
Certainty certainty_of(std::uint32_t surely, std::uint32_t possibly);

/// Answers a view with interval objectives; does nothing for others, nor where only the front is at hand. The counts of
/// sources over queries come from the backend's own counts: a query's dominators among both, less those among the queries.
/// Three counts, one of 2 · size points and two of size. Throws Stopped, and DeviceError where 2 · size is above 2³¹ − 1.
void judge_intervals(const Plan& plan, const Data& data, std::size_t view, const Backend& backend, Progress& progress,
                     ViewScores& scores);

}  // namespace carbonfront
