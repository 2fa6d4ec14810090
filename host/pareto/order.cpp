#include "host/pareto/order.hpp"

#include <tbb/parallel_reduce.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>
#include <optional>
#include <utility>

#include "host/clones.hpp"
#include "host/pareto/filter.hpp"
#include "host/pareto/key_codes.hpp"
#include "host/pareto/keys.hpp"
#include "host/pareto/radix_sort.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kBlock = 1 << 12;
constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
constexpr std::uint32_t kManyRows = 1 << 14;  // are worth looking for codes of their keys

/// Calls `work(i)` for all i in [begin, end), in parallel.
template <class Work>
void for_all(std::uint32_t begin, std::uint32_t end, const Progress& progress, Work work) {
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(begin, end, kBlock), [&](const auto& range) {
    progress.throw_if_stopped();
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

struct KeyEnds {
  std::int64_t lowest = std::numeric_limits<std::int64_t>::max(), highest = std::numeric_limits<std::int64_t>::min();
};

KeyEnds joined(KeyEnds a, KeyEnds b) { return {std::min(a.lowest, b.lowest), std::max(a.highest, b.highest)}; }

CARBONFRONT_CLONES KeyEnds ends_of(const std::int64_t* keys, std::uint32_t count) {
  KeyEnds ends;
  for (std::uint32_t i = 0; i < count; ++i) {
    ends.lowest = std::min(ends.lowest, keys[i]);
    ends.highest = std::max(ends.highest, keys[i]);
  }
  return ends;
}

/// Finds the lowest and the highest key of an objective among some positions, with the top bit turned.
KeyEnds ends_of_keys(PointsView points, std::uint32_t k, std::uint32_t begin, std::uint32_t count,
                     const Progress& progress) {
  constexpr std::uint32_t kSome = 1024;
  points.objectives += k;
  points.objective_count = 1;
  KeyRows some{1, kSome, std::vector<std::int64_t>(kSome)};
  KeyEnds ends;
  progress.throw_if_stopped();
  for (std::uint32_t i = 0; i < count; i += kSome) {
    const std::uint32_t keys = std::min(kSome, count - i);
    take_keys(points, begin + i, 1, keys, some);
    ends = joined(ends, ends_of(some.keys.data(), keys));
  }
  return ends;
}

/// What of a key goes above a row: its code where there are few keys, else its distance from the lowest key, without the
/// `shift` last bits.
struct KeyCut {
  std::uint64_t lowest = 0;
  int shift = 0;
  const KeyCodes* codes = nullptr;

  std::uint64_t distance(std::uint64_t key) const { return (key - lowest) >> shift; }
  std::uint64_t of(std::uint64_t key) const { return codes ? codes->of(key) : distance(key); }
  std::uint64_t rest(std::uint64_t key) const { return (key - lowest) & ((std::uint64_t{1} << shift) - 1); }
};

/// Cuts the keys of an objective no more than needed for all of them to fit. `codes` becomes what they have codes by.
KeyCut cut_for(PointsView points, std::uint32_t k, int row_bits, std::optional<KeyCodes>& codes, const Progress& progress) {
  if (points.size == 0 || k >= points.objective_count) return {};
  if (points.size >= kManyRows) {
    codes = codes_of(points, k, progress);
    if (codes) return {0, 0, &*codes};
  }
  using Range = tbb::blocked_range<std::uint32_t>;
  const KeyEnds ends = tbb::parallel_reduce(
      Range(0, points.size, kBlock), KeyEnds{},
      [&](const Range& range, KeyEnds found) {
        return joined(found, ends_of_keys(points, k, range.begin(), static_cast<std::uint32_t>(range.size()), progress));
      },
      joined);
  const std::uint64_t width = static_cast<std::uint64_t>(ends.highest) - static_cast<std::uint64_t>(ends.lowest);
  return {static_cast<std::uint64_t>(ends.lowest) ^ kSign, std::max<int>(0, std::bit_width(width) + row_bits - 64), nullptr};
}

/// Points on their way into an order.
struct Sorting {
  PointsView points;
  const Progress& progress;
  std::vector<std::optional<KeyCodes>> codes;  // [objectives]
  std::vector<KeyCut> cuts;                    // [objectives]
  KeyedRows rows;
  bool told = false;   // whether equal words mean equal keys, in the objective sorted last
  bool coded = false;  // whether the words have the codes of all objectives
};

/// Calls `use(begin, end)` for every run of rows that `tie` with the one before, in parallel, once all runs are found.
template <class Tie, class Use>
void for_ties(std::uint32_t size, const Progress& progress, Tie tie, Use use) {
  using Runs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
  std::vector<Runs> runs((size + kBlock - 1) / kBlock);  // by the block they begin in
  tbb::parallel_for(std::size_t{0}, runs.size(), [&](std::size_t block) {
    progress.throw_if_stopped();
    auto begin = static_cast<std::uint32_t>(block * kBlock);
    const std::uint32_t block_end = std::min(size, begin + kBlock);
    while (begin > 0 && begin < block_end && tie(begin)) ++begin;
    while (begin < block_end) {
      std::uint32_t end = begin + 1;
      while (end < size && tie(end)) ++end;
      if (end > begin + 1) runs[block].emplace_back(begin, end);
      begin = end;
    }
  });
  tbb::parallel_for(std::size_t{0}, runs.size(), [&](std::size_t block) {
    progress.throw_if_stopped();
    for (const auto& [begin, end] : runs[block]) use(begin, end);
  });
}

/// Sorts rows, which have their keys as far as `cut` leaves them, stably by the keys. `key_of` by row. Says whether what is
/// left of the keys tells them all apart.
template <class KeyOf>
bool sort_keyed_rows(KeyedRows& rows, KeyCut cut, const Progress& progress, KeyOf key_of) {
  sort_by_key(rows, 0, rows.size, progress);
  if (cut.shift == 0) return true;
  std::atomic<bool> told{true};
  const auto tie = [&](std::uint32_t i) { return rows.key(i) == rows.key(i - 1); };
  for_ties(rows.size, progress, tie, [&](std::uint32_t begin, std::uint32_t end) {
    const std::uint64_t key = rows.key(begin), first = key_of(rows.row(begin));
    std::uint32_t same = begin + 1;
    while (same < end && key_of(rows.row(same)) == first) ++same;
    if (same == end) return;
    told = false;
    for_all(begin, end, progress, [&](std::uint32_t i) { rows.set(i, cut.rest(key_of(rows.row(i))), rows.row(i)); });
    sort_by_key(rows, begin, end, progress);
    for_all(begin, end, progress, [&](std::uint32_t i) { rows.set(i, key, rows.row(i)); });
  });
  return told;
}

/// Sorts positions by objective `k` or, stably, what is in the rows already.
void sort_by_objective(Sorting& sorting, std::uint32_t k, bool from_the_start) {
  KeyedRows& rows = sorting.rows;
  const KeyCut cut = sorting.cuts[k];
  with_position_keys(sorting.points, k, [&](auto key_of) {
    const auto write = [&](auto word_of) {
      for_all(0, rows.size, sorting.progress, [&](std::uint32_t i) {
        const std::uint32_t position = from_the_start ? i : rows.row(i);
        rows.set(i, word_of(key_of(position)), position);
      });
    };
    if (cut.codes) {
      write([codes = cut.codes](std::uint64_t key) { return std::uint64_t{codes->of(key)}; });
    } else {
      write([cut](std::uint64_t key) { return cut.distance(key); });
    }
    sorting.told = sort_keyed_rows(rows, cut, sorting.progress, key_of);
  });
}

/// Calls `use(ties_with_previous)`, a function of indices from 1 on into rows that have their keys in objective 1.
template <class Use>
void with_ties_in_first(const Sorting& sorting, Use use) {
  with_position_keys(sorting.points, 0, [&](auto key_of) {
    const KeyedRows& rows = sorting.rows;
    const bool told = sorting.told;
    use([&rows, key_of, told](std::uint32_t i) {
      return rows.key(i) == rows.key(i - 1) && (told || key_of(rows.row(i)) == key_of(rows.row(i - 1)));
    });
  });
}

/// Compares two positions by the objectives behind the first, then by position. O(objectives), for few rows.
bool follows_in_ties(PointsView points, std::uint32_t a, std::uint32_t b) {
  for (std::uint32_t k = 1; k < points.objective_count; ++k) {
    std::uint64_t key_a = 0, key_b = 0;
    with_position_keys(points, k, [&](auto key_of) { key_a = key_of(a), key_b = key_of(b); });
    if (key_a != key_b) return key_a > key_b;
  }
  return a > b;
}

/// Sorts the runs of equal keys in objective 1 by the other objectives, if these are few rows. False, and nothing done, if
/// not.
bool sort_few_ties(Sorting& sorting) {
  KeyedRows& rows = sorting.rows;
  std::atomic<std::uint64_t> comparisons{0};  // about
  with_ties_in_first(sorting, [&](auto tie) {
    tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, rows.size, kBlock), [&](const auto& range) {
      std::uint64_t found = 0, run = 0;
      for (std::uint32_t i = range.begin(); i < range.end(); ++i) {
        run = i > 0 && tie(i) ? run + 1 : 0;
        found += run;
      }
      comparisons += found;
    });
    if (comparisons > rows.size / 16) return;
    for_ties(rows.size, sorting.progress, tie, [&](std::uint32_t begin, std::uint32_t end) {
      for (std::uint32_t i = begin + 1; i < end; ++i) {
        for (std::uint32_t j = i; j > begin && follows_in_ties(sorting.points, rows.row(j - 1), rows.row(j)); --j) {
          std::swap(rows.words[j], rows.words[j - 1]);
        }
      }
    });
  });
  return comparisons <= rows.size / 16;
}

