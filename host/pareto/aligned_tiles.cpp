#include "host/pareto/aligned_tiles.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_invoke.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <utility>

#include "carbonfront/verdict.hpp"
#include "host/pareto/make_tiles.hpp"
#include "host/pareto/opposed.hpp"
#include "host/pareto/strong_rows.hpp"
#include "host/pareto/z_order.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kMostSources = 16;   // that later tiles meet together
constexpr std::uint32_t kGroupsOfBatch = 4;  // of sources, whose tiles settle side by side

/// Sixteen tiles as sources: 128 KiB of masks an objective, which the second cache holds of eight objectives; of more there
/// are fewer.
std::uint32_t sources_at_once(const AlignedTiles& tiles) {
  const std::uint32_t most = std::clamp(8 * kMostSources / std::max(tiles.objectives, 1u), 4u, kMostSources);
  return std::clamp(static_cast<std::uint32_t>(tiles.tiles.size() / 64), 1u, most);
}

/// Tiles on their way to an answer.
struct Settling {
  AlignedTiles& tiles;
  const TilePath& path;
  TilesFor answer;
  std::uint32_t limit;
  Progress& progress;
  std::uint32_t sources_at_once;
  std::atomic<std::uint64_t> met{0}, masked{0}, compared{0};

  void add(const TileWork& work) { met += work.met, masked += work.masked, compared += work.compared; }
};

/// Tiles that settle side by side, each once those before it that reach it have, and what they are as sources.
struct Batch {
  std::uint32_t begin = 0, end = 0;
  std::vector<SourceTile> sources;  // [end − begin]
  std::vector<SourceGroup> groups;  // of these, for later tiles
};

Batch make_batch(const AlignedTiles& tiles, std::uint32_t most_tiles) {
  Batch batch;
  for (std::uint32_t s = 0; s < most_tiles; ++s)
    batch.sources.push_back(make_source(tiles.objectives, tiles.lanes, tiles.grouped));
  batch.groups.resize(kGroupsOfBatch);
  for (SourceGroup& group : batch.groups) group.corner.resize(tiles.lanes);
  return batch;
}

void meet(Settling& work, std::uint32_t tile, const SourceGroup& group, TileWork& done) {
  (work.answer == TilesFor::ranks ? work.path.raise : work.path.kill)(work.tiles, tile, group, done);
}

/// Adds a source to be met: first what raises or kills most, that is high ranks, and the first of a front.
void add_source(const Settling& work, const SourceTile& source, SourceGroup& group) {
  if (source.rows > 0) (work.answer == TilesFor::ranks ? prepend_source : append_source)(source, group);
}

/// Settles a tile that has met all sources before it but those of its batch, of which `before` reach it.
void settle_one(Settling& work, Batch& batch, std::uint32_t t, const std::vector<std::uint32_t>& before) {
  work.progress.throw_if_stopped();
  TileWork done;
  SourceGroup group;
  group.corner.resize(work.tiles.lanes);
  start_group(group);
  for (const std::uint32_t s : before) add_source(work, batch.sources[s - batch.begin], group);
  if (!group.sources.empty()) meet(work, t, group, done);
  SourceTile& source = batch.sources[t - batch.begin];
  if (work.answer == TilesFor::ranks) {
    work.path.settle(work.tiles, t, work.limit, source, done);
  } else {
    work.path.settle_front(work.tiles, t, source, done);
  }
  work.progress.add(work.tiles.tiles[t].made_of);
  work.add(done);
}

/// Settles the tiles of a batch, which have met all sources before it, and makes them sources.
void settle_batch(Settling& work, std::uint32_t begin, std::uint32_t end, Batch& batch) {
  batch.begin = begin, batch.end = end;
  const std::uint32_t count = end - begin;
  std::vector<std::vector<std::uint32_t>> before(count), behind(count);
  std::vector<std::atomic<std::uint32_t>> waiting(count);  // for so many tiles that reach it
  for (std::uint32_t t = begin; t < end; ++t) {
    for (std::uint32_t s = begin; s < t; ++s) {
      if (!may_reach(work.tiles, s, t)) continue;
      before[t - begin].push_back(s);
      behind[s - begin].push_back(t);
    }
    waiting[t - begin] = static_cast<std::uint32_t>(before[t - begin].size()) + 1;
  }
  tbb::task_group tasks;
  const std::function<void(std::uint32_t)> let_go = [&](std::uint32_t t) {
    if (--waiting[t - begin] > 0) return;
    tasks.run([&, t] {
      settle_one(work, batch, t, before[t - begin]);
      for (const std::uint32_t next : behind[t - begin]) let_go(next);
    });
  };
  for (std::uint32_t t = begin; t < end; ++t) let_go(t);
  tasks.wait();
  for (SourceGroup& group : batch.groups) start_group(group);
  for (std::uint32_t s = 0; s < count; ++s) add_source(work, batch.sources[s], batch.groups[s / work.sources_at_once]);
}

/// Lets the tiles [begin, end) meet the sources of a batch before all of them.
void meet_all(Settling& work, std::uint32_t begin, std::uint32_t end, const Batch& batch) {
  for (const SourceGroup& group : batch.groups) {
    if (begin >= end || group.sources.empty()) continue;
    tbb::parallel_for(tbb::blocked_range<std::uint32_t>(begin, end, kTilesOfTask), [&](const auto& range) {
      work.progress.throw_if_stopped();
      TileWork done;
      for (std::uint32_t t = range.begin(); t < range.end(); ++t) meet(work, t, group, done);
      work.add(done);
    });
  }
}

