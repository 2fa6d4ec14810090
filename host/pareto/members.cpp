#include "host/pareto/members.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_invoke.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <numeric>

#include "host/pareto/front_tiles.hpp"
#include "host/pareto/verdict.hpp"

namespace carbonfront {
namespace {

std::uint32_t tiles_of(std::uint32_t rows) { return (rows + kTile - 1) / kTile; }

/// Guesses the coordinate in which the places lie furthest apart, from 64 of them.
std::uint32_t widest_coordinate(RankColumns columns, const std::uint32_t* places, std::uint32_t count) {
  std::uint32_t widest = 0, width = 0;
  const std::uint32_t step = std::max(1u, count / 64);
  for (std::uint32_t k = 0; k < columns.count(); ++k) {
    std::uint32_t low = ~0u, high = 0;
    for (std::uint32_t i = 0; i < count; i += step) {
      const std::uint32_t rank = columns.rank(k, places[i]);
      low = std::min(low, rank);
      high = std::max(high, rank);
    }
    if (high - low > width) widest = k, width = high - low;
  }
  return widest;
}

/// Halves the places at a multiple of the tile's size. `keys` is as long as `places`. Depth: log₂ of the tiles.
void sort_halves(RankColumns columns, std::uint32_t* places, std::uint64_t* keys, std::uint32_t count) {
  if (count <= kTile) return;
  if (count > 1 << 14) throw_if_stopped();
  const std::uint32_t k = widest_coordinate(columns, places, count);
  for (std::uint32_t i = 0; i < count; ++i) keys[i] = (std::uint64_t{columns.rank(k, places[i])} << 32) | places[i];
  const std::uint32_t middle = (tiles_of(count) + 1) / 2 * kTile;
  std::nth_element(keys, keys + middle, keys + count);
  for (std::uint32_t i = 0; i < count; ++i) places[i] = static_cast<std::uint32_t>(keys[i]);
  const auto lower = [&] { sort_halves(columns, places, keys, middle); };
  const auto upper = [&] { sort_halves(columns, places + middle, keys + middle, count - middle); };
  if (count > 1 << 14) {
    tbb::parallel_invoke(lower, upper);
  } else {
    lower(), upper();
  }
}

/// Says which coordinates of a pair of boxes are undecided. False if no source can be below any query.
bool undecided_coordinates(const Cloud& sources, std::uint32_t tile, const Cloud& queries, std::uint32_t block,
                           std::uint32_t* undecided, std::uint32_t& count) {
  const std::uint32_t coordinates = sources.coordinates;
  const std::uint32_t* source_lowest = sources.lowest.data() + std::size_t{tile} * coordinates;
  const std::uint32_t* query_highest = queries.highest.data() + std::size_t{block} * coordinates;
  for (std::uint32_t k = 0; k < coordinates; ++k) {
    if (source_lowest[k] >= query_highest[k]) return false;
  }
  const std::uint32_t* source_highest = sources.highest.data() + std::size_t{tile} * coordinates;
  const std::uint32_t* query_lowest = queries.lowest.data() + std::size_t{block} * coordinates;
  count = 0;
  for (std::uint32_t k = 0; k < coordinates; ++k) {
    if (source_highest[k] >= query_lowest[k]) undecided[count++] = k;
  }
  return true;
}

std::uint32_t load(std::uint32_t& value) { return std::atomic_ref<std::uint32_t>(value).load(std::memory_order_relaxed); }

void raise(std::uint32_t& value, std::uint32_t to) {
  std::atomic_ref<std::uint32_t> shared(value);
  std::uint32_t held = shared.load(std::memory_order_relaxed);
  while (held < to && !shared.compare_exchange_weak(held, to, std::memory_order_relaxed)) continue;
}

/// One question of raise_by_dominators().
struct Question {
  const Cloud& sources;
  const std::vector<std::uint32_t>& scores;  // [sources]
  const Cloud& queries;
  std::vector<std::uint32_t>& best;           // [queries]
  std::vector<std::uint32_t> highest_scores;  // [tiles]
  std::vector<std::uint32_t> floors;          // [blocks] every query of a block is at least this high
};

/// Fills the block with the queries that a score can still raise, and says how many; raises the block's floor.
std::uint32_t take_block(Question& question, std::uint32_t b, std::uint32_t score, QueryBlock& block) {
  const std::uint32_t first = b * kTile, rows = std::min(kTile, question.queries.size - first);
  const std::uint32_t floor = load(question.floors[b]);
  block.ranks = question.queries.ranks.data() + first;
  block.stride = question.queries.size;
  block.count = 0;
  std::uint32_t lowest = kNone;
  for (std::uint32_t q = 0; q < rows; ++q) {
    const std::uint32_t held = std::max(floor, load(question.best[first + q]));
    block.rows[block.count] = static_cast<std::uint16_t>(q);
    block.best[block.count] = held;
    block.count += held < score;
    lowest = std::min(lowest, held);
  }
  raise(question.floors[b], lowest);
  return block.count;
}

/// Asks a tile about the blocks of queries [begin, end). Other threads may raise the same queries with other tiles: the
/// highest score wins, whoever comes first. The tile is built when its first block needs it.
void raise_blocks(Question& question, std::uint32_t t, std::uint32_t begin, std::uint32_t end) {
  static thread_local SourceTile tile;
  const Cloud& sources = question.sources;
  const std::uint32_t *lowest = sources.lowest.data() + std::size_t{t} * sources.coordinates,
                      *highest = sources.highest.data() + std::size_t{t} * sources.coordinates;
  const std::uint32_t score = question.highest_scores[t];
  bool built = false;
  QueryBlock block;
  std::uint32_t undecided[kMostCoordinates], undecided_count;
  for (std::uint32_t b = begin; b < end; ++b) {
    if (b % 1024 == 0) throw_if_stopped();
    if (load(question.floors[b]) >= score) continue;
    if (!undecided_coordinates(sources, t, question.queries, b, undecided, undecided_count)) continue;
    if (undecided_count == 0) {
      raise(question.floors[b], score);
      continue;
    }
    if (take_block(question, b, score, block) == 0) continue;
    if (!built) {
      fill_tile(sources.ranks.data() + t * kTile, sources.size, question.scores.data() + t * kTile,
                std::min(kTile, sources.size - t * kTile), sources.coordinates, lowest, highest, tile);
      built = true;
    }
    raise_by_tile(tile, lowest, undecided, undecided_count, block);
    for (std::uint32_t i = 0; i < block.count; ++i) raise(question.best[b * kTile + block.rows[i]], block.best[i]);
  }
}

}  // namespace

std::vector<std::uint32_t> run_starts(const Order& order) {
  std::vector<std::uint32_t> places;
  for (std::uint32_t place = 0; place < order.size; ++place) {
    if (order.run_start[place] == place) places.push_back(place);
  }
  return places;
}

void sort_by_neighbourhood(RankColumns columns, std::vector<std::uint32_t>& places) {
  std::vector<std::uint64_t> keys(places.size());
  sort_halves(columns, places.data(), keys.data(), static_cast<std::uint32_t>(places.size()));
}

Cloud take_cloud(RankColumns columns, const std::uint32_t* places, std::uint32_t count) {
  Cloud cloud{columns.count(), count, {}, {}, {}};
  cloud.ranks.resize(std::size_t{count} * cloud.coordinates);
  cloud.lowest.resize(std::size_t{tiles_of(count)} * cloud.coordinates);
  cloud.highest.resize(cloud.lowest.size());
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, tiles_of(count), 8), [&](const auto& tiles) {
    throw_if_stopped();
    for (std::uint32_t tile = tiles.begin(); tile < tiles.end(); ++tile) {
      const std::uint32_t begin = tile * kTile, end = begin + std::min(kTile, count - begin);
      for (std::uint32_t k = 0; k < cloud.coordinates; ++k) {
        std::uint32_t* ranks = cloud.ranks.data() + std::size_t{k} * count;
        for (std::uint32_t i = begin; i < end; ++i) ranks[i] = columns.rank(k, places[i]);
        const auto [low, high] = std::minmax_element(ranks + begin, ranks + end);
        cloud.lowest[std::size_t{tile} * cloud.coordinates + k] = *low;
        cloud.highest[std::size_t{tile} * cloud.coordinates + k] = *high;
      }
    }
  });
  return cloud;
}

