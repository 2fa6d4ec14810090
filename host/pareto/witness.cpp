// The one row that shows why a row is dominated: the lowest non-dominated position of its group that dominates it.

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "carbonfront/verdict.hpp"
#include "host/pareto/engine.hpp"
#include "host/pareto/make_tiles.hpp"
#include "host/pareto/strong_rows.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kBlockRows = 1024;
constexpr std::uint32_t kFewMembers = 2 * kTileSlots;  // so few that sorting the other rows costs more than it saves
constexpr std::uint32_t kSourcesAtOnce = 16;

/// Lists the places that start a non-dominated run. The first of a run has its lowest position.
std::vector<std::uint32_t> front_places(const Order& order, const Array<std::uint8_t>& nondominated,
                                        const Progress& progress) {
  constexpr std::uint32_t kPlaces = 1 << 16;
  std::vector<std::vector<std::uint32_t>> found((order.size + kPlaces - 1) / kPlaces);
  tbb::parallel_for(std::size_t{0}, found.size(), [&](std::size_t block) {
    progress.throw_if_stopped();
    const auto begin = static_cast<std::uint32_t>(block * kPlaces), end = std::min(order.size, begin + kPlaces);
    for (std::uint32_t place = begin; place < end; ++place)
      if (order.run_start[place] == place && nondominated[order.position[place]]) found[block].push_back(place);
  });
  std::vector<std::uint32_t> places;
  for (const auto& block : found) places.insert(places.end(), block.begin(), block.end());
  return places;
}

/// Monotonic stack of a sweep along the front of two objectives: of the members met so far those that no later one of a
/// lower position follows. From the bottom up, positions rise and ranks in objective 2 fall.
struct SuffixMinima {
  std::vector<std::uint32_t> second, position;

  void push(std::uint32_t rank, std::uint32_t at) {
    while (!position.empty() && position.back() > at) second.pop_back(), position.pop_back();
    second.push_back(rank), position.push_back(at);
  }
  /// The lowest position of those whose rank is below `rank`; kNone where there is none. O(log size), without branches.
  std::uint32_t lowest_below(std::uint32_t rank) const {
    std::size_t base = 0;
    for (std::size_t left = second.size(); left > 1;) {
      const std::size_t half = left / 2;
      base += second[base + half - 1] > rank ? half : 0;
      left -= half;
    }
    return base < second.size() && second[base] < rank ? position[base] : kNone;
  }
};

/// Of each member of the front the last one before it with a lower position, or kNone: what lies below it on the stack.
std::vector<std::uint32_t> below_on_stack(const Order& order, const std::vector<std::uint32_t>& front) {
  std::vector<std::uint32_t> below(front.size(), kNone);
  for (std::uint32_t i = 1; i < front.size(); ++i) {
    std::uint32_t at = i - 1;
    while (at != kNone && order.position[front[at]] > order.position[front[i]]) at = below[at];
    below[i] = at;
  }
  return below;
}

/// Two objectives: along the front, places rise and ranks in objective 2 fall, so a row's dominators are an interval that
/// ends with the last member before it. One sweep in place order finds the lowest position of each; every part of the places
/// starts with the stack that the sweep would have there, which may be the whole front: so they are few, a few a thread.
std::vector<std::uint32_t> witnesses_by_sweep(const Order& order, const Array<std::uint8_t>& nondominated,
                                              Progress& progress) {
  const Array<std::uint32_t>& second = order.ranks[0];
  const std::vector<std::uint32_t> front = front_places(order, nondominated, progress), below = below_on_stack(order, front);
  std::vector<std::uint32_t> witness(order.size);
  const auto threads = static_cast<std::uint32_t>(tbb::this_task_arena::max_concurrency());
  const std::uint32_t part = std::max(16 * kBlockRows, order.size / (4 * threads));
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, order.size, part), [&](const auto& range) {
    progress.throw_if_stopped();
    auto next = static_cast<std::uint32_t>(std::lower_bound(front.begin(), front.end(), range.begin()) - front.begin());
    std::vector<std::uint32_t> members;
    for (std::uint32_t i = next == 0 ? kNone : next - 1; i != kNone; i = below[i]) members.push_back(i);
    SuffixMinima stack;
    for (std::size_t i = members.size(); i-- > 0;) stack.push(second[front[members[i]]], order.position[front[members[i]]]);
    for (std::uint32_t place = range.begin(); place < range.end(); ++place) {
      if (place % kBlockRows == 0) progress.throw_if_stopped();
      witness[place] = kNone;
      if (order.run_start[place] != place) continue;
      if (next < front.size() && front[next] == place) {
        stack.push(second[place], order.position[place]);
        ++next;
      } else {
        witness[place] = stack.lowest_below(second[place]);
      }
    }
    progress.add(range.end() - range.begin());
  });
  return witness;
}

/// The tiles of a front as sources. A row's rank is the higher the lower its position is: the highest one that dominates a
/// row is its witness.
struct Front {
  AlignedTiles tiles;
  std::vector<std::uint32_t> turn;  // tiles, those of the highest ranks first: after them the others have less to say
  std::vector<SourceTile> room;
  SourceGroup group;
};

