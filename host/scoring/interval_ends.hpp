#pragma once
// Where the ends of an objective's intervals come from.

#include <functional>
#include <vector>

#include "host/scoring/batch.hpp"

namespace carbonfront {

/// One end of a row's intervals, or the values that they surround.
enum class End { value, best, worst };

/// The computed column that has a computed objective's values at one end; it has bounds unless it is the value.
Source source_at(const ObjectivePlan& objective, End end);

/// The ends of a column that has bounds of its own, as float64: of two columns what they say, of an error value − error and
/// value + error, of a relative one value − |value|·error and value + |value|·error. `view_of_column` views a column of the
/// plan, `rows` are entries of it. [rows] float64
std::vector<std::byte> ends_of_column(const ObjectivePlan& objective, End end,
                                      const std::function<ColumnView(int column)>& view_of_column,
                                      const std::vector<std::uint32_t>& rows);

/// Throws InputError for the first selected row of a batch whose interval cannot be: low above high, a value outside its
/// bounds, an error that is negative, an end that is not a number, an integer that float64 does not hold.
void check_intervals(const Plan& plan, const Batch& batch);

}  // namespace carbonfront
