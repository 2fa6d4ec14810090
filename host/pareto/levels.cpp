// Fronts, and the number of the front each row is in.

#include <algorithm>
#include <limits>
#include <vector>

#include "carbonfront/verdict.hpp"
#include "host/clones.hpp"
#include "host/pareto/engine.hpp"

namespace carbonfront {
namespace {

/// Rows between two looks at whether to stop.
constexpr std::uint32_t kBlockRows = 2048;

/// Rows that are looked up side by side.
constexpr std::uint32_t kAtOnce = 16;

/// Finds for each of kAtOnce ranks the first of the ascending values that is above it. `count` > 0. No branches.
CARBONFRONT_CLONES void first_above(const std::uint32_t* values, std::uint32_t count, const std::uint32_t* ranks,
                                    std::uint32_t* found) {
  std::int32_t first[kAtOnce] = {};  // signed, as the machine gathers
  while (count > 1) {
    const auto half = static_cast<std::int32_t>(count / 2);
    for (std::uint32_t i = 0; i < kAtOnce; ++i) {
      const std::uint32_t value = values[first[i] + half - 1];
      first[i] += value <= ranks[i] ? half : 0;
    }
    count -= half;
  }
  for (std::uint32_t i = 0; i < kAtOnce; ++i) found[i] = first[i] + (values[first[i]] <= ranks[i]);
}

/// Two objectives, one sweep in order of places: the lowest rank in objective 2 that a front has so far says whether the
/// front dominates the row, and it rises from front to front. Rows are looked up several at a time, among the fronts before
/// them all; as fronts only become lower, the right one for each is the found one or a few further. Ranks from `limit` on
/// are given as `limit`.
std::vector<std::uint32_t> sweep_ranks(const Order& order, std::uint32_t limit, Progress& progress) {
  const Array<std::uint32_t>& second = order.ranks[0];
  std::vector<std::uint32_t> found(order.size, 0);  // by place; only the first of a run is looked up
  std::vector<std::uint32_t> lowest;                // [fronts]
  for (std::uint32_t begin = 0; begin < order.size; begin += std::min(kAtOnce, order.size - begin)) {
    const std::uint32_t rows = std::min(kAtOnce, order.size - begin);
    if (begin % kBlockRows == 0) {
      progress.throw_if_stopped();
      progress.add(std::min(kBlockRows, order.size - begin));
    }
    std::uint32_t ranks[kAtOnce] = {}, fronts[kAtOnce] = {};
    std::copy_n(second.data() + begin, rows, ranks);
    if (!lowest.empty()) first_above(lowest.data(), static_cast<std::uint32_t>(lowest.size()), ranks, fronts);
    for (std::uint32_t i = 0; i < rows; ++i) {
      if (order.run_start[begin + i] != begin + i) continue;
      std::uint32_t front = fronts[i];
      while (front < lowest.size() && lowest[front] <= ranks[i]) ++front;
      found[begin + i] = front;
      if (front < lowest.size()) {
        lowest[front] = ranks[i];
      } else if (front < limit) {
        lowest.push_back(ranks[i]);
      }
    }
  }
  return found;
}

/// Two objectives: a row is non-dominated when nobody before it has a lower rank in objective 2.
std::vector<std::uint8_t> sweep_front(const Order& order, Progress& progress) {
  std::vector<std::uint8_t> front(order.size, 0);
  std::uint32_t lowest = std::numeric_limits<std::uint32_t>::max();
  for (std::uint32_t place = 0; place < order.size; ++place) {
    if (order.ranks[0][place] >= lowest) continue;
    lowest = order.ranks[0][place];
    front[place] = 1;
  }
  progress.add(order.size);
  return front;
}

/// Three objectives: walks the rows in order of places and keeps the lowest rank in objective 3 of all that are before a
/// rank in objective 2, in a Fenwick tree: two walks of log₂ size steps a row, most of them cut short. 4 bytes a row.
std::vector<std::uint8_t> sweep_front_of_three(const Order& order, Progress& progress) {
  const Array<std::uint32_t>&second = order.ranks[0], &third = order.ranks[1];
  std::vector<std::uint8_t> front(order.size, 0);
  std::vector<std::uint32_t> lowest(std::size_t{order.size} + 1, kNone);  // node i: ranks (i − lowest bit of i, i] − 1
  for (std::uint32_t place = 0; place < order.size; ++place) {
    if (place % kBlockRows == 0) {
      progress.throw_if_stopped();
      progress.add(std::min(kBlockRows, order.size - place));
    }
    std::uint32_t node = second[place];
    while (node > 0 && lowest[node] > third[place]) node &= node - 1;
    if (node > 0) continue;
    front[place] = 1;
    // A node that is as low covers no more than those above it, which then are as low as well.
    for (node = second[place] + 1; node <= order.size && lowest[node] > third[place]; node += node & (0 - node)) {
      lowest[node] = third[place];
    }
  }
  return front;
}

}  // namespace

Array<std::uint8_t> where_zero(const Array<std::uint32_t>& values) {
  Array<std::uint8_t> zero(values.size());
  std::transform(values.begin(), values.end(), zero.begin(), [](std::uint32_t value) { return value == 0; });
  return zero;
}

Array<std::uint8_t> find_front(const Order& order, Progress& progress) {
  progress.begin("front", order.size);
  if (order.ranks.size() == 1) return by_position(order, sweep_front(order, progress), progress);
  return by_position(order, sweep_front_of_three(order, progress), progress);
}

Array<std::uint32_t> find_ranks(const Order& order, std::uint32_t max_rank, Progress& progress) {
  progress.begin("rank", order.size);
  const std::uint32_t limit = max_rank == 0 ? kNone : max_rank;
  std::vector<std::uint32_t> ranks = sweep_ranks(order, limit, progress);
  std::replace(ranks.begin(), ranks.end(), limit, kNone);
  return by_position(order, ranks, progress);
}

}  // namespace carbonfront
