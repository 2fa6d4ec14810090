#include "host/pareto/strong_rows.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <bit>
#include <compare>
#include <numeric>

namespace carbonfront {
namespace {

constexpr std::uint32_t kStrongRows = 2 * kTileSlots;
constexpr std::uint32_t kFewRows = 8 * kStrongRows;  // not worth a filter
constexpr std::uint32_t kBlock = 1 << 13;
constexpr std::uint32_t kLevels = 1 << 13;  // of strength: floats from 0 to 1, by their leading bits
constexpr std::uint32_t kTrial = 4096;

std::uint32_t level_of(float strength) { return std::bit_cast<std::uint32_t>(strength) >> 17; }

/// Lists the positions of the strongest rows, about kStrongRows, the strongest first.
std::vector<std::uint32_t> strongest(const Array<float>& strength) {
  const auto size = static_cast<std::uint32_t>(strength.size()), blocks = (size + kBlock - 1) / kBlock;
  const auto end_of = [&](std::uint32_t block) { return std::min(size, (block + 1) * kBlock); };
  std::vector<std::uint32_t> counts(kLevels, 0);
  for (const std::uint32_t position : sample_positions(size, 1 << 16)) ++counts[level_of(strength[position])];
  const std::uint64_t enough = std::uint64_t{2} * kStrongRows * std::min(size, 1u << 16) / size + 16;
  std::uint32_t least = kLevels;
  for (std::uint64_t more = 0; least > 0 && more < enough;) more += counts[--least];
  std::vector<std::vector<std::uint32_t>> found(blocks);
  tbb::parallel_for(0u, blocks, [&](std::uint32_t block) {
    for (std::uint32_t i = block * kBlock; i < end_of(block); ++i)
      if (level_of(strength[i]) >= least && found[block].size() < kStrongRows) found[block].push_back(i);
  });
  std::vector<std::uint32_t> strong;
  for (const auto& some : found) strong.insert(strong.end(), some.begin(), some.end());
  const std::size_t kept = std::min<std::size_t>(strong.size(), kStrongRows);
  std::partial_sort(
      strong.begin(), strong.begin() + static_cast<std::ptrdiff_t>(kept), strong.end(),
      [&](std::uint32_t a, std::uint32_t b) { return strength[a] != strength[b] ? strength[a] > strength[b] : a < b; });
  strong.resize(kept);
  return strong;
}

/// Drops rows whose estimates equal those of a stronger one.
void drop_twins(const Estimates& estimates, std::vector<std::uint32_t>& strong) {
  const auto row = [&](std::uint32_t i) { return estimates.row(strong[i]); };
  const auto order = [&](std::uint32_t a, std::uint32_t b) {
    return std::lexicographical_compare_three_way(row(a), row(a) + estimates.lanes, row(b), row(b) + estimates.lanes);
  };
  std::vector<std::uint32_t> sorted(strong.size()), left;
  std::iota(sorted.begin(), sorted.end(), 0u);
  std::stable_sort(sorted.begin(), sorted.end(), [&](std::uint32_t a, std::uint32_t b) { return order(a, b) < 0; });
  sorted.erase(std::unique(sorted.begin(), sorted.end(), [&](std::uint32_t a, std::uint32_t b) { return order(a, b) == 0; }),
               sorted.end());
  std::sort(sorted.begin(), sorted.end());
  for (const std::uint32_t i : sorted) left.push_back(strong[i]);
  strong.swap(left);
}

}  // namespace

std::vector<SourceTile> few_sources(const Estimates& estimates, const std::vector<std::uint32_t>& positions,
                                    const TilePath& path) {
  const AlignedTiles ungrouped;
  std::vector<SourceTile> sources;
  for (std::size_t begin = 0; begin < positions.size(); begin += kTileSlots) {
    const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(kTileSlots, positions.size() - begin));
    Array<std::uint16_t> rows(std::size_t{count} * estimates.lanes);
    for (std::uint32_t i = 0; i < count; ++i)
      std::copy_n(estimates.row(positions[begin + i]), estimates.lanes, rows.data() + std::size_t{i} * estimates.lanes);
    sources.push_back(make_source(estimates.points.objective_count, estimates.lanes, false));
    path.build(ungrouped, {rows.data(), positions.data() + begin, nullptr, nullptr, count}, kNotAsked, sources.back());
  }
  return sources;
}

std::optional<std::vector<std::uint32_t>> without_the_weak(const Estimates& estimates, const Array<float>& strength,
                                                           const TilePath& path, const Progress& progress) {
  const std::uint32_t size = estimates.points.size;
  if (size < kFewRows) return std::nullopt;
  std::vector<std::uint32_t> strong = strongest(strength);
  drop_twins(estimates, strong);
  const std::vector<SourceTile> sources = few_sources(estimates, strong, path);
  const auto source_count = static_cast<std::uint32_t>(sources.size());
  std::uint32_t trial_left = 0;
  for (const std::uint32_t position : sample_positions(size, kTrial)) {
    std::uint32_t by = kNoRow;
    path.find_first_dominators(estimates, sources.data(), source_count, position, position + 1, &by);
    trial_left += by == kNoRow;
  }
  if (trial_left > std::min(size, kTrial) / 2) return std::nullopt;
  const std::uint32_t blocks = (size + kBlock - 1) / kBlock;
  std::vector<std::vector<std::uint32_t>> lists(blocks);
  tbb::parallel_for(0u, blocks, [&](std::uint32_t block) {
    progress.throw_if_stopped();
    const std::uint32_t begin = block * kBlock, end = std::min(size, begin + kBlock);
    std::uint32_t by[kBlock];
    path.find_first_dominators(estimates, sources.data(), source_count, begin, end, by);
    for (std::uint32_t i = begin; i < end; ++i)
      if (by[i - begin] == kNoRow) lists[block].push_back(i);
  });
  std::vector<std::uint32_t> left;
  for (const auto& list : lists) left.insert(left.end(), list.begin(), list.end());
  return left;
}

}  // namespace carbonfront
