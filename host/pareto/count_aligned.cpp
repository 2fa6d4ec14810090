#include "host/pareto/count_aligned.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_invoke.h>

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "carbonfront/points.hpp"
#include "host/pareto/z_order.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kBlock = 1 << 12;
constexpr std::uint32_t kSources = 4;  // met while they are in the second cache
constexpr std::uint32_t kTilesOfTask = 16;
constexpr std::uint32_t kSampledPairs = 4096;

/// Tiles of ranks. Columns are the place, then the order's ranks; those of tile t, in slot order, from begin[t] · columns
/// on.
struct RankTiles {
  std::uint32_t columns = 0;
  std::vector<std::uint32_t> begin, rows;  // [tiles] first slot, a multiple of kSlotBlock; rows
  Array<std::uint32_t> ranks;
  std::vector<std::uint32_t> low, high;  // [tiles][columns]
  Array<std::uint32_t> counts;           // [slots] but for `base`
  std::vector<std::uint32_t> base;       // [tiles] sources below all rows

  std::uint32_t size() const { return static_cast<std::uint32_t>(rows.size()); }
  CountQueries queries(std::uint32_t t) const {
    const std::uint32_t room = (rows[t] + kSlotBlock - 1) / kSlotBlock * kSlotBlock;
    return {ranks.data() + std::size_t{begin[t]} * columns, room, rows[t]};
  }
};

std::uint32_t rank_at(const Order& order, std::uint32_t column, std::uint32_t place) {
  return column == 0 ? place : order.ranks[column - 1][place];
}

/// Sorts the places by the Z keys of their ranks.
KeyedRows z_sorted(const Order& order, std::uint32_t columns, int& key_bits, const Progress& progress) {
  KeyedRows rows = keyed_rows(order.size);
  int bits = 0;
  const Interleaving z_key = interleaving(columns, 0, 64 - rows.row_bits, bits);
  key_bits = bits > 0 ? bits * static_cast<int>(columns) : 64 - rows.row_bits;
  const int up = 32 - std::bit_width(order.size);  // to the top of 32 bits
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, order.size, kBlock), [&](const auto& range) {
    progress.throw_if_stopped();
    std::uint16_t leading[kMostObjectives];
    for (std::uint32_t place = range.begin(); place < range.end(); ++place) {
      for (std::uint32_t k = 0; k < columns; ++k)
        leading[k] = static_cast<std::uint16_t>(rank_at(order, k, place) << up >> 16);
      rows.set(place, z_key.key(leading), place);
    }
  });
  sort_by_key(rows, 0, order.size, progress);
  rows.spare = {};
  return rows;
}

void fill_tile(const Order& order, const KeyedRows& rows, std::uint32_t start, std::uint32_t t, RankTiles& tiles) {
  const CountQueries queries = tiles.queries(t);
  std::uint32_t* ranks = tiles.ranks.data() + std::size_t{tiles.begin[t]} * tiles.columns;
  for (std::uint32_t k = 0; k < tiles.columns; ++k) {
    std::uint32_t *column = ranks + std::size_t{k} * queries.stride, low = ~0u, high = 0;
    for (std::uint32_t i = 0; i < queries.rows; ++i) {
      column[i] = rank_at(order, k, rows.row(start + i));
      low = std::min(low, column[i]);
      high = std::max(high, column[i]);
    }
    std::fill(column + queries.rows, column + queries.stride, 0u);
    tiles.low[std::size_t{t} * tiles.columns + k] = low;
    tiles.high[std::size_t{t} * tiles.columns + k] = high;
  }
  std::fill_n(tiles.counts.begin() + tiles.begin[t], queries.stride, 0u);
}

RankTiles rank_tiles(const Order& order, const Progress& progress) {
  RankTiles tiles;
  tiles.columns = static_cast<std::uint32_t>(order.ranks.size()) + 1;
  int key_bits = 0;
  const KeyedRows rows = z_sorted(order, tiles.columns, key_bits, progress);
  const std::vector<std::uint32_t> starts = trie_leaves(rows, order.size, key_bits, kTileSlots);
  std::uint32_t slots = 0;
  for (std::size_t t = 0; t + 1 < starts.size(); ++t) {
    tiles.begin.push_back(slots);
    tiles.rows.push_back(starts[t + 1] - starts[t]);
    slots += (tiles.rows.back() + kSlotBlock - 1) / kSlotBlock * kSlotBlock;
  }
  tiles.ranks.resize(std::size_t{slots} * tiles.columns);
  tiles.counts.resize(slots);
  tiles.low.resize(std::size_t{tiles.size()} * tiles.columns);
  tiles.high.resize(tiles.low.size());
  tiles.base.assign(tiles.size(), 0);
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, tiles.size(), kTilesOfTask), [&](const auto& range) {
    progress.throw_if_stopped();
    for (std::uint32_t t = range.begin(); t < range.end(); ++t) fill_tile(order, rows, starts[t], t, tiles);
  });
  return tiles;
}

