#pragma once
// The filter of all rows before a front: the rows that dominate most, of all rows, against all rows.

#include <cstdint>
#include <optional>
#include <vector>

#include "carbonfront/progress.hpp"
#include "host/pareto/tile_path.hpp"

namespace carbonfront {

/// Gives ascending positions among which all non-dominated ones are: those that none of the 1,024 strongest dominates.
/// Nothing if these do not dominate half of the rows of a sample. `strength` [size], see estimate_points(). Groups are not
/// looked at. Throws Stopped.
std::optional<std::vector<std::uint32_t>> without_the_weak(const Estimates& estimates, const Array<float>& strength,
                                                           const TilePath& path, const Progress& progress);

/// Makes source tiles of a few rows, in their order, of one group.
std::vector<SourceTile> few_sources(const Estimates& estimates, const std::vector<std::uint32_t>& positions,
                                    const TilePath& path);

}  // namespace carbonfront
