// The CPU engine: one order, then every answer from it.

#include <algorithm>
#include <cassert>
#include <chrono>
#include <optional>
#include <utility>

#include "host/pareto/engine.hpp"
#include "host/pareto/filter.hpp"
#include "host/pareto/verdict.hpp"

namespace carbonfront {
namespace {

/// Runs a phase and adds the seconds it took.
template <class Work>
auto timed(double& seconds, Work work) {
  const auto begin = std::chrono::steady_clock::now();
  auto result = work();
  seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

/// Finds the front of what a filter leaves of all points; without one, of all.
Array<std::uint8_t> front_alone(PointsView points, VerdictSeconds& seconds, Progress& progress) {
  std::optional<std::vector<std::uint32_t>> left;
  if (!points.group) left = timed(seconds.front, [&] { return front_candidates(points, progress); });
  PointsView rows = points;
  std::vector<std::uint32_t> numbers;
  if (left) {
    if (points.rows) {
      for (const std::uint32_t position : *left) numbers.push_back(points.row(position));
    }
    rows.rows = points.rows ? numbers.data() : left->data();
    rows.size = static_cast<std::uint32_t>(left->size());
  }
  const Order order = timed(seconds.order, [&] { return lexicographic_order(rows, progress); });
  return timed(seconds.front, [&] {
    Array<std::uint8_t> found = find_front(order, progress);
    if (!left) return found;
    Array<std::uint8_t> front(points.size, std::uint8_t{0});
    for (std::size_t i = 0; i < found.size(); ++i) front[(*left)[i]] = found[i];
    return front;
  });
}

}  // namespace

Verdict evaluate_cpu(PointsView points, VerdictRequest wanted, Progress& progress) {
  assert(points.objective_count > 0);
  throw_if_stopped();
  Verdict verdict;
  VerdictSeconds& seconds = verdict.seconds;
  const bool front_first = !wanted.dominated_by && !wanted.rank && !wanted.known_front;
  if (front_first) verdict.nondominated = front_alone(points, seconds, progress);
  if (front_first && !wanted.dominates && !wanted.witness) return verdict;
  Order order = timed(seconds.order, [&] { return lexicographic_order(points, progress); });
  if (wanted.dominated_by) verdict.dominated_by = timed(seconds.counts, [&] { return count_dominators(order, progress); });
  if (wanted.rank) verdict.rank = timed(seconds.rank, [&] { return find_ranks(order, wanted.max_rank, progress); });
  if (wanted.known_front) {
    verdict.nondominated.assign(wanted.known_front, wanted.known_front + points.size);
  } else if (!front_first) {
    verdict.nondominated =
        timed(seconds.front, [&] { return where_zero(wanted.dominated_by ? verdict.dominated_by : verdict.rank); });
  }
  if (wanted.witness) {
    verdict.witness = timed(seconds.front, [&] { return find_witnesses(order, verdict.nondominated, progress); });
  }
  if (wanted.dominates) {  // last: it turns the order round
    verdict.dominates = timed(seconds.counts, [&] {
      mirror(order);
      return count_dominators(order, progress);
    });
  }
  return verdict;
}

CrossCounts count_against_cpu(PointsView points, const std::vector<std::uint8_t>& is_source, bool dominated_by,
                              bool dominates, Progress& progress) {
  Order order = lexicographic_order(points, progress);
  CrossCounts counts;
  if (dominated_by) counts.dominated_by = count_dominators_of(order, is_source, progress);
  if (!dominates) return counts;
  mirror(order);
  counts.dominates = count_dominators_of(order, is_source, progress);
  return counts;
}

}  // namespace carbonfront
