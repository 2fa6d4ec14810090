#pragma once
// From files to memory: batches are read, filtered, turned into emissions, and what the views compare stays resident.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "host/backend.hpp"
#include "host/scoring/plan.hpp"

namespace carbonfront {

/// The rows that the filters let through, in ascending order.
struct Selection {
  std::uint64_t rows = 0;          // of the input
  std::uint32_t size = 0;          // selected
  bool all = true;                 // then `row` is empty
  std::vector<std::uint32_t> row;  // [size]

  std::uint64_t row_of(std::uint32_t selected) const { return all ? selected : row[selected]; }
};

/// One key value of a group.
struct GroupKeyValue {
  bool missing = false;
  std::uint64_t bits = 0;  // integers widened, floats as float64's bits
  std::string text;
};

/// The groups of one list of columns, ascending by key, missing last.
struct Grouping {
  std::vector<int> columns;                      // of the plan
  std::vector<std::uint32_t> group;              // [selected]
  std::vector<std::vector<GroupKeyValue>> keys;  // [groups][columns]
};

/// What stays in memory, by selected row.
struct Data {
  Selection selection;
  std::vector<std::vector<std::byte>> values;     // [plan columns]; empty unless the column is an objective
  std::vector<double> energy_kwh, co2e_kg;        // empty without emissions
  std::vector<std::uint8_t> missing_factors;      // bit i: the emission quantity i is missing
  std::array<std::uint64_t, 5> factor_missing{};  // selected rows by missing quantity
  std::uint64_t without_emissions = 0;            // selected rows with a missing quantity
  std::vector<Grouping> groupings;                // each list of columns once
  std::vector<int> grouping_of_view;              // -1: one group

  /// Views an objective's values. [selected]
  ColumnView column_view(const Plan& plan, const ObjectivePlan& objective) const;
};

struct LoadSeconds {
  double read = 0, decode = 0, emissions = 0;
};

/// Reads everything the plan needs, `batch_rows` at a time (0: by the size of a row). The result does not depend on the size
/// of batches. Throws InputError (with file, column, row and value), Stopped.
Data load(const Plan& plan, const Backend& backend, std::uint64_t batch_rows, Progress& progress, LoadSeconds& seconds);

}  // namespace carbonfront