/// Sorts by the codes of all objectives at once. False, and nothing done, where not all have codes, or not room for them.
bool sort_codes(Sorting& sorting) {
  KeyedRows& rows = sorting.rows;
  int bits = rows.row_bits;
  for (const KeyCut& cut : sorting.cuts) {
    if (!cut.codes) return false;
    bits += std::bit_width(cut.codes->count);
  }
  if (bits > 64) return false;
  for (std::uint32_t k = 0; k < sorting.points.objective_count; ++k) {
    const KeyCodes& codes = *sorting.cuts[k].codes;
    const int width = std::bit_width(codes.count);
    with_position_keys(sorting.points, k, [&](auto key_of) {
      for_all(0, rows.size, sorting.progress, [&](std::uint32_t i) {
        const std::uint64_t before = k == 0 ? 0 : rows.key(i) << width;
        rows.set(i, before | codes.of(key_of(i)), i);
      });
    });
  }
  sort_by_key(rows, 0, rows.size, sorting.progress);
  return sorting.told = sorting.coded = true;
}

/// Sorts the positions into places. With codes in all objectives, or few ties in objective 1, one sort does; else it is one
/// an objective, from the last.
void sort_lexicographically(Sorting& sorting) {
  const PointsView points = sorting.points;
  KeyedRows& rows = sorting.rows;
  const bool sorted = points.objective_count > 1 && sort_codes(sorting);
  if (!sorted) sort_by_objective(sorting, 0, true);
  if (!sorted && points.objective_count > 1 && !sort_few_ties(sorting)) {
    for (std::uint32_t k = points.objective_count; k-- > 0;) {
      sort_by_objective(sorting, k, k + 1 == points.objective_count);
    }
  }
  if (!points.group) return;
  for_all(0, rows.size, sorting.progress, [&](std::uint32_t i) { rows.set(i, points.group[rows.row(i)], rows.row(i)); });
  sort_by_key(rows, 0, rows.size, sorting.progress);
}

