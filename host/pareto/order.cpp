#include "host/pareto/order.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <functional>
#include <optional>
#include <utility>

#include "host/pareto/key_cut.hpp"
#include "host/pareto/keys.hpp"
#include "host/pareto/radix_sort.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kBlock = 1 << 12;
constexpr std::uint32_t kSomeRows = 1 << 10;  // have their keys taken at once

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

/// The keys, in one objective counted from 0, of what the rows are: positions or, where `position` is given, places. One
/// objective behind the last is constant.
struct Keys {
  PointsView points;
  std::uint32_t k = 0;
  const std::uint32_t* position = nullptr;

  std::uint32_t column_row(std::uint32_t row) const { return points.row(position ? position[row] : row); }
  std::uint64_t of(std::uint32_t row) const {
    return k < points.objective_count ? key_at(points.objectives[k], column_row(row)) : 0;
  }
  void take(const std::uint32_t* rows, std::uint32_t count, std::uint64_t* keys) const {
    if (k >= points.objective_count) return std::fill_n(keys, count, std::uint64_t{0}), void();
    with_keys(points.objectives[k], [=, own = *this](auto key_of_row) {
      for (std::uint32_t i = 0; i < count; ++i) keys[i] = key_of_row(own.column_row(rows[i]));
    });
  }
};

/// Points on their way into an order.
struct Sorting {
  PointsView points;
  std::vector<std::optional<KeyCodes>> codes;  // [objectives]
  std::vector<KeyCut> cuts;                    // [objectives]
  KeyedRows rows;
  const Progress& progress;
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

/// Some rows, from `begin` on, and their keys.
struct SomeKeys {
  std::uint32_t begin, count;
  std::uint32_t rows[kSomeRows];
  std::uint64_t keys[kSomeRows];
};

/// Takes the keys of the rows [begin, end), in parallel, lets `change` make words of them, and sets these. `from_the_start`:
/// rows are their own indices.
void set_words(KeyedRows& rows, std::uint32_t begin, std::uint32_t end, const Keys& keys, bool from_the_start,
               const Progress& progress, const std::function<void(SomeKeys&)>& change) {
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(begin, end, kBlock), [&](const auto& range) {
    progress.throw_if_stopped();
    SomeKeys some;
    for (some.begin = range.begin(); some.begin < range.end(); some.begin += some.count) {
      some.count = std::min(kSomeRows, range.end() - some.begin);
      for (std::uint32_t i = 0; i < some.count; ++i)
        some.rows[i] = from_the_start ? some.begin + i : rows.row(some.begin + i);
      keys.take(some.rows, some.count, some.keys);
      change(some);
      for (std::uint32_t i = 0; i < some.count; ++i) rows.set(some.begin + i, some.keys[i], some.rows[i]);
    }
  });
}

/// Sets the words of all rows to their keys, as far as `cut` leaves them.
void set_cut_keys(KeyedRows& rows, const Keys& keys, const KeyCut& cut, bool from_the_start, const Progress& progress) {
  set_words(rows, 0, rows.size, keys, from_the_start, progress, [&](SomeKeys& some) { cut.apply(some.keys, some.count); });
}

bool have_one_key(const KeyedRows& rows, std::uint32_t begin, std::uint32_t end, Keys keys) {
  if (keys.k >= keys.points.objective_count) return true;
  std::uint32_t same = begin + 1;
  with_keys(keys.points.objectives[keys.k], [&](auto key_of_row) {
    const auto key_of = [=, &rows, words = rows.words.data()](std::uint32_t i) {
      return key_of_row(keys.column_row(rows.row_of(words[i])));
    };
    const std::uint64_t first = key_of(begin);
    while (same < end && key_of(same) == first) ++same;
  });
  return same == end;
}

/// Sorts rows, which have their keys as far as `cut` leaves them, stably by the keys. Says whether what is left of the keys
/// tells them all apart.
bool sort_keyed_rows(KeyedRows& rows, const KeyCut& cut, const Keys& keys, const Progress& progress) {
  sort_by_key(rows, 0, rows.size, progress);
  if (cut.shift == 0) return true;
  std::atomic<bool> told{true};
  const auto tie = [&](std::uint32_t i) { return rows.key(i) == rows.key(i - 1); };
  for_ties(rows.size, progress, tie, [&](std::uint32_t begin, std::uint32_t end) {
    const std::uint64_t key = rows.key(begin);
    if (have_one_key(rows, begin, end, keys)) return;
    told = false;
    set_words(rows, begin, end, keys, false, progress, [&](SomeKeys& some) {
      for (std::uint32_t i = 0; i < some.count; ++i) some.keys[i] = cut.rest(some.keys[i]);
    });
    sort_by_key(rows, begin, end, progress);
    for_all(begin, end, progress, [&](std::uint32_t i) { rows.set(i, key, rows.row(i)); });
  });
  return told;
}

