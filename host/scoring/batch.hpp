#pragma once
// One batch of rows on its way from the files into memory.

#include "host/scoring/load.hpp"

namespace carbonfront {

/// The batch's values of one column, all rows of the batch.
struct BatchColumn {
  const std::byte* numbers = nullptr;  // in `own`, or where they stay in memory
  Array<std::byte> own;
  Strings strings;
};

struct Batch {
  std::uint64_t begin = 0;  // first row in the sweep
  std::uint32_t rows = 0;
  std::vector<BatchColumn> columns;  // [plan columns]
  std::vector<std::uint8_t> keep;    // [rows] by the filters
  std::vector<std::uint32_t> kept;   // rows of the batch that are selected
};

/// Appends the kept values of a numeric column to `out`.
void append_kept(const Batch& batch, int column, std::size_t value_size, Array<std::byte>& out);

/// Converts the kept values of a factor's column to float64, missing ones to NaN.
void factor_values(const Plan& plan, const Batch& batch, int column, Array<double>& out);

/// Appends the kept rows' groups, numbered in the order in which they were met. Throws DeviceError where they take more than
/// `data.memory` allows.
void append_groups(const Plan& plan, const Batch& batch, std::size_t grouping, Data& data);

/// Renumbers the groups by ascending key; gives the new number of each. [groups]
std::vector<std::uint32_t> sort_groups(Grouping& grouping);

}  // namespace carbonfront
