#include "host/pareto/tile_path.hpp"

#include "host/clones.hpp"
#include "host/pareto/keys.hpp"

namespace carbonfront {

std::vector<const TilePath*> tile_paths() {
#if defined(CARBONFRONT_TILE_PATHS)
  return {&kTilePathAvx512Vbmi2, &kTilePathAvx512, &kTilePathAvx2, &kTilePathPlain};
#else
  return {&kTilePathPlain};
#endif
}

const TilePath& best_tile_path() {
  static const TilePath& best = []() -> const TilePath& {
    for (const TilePath* path : tile_paths())
      if (path->runs_here()) return *path;
    return kTilePathPlain;
  }();
  return best;
}

bool dominates_where_equal(const Estimates& estimates, std::uint64_t equal, std::uint32_t a, std::uint32_t b,
                           const std::uint16_t* row_a) {
  const std::uint32_t objectives = estimates.points.objective_count;
  bool better = equal != ~std::uint64_t{0} >> (64 - objectives);  // where estimates differ it is
  for (; equal != 0; equal &= equal - 1) {
    const auto k = static_cast<std::uint32_t>(__builtin_ctzll(equal));
    if (estimates.is_exact(k, row_a[k])) continue;
    const int order = compare_keys(estimates.points, k, a, b);
    if (order > 0) return false;
    better = better || order < 0;
  }
  return better;
}

void gather_keys(PointsView points, const std::uint32_t* positions, std::uint32_t count, Array<std::int64_t>& keys) {
  keys.resize(std::size_t{points.objective_count} * kTileSlots);
  for (std::uint32_t k = 0; k < points.objective_count; ++k) {
    with_keys(points.objectives[k], [&](auto key_of_row) {
      std::int64_t* to = keys.data() + std::size_t{k} * kTileSlots;
      for (std::uint32_t i = 0; i < count; ++i)
        to[i] = static_cast<std::int64_t>(key_of_row(points.row(positions[i])) ^ std::uint64_t{1} << 63);
    });
  }
}

SourceTile make_source(std::uint32_t objectives, std::uint32_t lanes, bool grouped) {
  SourceTile source;
  source.objectives = objectives;
  source.lanes = lanes;
  source.estimates.resize(std::size_t{kTileSlots} * lanes);
  for (auto* column : {&source.lowest, &source.highest, &source.scale}) column->resize(lanes);
  source.corner.resize(std::size_t{SourceTile::kDepths} * lanes);
  source.corner_columns.resize(std::size_t{SourceTile::kDepths} * objectives);
  source.prefix.resize(std::size_t{SourceTile::kBuckets} * objectives);
  if (grouped) {
    source.group.resize(kTileSlots);
    source.of_group.resize(kTileSlots);
  }
  return source;
}

}  // namespace carbonfront
