#pragma once
// The spec: what to compute, from a TOML file and the command line's flags.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/emissions/quantities.hpp"

namespace carbonfront {

struct ObjectiveSpec {
  std::string column;
  bool maximise = false;

  bool operator==(const ObjectiveSpec&) const = default;
};

/// The interval of an objective that is a column: two columns of bounds, or an error, relative or in the objective's own
/// unit, the latter a number or a column. One of them is given.
struct IntervalSpec {
  std::string low, high;  // columns
  std::optional<double> error, absolute_error;
  std::string error_column;

  bool operator==(const IntervalSpec&) const = default;
};

/// What becomes of a row with a missing objective: no verdict, a value behind every other, or a refusal.
enum class Missing { exclude, worst, error };

/// What a view writes beside state, nondominated, front and groups.
struct Outputs {
  bool dominated_by = true, dominates = false, rank = false, witness = true;  // [rows]
  bool crowding = false;                                                      // [rows], NSGA-II's crowding distance
  bool hypervolume = false;                                                   // [groups]
  bool contributions = false;                                                 // [front rows], needs hypervolume

  bool operator==(const Outputs&) const = default;
};

struct ViewSpec {
  std::string name;
  std::vector<ObjectiveSpec> objectives;
  std::map<std::string, IntervalSpec> intervals;  // by objective
  std::vector<std::string> group_by;
  Missing missing = Missing::exclude;
  Outputs outputs;
  std::vector<std::string> columns;     // copied for the rows of the front
  std::uint32_t max_rank = 0;           // rank the first fronts only; 0: all
  std::vector<double> reference_point;  // of the hypervolume, in the objectives' own sense; empty: from ideal and nadir

  bool operator==(const ViewSpec&) const = default;
};

struct Spec {
  std::string group = "/configs";
  std::vector<std::string> where;
  std::string label;
  std::optional<EmissionsSpec> emissions;
  std::vector<ViewSpec> views;

  bool operator==(const Spec&) const = default;
};

/// What the flags say; they override the spec file. Texts as given on the command line.
struct SpecFlags {
  std::vector<std::string> views;                         // NAME=col:min,col:max
  std::vector<std::string> where;                         // added to the spec's
  std::string emissions;                                  // quantity=COLUMN[:UNIT] or quantity=NUMBER UNIT, comma-separated
  std::string group, label, missing;                      // empty: the spec's
  std::string require;                                    // quantities or columns, comma-separated
  std::optional<std::string> group_by, outputs, columns;  // for every view
};

/// Reads a spec from TOML text; `name` is the file's name, for messages. Throws SpecError with file and line; an unknown key
/// is an error that suggests the nearest known one. The spec may still be incomplete.
Spec parse_spec(const std::string& toml, const std::string& name);

/// Reads a spec file. Throws SpecError.
Spec read_spec(const std::string& path);

/// Applies the flags and checks the whole. Throws SpecError.
void apply_flags(Spec& spec, const SpecFlags& flags);
void check_spec(Spec& spec);

/// Writes the spec as TOML that `parse_spec` reads back as the same spec.
std::string to_toml(const Spec& spec);

const char* name_of(Missing missing);
std::vector<std::string> names_of(const Outputs& outputs);

/// Parse a list of outputs, and a policy's name. Throw SpecError.
Outputs parse_outputs(const std::vector<std::string>& names);
Missing parse_missing(const std::string& name);

/// Parses "column:min" or "column:max", split at the last colon. Throws SpecError.
ObjectiveSpec parse_objective(const std::string& text, const std::string& view);

}  // namespace carbonfront
