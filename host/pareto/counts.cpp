// How many rows dominate each row: of the rows before it in place, those before it in every other rank.

#include <tbb/parallel_for.h>
#include <tbb/parallel_invoke.h>

#include <algorithm>
#include <vector>

#include "host/pareto/engine.hpp"
#include "host/pareto/tiles.hpp"

namespace carbonfront {
namespace {

// Two objectives: split the rows by rank in objective 2, again and again, keeping them in order of place. Every dominating
// pair is separated exactly once, with the dominator in the lower half: so a row of the upper half adds the rows of the
// lower half that came before it. Ranks are a permutation, so rows of ranks [low, end) fill exactly the slots [low, end).
// A row is count << 32 | rank. O(size · log size), all accesses in sequence.

constexpr std::uint32_t kFewRows = 32;
constexpr std::uint32_t kManyRows = 1 << 14;

void count_few(const std::uint64_t* rows, std::uint32_t size, std::uint32_t* by_rank) {
  std::int32_t ranks[kFewRows];
  for (std::uint32_t i = 0; i < size; ++i) ranks[i] = static_cast<std::int32_t>(rows[i] & 0xFFFFFFFFu);
  for (std::uint32_t i = 0; i < size; ++i) {
    std::uint32_t count = static_cast<std::uint32_t>(rows[i] >> 32);
    for (std::uint32_t j = 0; j < i; ++j) count += ranks[j] < ranks[i];
    by_rank[ranks[i]] = count;
  }
}

void count_by_halves(std::uint64_t* rows, std::uint64_t* spare, std::uint32_t low, std::uint32_t end,
                     std::uint32_t* by_rank) {
  if (end - low <= kFewRows) return count_few(rows + low, end - low, by_rank);
  const std::uint32_t middle = low + (end - low) / 2;
  std::uint32_t below = low, above = middle;
  for (std::uint32_t i = low; i < end; ++i) {
    const bool upper = static_cast<std::uint32_t>(rows[i]) >= middle;
    const std::uint64_t lower_before = upper ? below - low : 0;
    spare[upper ? above : below] = rows[i] + (lower_before << 32);
    above += upper;
    below += !upper;
  }
  if (end - low < kManyRows) {
    count_by_halves(spare, rows, low, middle, by_rank);
    count_by_halves(spare, rows, middle, end, by_rank);
    return;
  }
  throw_if_stopped();
  tbb::parallel_invoke([&] { count_by_halves(spare, rows, low, middle, by_rank); },
                       [&] { count_by_halves(spare, rows, middle, end, by_rank); });
}

/// Counts by place for two objectives. 20 bytes a row beside the answer.
std::vector<std::uint32_t> counts_of_two(const Order& order) {
  const std::vector<std::uint32_t>& second = order.ranks[0];
  std::vector<std::uint64_t> rows(second.begin(), second.end()), spare(order.size);
  std::vector<std::uint32_t> by_rank(order.size);
  count_by_halves(rows.data(), spare.data(), 0, order.size, by_rank.data());
  rows = {};
  spare = {};
  std::vector<std::uint32_t> counts(order.size);
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, order.size, kManyRows), [&](const auto& places) {
    for (std::uint32_t place = places.begin(); place < places.end(); ++place) counts[place] = by_rank[second[place]];
  });
  return counts;
}

/// Counts by place for any number of objectives: batch after batch of sources, against all rows from the batch on. Rows
/// are the tasks' own, so threads do not meet.
std::vector<std::uint32_t> counts_of_many(const Order& order, Progress& progress) {
  std::vector<std::uint32_t> counts(order.size, 0);
  std::vector<BatchColumn> batch(order.ranks.size() + 1);
  for (std::uint32_t begin = 0; begin < order.size; begin += kBatchRows) {
    const std::uint32_t end = begin + std::min(kBatchRows, order.size - begin);
    tbb::parallel_for(std::size_t{0}, batch.size(), [&](std::size_t k) {
      fill_column(k == 0 ? nullptr : order.ranks[k - 1].data(), order.size, begin, end, batch[k]);
    });
    const std::uint32_t blocks = (order.size - begin + kQueryRows - 1) / kQueryRows;
    tbb::parallel_for(0u, blocks, [&](std::uint32_t b) {
      throw_if_stopped();
      const std::uint32_t first = begin + b * kQueryRows;
      const std::uint32_t rows = std::min(kQueryRows, order.size - first);
      count_batch(order, batch, begin, end, first, first + rows, counts.data());
      progress.add(rows);
    });
  }
  return counts;
}

/// Sums the rows that each batch is compared with.
std::uint64_t work_of_many(std::uint64_t size) {
  const std::uint64_t full = size / kBatchRows;
  return (full + (size % kBatchRows != 0)) * size - kBatchRows * (full * (full + (size % kBatchRows != 0) * 2 - 1) / 2);
}

}  // namespace

std::vector<std::uint32_t> count_dominators(const Order& order, Progress& progress) {
  if (order.ranks.size() > 1) {
    progress.begin("counts", work_of_many(order.size));
    return by_position(order, counts_of_many(order, progress));
  }
  progress.begin("counts", order.size);
  std::vector<std::uint32_t> counts = by_position(order, counts_of_two(order));
  progress.add(order.size);
  return counts;
}

}  // namespace carbonfront
