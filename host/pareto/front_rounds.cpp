// The front of many objectives: the strongest rows against all, then more of them against who is left, then all that are
// left against each other. Whoever is dominated is dominated by a row that is left, so every round may forget whom it beat.

#include <algorithm>
#include <numeric>
#include <vector>

#include "host/pareto/engine.hpp"
#include "host/pareto/members.hpp"

namespace carbonfront {
namespace {

/// Rows below which rounds do not pay.
constexpr std::size_t kFewRows = 4096;

/// Picks about one in `part` of the places: those with the lowest sums of ranks. Keeps their order.
std::vector<std::uint32_t> strongest(RankColumns columns, const std::vector<std::uint32_t>& places, std::size_t part) {
  std::vector<std::uint64_t> sums(places.size());
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, places.size(), 1 << 13), [&](const auto& range) {
    for (std::uint32_t k = 0; k < columns.count(); ++k) {
      for (std::size_t i = range.begin(); i < range.end(); ++i) sums[i] += columns.rank(k, places[i]);
    }
  });
  std::vector<std::uint64_t> sorted = sums;
  const auto bound = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / part);
  std::nth_element(sorted.begin(), bound, sorted.end());
  std::vector<std::uint32_t> picked;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (sums[i] < *bound) picked.push_back(places[i]);
  }
  return picked;
}

/// Removes from `places` whoever one of `sources` dominates.
void remove_dominated(RankColumns columns, const std::vector<std::uint32_t>& sources, std::vector<std::uint32_t>& places) {
  const Cloud source_rows = take_cloud(columns, sources.data(), static_cast<std::uint32_t>(sources.size()));
  const Cloud query_rows = take_cloud(columns, places.data(), static_cast<std::uint32_t>(places.size()));
  std::vector<std::uint32_t> dominated(places.size(), 0);
  raise_by_dominators(source_rows, std::vector<std::uint32_t>(sources.size(), 1), query_rows, dominated, nullptr);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (!dominated[i]) places[kept++] = places[i];
  }
  places.resize(kept);
}

}  // namespace

std::vector<std::uint8_t> front_by_tiles(const Order& order, Progress& progress) {
  const RankColumns columns{order, true};
  std::vector<std::uint32_t> places = run_starts(order);
  sort_by_neighbourhood({order, false}, places);
  for (const std::size_t part : {64, 8}) {
    const std::size_t before = places.size();
    if (before < kFewRows) break;
    remove_dominated(columns, strongest(columns, places, part), places);
    if (before - places.size() < before / 16) break;  // a front this large has no strong rows
  }
  std::vector<std::uint8_t> front(order.size, 0);
  for (const std::uint32_t place : places) front[place] = 1;
  const std::vector<std::uint32_t> ranks = ranks_by_halves(order, std::move(places), 1, progress);
  for (std::uint32_t place = 0; place < order.size; ++place) front[place] &= ranks[place] == 0;
  return front;
}

}  // namespace carbonfront
