#pragma once
// What summaries tell of a view whose answers the parts' counts have: how many rows the front's dominate, and the first rows
// that are beaten.

#include <cstddef>

#include "host/scoring/views.hpp"
#include "host/shards/collect.hpp"

namespace carbonfront {

/// Adds to a view's scores, behind the positions of its front, the first `rows` beaten rows of each of the first `groups`
/// groups that have rated rows, and the answers that were asked for, for all of these positions. Reads the rows of a part at
/// a time, as far as they are needed. Throws InputError.
void add_counted_rows(const Collection& all, const Plan& plan, std::size_t view, std::size_t rows, std::size_t groups,
                      Data& data, ViewScores& scores);

}  // namespace carbonfront
