#include "host/pareto/tile_path.hpp"

#include "host/clones.hpp"

namespace carbonfront {

std::vector<const TilePath*> tile_paths() {
#if defined(CARBONFRONT_TILE_PATHS)
  return {&kTilePath_avx512_vbmi2, &kTilePath_avx512, &kTilePath_avx2, &kTilePath_plain};
#else
  return {&kTilePath_plain};
#endif
}

const TilePath& best_tile_path() {
  static const TilePath& best = []() -> const TilePath& {
    for (const TilePath* path : tile_paths())
      if (path->runs_here()) return *path;
    return kTilePath_plain;
  }();
  return best;
}

bool dominates_where_equal(const Estimates& estimates, std::uint64_t equal, std::uint32_t a, std::uint32_t b) {
  const std::uint32_t objectives = estimates.points.objective_count;
  bool better = equal != ~std::uint64_t{0} >> (64 - objectives);  // where estimates differ it is
  for (; equal != 0; equal &= equal - 1) {
    const auto k = static_cast<std::uint32_t>(__builtin_ctzll(equal));
    if (estimates.exact[k]) continue;
    const int order = compare_keys(estimates.points, k, a, b);
    if (order > 0) return false;
    better = better || order < 0;
  }
  return better;
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
