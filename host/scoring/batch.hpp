#pragma once
// One batch of rows on its way from the files into memory.

#include <memory>
#include <unordered_map>

#include "host/scoring/load.hpp"

namespace carbonfront {

/// The batch's values of one column, all rows of the batch.
struct BatchColumn {
  std::vector<std::byte> numbers;
  Strings strings;
};

struct Batch {
  std::uint64_t begin = 0;  // first row in the sweep
  std::uint32_t rows = 0;
  std::vector<BatchColumn> columns;  // [plan columns]
  std::vector<std::uint8_t> keep;    // [rows] by the filters
  std::vector<std::uint32_t> kept;   // rows of the batch that are selected
};

/// Numbers groups as their keys are met; an encoded key sorts like the key itself.
struct GroupNumbering {
  std::unordered_map<std::string, std::uint32_t> numbers;
  std::string last_key;
  std::uint32_t last = 0;
};

/// Appends the kept values of a numeric column to `out`.
void append_kept(const Batch& batch, int column, std::size_t value_size, std::vector<std::byte>& out);

/// Converts the kept values of a factor's column to float64, missing ones to NaN.
void factor_values(const Plan& plan, const Batch& batch, int column, std::vector<double>& out);

/// Appends the kept rows' groups, in the order in which they were met.
void append_groups(const Plan& plan, const Batch& batch, Grouping& grouping, GroupNumbering& numbering);

/// Renumbers the groups by ascending key; gives the new number of each. [groups]
std::vector<std::uint32_t> sort_groups(Grouping& grouping, const GroupNumbering& numbering);

}  // namespace carbonfront