/// Lists the columns in which a row of source tile `s` may not be below a row of tile `t`. False if no source can be below
/// any.
bool open_columns(const RankTiles& tiles, std::uint32_t s, std::uint32_t t, std::uint16_t* open, std::uint32_t& count) {
  const std::uint32_t *low = tiles.low.data() + std::size_t{s} * tiles.columns,
                      *high = tiles.high.data() + std::size_t{t} * tiles.columns;
  for (std::uint32_t k = 0; k < tiles.columns; ++k) {
    if (low[k] >= high[k]) return false;
  }
  const std::uint32_t *source_high = tiles.high.data() + std::size_t{s} * tiles.columns,
                      *own_low = tiles.low.data() + std::size_t{t} * tiles.columns;
  count = 0;
  for (std::uint32_t k = 0; k < tiles.columns; ++k) {
    if (source_high[k] >= own_low[k]) open[count++] = static_cast<std::uint16_t>(k);
  }
  return true;
}

/// What part of the pairs of tiles their boxes leave undecided, by a sample.
double undecided_part(const RankTiles& tiles) {
  std::uint32_t undecided = 0, turn = 0;
  for (std::uint32_t i = 0; i < kSampledPairs; ++i) {
    const auto any = [&] { return static_cast<std::uint32_t>(std::uint64_t{turn += 0x9E3779B9u} * tiles.size() >> 32); };
    const std::uint32_t a = any(), b = any();
    std::uint16_t open[kMostObjectives];
    std::uint32_t count = 0;
    undecided += open_columns(tiles, std::min(a, b), std::max(a, b), open, count) && count > 0;
  }
  return static_cast<double>(undecided) / kSampledPairs;
}

/// Some tiles as sources.
struct Sources {
  std::uint32_t first = 0, count = 0;
  std::vector<CountSource> tiles;
};

CountSource make_count_source(std::uint32_t columns) {
  CountSource source;
  source.columns = columns;
  for (auto* each : {&source.low, &source.high, &source.shift}) each->resize(columns);
  source.before.resize(std::size_t{columns} * CountSource::kBuckets);
  source.sorted.resize(std::size_t{columns} * (kTileSlots + 1));
  source.prefix.resize(std::size_t{columns} * (kTileSlots + 1));
  return source;
}

void build(const RankTiles& tiles, std::uint32_t first, const TilePath& path, Sources& sources) {
  sources.first = first;
  sources.count = std::min(kSources, tiles.size() - std::min(tiles.size(), first));
  while (sources.tiles.size() < sources.count) sources.tiles.push_back(make_count_source(tiles.columns));
  tbb::parallel_for(0u, sources.count,
                    [&](std::uint32_t s) { path.build_count(tiles.queries(first + s), sources.tiles[s]); });
}

/// Adds some sources to the counts of a tile.
void add(const Sources& sources, std::uint32_t t, const TilePath& path, RankTiles& tiles) {
  std::uint16_t open[kMostObjectives];
  std::uint32_t open_count = 0;
  for (std::uint32_t s = 0; s < sources.count && sources.first + s <= t; ++s) {
    if (!open_columns(tiles, sources.first + s, t, open, open_count)) continue;
    if (open_count == 0) {
      tiles.base[t] += sources.tiles[s].rows;
    } else {
      path.add_counts(sources.tiles[s], tiles.queries(t), open, open_count, tiles.counts.data() + tiles.begin[t]);
    }
  }
}

}  // namespace

std::optional<Array<std::uint32_t>> count_by_aligned_tiles(const Order& order, double most_undecided, Progress& progress,
                                                           const TilePath& path) {
  if (order.size == 0) return Array<std::uint32_t>();
  RankTiles tiles = rank_tiles(order, progress);
  if (undecided_part(tiles) > most_undecided) return std::nullopt;
  std::array<Sources, 2> sources;
  build(tiles, 0, path, sources[0]);
  for (std::uint32_t begin = 0, turn = 0; begin < tiles.size(); begin += kSources, turn ^= 1) {
    const Sources& own = sources[turn];
    const auto add_all = [&] {
      tbb::parallel_for(tbb::blocked_range<std::uint32_t>(begin, tiles.size(), kTilesOfTask), [&](const auto& range) {
        progress.throw_if_stopped();
        for (std::uint32_t t = range.begin(); t < range.end(); ++t) add(own, t, path, tiles);
      });
    };
    tbb::parallel_invoke([&] { build(tiles, begin + kSources, path, sources[turn ^ 1]); }, add_all);
    for (std::uint32_t s = 0; s < own.count; ++s) progress.add(tiles.rows[begin + s]);
  }
  Array<std::uint32_t> counts(order.size);
  tbb::parallel_for(0u, tiles.size(), [&](std::uint32_t t) {
    const std::uint32_t* places = tiles.queries(t).ranks;  // column 0
    for (std::uint32_t i = 0; i < tiles.rows[t]; ++i) counts[places[i]] = tiles.counts[tiles.begin[t] + i] + tiles.base[t];
  });
  return counts;
}

}  // namespace carbonfront
