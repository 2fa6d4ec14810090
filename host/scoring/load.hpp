#pragma once
// From files to memory: batches are read, filtered and turned into emissions. What the views compare stays resident; of a
// view of which only the front is asked for, only the front does.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "carbonfront/array.hpp"
#include "carbonfront/errors.hpp"
#include "host/backend.hpp"
#include "host/pareto/front_stream.hpp"
#include "host/scoring/group_keys.hpp"
#include "host/scoring/lookups.hpp"
#include "host/scoring/memory_watch.hpp"
#include "host/scoring/plan.hpp"
#include "host/scoring/wind_up.hpp"

namespace carbonfront {

/// The rows that the filters let through, in ascending order.
struct Selection {
  std::uint64_t rows = 0;          // of the input
  std::uint32_t size = 0;          // selected
  bool all = true;                 // then `row` is empty
  std::vector<std::uint32_t> row;  // [size], where row numbers stay resident

  std::uint64_t row_of(std::uint32_t selected) const { return all ? selected : row[selected]; }
};

/// The groups of one list of columns: in the order in which they were met, in the end ascending by key, missing last.
struct Grouping {
  std::vector<int> columns;          // of the plan
  std::vector<ValueType> types;      // [columns]
  std::vector<std::uint32_t> group;  // [selected]
  GroupKeys keys;                    // [groups]
  std::string last_key = {};         // of the row before
  std::uint32_t last = 0;

  /// The values of a group's key. [columns]
  std::vector<GroupKeyValue> key(std::size_t number) const { return decoded_key(keys[number], types); }
};

/// A view of which only the front is asked for, found while the batches pass by.
struct PassingView {
  FrontStream stream;
  FrontRows front;  // once all batches have passed
  std::uint32_t rated = 0;
  std::vector<std::uint64_t> missing_rows;    // [objectives] selected rows where it is missing
  std::vector<std::uint64_t> rated_in_group;  // [groups]
  std::optional<InputError> refusal;          // of the first missing row, where missing rows are refused
};

/// Why computed objectives of a view are unknown, in selected rows: missing quantities, and where there is none, such as for
/// inf times 0. Columns of quantities: [2 · quantities], of quantity k entry 2·k is its column, or that of its low bound,
/// and the next that of its high bound.
struct EmissionCauses {
  std::vector<std::uint64_t> columns;      // rows where one is missing and an objective is unknown for it
  std::vector<std::uint64_t> unexplained;  // [objectives]
};

/// What stays in memory, by selected row: the parts that `resident_parts` names; the others are empty.
struct Data {
  std::uint64_t next_row = 0;  // of the sweep, to be read next
  Selection selection;
  std::vector<Array<std::byte>> values;                   // [plan columns]
  std::array<Array<double>, kEmissionColumns> emissions;  // by Source; see values_of
  std::vector<std::uint8_t> emission_source;              // which training model answered, where models differ by row
  std::vector<std::uint32_t> missing_factors;             // bit i: the plan's emission quantity i is missing
  std::vector<std::uint32_t> assumed_factors;             // bit i: its value is the spec's `assume`
  std::vector<std::uint64_t> factor_missing;              // [quantities] selected rows where it is missing
  std::vector<std::uint64_t> factor_assumed;              // [quantities] selected rows where it is assumed
  std::vector<std::uint64_t> column_missing;              // [2 · quantities] the missing ones by EmissionCauses' columns
  std::vector<NameLookups> lookups;                       // [quantities] names that were looked up
  std::vector<std::uint64_t> rows_of_model;               // [training steps] selected rows that it answered
  std::uint64_t without_emissions = 0;                    // selected rows whose CO2e of training is not known
  std::vector<EmissionCauses> emission_causes;            // [views]
  std::vector<Grouping> groupings;                        // each list of columns once
  std::vector<int> grouping_of_view;                      // -1: one group
  std::vector<PassingView> passing;                       // [views]; unused where a view is resident
  MemoryWatch memory;                                     // without a limit until it is given one

  /// The values of a computed column.
  const Array<double>& values_of(Source source) const { return emissions[static_cast<std::size_t>(source) - 1]; }
  Array<double>& values_of(Source source) { return emissions[static_cast<std::size_t>(source) - 1]; }

  /// Views an objective's values, from a selected row on.
  ColumnView column_view(const Plan& plan, const ObjectivePlan& objective, std::size_t from = 0) const;
};

struct LoadSeconds {
  double read = 0, decode = 0, emissions = 0, front = 0, write = 0;
};

class ResultRows;

/// Rows read at a time, where memory allows (see batch_rows_within): batches of about 16 MiB; of 64 where of a view of four
/// objectives or more only the front is kept, unless there are emissions, which take three times the memory and gain
/// nothing.
std::uint64_t default_batch_rows(const Plan& plan);

struct ReadOptions {
  std::uint64_t batch_rows = 0;     // read at a time; 0: by the size of a row. The result does not depend on it
  ResultRows* out = nullptr;        // takes emissions and the states of passing views; not needed where nothing passes
  bool judged_here = false;         // the session that reads is asked about the resident views as well
  const WindUp* wind_up = nullptr;  // ends reading after its batch
};

/// Lists the groupings of the plan's views.
void find_groupings(const Plan& plan, Data& data);

/// Prepares for the rows [first, first + count). Fronts found while reading are found by the session, which outlives the
/// data.
Data start_data(const Plan& plan, Session& session, std::uint64_t first, std::uint64_t count);

/// Reads the rows up to `end`, or fewer where winding up was asked for: `data.next_row` tells. Throws InputError (with file,
/// column, row and value), OutputError, Stopped, and DeviceError where groups, texts or a front take more than `data.memory`
/// allows.
void read_rows(const Plan& plan, Session& session, std::uint64_t end, const ReadOptions& options, Progress& progress,
               LoadSeconds& seconds, Data& data);

/// Puts the groups in order and finds the fronts of passing views, once all rows are there. Throws Stopped.
void finish_data(const Plan& plan, const Progress& progress, Data& data);

/// Does all three for all rows; nothing passes. Throws what they throw.
Data load(const Plan& plan, Session& session, std::uint64_t batch_rows, Progress& progress);

}  // namespace carbonfront
