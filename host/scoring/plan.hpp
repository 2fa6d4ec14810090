#pragma once
// A spec bound to a sweep: every name found, every type and unit checked, nothing read yet.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "host/emissions/catalog.hpp"
#include "host/emissions/models.hpp"
#include "host/spec/spec.hpp"
#include "host/sweep/condition.hpp"
#include "host/sweep/sweep.hpp"

namespace carbonfront {

inline constexpr int kNoColumn = -1;

/// One quantity of the emission models: a column of the plan, or a constant in its stored unit.
struct FactorPlan {
  std::string quantity;
  int column = kNoColumn;
  double constant = 1;
  std::string unit = {};      // canonical
  std::string fallback = {};  // what the model's own value means; empty where the spec gives the quantity
  bool divides = false;       // a model divides by it: it is not 0
  // Bounds: columns, or constants, or a relative error of the value; none where the value is exact.
  int low_column = kNoColumn, high_column = kNoColumn;
  std::optional<double> low = {}, high = {}, error = {};
  bool bounded() const { return low_column != kNoColumn || low || error; }
  std::optional<double> assume = {};       // stands in for a missing value of the column
  CatalogChoice lookup = {};               // the column has names of a catalogue
  std::optional<CatalogEntry> found = {};  // where the constant comes from a catalogue
};

/// Where an objective's values come from: a column, or what [emissions] computes.
enum class Source {
  column,
  energy,
  co2e,
  inference_energy,
  inference_co2e,
  lifetime_energy,
  lifetime_co2e,
  energy_low,  // bounds, of each computed column the low one and the high one
  energy_high,
  co2e_low,
  co2e_high,
  inference_energy_low,
  inference_energy_high,
  inference_co2e_low,
  inference_co2e_high,
  lifetime_energy_low,
  lifetime_energy_high,
  lifetime_co2e_low,
  lifetime_co2e_high,
};

/// The bounds of one of the first six computed columns.
inline Source low_of(Source source) { return static_cast<Source>(2 * static_cast<int>(source) + 5); }
inline Source high_of(Source source) { return static_cast<Source>(2 * static_cast<int>(source) + 6); }

/// The computed column that a bound is one of; a column that is no bound is itself.
inline Source value_of(Source source) {
  return source < Source::energy_low ? source : static_cast<Source>((static_cast<int>(source) - 5) / 2);
}

inline constexpr std::size_t kEmissionColumns = 18;  // all but the first

/// One computed column: the objective's and data set's name, and what it is.
struct EmissionOutput {
  Source source;
  const char *name, *unit, *long_name;
};
std::span<const EmissionOutput> all_emissions();
const EmissionOutput* find_emission(const std::string& name);
const char* name_of(Source source);

inline constexpr int kConstantOne = -1;

/// One model, its unit factors set; `factors` are places in the plan's, or kConstantOne, in the model's order.
struct StepPlan {
  std::string name;
  EmissionModel model;
  Combine how = Combine::set;
  std::vector<int> factors;
};

struct EmissionsPlan {
  std::vector<Catalog> catalogs;    // the user's
  std::vector<FactorPlan> factors;  // each quantity once, in the order in which missing ones are reported; 32 at most
  std::vector<StepPlan> training;
  std::optional<StepPlan> inference;  // of one sample
  int queries = kConstantOne;         // place in `factors`; kConstantOne: no lifetime is asked for
  bool default_intensity = false;
  std::map<Source, std::uint32_t> depends;  // for each computed column the quantities that it needs, as bits

  bool bounded = false;          // some quantity has bounds: so has everything computed
  bool first_available = false;  // the models may differ from row to row

  bool computes(Source source) const { return depends.contains(source); }
  /// Tells whether the result says of each row which model answered: with first-available, of however many models.
  bool chooses() const { return first_available; }
};

/// The bounds of an objective that is a column: two columns, or an error, relative or absolute, the latter a number or
/// column.
struct ObjectiveBounds {
  int low_column = kNoColumn, high_column = kNoColumn, error_column = kNoColumn;
  std::optional<double> error = {}, absolute_error = {};

  bool given() const { return low_column != kNoColumn || error_column != kNoColumn || error || absolute_error; }
};

struct ObjectivePlan {
  std::string name, units;
  bool maximise = false;
  Source source = Source::column;
  int column = kNoColumn;
  ObjectiveBounds bounds = {};
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
  /// What a row must have to be rated: the objectives, and the columns that their bounds come from.
  std::vector<ObjectivePlan> rated_by;
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
  /// Tells whether an objective has bounds, its own or those of what it is computed from, and whether a view has such an
  /// objective.
  bool has_bounds(const ObjectivePlan& objective) const;
  bool has_intervals(const ViewPlan& view) const;
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
  std::set<Source> emissions;
  bool emission_source = false, missing_factors = false, assumed_factors = false, row_numbers = false;
};
Resident resident_parts(const Plan& plan);

/// Binds a checked spec to the files, after trying them (host/sweep/trial.hpp). Throws SpecError, InputError.
Plan make_plan(const Spec& spec, const std::vector<std::string>& paths, const ReadingOptions& reading = {});

}  // namespace carbonfront
