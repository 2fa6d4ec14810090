#pragma once
// The Pareto verdict over a set of points: what is asked, and what is answered.

#include <cstdint>

#include "carbonfront/array.hpp"
#include "carbonfront/points.hpp"

namespace carbonfront {

/// "No such position": a row without witness; "no such rank": a row behind the last front that was asked for.
inline constexpr std::uint32_t kNone = 0xFFFFFFFFu;

/// Which optional answers are wanted. `nondominated` always is.
struct VerdictRequest {
  bool dominated_by = false;                  // how many rows of the group dominate this one (NSGA-II's n_p)
  bool dominates = false;                     // how many rows of the group this one dominates (SPEA2's strength)
  bool rank = false;                          // front number, from 0
  bool witness = false;                       // lowest non-dominated position of the group that dominates this one
  std::uint32_t max_rank = 0;                 // with K > 0, rows behind the first K fronts get kNone as rank
  const std::uint8_t* known_front = nullptr;  // [size] `nondominated`, where someone has found it: may be taken as it is

  bool front_alone() const { return !dominated_by && !dominates && !rank && !witness; }
};

/// Seconds spent by phase.
struct VerdictSeconds {
  double order = 0, front = 0, counts = 0, rank = 0;
};

/// The answers, [size] each by position, in host memory; empty where not asked for. Equal rows of a group get equal answers.
struct Verdict {
  Array<std::uint8_t> nondominated;
  Array<std::uint32_t> dominated_by, dominates, rank, witness;
  VerdictSeconds seconds;
};

/// Asks for counts between two sets: for each row that is no source, the sources that dominate it, and those it dominates.
struct CrossRequest {
  const std::uint8_t* is_source = nullptr;  // [size] by position, 0 or 1
  bool dominated_by = false, dominates = false;
};

/// The counts, [size] by position, 0 for sources; empty where not asked for.
struct CrossCounts {
  Array<std::uint32_t> dominated_by, dominates;
};

}  // namespace carbonfront
