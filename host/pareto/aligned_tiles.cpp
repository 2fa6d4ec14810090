#include "host/pareto/aligned_tiles.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_invoke.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <numeric>
#include <utility>

#include "host/pareto/opposed.hpp"
#include "host/pareto/strong_rows.hpp"
#include "host/pareto/verdict.hpp"
#include "host/pareto/z_order.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kMostSources = 16;  // tiles that settle together
constexpr std::uint32_t kTilesOfTask = 8;

enum class Answer { ranks, front };

/// Sixteen tiles as sources: 128 KiB of masks an objective, which the second cache holds of eight objectives; of more there
/// are fewer.
std::uint32_t sources_at_once(std::uint32_t objectives, std::size_t tiles) {
  const std::uint32_t most = std::clamp(8 * kMostSources / std::max(objectives, 1u), 4u, kMostSources);
  return std::clamp(static_cast<std::uint32_t>(tiles / 64), 1u, most);
}

/// Tiles on their way to an answer.
struct Settling {
  AlignedTiles& tiles;
  const TilePath& path;
  Answer answer;
  std::uint32_t limit;
  Progress& progress;
  std::atomic<std::uint64_t> met{0}, masked{0}, compared{0};

  void add(const TileWork& work) {
    met += work.met, masked += work.masked, compared += work.compared;
  }
};

/// Some tiles as sources, with room for them.
struct Sources {
  std::vector<SourceTile> room;
  SourceGroup group;
};

Sources room_for(const AlignedTiles& tiles, std::uint32_t count) {
  Sources sources;
  for (std::uint32_t s = 0; s < count; ++s) sources.room.push_back(make_source(tiles.objectives, tiles.lanes, tiles.grouped));
  sources.group.corner.resize(tiles.lanes);
  return sources;
}

void meet(Settling& work, std::uint32_t tile, const SourceGroup& group, TileWork& done) {
  (work.answer == Answer::ranks ? work.path.raise : work.path.kill)(work.tiles, tile, group, done);
}

/// Adds a source that is met next: those of higher ranks before the others, of a front the first before the others.
void add_source(const AlignedTiles& tiles, Answer answer, const SourceTile& source, SourceGroup& group) {
  if (group.sources.empty()) {
    std::fill(group.corner.begin(), group.corner.end(), std::uint16_t{65535});
    group.first_group = source.first_group;
  }
  group.sources.insert(answer == Answer::ranks ? group.sources.begin() : group.sources.end(), &source);
  group.last_group = source.last_group;
  for (std::uint32_t lane = 0; lane < tiles.lanes; ++lane)
    group.corner[lane] = std::min(group.corner[lane], source.lowest[lane]);
}

/// Settles the tiles [begin, end), which have met all sources before them, and makes them sources.
void settle_together(Settling& work, std::uint32_t begin, std::uint32_t end, Sources& sources) {
  TileWork done;
  sources.group.sources.clear();
  for (std::uint32_t t = begin; t < end; ++t) {
    if (!sources.group.sources.empty()) meet(work, t, sources.group, done);
    SourceTile& source = sources.room[t - begin];
    const std::uint32_t rows = work.tiles.tiles[t].rows;
    if (work.answer == Answer::ranks) {
      work.path.settle(work.tiles, t, work.limit, source, done);
    } else {
      work.path.settle_front(work.tiles, t, source, done);
    }
    if (source.rows > 0) add_source(work.tiles, work.answer, source, sources.group);
    work.progress.add(rows);
  }
  work.add(done);
}

/// Lets the tiles [begin, end) meet sources that come before all of them.
void meet_all(Settling& work, std::uint32_t begin, std::uint32_t end, const SourceGroup& group) {
  if (begin >= end || group.sources.empty()) return;
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(begin, end, kTilesOfTask), [&](const auto& range) {
    throw_if_stopped();
    TileWork done;
    for (std::uint32_t t = range.begin(); t < range.end(); ++t) meet(work, t, group, done);
    work.add(done);
  });
}

/// Settles all tiles.
void settle_all(Settling& work) {
  const auto count = static_cast<std::uint32_t>(work.tiles.tiles.size());
  if (count == 0) return;
  const std::uint32_t at_once = sources_at_once(work.tiles.objectives, count);
  std::array<Sources, 2> sources{room_for(work.tiles, at_once), room_for(work.tiles, at_once)};
  const auto end_of = [&](std::uint32_t begin) { return begin + std::min(at_once, count - begin); };
  settle_together(work, 0, end_of(0), sources[0]);
  for (std::uint32_t next = end_of(0), turn = 0; next < count; turn ^= 1) {
    const std::uint32_t after = end_of(next);
    meet_all(work, next, after, sources[turn].group);
    tbb::parallel_invoke([&] { settle_together(work, next, after, sources[turn ^ 1]); },
                         [&] { meet_all(work, after, count, sources[turn].group); });
    next = after;
  }
}

