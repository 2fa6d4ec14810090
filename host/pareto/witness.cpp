// The one row that shows why a row is dominated: the lowest non-dominated position of its group that dominates it.

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "host/pareto/engine.hpp"
#include "host/pareto/make_tiles.hpp"
#include "host/pareto/strong_rows.hpp"
#include "host/pareto/verdict.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kBlockRows = 1024;
constexpr std::uint32_t kFewMembers = 2 * kTileSlots;  // so few that sorting the other rows costs more than it saves
constexpr std::uint32_t kSourcesAtOnce = 16;

/// Lists the places between `begin` and `end` that start a non-dominated run. The first of a run has its lowest position.
std::vector<std::uint32_t> front_places(const Order& order, const Array<std::uint8_t>& nondominated, std::uint32_t begin,
                                        std::uint32_t end) {
  std::vector<std::uint32_t> places;
  for (std::uint32_t place = begin; place < end; ++place) {
    if (place % kBlockRows == 0) throw_if_stopped();
    if (order.run_start[place] == place && nondominated[order.position[place]]) places.push_back(place);
  }
  return places;
}

/// Calls `answer(place)` for the first place of every dominated run between `begin` and `end`, in parallel.
template <class Answer>
void for_dominated(const Order& order, const Array<std::uint8_t>& nondominated, std::uint32_t begin, std::uint32_t end,
                   Progress& progress, Answer answer) {
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(begin, end, kBlockRows), [&](const auto& range) {
    throw_if_stopped();
    for (std::uint32_t place = range.begin(); place < range.end(); ++place) {
      if (order.run_start[place] == place && !nondominated[order.position[place]]) answer(place);
    }
    progress.add(range.end() - range.begin());
  });
}

/// Lowest of an interval, by a tree over its leaves. [2 · leaves]: node i is the lower of nodes 2i and 2i + 1.
struct LowestTree {
  std::size_t leaves;
  std::vector<std::uint32_t> nodes;
};

LowestTree lowest_tree(const Order& order, const std::vector<std::uint32_t>& places) {
  LowestTree tree{places.size(), std::vector<std::uint32_t>(2 * places.size(), kNone)};
  for (std::size_t i = 0; i < places.size(); ++i) tree.nodes[tree.leaves + i] = order.position[places[i]];
  for (std::size_t i = tree.leaves; i-- > 1;) tree.nodes[i] = std::min(tree.nodes[2 * i], tree.nodes[2 * i + 1]);
  return tree;
}

std::uint32_t lowest_between(const LowestTree& tree, std::size_t begin, std::size_t end) {
  std::uint32_t lowest = kNone;
  for (begin += tree.leaves, end += tree.leaves; begin < end; begin /= 2, end /= 2) {
    if (begin % 2) lowest = std::min(lowest, tree.nodes[begin++]);
    if (end % 2) lowest = std::min(lowest, tree.nodes[--end]);
  }
  return lowest;
}

/// Two objectives: along the front, places rise and ranks in objective 2 fall, so a row's dominators are an interval.
std::vector<std::uint32_t> witnesses_by_interval(const Order& order, const Array<std::uint8_t>& nondominated,
                                                 Progress& progress) {
  const Array<std::uint32_t>& second = order.ranks[0];
  const std::vector<std::uint32_t> front = front_places(order, nondominated, 0, order.size);
  const LowestTree tree = lowest_tree(order, front);
  std::vector<std::uint32_t> witness(order.size, kNone);
  for_dominated(order, nondominated, 0, order.size, progress, [&](std::uint32_t place) {
    const auto end = std::lower_bound(front.begin(), front.end(), place);
    const auto begin =
        std::partition_point(front.begin(), end, [&](std::uint32_t member) { return second[member] > second[place]; });
    witness[place] = lowest_between(tree, begin - front.begin(), end - front.begin());
  });
  return witness;
}

/// Lists the positions whose mark is `value`.
std::vector<std::uint32_t> marked(const Array<std::uint8_t>& marks, std::uint8_t value) {
  std::vector<std::uint32_t> positions;
  for (std::uint32_t i = 0; i < marks.size(); ++i) {
    if (marks[i] == value) positions.push_back(i);
  }
  return positions;
}

/// The tiles of a front as sources. A row's rank is the higher the lower its position is: the highest one that dominates a
/// row is its witness.
struct Front {
  AlignedTiles tiles;
  std::vector<std::uint32_t> turn;  // tiles, those of the highest ranks first: after them the others have less to say
  std::vector<SourceTile> room;
  SourceGroup group;
};

Front front_of(const Estimates& estimates, const std::vector<std::uint32_t>& positions) {
  const ZOrder order = z_order(estimates, &positions);
  Front front{make_tiles(estimates, order, &positions, nullptr, TilesFor::ranks), {}, {}, {}};
  AlignedTiles& tiles = front.tiles;
  const std::uint32_t last = estimates.points.size - 1;
  for_rows(tiles, [&](std::uint32_t position, std::uint32_t slot) { tiles.rank[slot] = last - position; });
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
void next_sources(Front& front, std::uint32_t begin, const TilePath& path) {
  const auto count =
      std::min(static_cast<std::uint32_t>(front.room.size()), static_cast<std::uint32_t>(front.turn.size()) - begin);
  tbb::parallel_for(0u, count, [&](std::uint32_t s) {
    throw_if_stopped();
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
    throw_if_stopped();
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
  const ZOrder order = z_order(estimates, &dominated);
  AlignedTiles tiles = make_tiles(estimates, order, &dominated, nullptr, TilesFor::ranks);
  Front front = front_of(estimates, members);
  for (std::uint32_t begin = 0; begin < front.turn.size(); begin += static_cast<std::uint32_t>(front.room.size())) {
    next_sources(front, begin, path);
    for_tiles(tiles, 0, [&](std::uint32_t t) {
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
  const Estimates estimates = estimate_points(points, path);
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
  return by_position(order, witnesses_by_interval(order, nondominated, progress));
}

Array<std::uint32_t> find_witnesses(PointsView points, const Array<std::uint8_t>& nondominated, Progress& progress) {
  progress.begin("witness", points.size);
  return witnesses_by_tiles(points, nondominated, progress);
}

}  // namespace carbonfront
