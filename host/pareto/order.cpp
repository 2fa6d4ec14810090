#include "host/pareto/order.hpp"

#include <algorithm>
#include <atomic>
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
    throw_if_stopped();
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

/// Calls `use(key_of)` with the function that keys positions by objective `k`, counted from 0; one behind the last is
/// constant.
template <class Use>
void with_position_keys(PointsView points, std::uint32_t k, Use use) {
  if (k >= points.objective_count) return use([](std::uint32_t) { return std::uint64_t{0}; });
  with_keys(points.objectives[k], [&](auto key_of_row) {
    if (points.rows) {
      use([=](std::uint32_t position) { return key_of_row(points.rows[position]); });
    } else {
      use(key_of_row);
    }
  });
}

/// Sorts positions by objective `k` or, stably, what is in `rows` already.
void sort_by_objective(PointsView points, std::uint32_t k, bool from_the_start, KeyedRows& rows) {
  with_position_keys(points, k, [&](auto key_of) {
    for_all(rows.size, [&](std::uint32_t i) {
      const std::uint32_t position = from_the_start ? i : rows.rows[i].row;
      rows.rows[i] = {key_of(position), position};
    });
  });
  sort_by_key(rows);
}

bool ties_with_previous(const KeyedRows& rows, std::uint32_t i) { return i > 0 && rows.rows[i].key == rows.rows[i - 1].key; }

/// Compares two positions by the objectives behind the first, then by position. O(objectives), for few rows.
bool follows_in_ties(PointsView points, std::uint32_t a, std::uint32_t b) {
  for (std::uint32_t k = 1; k < points.objective_count; ++k) {
    std::uint64_t key_a = 0, key_b = 0;
    with_position_keys(points, k, [&](auto key_of) { key_a = key_of(a), key_b = key_of(b); });
    if (key_a != key_b) return key_a > key_b;
  }
  return a > b;
}

/// Sorts the runs of equal keys by the other objectives, if these are few rows. False, and nothing done, if not.
bool sort_few_ties(PointsView points, KeyedRows& rows) {
  std::atomic<std::uint64_t> comparisons{0};  // about
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, rows.size, kBlock), [&](const auto& range) {
    std::uint64_t found = 0, run = 0;
    for (std::uint32_t i = range.begin(); i < range.end(); ++i) {
      run = ties_with_previous(rows, i) ? run + 1 : 0;
      found += run;
    }
    comparisons += found;
  });
  if (comparisons > rows.size / 16) return false;
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, rows.size, kBlock), [&](const auto& range) {
    std::uint32_t begin = range.begin();  // runs belong to the block they begin in
    while (begin < range.end() && ties_with_previous(rows, begin)) ++begin;
    while (begin < range.end()) {
      std::uint32_t end = begin + 1;
      while (end < rows.size && rows.rows[end].key == rows.rows[begin].key) ++end;
      for (std::uint32_t i = begin + 1; i < end; ++i) {
        for (std::uint32_t j = i; j > begin && follows_in_ties(points, rows.rows[j - 1].row, rows.rows[j].row); --j) {
          std::swap(rows.rows[j].row, rows.rows[j - 1].row);
        }
      }
      begin = end;
    }
  });
  return true;
}

/// Sorts the positions into places. With few ties in objective 1 one sort does; else it is one an objective, from the last.
void sort_lexicographically(PointsView points, KeyedRows& rows) {
  sort_by_objective(points, 0, true, rows);
  if (points.objective_count > 1 && !sort_few_ties(points, rows)) {
    for (std::uint32_t k = points.objective_count; k-- > 0;) {
      sort_by_objective(points, k, k + 1 == points.objective_count, rows);
    }
  }
  if (!points.group) return;
  for_all(rows.size, [&](std::uint32_t i) { rows.rows[i].key = points.group[rows.rows[i].row]; });
  sort_by_key(rows);
}

/// Finds the unique ranks in objective `k` > 0 by place, and marks in `begins` the places whose key is not the one before.
/// The rows are sorted from the order of places, so that ties follow it.
std::vector<std::uint32_t> unique_ranks(PointsView points, const std::vector<std::uint32_t>& position, std::uint32_t k,
                                        KeyedRows& rows, std::vector<std::uint8_t>& begins) {
  KeyedRow* row = rows.rows.get();
  with_position_keys(points, k, [&](auto key_of) {
    for_all(rows.size, [&](std::uint32_t place) { row[place] = {key_of(position[place]), place}; });
  });
  for_all(rows.size, [&](std::uint32_t place) { begins[place] |= !ties_with_previous(rows, place); });
  sort_by_key(rows);
  if (k == 1 && points.group) {
    for_all(rows.size, [&](std::uint32_t i) { row[i].key = ~points.group[position[row[i].row]]; });
    sort_by_key(rows);
  }
  std::vector<std::uint32_t> ranks(rows.size);
  for_all(rows.size, [&](std::uint32_t i) { ranks[row[i].row] = i; });
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
  KeyedRows rows = keyed_rows(points.size);
  sort_lexicographically(points, rows);
  progress.add(points.size);
  std::vector<std::uint32_t>& position = order.position;
  position.resize(points.size);
  for_all(points.size, [&](std::uint32_t place) { position[place] = rows.rows[place].row; });
  if (points.group) {
    with_position_keys(points, 0, [&](auto key_of) {
      for_all(points.size, [&](std::uint32_t place) { rows.rows[place].key = key_of(position[place]); });
    });
  }
  std::vector<std::uint8_t> begins(points.size);  // a run of equal rows
  for_all(points.size, [&](std::uint32_t place) { begins[place] = !ties_with_previous(rows, place); });
  order.ranks.resize(objectives - 1);
  for (std::uint32_t k = 1; k < objectives; ++k) {
    order.ranks[k - 1] = unique_ranks(points, position, k, rows, begins);
    progress.add(points.size);
  }
  find_groups(points, order);
  for (std::size_t g = 0; g + 1 < order.group_start.size(); ++g) begins[order.group_start[g]] = 1;
  order.run_start.resize(points.size);
  for_runs(
      points.size, [&](std::uint32_t i) { return begins[i] != 0; },
      [&](std::uint32_t i, std::uint32_t start) { order.run_start[i] = start; });
  return order;
}

void mirror(Order& order) {
  const std::uint32_t size = order.size;
  std::vector<std::uint32_t> turned(size);
  for_all(size, [&](std::uint32_t i) { turned[i] = order.position[size - 1 - i]; });
  order.position.swap(turned);
  for (std::vector<std::uint32_t>& ranks : order.ranks) {
    for_all(size, [&](std::uint32_t i) { turned[i] = size - 1 - ranks[size - 1 - i]; });
    ranks.swap(turned);
  }
  // A run from a to b becomes one from size − 1 − b to size − 1 − a.
  for_runs(
      size, [&](std::uint32_t i) { return order.run_start[size - 1 - i] != order.run_start[size - i]; },
      [&](std::uint32_t i, std::uint32_t start) { turned[i] = start; });
  order.run_start.swap(turned);
  std::reverse(order.group_start.begin(), order.group_start.end());
  for (std::uint32_t& group : order.group_start) group = size - group;
}

}  // namespace carbonfront