/// Sorts positions by objective `k` or, stably, what is in the rows already.
void sort_by_objective(Sorting& sorting, std::uint32_t k, bool from_the_start) {
  const Keys keys{sorting.points, k};
  set_cut_keys(sorting.rows, keys, sorting.cuts[k], from_the_start, sorting.progress);
  sorting.told = sort_keyed_rows(sorting.rows, sorting.cuts[k], keys, sorting.progress);
}

/// Says whether a row ties in objective 1 with the one before. By index from 1 on into rows that have their keys in it.
struct TiesInFirst {
  const KeyedRows& rows;
  Keys keys;
  bool told;

  explicit TiesInFirst(const Sorting& sorting) : rows(sorting.rows), keys{sorting.points}, told(sorting.told) {}
  bool operator()(std::uint32_t i) const {
    return rows.key(i) == rows.key(i - 1) && (told || keys.of(rows.row(i)) == keys.of(rows.row(i - 1)));
  }
};

/// Compares two positions by the objectives behind the first, then by position. O(objectives), for few rows.
bool follows_in_ties(PointsView points, std::uint32_t a, std::uint32_t b) {
  for (std::uint32_t k = 1; k < points.objective_count; ++k) {
    const Keys keys{points, k};
    const std::uint64_t key_a = keys.of(a), key_b = keys.of(b);
    if (key_a != key_b) return key_a > key_b;
  }
  return a > b;
}

/// Sorts the runs of equal keys in objective 1 by the other objectives, if these are few rows. False, and nothing done, if
/// not.
bool sort_few_ties(Sorting& sorting) {
  KeyedRows& rows = sorting.rows;
  std::atomic<std::uint64_t> comparisons{0};  // about
  const TiesInFirst tie(sorting);
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, rows.size, kBlock), [&](const auto& range) {
    std::uint64_t found = 0, run = 0;
    for (std::uint32_t i = range.begin(); i < range.end(); ++i) {
      run = i > 0 && tie(i) ? run + 1 : 0;
      found += run;
    }
    comparisons += found;
  });
  if (comparisons > rows.size / 16) return false;
  for_ties(rows.size, sorting.progress, tie, [&](std::uint32_t begin, std::uint32_t end) {
    for (std::uint32_t i = begin + 1; i < end; ++i) {
      for (std::uint32_t j = i; j > begin && follows_in_ties(sorting.points, rows.row(j - 1), rows.row(j)); --j) {
        std::swap(rows.words[j], rows.words[j - 1]);
      }
    }
  });
  return true;
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
    set_words(rows, 0, rows.size, {sorting.points, k}, true, sorting.progress, [&](SomeKeys& some) {
      for (std::uint32_t i = 0; i < some.count; ++i) {
        const std::uint64_t before = k == 0 ? 0 : rows.key(some.begin + i) << width;
        some.keys[i] = before | codes.of(some.keys[i]);
      }
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
    set_cut_keys(rows, {sorting.points}, sorting.cuts[0], false, sorting.progress);
  }
  Array<std::uint8_t> begins(rows.size);
  const TiesInFirst tie(sorting);
  for_all(0, rows.size, sorting.progress, [&](std::uint32_t place) { begins[place] = place == 0 || !tie(place); });
  return begins;
}

/// Finds the unique ranks in objective `k` > 0 by place, and marks in `begins` the places whose key is not the one before.
/// The rows are sorted from the order of places, so that ties follow it.
Array<std::uint32_t> unique_ranks(Sorting& sorting, const Array<std::uint32_t>& position, std::uint32_t k,
                                  Array<std::uint8_t>& begins) {
  const PointsView points = sorting.points;
  KeyedRows& rows = sorting.rows;
  const KeyCut& cut = sorting.cuts[k];
  const Keys keys{points, k, position.data()};
  set_words(rows, 0, rows.size, keys, true, sorting.progress, [&](SomeKeys& some) {
    std::uint64_t before = keys.of(some.begin - (some.begin > 0));
    for (std::uint32_t i = 0; i < some.count; ++i) {
      begins[some.begin + i] |= some.keys[i] != before;
      before = some.keys[i];
    }
    cut.apply(some.keys, some.count);
  });
  sort_keyed_rows(rows, cut, keys, sorting.progress);
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
  Sorting sorting{points, std::vector<std::optional<KeyCodes>>(objectives), {}, keyed_rows(points.size), progress};
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
