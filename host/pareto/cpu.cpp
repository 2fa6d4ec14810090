// The CPU engine. Counts, witnesses and whatever can be swept come from one exact order; fronts and ranks of more objectives
// from aligned tiles, which need none.

#include "host/pareto/cpu.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <optional>
#include <utility>

#include "host/pareto/aligned_tiles.hpp"
#include "host/pareto/engine.hpp"
#include "host/pareto/filter.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kMostSweptFront = 3, kMostSwept = 2;  // objectives

/// Runs a phase and adds the seconds it took.
template <class Work>
auto timed(double& seconds, Work work) {
  const auto begin = std::chrono::steady_clock::now();
  auto result = work();
  seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

Array<std::uint8_t> front_of(PointsView points, VerdictSeconds& seconds, Progress& progress) {
  if (points.objective_count > kMostSweptFront)
    return timed(seconds.front, [&] { return front_by_tiles(points, progress); });
  const Order order = timed(seconds.order, [&] { return lexicographic_order(points, progress); });
  return timed(seconds.front, [&] { return find_front(order, progress); });
}

/// Finds the front of what a filter leaves of all points; without one, of all.
Array<std::uint8_t> front_alone(PointsView points, VerdictSeconds& seconds, Progress& progress) {
  std::optional<std::vector<std::uint32_t>> left;
  if (!points.group) left = timed(seconds.front, [&] { return front_candidates(points, progress); });
  if (!left) return front_of(points, seconds, progress);
  std::vector<std::uint32_t> rows = *left;
  for (std::uint32_t& row : rows) row = points.row(row);
  PointsView candidates = points;
  candidates.rows = rows.data();
  candidates.size = static_cast<std::uint32_t>(rows.size());
  const Array<std::uint8_t> found = front_of(candidates, seconds, progress);
  Array<std::uint8_t> front(points.size, std::uint8_t{0});
  for (std::size_t i = 0; i < found.size(); ++i) front[(*left)[i]] = found[i];
  return front;
}

}  // namespace

Verdict evaluate_cpu(PointsView points, VerdictRequest wanted, Progress& progress) {
  check_points(points);
  progress.throw_if_stopped();
  Verdict verdict;
  VerdictSeconds& seconds = verdict.seconds;
  const bool front_first = !wanted.dominated_by && !wanted.rank && !wanted.known_front;
  if (front_first) verdict.nondominated = front_alone(points, seconds, progress);
  if (front_first && !wanted.dominates && !wanted.witness) return verdict;
  const bool swept = points.objective_count <= kMostSwept;
  Order order;
  if (wanted.dominated_by || wanted.dominates || swept)
    order = timed(seconds.order, [&] { return lexicographic_order(points, progress); });
  if (wanted.dominated_by) verdict.dominated_by = timed(seconds.counts, [&] { return count_dominators(order, progress); });
  if (wanted.rank) {
    verdict.rank = timed(seconds.rank, [&] {
      return swept ? find_ranks(order, wanted.max_rank, progress) : ranks_by_tiles(points, wanted.max_rank, progress);
    });
  }
  if (wanted.known_front) {
    verdict.nondominated.assign(wanted.known_front, wanted.known_front + points.size);
  } else if (!front_first) {
    verdict.nondominated =
        timed(seconds.front, [&] { return where_zero(wanted.dominated_by ? verdict.dominated_by : verdict.rank); });
  }
  if (wanted.witness) {
    verdict.witness = timed(seconds.front, [&] {
      return swept ? find_witnesses(order, verdict.nondominated, progress)
                   : find_witnesses(points, verdict.nondominated, progress);
    });
  }
  if (wanted.dominates) {  // last: it turns the order round
    verdict.dominates = timed(seconds.counts, [&] {
      mirror(order, progress);
      return count_dominators(order, progress);
    });
  }
  return verdict;
}

std::uint64_t working_bytes(std::uint32_t objectives, VerdictRequest wanted, bool grouped) {
  const std::uint64_t m = std::max(2u, objectives), order = 8 + 4 * (m - 1),
                      sort = 36;  // the sort's pairs, twice, and its digits
  const bool counts = wanted.dominated_by || wanted.dominates, front_alone = !counts && !wanted.rank;
  std::uint64_t bytes = 0;
  if (counts) bytes = order + std::max<std::uint64_t>(sort, m == 2 ? 20 : m == 3 ? 44 : 24 * m);
  if (m <= kMostSwept || (front_alone && m <= kMostSweptFront)) bytes = std::max(bytes, order + sort + 4);
  const bool tiled = m > kMostSwept && (wanted.rank || wanted.witness || (front_alone && m > kMostSweptFront));
  return tiled ? std::max(bytes, (counts ? order : 0) + tile_bytes(objectives, grouped)) : bytes;
}

CrossCounts count_against_cpu(PointsView points, CrossRequest wanted, Progress& progress) {
  check_points(points);
  Order order = lexicographic_order(points, progress);
  CrossCounts counts;
  if (wanted.dominated_by) counts.dominated_by = count_dominators_of(order, wanted.is_source, progress);
  if (!wanted.dominates) return counts;
  mirror(order, progress);
  counts.dominates = count_dominators_of(order, wanted.is_source, progress);
  return counts;
}

std::vector<std::uint32_t> find_front_cpu(PointsView points, bool exactly, Progress& progress) {
  check_points(points);
  if (exactly) return marked(evaluate_cpu(points, {}, progress).nondominated, 1);
  if (!points.group) {
    if (auto candidates = front_candidates(points, progress)) return *std::move(candidates);
    if (points.objective_count > kMostSweptFront) {
      if (auto candidates = strong_candidates(points, progress)) return *std::move(candidates);
    }
  }
  std::vector<std::uint32_t> positions(points.size);
  std::iota(positions.begin(), positions.end(), 0u);
  return positions;
}

}  // namespace carbonfront