/// Marks the places whose key in objective 1 is not the one before. The rows are in the order of places.
Array<std::uint8_t> begins_in_first(Sorting& sorting) {
  KeyedRows& rows = sorting.rows;
  if (sorting.points.group || sorting.coded) {  // by which they were sorted last
    with_position_keys(sorting.points, 0, [&](auto key_of) {
      const KeyCut cut = sorting.cuts[0];
      for_all(0, rows.size, sorting.progress,
              [&](std::uint32_t i) { rows.set(i, cut.of(key_of(rows.row(i))), rows.row(i)); });
    });
  }
  Array<std::uint8_t> begins(rows.size);
  with_ties_in_first(sorting, [&](auto tie) {
    for_all(0, rows.size, sorting.progress, [&](std::uint32_t place) { begins[place] = place == 0 || !tie(place); });
  });
  return begins;
}

/// Finds the unique ranks in objective `k` > 0 by place, and marks in `begins` the places whose key is not the one before.
/// The rows are sorted from the order of places, so that ties follow it.
Array<std::uint32_t> unique_ranks(Sorting& sorting, const Array<std::uint32_t>& position, std::uint32_t k,
                                  Array<std::uint8_t>& begins) {
  const PointsView points = sorting.points;
  KeyedRows& rows = sorting.rows;
  const KeyCut cut = sorting.cuts[k];
  with_position_keys(points, k, [&](auto key_of_position) {
    const auto key_of = [&](std::uint32_t place) { return key_of_position(position[place]); };
    tbb::parallel_for(0u, (rows.size + kBlock - 1) / kBlock, [&](std::uint32_t block) {
      sorting.progress.throw_if_stopped();
      const std::uint32_t begin = block * kBlock, count = std::min(kBlock, rows.size - begin);
      std::uint64_t keys[kBlock + 1];  // and the one before them
      keys[0] = key_of(begin - (begin > 0));
      for (std::uint32_t i = 0; i < count; ++i) keys[i + 1] = key_of(begin + i);
      for (std::uint32_t i = 0; i < count; ++i) begins[begin + i] |= keys[i + 1] != keys[i];
      if (cut.codes) {
        for (std::uint32_t i = 0; i < count; ++i) rows.set(begin + i, cut.codes->of(keys[i + 1]), begin + i);
      } else {
        for (std::uint32_t i = 0; i < count; ++i) rows.set(begin + i, cut.distance(keys[i + 1]), begin + i);
      }
    });
    sort_keyed_rows(rows, cut, sorting.progress, key_of);
  });
  if (k == 1 && points.group) {
    for_all(0, rows.size, sorting.progress,
            [&](std::uint32_t i) { rows.set(i, ~points.group[position[rows.row(i)]], rows.row(i)); });
    sort_by_key(rows, 0, rows.size, sorting.progress);
  }
  Array<std::uint32_t> ranks(rows.size);
  for_all(0, rows.size, sorting.progress, [&](std::uint32_t i) { ranks[rows.row(i)] = i; });
  return ranks;
}