/// Settles all tiles. The next batch meets a batch's sources first, so that it settles while the others meet them.
void settle_all(Settling& work) {
  const auto count = static_cast<std::uint32_t>(work.tiles.tiles.size());
  if (count == 0) return;
  const std::uint32_t most = std::min(work.sources_at_once * kGroupsOfBatch, count);
  std::array<Batch, 2> batches{make_batch(work.tiles, most), make_batch(work.tiles, std::min(most, count - most))};
  const auto end_of = [&](std::uint32_t begin) { return begin + std::min(most, count - begin); };
  settle_batch(work, 0, end_of(0), batches[0]);
  for (std::uint32_t next = end_of(0), turn = 0; next < count; turn ^= 1) {
    const std::uint32_t after = end_of(next);
    meet_all(work, next, after, batches[turn]);
    tbb::parallel_invoke([&] { settle_batch(work, next, after, batches[turn ^ 1]); },
                         [&] { meet_all(work, after, count, batches[turn]); });
    next = after;
  }
}

bool all_set(const Array<std::uint8_t>& marks) {
  return std::all_of(marks.begin(), marks.end(), [](std::uint8_t mark) { return mark != 0; });
}

void give_work(const Settling& work, TileWork* out) {
  if (out) *out = {work.met, work.masked, work.compared};
}

}  // namespace

Array<std::uint32_t> ranks_by_tiles(PointsView points, std::uint32_t max_rank, Progress& progress, const TilePath& path,
                                    TileWork* work) {
  const std::optional<Array<std::uint8_t>> proven = proven_by_two_columns(points, progress);
  progress.begin("rank", points.size);
  if (proven && all_set(*proven)) {
    progress.add(points.size);
    return Array<std::uint32_t>(points.size, 0u);
  }
  const std::uint32_t limit = max_rank == 0 ? kNotAsked : std::min(max_rank, kNotAsked);
  Estimates estimates = estimate_points(points, path, progress);
  ZOrder order = z_order(estimates, nullptr, progress);
  progress.add(points.size - order.size);
  AlignedTiles tiles = make_tiles(estimates, order, nullptr, proven ? proven->data() : nullptr, TilesFor::ranks, progress);
  estimates.rows = {};
  order.rows = {};
  Settling settling{tiles, path, TilesFor::ranks, limit, progress, sources_at_once(tiles)};
  settle_all(settling);
  give_work(settling, work);
  Array<std::uint32_t> ranks(points.size);
  for_rows(tiles, progress, [&](std::uint32_t position, std::uint32_t slot) {
    ranks[position] = tiles.rank[slot] == limit ? kNone : tiles.rank[slot];
  });
  for (const auto& [twin, first] : order.twins) ranks[twin] = ranks[first];
  return ranks;
}

Array<std::uint8_t> front_by_tiles(PointsView points, Progress& progress, const TilePath& path, TileWork* work) {
  const std::optional<Array<std::uint8_t>> proven = proven_by_two_columns(points, progress);
  progress.begin("front", points.size);
  if (proven && all_set(*proven)) {
    progress.add(points.size);
    return Array<std::uint8_t>(points.size, std::uint8_t{1});
  }
  Array<float> strength(points.group ? 0 : points.size);
  Estimates estimates = estimate_points(points, path, progress, points.group ? nullptr : strength.data());
  std::optional<std::vector<std::uint32_t>> left;
  if (!points.group) left = without_the_weak(estimates, strength, path, progress);
  strength = {};
  ZOrder order = z_order(estimates, left ? &*left : nullptr, progress);
  progress.add(points.size - order.size);
  AlignedTiles tiles =
      make_tiles(estimates, order, left ? &*left : nullptr, proven ? proven->data() : nullptr, TilesFor::front, progress);
  estimates.rows = {};
  order.rows = {};
  Settling settling{tiles, path, TilesFor::front, kNotAsked, progress, sources_at_once(tiles)};
  settle_all(settling);
  give_work(settling, work);
  Array<std::uint8_t> front(points.size, std::uint8_t{0});
  for_rows(tiles, progress, [&](std::uint32_t position, std::uint32_t) { front[position] = 1; });
  for (const auto& [twin, first] : order.twins) front[twin] = front[first];
  return front;
}

std::optional<std::vector<std::uint32_t>> strong_candidates(PointsView points, const Progress& progress,
                                                            const TilePath& path) {
  if (points.group) return std::nullopt;
  Array<float> strength(points.size);
  const Estimates estimates = estimate_points(points, path, progress, strength.data());
  return without_the_weak(estimates, strength, path, progress);
}

std::uint64_t tile_bytes(std::uint32_t objectives, bool grouped) {
  const std::uint64_t lanes = (objectives + 7) / 8 * 8, slot = 2 * (objectives + lanes) + 8 + (grouped ? 4 : 0);
  const std::uint64_t names = 8, words = 8, strength = 4;
  return estimate_bytes(objectives) + names + words + strength +
         slot * 3 / 2;  // tiles have room for half as many again at most
}

}  // namespace carbonfront
