#include "host/pareto/make_tiles.hpp"

#include <algorithm>

#include "host/pareto/transpose.hpp"

namespace carbonfront {
namespace {

/// Lays the tiles out: where each begins, and room for all rows.
AlignedTiles lay_out(const Estimates& estimates, const std::vector<std::uint32_t>& starts, TilesFor answer) {
  AlignedTiles tiles;
  tiles.estimates = &estimates;
  tiles.objectives = estimates.points.objective_count;
  tiles.lanes = estimates.lanes;
  tiles.grouped = estimates.points.group != nullptr;
  std::uint32_t slots = 0;
  for (std::size_t t = 0; t + 1 < starts.size(); ++t) {
    Tile tile;
    tile.begin = slots;
    tile.made_of = tile.rows = starts[t + 1] - starts[t];
    tile.room = (tile.rows + kSlotBlock - 1) / kSlotBlock * kSlotBlock;
    slots += tile.room;
    tiles.tiles.push_back(tile);
  }
  tiles.low.assign(tiles.tiles.size() * tiles.lanes, 0);
  tiles.high.assign(tiles.low.size(), 0);
  tiles.columns.resize(std::size_t{slots} * tiles.objectives);
  tiles.rows.resize(std::size_t{slots} * tiles.lanes);
  tiles.position.resize(slots);
  if (tiles.grouped) tiles.group.resize(slots);
  if (answer == TilesFor::ranks) {
    tiles.rank.resize(slots);
  } else {
    tiles.open.resize(slots / kSlotBlock);
    tiles.alive.resize(slots / kSlotBlock);
  }
  return tiles;
}

/// Takes a tile's rows by their words. `names`: as z_order().
void take_rows(AlignedTiles& tiles, const Tile& tile, const KeyedRows& order, std::uint32_t start,
               const std::uint32_t* names) {
  constexpr std::uint32_t kAhead = 16;
  const Estimates& estimates = *tiles.estimates;
  const auto position_of = [&](std::uint32_t i) {
    const std::uint32_t place = order.row(start + i);
    return names ? names[place] : place;
  };
  std::uint16_t* row = tiles.rows.data() + std::size_t{tile.begin} * tiles.lanes;
  for (std::uint32_t i = 0; i < tile.rows; ++i, row += tiles.lanes) {
    if (i + kAhead < tile.rows) __builtin_prefetch(estimates.row(position_of(i + kAhead)));
    const std::uint32_t position = position_of(i);
    tiles.position[tile.begin + i] = position;
    std::copy_n(estimates.row(position), tiles.lanes, row);
  }
  std::fill_n(row, (tile.room - tile.rows) * tiles.lanes, std::uint16_t{0});
}

/// Fills the columns and the box of a tile that has its rows.
void fill_columns(AlignedTiles& tiles, std::uint32_t t) {
  const Tile& tile = tiles.tiles[t];
  const std::uint16_t* rows = tiles.rows.data() + std::size_t{tile.begin} * tiles.lanes;
  std::uint16_t* columns = tiles.columns.data() + std::size_t{tile.begin} * tiles.objectives;
  for (std::uint32_t lane = 0; lane < tiles.lanes; lane += 8) {
    std::uint16_t block[8 * kTileSlots];
    for (std::uint32_t i = 0; i < tile.room; i += 8)
      transpose(rows + std::size_t{i} * tiles.lanes + lane, tiles.lanes, block + i, kTileSlots);
    for (std::uint32_t k = lane; k < std::min(lane + 8, tiles.objectives); ++k) {
      const std::uint16_t* column = block + (k - lane) * kTileSlots;
      std::copy_n(column, tile.room, columns + std::size_t{k} * tile.room);
      const auto [low, high] = std::minmax_element(column, column + tile.rows);
      tiles.low[std::size_t{t} * tiles.lanes + k] = *low;
      tiles.high[std::size_t{t} * tiles.lanes + k] = *high;
    }
  }
}

/// Says of a tile's slots which are asked about. `proven` by position, or null.
void mark_slots(AlignedTiles& tiles, const Tile& tile, const std::uint8_t* proven) {
  const auto asked = [&](std::uint32_t i) { return i < tile.rows && !(proven && proven[tiles.position[tile.begin + i]]); };
  if (!tiles.rank.empty()) {
    for (std::uint32_t i = 0; i < tile.room; ++i) tiles.rank[tile.begin + i] = asked(i) ? 0 : kNotAsked;
    return;
  }
  for (std::uint32_t begin = 0; begin < tile.room; begin += kSlotBlock) {
    std::uint32_t open = 0, alive = 0;
    for (std::uint32_t i = 0; i < kSlotBlock; ++i) {
      open |= std::uint32_t{asked(begin + i)} << i;
      alive |= std::uint32_t{begin + i < tile.rows} << i;
    }
    tiles.open[(tile.begin + begin) / kSlotBlock] = open;
    tiles.alive[(tile.begin + begin) / kSlotBlock] = alive;
  }
}

/// Fills a tile.
void fill_tile(AlignedTiles& tiles, std::uint32_t t, const KeyedRows& order, std::uint32_t start, const std::uint32_t* names,
               const std::uint8_t* proven) {
  Tile& tile = tiles.tiles[t];
  take_rows(tiles, tile, order, start, names);
  fill_columns(tiles, t);
  mark_slots(tiles, tile, proven);
  if (!tiles.grouped) return;
  const std::uint32_t* group = tiles.estimates->points.group;
  for (std::uint32_t slot = tile.begin; slot < tile.begin + tile.rows; ++slot)
    tiles.group[slot] = group[tiles.position[slot]];
  tile.first_group = tiles.group[tile.begin];
  tile.last_group = tiles.group[tile.begin + tile.rows - 1];
}

}  // namespace

AlignedTiles make_tiles(const Estimates& estimates, const ZOrder& order, const std::vector<std::uint32_t>* names,
                        const std::uint8_t* proven, TilesFor answer, const Progress& progress) {
  const std::vector<std::uint32_t> starts = trie_leaves(order.rows, order.size, order.key_bits, kTileSlots);
  AlignedTiles tiles = lay_out(estimates, starts, answer);
  for_tiles(tiles, 0, progress,
            [&](std::uint32_t t) { fill_tile(tiles, t, order.rows, starts[t], names ? names->data() : nullptr, proven); });
  return tiles;
}

bool may_reach(const AlignedTiles& tiles, std::uint32_t s, std::uint32_t t) {
  const Tile &source = tiles.tiles[s], &tile = tiles.tiles[t];
  if (tiles.grouped && (source.last_group < tile.first_group || source.first_group > tile.last_group)) return false;
  const std::uint16_t *low = tiles.low.data() + std::size_t{s} * tiles.lanes,
                      *high = tiles.high.data() + std::size_t{t} * tiles.lanes;
  return std::equal(low, low + tiles.lanes, high, [](std::uint16_t a, std::uint16_t b) { return a <= b; });
}

void build_source(const AlignedTiles& tiles, const Tile& tile, const TilePath& path, SourceTile& source) {
  source.first_group = tile.first_group, source.last_group = tile.last_group;
  path.build(tiles,
             {tiles.rows.data() + std::size_t{tile.begin} * tiles.lanes, tiles.position.data() + tile.begin,
              tiles.rank.data() + tile.begin, tiles.grouped ? tiles.group.data() + tile.begin : nullptr, tile.rows},
             kNotAsked, source);
}

void start_group(SourceGroup& group) {
  group.sources.clear();
  std::fill(group.corner.begin(), group.corner.end(), std::uint16_t{65535});
  group.first_group = ~0u, group.last_group = 0;
}

namespace {

void widen(const SourceTile& source, SourceGroup& group) {
  group.first_group = std::min(group.first_group, source.first_group);
  group.last_group = std::max(group.last_group, source.last_group);
  for (std::size_t lane = 0; lane < group.corner.size(); ++lane)
    group.corner[lane] = std::min(group.corner[lane], source.lowest[lane]);
}

}  // namespace

void prepend_source(const SourceTile& source, SourceGroup& group) {
  group.sources.insert(group.sources.begin(), &source);
  widen(source, group);
}

void append_source(const SourceTile& source, SourceGroup& group) {
  group.sources.push_back(&source);
  widen(source, group);
}

}  // namespace carbonfront