void find_groups(PointsView points, Order& order, const Progress& progress) {
  order.group_start.assign(1, 0);
  for (std::uint32_t place = 1; points.group && place < order.size; ++place) {
    if (place % kBlock == 0) progress.throw_if_stopped();
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
  Sorting sorting{points, progress, std::vector<std::optional<KeyCodes>>(objectives), {}, keyed_rows(points.size)};
  for (std::uint32_t k = 0; k < objectives; ++k)
    sorting.cuts.push_back(cut_for(points, k, sorting.rows.row_bits, sorting.codes[k], progress));
  sort_lexicographically(sorting);
  progress.add(points.size);
  Array<std::uint32_t>& position = order.position;
  position.resize(points.size);
  for_all(0, points.size, progress, [&](std::uint32_t place) { position[place] = sorting.rows.row(place); });
  Array<std::uint8_t> begins = begins_in_first(sorting);  // a run of equal rows
  order.ranks.resize(objectives - 1);
  for (std::uint32_t k = 1; k < objectives; ++k) {
    order.ranks[k - 1] = unique_ranks(sorting, position, k, begins);
    progress.add(points.size);
  }
  find_groups(points, order, progress);
  for (std::size_t g = 0; g + 1 < order.group_start.size(); ++g) begins[order.group_start[g]] = 1;
  order.run_start.resize(points.size);
  for_runs(
      points.size, [&](std::uint32_t i) { return begins[i] != 0; },
      [&](std::uint32_t i, std::uint32_t start) { order.run_start[i] = start; });
  return order;
}

void mirror(Order& order, const Progress& progress) {
  const std::uint32_t size = order.size;
  Array<std::uint32_t> turned(size);
  for_all(0, size, progress, [&](std::uint32_t i) { turned[i] = order.position[size - 1 - i]; });
  order.position.swap(turned);
  for (Array<std::uint32_t>& ranks : order.ranks) {
    for_all(0, size, progress, [&](std::uint32_t i) { turned[i] = size - 1 - ranks[size - 1 - i]; });
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