// ---------------------------------------------------------------- tiles of an order

/// Lays the tiles out: where each begins, and room for all rows.
AlignedTiles lay_out(const Estimates& estimates, const std::vector<std::uint32_t>& starts, Answer answer) {
  AlignedTiles tiles;
  tiles.estimates = &estimates;
  tiles.objectives = estimates.points.objective_count;
  tiles.lanes = estimates.lanes;
  tiles.grouped = estimates.points.group != nullptr;
  std::uint32_t slots = 0;
  for (std::size_t t = 0; t + 1 < starts.size(); ++t) {
    Tile tile;
    tile.begin = slots;
    tile.rows = starts[t + 1] - starts[t];
    tile.room = (tile.rows + kSlotBlock - 1) / kSlotBlock * kSlotBlock;
    slots += tile.room;
    tiles.tiles.push_back(tile);
  }
  tiles.low.resize(tiles.tiles.size() * tiles.lanes);
  tiles.high.resize(tiles.low.size());
  tiles.columns.resize(std::size_t{slots} * tiles.objectives);
  tiles.rows.resize(std::size_t{slots} * tiles.lanes);
  tiles.position.resize(slots);
  if (tiles.grouped) tiles.group.resize(slots);
  if (answer == Answer::ranks) {
    tiles.rank.resize(slots);
  } else {
    tiles.open.resize(slots / kSlotBlock);
    tiles.alive.resize(slots / kSlotBlock);
  }
  return tiles;
}

void find_box(AlignedTiles& tiles, std::uint32_t t) {
  const Tile& tile = tiles.tiles[t];
  std::uint16_t *low = tiles.low.data() + std::size_t{t} * tiles.lanes,
                *high = tiles.high.data() + std::size_t{t} * tiles.lanes;
  std::fill(low, low + tiles.lanes, std::uint16_t{65535});
  std::fill(high, high + tiles.lanes, std::uint16_t{0});
  const std::uint16_t* row = tiles.rows.data() + std::size_t{tile.begin} * tiles.lanes;
  for (std::uint32_t i = 0; i < tile.rows; ++i, row += tiles.lanes) {
    for (std::uint32_t lane = 0; lane < tiles.lanes; ++lane) {
      low[lane] = std::min(low[lane], row[lane]);
      high[lane] = std::max(high[lane], row[lane]);
    }
  }
}

/// Fills a tile with rows by their words. `names`: as z_order().
void fill_tile(AlignedTiles& tiles, std::uint32_t t, const KeyedRows& order, std::uint32_t start, const std::uint32_t* names,
               const std::uint8_t* proven) {
  Tile& tile = tiles.tiles[t];
  const Estimates& estimates = *tiles.estimates;
  std::uint16_t* columns = tiles.columns.data() + std::size_t{tile.begin} * tiles.objectives;
  for (std::uint32_t i = 0; i < tile.rows; ++i) {
    const std::uint32_t place = order.row(start + i), position = names ? names[place] : place;
    const std::uint16_t* row = estimates.row(position);
    tiles.position[tile.begin + i] = position;
    std::copy_n(row, tiles.lanes, tiles.rows.data() + std::size_t{tile.begin + i} * tiles.lanes);
    for (std::uint32_t k = 0; k < tiles.objectives; ++k) columns[k * tile.room + i] = row[k];
  }
  for (std::uint32_t k = 0; k < tiles.objectives; ++k)
    std::fill(columns + k * tile.room + tile.rows, columns + (k + 1) * tile.room, std::uint16_t{0});
  const std::uint32_t* position = tiles.position.data() + tile.begin;
  if (tiles.grouped) {
    for (std::uint32_t i = 0; i < tile.rows; ++i) tiles.group[tile.begin + i] = estimates.points.group[position[i]];
    tile.first_group = tiles.group[tile.begin];
    tile.last_group = tiles.group[tile.begin + tile.rows - 1];
  }
  const auto asked = [&](std::uint32_t i) { return i < tile.rows && !(proven && proven[position[i]]); };
  for (std::uint32_t i = 0; i < tile.room; ++i) {
    if (!tiles.rank.empty()) {
      tiles.rank[tile.begin + i] = asked(i) ? 0 : kNotAsked;
      continue;
    }
    std::uint32_t &open = tiles.open[(tile.begin + i) / kSlotBlock], &alive = tiles.alive[(tile.begin + i) / kSlotBlock];
    if (i % kSlotBlock == 0) open = alive = 0;
    open |= std::uint32_t{asked(i)} << i % kSlotBlock;
    alive |= std::uint32_t{i < tile.rows} << i % kSlotBlock;
  }
  find_box(tiles, t);
}

