#pragma once
// One view: its rated rows, the verdict over them, and what is known of each group.

#include <array>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "host/scoring/load.hpp"
#include "host/sweep/hdf5.hpp"

namespace carbonfront {

/// Why rows are unrated: a column (or a computed quantity) and in how many selected rows it is missing.
struct Cause {
  std::string name;      // the column
  std::string quantity;  // the emission quantity it stands for; empty for an objective
  std::uint64_t rows = 0;
};

struct GroupScores {
  std::uint64_t rows = 0, rated = 0, front_rows = 0, front_points = 0;
  std::vector<double> ideal, nadir;  // [objectives] in the objectives' own sense; NaN without rated rows
  double hypervolume = std::numeric_limits<double>::quiet_NaN();        // where asked for; NaN without rated rows
  double hypervolume_error = std::numeric_limits<double>::quiet_NaN();  // standard error of an estimate; 0: exact
};

/// A view's rated rows and everything found out about them. A position is a place among the rated rows; where only the front
/// is known, a place in the front.
struct ViewScores {
  std::vector<Objective> objectives;
  std::uint32_t size = 0;                  // rated rows
  bool all_rated = true;                   // then `rated` is empty
  std::vector<std::uint32_t> rated;        // [size] selected row, ascending
  std::vector<std::uint32_t> rated_group;  // [positions]; empty without groups
  bool only_front = false;                 // found while reading: no verdict, and columns of the front's rows alone
  std::vector<std::uint64_t> front_row;    // [front] row numbers, where only the front is known; then beaten ones to tell of
  std::uint64_t unrated = 0;
  std::vector<Cause> causes;  // those with rows, in the order of objectives and quantities
  Verdict verdict;
  std::vector<std::uint32_t> front;     // positions, ascending
  std::vector<GroupScores> groups;      // at least one
  std::vector<double> reference_point;  // [objectives] of the hypervolume, where asked for
  std::vector<double> contributions;    // [front] to the group's hypervolume, where asked for
  std::vector<double> crowding;         // [size], where asked for; NaN behind the view's max_rank
  std::function<void(const char* name, hid_t dataset)> copy_answer;  // writes rows of answers found elsewhere, if they were
  // Where objectives are intervals: what is certain, and the counts behind it; see host/scoring/intervals.hpp.
  std::vector<std::uint8_t> certainty;                                    // [size]
  std::vector<std::uint32_t> surely_dominated_by, possibly_dominated_by;  // [size]
  std::array<std::uint64_t, 4> certain_rows{};                            // rated rows by certainty
  double figures_seconds = 0;                                             // spent on hypervolume, contributions and crowding

  /// Where the columns have a position's values.
  std::uint32_t selected_of(std::uint32_t position) const { return all_rated ? position : rated[position]; }
  std::uint32_t group_of(std::uint32_t position) const { return rated_group.empty() ? 0 : rated_group[position]; }
  /// Row number in the sweep.
  std::uint64_t row_of(const Selection& selection, std::uint32_t position) const {
    return only_front ? front_row[position] : selection.row_of(selected_of(position));
  }
  PointsView points() const;
};

/// Finds the rated rows of a view, counts the others by cause. Throws InputError where the policy is `error`.
ViewScores rate(const Plan& plan, const Data& data, std::size_t view);

/// What a backend is asked about a view's rows.
VerdictRequest request_of(const ViewPlan& view);

/// Computes the verdict and the groups' figures.
void judge(const Plan& plan, const Data& data, std::size_t view, Session& session, Progress& progress, ViewScores& scores);

/// Finds front, ideal, nadir and counts of each group from `verdict.nondominated`.
void summarise_groups(const Data& data, std::size_t view, ViewScores& scores);

}  // namespace carbonfront
