#pragma once
// Verdicts that hold whatever the true values within their bounds are.

#include <span>

#include "host/scoring/interval_ends.hpp"
#include "host/scoring/views.hpp"

namespace carbonfront {

/// What is certain of a row. With every value an interval [best, worst], independent of each other, a row is surely
/// dominated when one row's worst dominates its best, surely non-dominated when no other row's best dominates its worst.
enum class Certainty : std::uint8_t { unrated = 0, surely_nondominated = 1, surely_dominated = 2, undecided = 3 };

/// One objective's ends in float64. [rows] each
struct ObjectiveEnds {
  const double *best, *worst;
  bool maximise;
};

/// Which of a row's own ends dominates the other over all objectives: nobody is its own opponent, so that counts leave these
/// out. [rows] 0 or 1 each
struct OwnDominance {
  std::vector<std::uint8_t> best_over_worst, worst_over_best;
};

/// Compares every row's ends; objectives without bounds, whose ends are one value, need not be there. O(rows · objectives)
OwnDominance own_dominance(std::span<const ObjectiveEnds> objectives, std::size_t rows);

/// What follows from how many rows surely and possibly dominate a row.
Certainty certainty_of(std::uint32_t surely, std::uint32_t possibly);

/// Answers a view with interval objectives; does nothing for others, nor where only the front is at hand. The counts of
/// sources over queries come from the backend's own counts: a query's dominators among both, less those among the queries.
/// Three counts, one of 2 · size points and two of size. Throws Stopped, and DeviceError where 2 · size is above 2³¹ − 1.
void judge_intervals(const Plan& plan, const Data& data, std::size_t view, Session& session, Progress& progress,
                     ViewScores& scores);

}  // namespace carbonfront
