#pragma once
// A growing list of rows by their ranks, laid out for one question: which is the first that dominates this row?

#include <cstdint>
#include <vector>

namespace carbonfront {

/// Rows of a vector block.
inline constexpr std::uint32_t kLanes = 32;

/// Lists rows of `coordinates` ranks: full blocks of [coordinates][kLanes], then up to kLanes − 1 rows of [coordinates].
/// So the many small fronts of a long chain cost no padding. Ranks are signed here, and below 2³¹ − 1.
struct Members {
  std::uint32_t coordinates = 0;
  std::uint32_t size = 0;
  std::vector<std::int32_t> ranks;
};

/// Appends a row. [coordinates] ranks.
void append(Members& members, const std::int32_t* row);

/// Finds the first member that is below `row` in every coordinate; `members.size` if none is.
std::uint32_t first_dominator(const Members& members, const std::int32_t* row);

/// Finds the highest of `values` among the members of `blocks` full blocks that are below `row` in every coordinate; 0 if
/// none is. `ranks` [blocks][coordinates][kLanes], unused lanes 2³¹ − 1; `values` [blocks · kLanes], not negative.
std::int32_t highest_of_dominators(const std::int32_t* ranks, const std::int32_t* values, std::size_t blocks,
                                   std::uint32_t coordinates, const std::int32_t* row);

}  // namespace carbonfront
