#include "host/pareto/order.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "host/pareto/keys.hpp"
#include "host/pareto/radix_sort.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kBlock = 1 << 14;

/// Calls `work(i)` for all i below `size`, in parallel.
template <class Work>
void for_all(std::uint32_t size, Work work) {
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, size, kBlock), [&](const auto& range) {
    for (std::uint32_t i = range.begin(); i < range.end(); ++i) work(i);
  });
}

/// Calls `write(i, start)` for all i below `size`, in parallel, where `start` is the last index up to i that `begins` a run.
/// Index 0 always does.
template <class Begins, class Write>
void for_runs(std::uint32_t size, Begins begins, Write write) {
  const std::uint32_t blocks = (size + kBlock - 1) / kBlock;
  std::vector<std::uint32_t> open(blocks, 0);  // where the run begins that is open at the end of a block; 0: not in it
  const auto end_of = [&](std::uint32_t b) { return std::min(size, (b + 1) * kBlock); };
  tbb::parallel_for(0u, blocks, [&](std::uint32_t b) {
    std::uint32_t i = end_of(b);
    while (i > b * kBlock && !(i == 1 || begins(i - 1))) --i;
    if (i > b * kBlock) open[b] = i - 1;
  });
  for (std::uint32_t b = 1; b < blocks; ++b) open[b] = std::max(open[b], open[b - 1]);
  tbb::parallel_for(0u, blocks, [&](std::uint32_t b) {
    std::uint32_t start = b == 0 ? 0 : open[b - 1];
    for (std::uint32_t i = b * kBlock; i < end_of(b); ++i) {
      if (i > 0 && begins(i)) start = i;
      write(i, start);
    }
  });
}

/// Gives every row the index where its run of equal keys starts in the sorted order. [size] by position.
std::vector<std::uint32_t> key_runs(const KeyedOrder& rows) {
  const auto size = static_cast<std::uint32_t>(rows.order.size());
  std::vector<std::uint32_t> runs(size);
  for_runs(
      size, [&](std::uint32_t i) { return rows.keys[i] != rows.keys[i - 1]; },
      [&](std::uint32_t i, std::uint32_t start) { runs[rows.order[i]] = start; });
  return runs;
}

/// Sorts by objective `k`, counted from 0; one behind the last is constant.
std::vector<std::uint32_t> sort_by_objective(PointsView points, std::uint32_t k, KeyedOrder& rows) {
  if (k >= points.objective_count) return std::vector<std::uint32_t>(points.size, 0);
  with_keys(points.objectives[k], [&](auto key_of_row) {
    for_all(points.size, [&](std::uint32_t i) { rows.keys[i] = key_of_row(points.row(rows.order[i])); });
  });
  sort_by_key(rows);
  return key_runs(rows);
}

void sort_by_group(PointsView points, bool descending, KeyedOrder& rows) {
  const std::uint64_t flip = descending ? 0xFFFFFFFFu : 0;
  for_all(points.size, [&](std::uint32_t i) { rows.keys[i] = points.group[rows.order[i]] ^ flip; });
  sort_by_key(rows);
}

/// Puts the groups, last one first, in front of the order by objective 2 and splits its runs where the group changes.
std::vector<std::uint32_t> split_by_group(PointsView points, const std::vector<std::uint32_t>& runs, KeyedOrder& rows) {
  sort_by_group(points, true, rows);
  std::vector<std::uint32_t> split(points.size);
  for_runs(
      points.size,
      [&](std::uint32_t i) { return rows.keys[i] != rows.keys[i - 1] || runs[rows.order[i]] != runs[rows.order[i - 1]]; },
      [&](std::uint32_t i, std::uint32_t start) { split[rows.order[i]] = start; });
  return split;
}

/// Makes the runs of one objective unique ranks by place: rows of a run get its ranks in the order of their places.
/// One thread, two random accesses a row; objectives run side by side.
std::vector<std::uint32_t> unique_ranks(const std::vector<std::uint32_t>& position, const std::vector<std::uint32_t>& runs) {
  std::vector<std::uint32_t> next(runs.size()), ranks(runs.size());
  std::iota(next.begin(), next.end(), 0u);
  for (std::size_t place = 0; place < ranks.size(); ++place) ranks[place] = next[runs[position[place]]]++;
  return ranks;
}

void find_groups(PointsView points, Order& order) {
  order.group_start.assign(1, 0);
  for (std::uint32_t place = 1; points.group && place < order.size; ++place) {
    if (points.group[order.position[place]] != points.group[order.position[place - 1]]) order.group_start.push_back(place);
  }
  if (order.size > 0) order.group_start.push_back(order.size);
}

}  // namespace

Order lexicographic_order(PointsView points, Progress& progress) {
  Order order;
  order.size = points.size;
  const std::uint32_t objectives = std::max(2u, points.objective_count);
  progress.begin("order", std::uint64_t{points.size} * objectives);
  std::vector<std::vector<std::uint32_t>> runs(objectives);  // [objectives][size] by position
  {
    KeyedOrder rows = keyed_order(points.size);
    for (std::uint32_t k = objectives; k-- > 0;) {
      runs[k] = sort_by_objective(points, k, rows);
      if (k == 1 && points.group) runs[k] = split_by_group(points, runs[k], rows);
      progress.add(points.size);
    }
    if (points.group) sort_by_group(points, false, rows);
    order.position = std::move(rows.order);
  }
  const std::vector<std::uint32_t>& position = order.position;
  order.run_start.resize(points.size);
  for_runs(
      points.size,
      [&](std::uint32_t i) {
        return std::any_of(runs.begin(), runs.end(), [&](const auto& r) { return r[position[i]] != r[position[i - 1]]; });
      },
      [&](std::uint32_t i, std::uint32_t start) { order.run_start[i] = start; });
  runs[0] = {};
  order.ranks.resize(objectives - 1);
  tbb::parallel_for(1u, objectives, [&](std::uint32_t k) {
    throw_if_stopped();
    order.ranks[k - 1] = unique_ranks(position, runs[k]);
    runs[k] = {};
  });
  find_groups(points, order);
  return order;
}

void mirror(Order& order) {
  const std::uint32_t size = order.size;
  std::reverse(order.position.begin(), order.position.end());
  tbb::parallel_for(std::size_t{0}, order.ranks.size(), [&](std::size_t k) {
    std::reverse(order.ranks[k].begin(), order.ranks[k].end());
    for (std::uint32_t& rank : order.ranks[k]) rank = size - 1 - rank;
  });
  // A run from a to b becomes one from size − 1 − b to size − 1 − a: walk the old starts from the back.
  std::vector<std::uint32_t> run_start(size);
  std::uint32_t start = 0;
  for (std::uint32_t i = 0; i < size; ++i) {
    if (i > 0 && order.run_start[size - 1 - i] != order.run_start[size - i]) start = i;
    run_start[i] = start;
  }
  order.run_start = std::move(run_start);
  std::reverse(order.group_start.begin(), order.group_start.end());
  for (std::uint32_t& group : order.group_start) group = size - group;
}

}  // namespace carbonfront
