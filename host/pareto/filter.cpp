#include "host/pareto/filter.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <bit>
#include <numeric>

namespace carbonfront {
namespace {

constexpr std::uint32_t kBlockRows = 1024;   // keyed at a time: keys of few objectives stay in the first cache
constexpr std::uint32_t kChunkBlocks = 32;   // blocks of a task
constexpr std::uint32_t kSmallSample = 512;  // what pivots are judged by, compared with each other pair by pair
constexpr std::uint32_t kMostPivots = 512;
constexpr std::uint32_t kMostCandidates = 1024;
constexpr std::uint32_t kFewRows = 4096;  // not worth a filter

/// Pivots, the one that dominates most first, and how many of them each round of the filter takes.
struct Pivots {
  std::uint32_t objectives;
  std::vector<std::int64_t> keys;  // [pivots][objectives]
  std::vector<std::uint32_t> rounds;
};

KeyRows room_for(std::uint32_t objectives, std::uint32_t rows) {
  KeyRows room{objectives, (rows + 7) / 8 * 8, {}};
  room.keys.resize(room.stride * objectives);
  return room;
}

std::vector<std::uint32_t> numbers_to(std::uint32_t count) {
  std::vector<std::uint32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0u);
  return numbers;
}

/// Lists rows of a column-wise table row by row.
std::vector<std::int64_t> row_by_row(const KeyRows& rows, std::uint32_t count) {
  std::vector<std::int64_t> listed(std::size_t{count} * rows.objectives);
  for (std::uint32_t k = 0; k < rows.objectives; ++k) {
    for (std::uint32_t i = 0; i < count; ++i) listed[std::size_t{i} * rows.objectives + k] = rows.keys[k * rows.stride + i];
  }
  return listed;
}

/// Keeps what no other of the first `count` rows dominates: 32 pivots at a time against all that are left. Returns how many.
std::uint32_t keep_front(KeyRows& rows, std::uint32_t count) {
  std::vector<std::uint32_t> names = numbers_to(count);
  const std::vector<std::int64_t> pivots = row_by_row(rows, count);
  const std::uint32_t pivot_count = count;
  for (std::uint32_t begin = 0; begin < pivot_count; begin += 32) {
    count = remove_dominated(pivots.data() + std::size_t{begin} * rows.objectives, std::min(32u, pivot_count - begin), rows,
                             count, names.data());
  }
  return count;
}

/// The rows of the small sample that a candidate dominates, a bit each.
struct Reach {
  std::uint64_t bits[kSmallSample / 64];
};

std::uint32_t common(const Reach& a, const Reach& b) {
  std::uint32_t count = 0;
  for (std::uint32_t w = 0; w < kSmallSample / 64; ++w) count += std::popcount(a.bits[w] & b.bits[w]);
  return count;
}

/// Orders candidates: always the one that dominates most of what no one before it does; once all is, from the start again.
std::vector<std::uint32_t> most_reaching(const std::vector<Reach>& reaches, std::uint32_t most) {
  Reach all;
  std::fill_n(all.bits, kSmallSample / 64, ~std::uint64_t{0});
  std::vector<std::uint32_t> chosen, whole(reaches.size());
  for (std::uint32_t i = 0; i < reaches.size(); ++i) whole[i] = common(reaches[i], all);
  std::vector<std::uint32_t> at_most = whole;  // what a candidate dominates of what is open; it only becomes less
  Reach open = all;
  while (chosen.size() < most) {
    std::uint32_t best = 0, best_count = 0;
    for (std::uint32_t i = 0; i < reaches.size(); ++i) {
      if (at_most[i] <= best_count) continue;
      at_most[i] = common(reaches[i], open);
      if (at_most[i] > best_count) best = i, best_count = at_most[i];
    }
    if (best_count == 0) {
      if (std::equal(open.bits, open.bits + kSmallSample / 64, all.bits)) break;  // the rest dominates nothing
      open = all;
      at_most = whole;
      continue;
    }
    whole[best] = at_most[best] = 0;
    chosen.push_back(best);
    for (std::uint32_t w = 0; w < kSmallSample / 64; ++w) open.bits[w] &= ~reaches[best].bits[w];
  }
  return chosen;
}

/// Finds what each of `count` rows [count][objectives] dominates of the small sample.
std::vector<Reach> reaches_of(const std::vector<std::int64_t>& rows, std::uint32_t count, const KeyRows& small) {
  std::vector<Reach> reaches(count);
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, count, 64), [&](const auto& range) {
    alignas(64) std::int64_t dominated[kSmallSample];
    for (std::uint32_t i = range.begin(); i < range.end(); ++i) {
      mark_dominated(rows.data() + std::size_t{i} * small.objectives, 1, small, 0, kSmallSample, dominated);
      for (std::uint32_t w = 0; w < kSmallSample / 64; ++w) {
        std::uint64_t bits = 0;
        for (std::uint32_t b = 0; b < 64; ++b) bits |= (static_cast<std::uint64_t>(dominated[w * 64 + b]) >> 63) << b;
        reaches[i].bits[w] = bits;
      }
    }
  });
  return reaches;
}

