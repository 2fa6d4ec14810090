#pragma once
// A spec bound to a sweep: every name found, every type and unit checked, nothing read yet.

#include <array>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/spec/spec.hpp"
#include "host/sweep/condition.hpp"
#include "host/sweep/sweep.hpp"
#include "kernels/device_power.hpp"

namespace carbonfront {

inline constexpr int kNoColumn = -1;

/// One quantity of the emission model: a column of the plan, or a constant in its stored unit.
struct FactorPlan {
  std::string quantity;
  int column = kNoColumn;
  double constant = 1;
  std::string unit;  // canonical
};

struct EmissionsPlan {
  DevicePower model;
  std::array<FactorPlan, 5> factors;  // in the order of kDevicePowerQuantities
  bool default_intensity = false;
};

/// Where an objective's values come from.
enum class Source { column, energy, co2e };

struct ObjectivePlan {
  std::string name, units;
  bool maximise = false;
  Source source = Source::column;
  int column = kNoColumn;
};

/// A column that is copied for the rows of a front: of the plan, or computed.
struct FrontColumn {
  std::string name;
  Source source = Source::column;
  int column = kNoColumn;
};

struct ViewPlan {
  ViewSpec spec;
  std::vector<ObjectivePlan> objectives;
  std::vector<int> group_columns;
  std::vector<FrontColumn> front_columns;
  bool resident = true;  // the values of all its rows stay in memory
  bool passing = false;  // its front is found while batches pass by
  bool uses_emissions() const {
    for (const ObjectivePlan& objective : objectives)
      if (objective.source != Source::column) return true;
    return false;
  }
};

struct BoundCondition {
  Condition condition;
  int column;
};

struct Plan {
  Spec spec;
  Sweep sweep;
  std::vector<Column> columns;  // each used column once
  std::uint64_t rows = 0;
  std::vector<BoundCondition> conditions;
  std::optional<EmissionsPlan> emissions;
  std::vector<ViewPlan> views;
  int label = kNoColumn;
  bool keep_emissions = true;     // of all rows, whether a resident view compares them or not
  bool keep_row_numbers = false;  // of selected rows, whether a resident view needs them or not
  /// Bytes that the used numeric columns and fixed strings take in memory for all rows.
  std::uint64_t column_bytes() const;
};

/// Keeps what parts of a result must hold, whoever puts them together: every view's front, and the values of views of which
/// more is asked for.
void keep_for_parts(Plan& plan);

/// Lets views of which nothing is asked for that needs all rows pass by, and keeps only what the other views compare.
void keep_what_is_compared(Plan& plan);

/// What stays in memory for all selected rows.
struct Resident {
  std::set<int> columns;  // of the plan
  bool energy = false, co2e = false, missing_factors = false, row_numbers = false;
};
Resident resident_parts(const Plan& plan);

/// Binds a checked spec to the files. Throws SpecError, InputError.
Plan make_plan(const Spec& spec, const std::vector<std::string>& paths);

}  // namespace carbonfront