Front front_of(const Estimates& estimates, const std::vector<std::uint32_t>& positions, const Progress& progress) {
  const ZOrder order = z_order(estimates, &positions, progress);
  Front front{make_tiles(estimates, order, &positions, nullptr, TilesFor::ranks, progress), {}, {}, {}};
  AlignedTiles& tiles = front.tiles;
  const std::uint32_t last = estimates.points.size - 1;
  for_rows(tiles, progress, [&](std::uint32_t position, std::uint32_t slot) { tiles.rank[slot] = last - position; });
  std::vector<std::uint32_t> highest;
  for (const Tile& tile : tiles.tiles)
    highest.push_back(*std::max_element(tiles.rank.begin() + tile.begin, tiles.rank.begin() + tile.begin + tile.rows));
  front.turn.resize(highest.size());
  std::iota(front.turn.begin(), front.turn.end(), 0u);
  std::stable_sort(front.turn.begin(), front.turn.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return highest[a] > highest[b]; });
  for (std::uint32_t s = 0; s < std::min<std::size_t>(kSourcesAtOnce, highest.size()); ++s)
    front.room.push_back(make_source(tiles.objectives, tiles.lanes, tiles.grouped));
  front.group.corner.resize(tiles.lanes);
  return front;
}

/// Makes sources of the next tiles of a front, from turn `begin` on.
void next_sources(Front& front, std::uint32_t begin, const TilePath& path, const Progress& progress) {
  const auto count =
      std::min(static_cast<std::uint32_t>(front.room.size()), static_cast<std::uint32_t>(front.turn.size()) - begin);
  tbb::parallel_for(0u, count, [&](std::uint32_t s) {
    progress.throw_if_stopped();
    build_source(front.tiles, front.tiles.tiles[front.turn[begin + s]], path, front.room[s]);
  });
  start_group(front.group);
  for (std::uint32_t s = 0; s < count; ++s) append_source(front.room[s], front.group);
}

/// Few rows of a front, lowest positions first: the first that dominates a row is its witness.
void find_among_few(const Estimates& estimates, const std::vector<std::uint32_t>& members, const TilePath& path,
                    Array<std::uint32_t>& witness, Progress& progress) {
  const std::vector<SourceTile> sources = few_sources(estimates, members, path);
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, estimates.points.size, kBlockRows), [&](const auto& range) {
    progress.throw_if_stopped();
    path.find_first_dominators(estimates, sources.data(), static_cast<std::uint32_t>(sources.size()), range.begin(),
                               range.end(), witness.data() + range.begin());
    progress.add(range.size());
  });
}

/// The front's rows by tiles against those that are dominated.
void find_among_many(const Estimates& estimates, const std::vector<std::uint32_t>& members,
                     const std::vector<std::uint32_t>& dominated, const TilePath& path, Array<std::uint32_t>& witness,
                     Progress& progress) {
  const std::uint32_t size = estimates.points.size;
  const ZOrder order = z_order(estimates, &dominated, progress);
  AlignedTiles tiles = make_tiles(estimates, order, &dominated, nullptr, TilesFor::ranks, progress);
  Front front = front_of(estimates, members, progress);
  for (std::uint32_t begin = 0; begin < front.turn.size(); begin += static_cast<std::uint32_t>(front.room.size())) {
    next_sources(front, begin, path, progress);
    for_tiles(tiles, 0, progress, [&](std::uint32_t t) {
      TileWork work;
      path.raise(tiles, t, front.group, work);
    });
    const std::uint64_t met = begin + front.group.sources.size();
    progress.add(size * met / front.turn.size() - size * std::uint64_t{begin} / front.turn.size());
  }
  for (const Tile& tile : tiles.tiles) {
    for (std::uint32_t slot = tile.begin; slot < tile.begin + tile.rows; ++slot)
      witness[tiles.position[slot]] = size - std::max(tile.base, tiles.rank[slot]);
  }
  for (const auto& [twin, first] : order.twins) witness[twin] = witness[first];
}

/// Three objectives and more.
Array<std::uint32_t> witnesses_by_tiles(PointsView points, const Array<std::uint8_t>& nondominated, Progress& progress) {
  const TilePath& path = best_tile_path();
  const std::vector<std::uint32_t> members = marked(nondominated, 1), dominated = marked(nondominated, 0);
  Array<std::uint32_t> witness(points.size, kNone);
  if (dominated.empty()) {
    progress.add(points.size);
    return witness;
  }
  const Estimates estimates = estimate_points(points, path, progress);
  if (points.group || members.size() > kFewMembers) {
    find_among_many(estimates, members, dominated, path, witness, progress);
  } else {
    find_among_few(estimates, members, path, witness, progress);
  }
  return witness;
}

}  // namespace

Array<std::uint32_t> find_witnesses(const Order& order, const Array<std::uint8_t>& nondominated, Progress& progress) {
  progress.begin("witness", order.size);
  return by_position(order, witnesses_by_sweep(order, nondominated, progress), progress);
}

Array<std::uint32_t> find_witnesses(PointsView points, const Array<std::uint8_t>& nondominated, Progress& progress) {
  progress.begin("witness", points.size);
  return witnesses_by_tiles(points, nondominated, progress);
}

}  // namespace carbonfront