void raise_by_dominators(const Cloud& sources, const std::vector<std::uint32_t>& scores, const Cloud& queries,
                         std::vector<std::uint32_t>& best, Progress* progress) {
  const std::uint32_t tiles = tiles_of(sources.size), blocks = tiles_of(queries.size);
  if (tiles == 0 || blocks == 0) {
    if (progress) progress->add(sources.size);
    return;
  }
  Question question{
      sources, scores, queries, best, std::vector<std::uint32_t>(tiles), std::vector<std::uint32_t>(blocks, 0)};
  std::vector<std::uint32_t>& highest = question.highest_scores;
  for (std::uint32_t t = 0; t < tiles; ++t) {
    highest[t] = *std::max_element(scores.data() + t * kTile, scores.data() + std::min(sources.size, (t + 1) * kTile));
  }
  // The tiles with the highest scores first: after them, the others have less to say.
  std::vector<std::uint32_t> turn(tiles);
  std::iota(turn.begin(), turn.end(), 0u);
  std::stable_sort(turn.begin(), turn.end(), [&](std::uint32_t a, std::uint32_t b) { return highest[a] > highest[b]; });
  // Few tiles are built several times over, so that there are tasks enough; a tile costs as much as about two blocks.
  const std::uint32_t parts = std::clamp(64 / tiles, 1u, (blocks + 31) / 32);
  const auto part_begin = [&](std::uint32_t p) { return static_cast<std::uint32_t>(std::uint64_t{blocks} * p / parts); };
  const auto task = [&](std::uint32_t i) {
    throw_if_stopped();
    const std::uint32_t t = turn[i / parts], part = i % parts;
    raise_blocks(question, t, part_begin(part), part_begin(part + 1));
    if (progress && part == 0) progress->add(std::min(kTile, sources.size - t * kTile));
  };
  if (tiles * parts < 4) {
    for (std::uint32_t i = 0; i < tiles * parts; ++i) task(i);
  } else {
    // Isolated, so that a thread that waits here does not start on another group on top of this one.
    tbb::this_task_arena::isolate([&] { tbb::parallel_for(0u, tiles * parts, task, tbb::simple_partitioner()); });
  }
  for (std::uint32_t i = 0; i < queries.size; ++i) best[i] = std::max(best[i], question.floors[i / kTile]);
}

}  // namespace carbonfront
