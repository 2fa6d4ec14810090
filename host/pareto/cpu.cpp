// The CPU engine: one order, then every answer from it.

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

#include "host/pareto/engine.hpp"
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

}  // namespace

Verdict evaluate_cpu(PointsView points, VerdictRequest wanted, Progress& progress) {
  assert(points.objective_count > 0);
  throw_if_stopped();
  Verdict verdict;
  VerdictSeconds& seconds = verdict.seconds;
  Order order = timed(seconds.order, [&] { return lexicographic_order(points, progress); });
  if (wanted.dominated_by) verdict.dominated_by = timed(seconds.counts, [&] { return count_dominators(order, progress); });
  if (wanted.rank) verdict.rank = timed(seconds.rank, [&] { return find_ranks(order, progress); });
  verdict.nondominated = timed(seconds.front, [&] {
    if (wanted.dominated_by) return where_zero(verdict.dominated_by);
    return wanted.rank ? where_zero(verdict.rank) : find_front(order, progress);
  });
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

}  // namespace carbonfront