/// Keeps up to kMostCandidates of the first `count` rows: those that dominate most of the small sample.
std::uint32_t keep_strongest(KeyRows& rows, std::uint32_t count, const KeyRows& small) {
  if (count <= kMostCandidates) return count;
  const std::vector<Reach> reaches = reaches_of(row_by_row(rows, count), count, small);
  std::vector<std::uint32_t> order = numbers_to(count), reached(count);
  for (std::uint32_t i = 0; i < count; ++i) reached[i] = common(reaches[i], reaches[i]);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return reached[a] > reached[b]; });
  order.resize(kMostCandidates);
  std::sort(order.begin(), order.end());
  for (std::uint32_t k = 0; k < rows.objectives; ++k) {
    std::int64_t* keys = rows.keys.data() + k * rows.stride;
    for (std::uint32_t i = 0; i < kMostCandidates; ++i) keys[i] = keys[order[i]];
  }
  return kMostCandidates;
}

/// Chooses pivots among the first `count` rows by what they dominate of the small sample.
Pivots choose_pivots(const KeyRows& candidates, std::uint32_t count, const KeyRows& small) {
  Pivots pivots{small.objectives, {}, {}};
  const std::vector<std::int64_t> keys = row_by_row(candidates, count);
  for (const std::uint32_t chosen : most_reaching(reaches_of(keys, count, small), kMostPivots)) {
    const auto row = keys.begin() + static_cast<std::ptrdiff_t>(std::size_t{chosen} * small.objectives);
    pivots.keys.insert(pivots.keys.end(), row, row + small.objectives);
  }
  return pivots;
}

/// Splits the pivots into rounds as long as a round pays on the sample: a test costs about 0.1 ns an objective, a row that
/// stays about 60. Returns the part of the sample that stays.
double plan_rounds(Pivots& pivots, KeyRows& sample, std::uint32_t count) {
  constexpr std::uint32_t kRounds[] = {1, 3, 12, 16, 32, 32, 32, 64, 64, 64, 64, 64, 64};
  const auto pivot_count = static_cast<std::uint32_t>(pivots.keys.size() / pivots.objectives);
  std::vector<std::uint32_t> names = numbers_to(count);
  std::uint32_t left = count, used = 0;
  for (const std::uint32_t round : kRounds) {
    const std::uint32_t some = std::min(round, pivot_count - used);
    if (some == 0 || left == 0) break;
    const std::uint32_t before = left;
    left = remove_dominated(pivots.keys.data() + std::size_t{used} * pivots.objectives, some, sample, left, names.data());
    if ((before - left) * 700.0 < static_cast<double>(before) * some) break;
    pivots.rounds.push_back(some);
    used += some;
  }
  return static_cast<double>(left) / count;
}

/// Applies all rounds. Returns how many rows are left.
std::uint32_t apply(const Pivots& pivots, KeyRows& rows, std::uint32_t count, std::uint32_t* names) {
  const std::int64_t* keys = pivots.keys.data();
  for (const std::uint32_t round : pivots.rounds) {
    if (count == 0) break;
    count = remove_dominated(keys, round, rows, count, names);
    keys += std::size_t{round} * pivots.objectives;
  }
  return count;
}

