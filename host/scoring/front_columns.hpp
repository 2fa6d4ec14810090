#pragma once
// Columns copied for the rows of a front, so that a front is readable by itself.

#include <cstdint>
#include <vector>

#include "carbonfront/progress.hpp"
#include "host/scoring/plan.hpp"
#include "host/sweep/hdf5.hpp"

namespace carbonfront {

/// Writes `front_columns/COLUMN` below a view's group for each column the view names: the values at `rows` (ascending), in
/// the column's own type, text as variable-length UTF-8. Missing values are NaN, the `_FillValue` of an integer column, or
/// an empty text. `front_rows` is the dimension scale. Reads the blocks of the sweep that hold these rows, emissions from
/// the result itself. Throws InputError, OutputError, Stopped.
void write_front_columns(hid_t view_group, hid_t front_rows, const Plan& plan, const ViewPlan& view,
                         const std::vector<std::uint64_t>& rows, const Progress& progress);

}  // namespace carbonfront