/// Makes tiles of the rows of an order. `proven` by position, or null: rows that nothing dominates.
AlignedTiles make_tiles(const Estimates& estimates, const ZOrder& order, const std::vector<std::uint32_t>* names,
                        const std::uint8_t* proven, Answer answer) {
  const std::vector<std::uint32_t> starts = trie_leaves(order.rows, order.size, order.key_bits, kTileSlots);
  AlignedTiles tiles = lay_out(estimates, starts, answer);
  const auto count = static_cast<std::uint32_t>(tiles.tiles.size());
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, count, kTilesOfTask), [&](const auto& range) {
    throw_if_stopped();
    for (std::uint32_t t = range.begin(); t < range.end(); ++t)
      fill_tile(tiles, t, order.rows, starts[t], names ? names->data() : nullptr, proven);
  });
  return tiles;
}

bool all_set(const Array<std::uint8_t>& marks) {
  return std::all_of(marks.begin(), marks.end(), [](std::uint8_t mark) { return mark != 0; });
}

void give_work(const Settling& work, TileWork* out) {
  if (out) *out = {work.met, work.masked, work.compared};
}

/// Calls `use(position, slot)` for all rows of all tiles, in parallel.
template <class Use>
void for_rows(const AlignedTiles& tiles, Use use) {
  const auto count = static_cast<std::uint32_t>(tiles.tiles.size());
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, count, kTilesOfTask), [&](const auto& range) {
    for (std::uint32_t t = range.begin(); t < range.end(); ++t) {
      const Tile& tile = tiles.tiles[t];
      for (std::uint32_t slot = tile.begin; slot < tile.begin + tile.rows; ++slot) use(tiles.position[slot], slot);
    }
  });
}

}  // namespace

Array<std::uint32_t> ranks_by_tiles(PointsView points, std::uint32_t max_rank, Progress& progress, const TilePath& path,
                                    TileWork* work) {
  const std::optional<Array<std::uint8_t>> proven = proven_by_two_columns(points, progress);
  progress.begin("rank", points.size);
  if (proven && all_set(*proven)) return Array<std::uint32_t>(points.size, 0u);
  const std::uint32_t limit = max_rank == 0 ? kNotAsked : std::min(max_rank, kNotAsked);
  Estimates estimates = estimate_points(points, path);
  ZOrder order = z_order(estimates, nullptr);
  AlignedTiles tiles = make_tiles(estimates, order, nullptr, proven ? proven->data() : nullptr, Answer::ranks);
  estimates.rows = {};
  order.rows = {};
  Settling settling{tiles, path, Answer::ranks, limit, progress};
  settle_all(settling);
  give_work(settling, work);
  Array<std::uint32_t> ranks(points.size);
  for_rows(tiles, [&](std::uint32_t position, std::uint32_t slot) {
    ranks[position] = tiles.rank[slot] == limit ? kNone : tiles.rank[slot];
  });
  for (const auto& [twin, first] : order.twins) ranks[twin] = ranks[first];
  return ranks;
}

Array<std::uint8_t> front_by_tiles(PointsView points, Progress& progress, const TilePath& path, TileWork* work) {
  const std::optional<Array<std::uint8_t>> proven = proven_by_two_columns(points, progress);
  progress.begin("front", points.size);
  if (proven && all_set(*proven)) return Array<std::uint8_t>(points.size, std::uint8_t{1});
  Array<float> strength(points.group ? 0 : points.size);
  Estimates estimates = estimate_points(points, path, points.group ? nullptr : strength.data());
  std::optional<std::vector<std::uint32_t>> left;
  if (!points.group) left = without_the_weak(estimates, strength, path);
  strength = {};
  ZOrder order = z_order(estimates, left ? &*left : nullptr);
  AlignedTiles tiles = make_tiles(estimates, order, left ? &*left : nullptr, proven ? proven->data() : nullptr, Answer::front);
  estimates.rows = {};
  order.rows = {};
  Settling settling{tiles, path, Answer::front, kNotAsked, progress};
  settle_all(settling);
  give_work(settling, work);
  Array<std::uint8_t> front(points.size, std::uint8_t{0});
  for_rows(tiles, [&](std::uint32_t position, std::uint32_t) { front[position] = 1; });
  for (const auto& [twin, first] : order.twins) front[twin] = front[first];
  return front;
}

std::uint64_t tile_bytes(std::uint32_t objectives, bool grouped) {
  const std::uint64_t lanes = (objectives + 7) / 8 * 8, slot = 2 * (objectives + lanes) + 8 + (grouped ? 4 : 0);
  return estimate_bytes(objectives) + 16 + 8 + slot * 3 / 2;  // rooms of tiles are half as large again at most
}

}  // namespace carbonfront