/// Lists the positions of a block that no pivot dominates.
void filter_block(PointsView points, const Pivots& pivots, std::uint32_t begin, std::uint32_t count, KeyRows& rows,
                  std::vector<std::uint32_t>& left) {
  std::uint32_t names[kBlockRows];
  std::iota(names, names + count, begin);
  take_keys(points, begin, 1, count, rows);
  left.insert(left.end(), names, names + apply(pivots, rows, count, names));
}

/// Lists all positions that no pivot dominates, in parallel.
std::vector<std::uint32_t> filter(PointsView points, const Pivots& pivots, std::uint32_t chunk_rows, Progress& progress) {
  const std::uint32_t chunks = (points.size + chunk_rows - 1) / chunk_rows;
  std::vector<std::vector<std::uint32_t>> lists(chunks);
  tbb::parallel_for(0u, chunks, [&](std::uint32_t c) {
    progress.throw_if_stopped();
    static thread_local KeyRows rows;
    if (rows.objectives != points.objective_count) rows = room_for(points.objective_count, kBlockRows);
    const std::uint32_t end = c * chunk_rows + std::min(chunk_rows, points.size - c * chunk_rows);
    for (std::uint32_t begin = c * chunk_rows; begin < end; begin += kBlockRows) {
      filter_block(points, pivots, begin, std::min(kBlockRows, end - begin), rows, lists[c]);
    }
    progress.add(end - c * chunk_rows);
  });
  std::vector<std::uint32_t> positions;
  for (const auto& list : lists) positions.insert(positions.end(), list.begin(), list.end());
  return positions;
}

KeyRows sample_of(PointsView points, std::uint32_t count) {
  KeyRows rows = room_for(points.objective_count, count);
  take_keys(points, points.size / count / 2, points.size / count, count, rows);
  return rows;
}

/// Finds strong rows in two steps: the front of a small sample thins out a larger one, of which the strongest are compared.
/// Nothing where they would not pay. With more objectives than are swept afterwards the first step decides: where its rows
/// leave more than a quarter, the strongest of all rows do better (strong_rows.hpp).
std::optional<Pivots> find_pivots(PointsView points, const Progress& progress) {
  constexpr std::uint32_t kMostSwept = 3;
  const std::uint32_t objectives = points.objective_count, trial_size = std::min(points.size / 4, 8192u);
  const KeyRows small = sample_of(points, kSmallSample), trial = sample_of(points, trial_size);
  KeyRows rows = small;
  Pivots strong = choose_pivots(rows, keep_front(rows, kSmallSample), small);
  rows = trial;
  if (plan_rounds(strong, rows, trial_size) > 0.25 && objectives > kMostSwept) return std::nullopt;
  const std::uint32_t size = std::clamp(points.size / 64, 1024u, 1u << 14);
  std::vector<std::uint32_t> large(size);
  for (std::uint32_t i = 0; i < size; ++i) large[i] = points.row(points.size / size * i);
  PointsView view = points;
  view.rows = large.data();
  view.size = size;
  Progress quiet(progress.stop());
  std::vector<std::uint32_t> thinned = filter(view, strong, kBlockRows, quiet);
  for (std::uint32_t& row : thinned) row = large[row];
  view.rows = thinned.data();
  view.size = static_cast<std::uint32_t>(thinned.size());
  rows = room_for(objectives, view.size);
  take_keys(view, 0, 1, view.size, rows);
  Pivots pivots = choose_pivots(rows, keep_front(rows, keep_strongest(rows, view.size, small)), small);
  rows = trial;
  if (plan_rounds(pivots, rows, trial_size) > 0.75) return std::nullopt;
  return pivots;
}

}  // namespace

std::optional<std::vector<std::uint32_t>> front_candidates(PointsView points, Progress& progress) {
  if (points.size < kFewRows) return std::nullopt;
  const std::optional<Pivots> pivots = find_pivots(points, progress);
  if (!pivots) return std::nullopt;
  progress.begin("filter", points.size);
  return filter(points, *pivots, kBlockRows * kChunkBlocks, progress);
}

}  // namespace carbonfront
