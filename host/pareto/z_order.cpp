#include "host/pareto/z_order.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_sort.h>

#include <algorithm>
#include <bit>

namespace carbonfront {
namespace {

constexpr std::uint32_t kBlock = 1 << 12;
constexpr std::ptrdiff_t kManyTies = 1 << 15;  // are sorted by all threads

/// Spreads the leading bits of a column's estimates over a key, by a table for each of an estimate's two bytes.
struct Spread {
  std::uint64_t of_high[256] = {}, of_low[256] = {};
};

/// Interleaves `bits` bits of each of `columns` columns, the first column's first. Without bits for all, the first columns
/// have one.
std::vector<Spread> spreads(std::uint32_t columns, int bits, int key_bits) {
  std::vector<Spread> tables(columns);
  for (std::uint32_t k = 0; k < columns; ++k) {
    for (int level = 0; level < std::max(bits, 1); ++level) {
      const int bit = bits > 0 ? (bits - 1 - level) * static_cast<int>(columns) + static_cast<int>(columns - 1 - k)
                               : key_bits - 1 - static_cast<int>(k);
      if (bit < 0) continue;
      for (std::uint32_t byte = 0; byte < 256; ++byte) {
        if (!(byte >> (7 - level % 8) & 1)) continue;
        (level < 8 ? tables[k].of_high : tables[k].of_low)[byte] |= std::uint64_t{1} << bit;
      }
    }
  }
  return tables;
}

std::uint32_t largest_group(const Estimates& estimates) {
  const PointsView points = estimates.points;
  return points.group && points.size > 0 ? *std::max_element(points.group, points.group + points.size) : 0;
}

/// Compares two rows lexicographically; 0: they are equal.
int compare_rows(const Estimates& estimates, std::uint32_t a, std::uint32_t b) {
  const std::uint16_t *row_a = estimates.row(a), *row_b = estimates.row(b);
  for (std::uint32_t k = 0; k < estimates.points.objective_count; ++k) {
    if (row_a[k] != row_b[k]) return row_a[k] < row_b[k] ? -1 : 1;
    if (estimates.exact[k]) continue;
    if (const int order = compare_keys(estimates.points, k, a, b)) return order;
  }
  return 0;
}

/// What is left of a block's rows once equal ones have been dropped.
struct Kept {
  std::uint32_t begin = 0, count = 0;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> twins;
};

/// Cuts the sorted rows into parts of about kBlock rows, where a run of equal keys begins. Ends with the size.
std::vector<std::uint32_t> cut_at_runs(const KeyedRows& rows) {
  const std::uint32_t blocks = (rows.size + kBlock - 1) / kBlock;
  std::vector<std::uint32_t> starts(blocks + 1, rows.size);
  tbb::parallel_for(0u, blocks, [&](std::uint32_t block) {
    const std::uint32_t end = std::min(rows.size, (block + 1) * kBlock);
    std::uint32_t begin = block * kBlock;
    while (begin > 0 && begin < end && rows.key(begin) == rows.key(begin - 1)) ++begin;
    if (begin < end) starts[block] = begin;
  });
  for (std::uint32_t block = blocks; block-- > 0;) starts[block] = std::min(starts[block], starts[block + 1]);
  return starts;
}

/// Sorts the runs of equal keys between two of their beginnings, and drops all equal rows but the first.
template <class Name>
Kept settle_ties(const Estimates& estimates, KeyedRows& rows, std::uint32_t begin, std::uint32_t part_end, Name name) {
  Kept kept{begin, 0, {}};
  std::uint32_t to = begin;
  for (std::uint32_t end = begin; begin < part_end; begin = end) {
    for (end = begin + 1; end < part_end && rows.key(end) == rows.key(begin);) ++end;
    const auto order = [&](std::uint64_t a, std::uint64_t b) {
      return compare_rows(estimates, name(rows.row_of(a)), name(rows.row_of(b)));
    };
    const auto first = rows.words.begin() + begin, last = rows.words.begin() + end;
    if (!std::all_of(first + 1, last, [&](std::uint64_t word) { return order(*first, word) == 0; })) {
      const auto before = [&](std::uint64_t a, std::uint64_t b) {
        const int which = order(a, b);
        return which != 0 ? which < 0 : a < b;
      };
      if (last - first > kManyTies) {
        tbb::parallel_sort(first, last, before);
      } else {
        std::sort(first, last, before);
      }
    }
    std::uint64_t run = *first;  // the first of the equal rows
    rows.words[to++] = run;
    for (std::uint32_t i = begin + 1; i < end; ++i) {
      const std::uint64_t word = rows.words[i];
      if (order(run, word) == 0) {
        kept.twins.emplace_back(name(rows.row_of(word)), name(rows.row_of(run)));
        continue;
      }
      run = rows.words[to++] = word;
    }
  }
  kept.count = to - kept.begin;
  return kept;
}

/// Makes the rows' words: keys above names.
template <class Name>
void write_words(const Estimates& estimates, const std::vector<Spread>& tables, int z_bits, KeyedRows& rows, Name name) {
  const std::uint32_t* group = estimates.points.group;
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, rows.size, kBlock), [&](const auto& range) {
    throw_if_stopped();
    for (std::uint32_t i = range.begin(); i < range.end(); ++i) {
      const std::uint16_t* row = estimates.row(name(i));
      std::uint64_t key = group && z_bits < 64 ? std::uint64_t{group[name(i)]} << z_bits : 0;
      for (std::size_t k = 0; k < tables.size(); ++k) key |= tables[k].of_high[row[k] >> 8] | tables[k].of_low[row[k] & 255];
      rows.set(i, key, i);
    }
  });
}

template <class Name>
ZOrder sorted(const Estimates& estimates, std::uint32_t size, Name name) {
  ZOrder order{size, 0, keyed_rows(size), {}};
  KeyedRows& rows = order.rows;
  const auto columns = estimates.points.objective_count;
  const int group_bits = std::bit_width(largest_group(estimates)), room = 64 - rows.row_bits - group_bits;
  const int bits = std::min(16, room / static_cast<int>(columns));
  const int z_bits = bits > 0 ? bits * static_cast<int>(columns) : std::max(room, 0);
  order.key_bits = group_bits + z_bits;
  write_words(estimates, spreads(columns, bits, z_bits), z_bits, rows, name);
  sort_by_key(rows, 0, size);
  const std::vector<std::uint32_t> starts = cut_at_runs(rows);
  std::vector<Kept> kept(starts.size() - 1);
  tbb::parallel_for(std::size_t{0}, kept.size(), [&](std::size_t part) {
    throw_if_stopped();
    kept[part] = settle_ties(estimates, rows, starts[part], starts[part + 1], name);
  });
  order.size = 0;
  for (const Kept& some : kept) {
    if (order.size != some.begin)
      std::copy_n(rows.words.begin() + some.begin, some.count, rows.words.begin() + order.size);
    order.size += some.count;
    order.twins.insert(order.twins.end(), some.twins.begin(), some.twins.end());
  }
  return order;
}

/// Cuts [begin, end) at the leaves of the trie below a node that has decided the bits above `bit`.
void cut(const KeyedRows& rows, std::uint32_t begin, std::uint32_t end, int bit, std::uint32_t most,
         std::vector<std::uint32_t>& starts) {
  if (begin == end) return;
  if (end - begin <= most || bit < 0) {
    for (std::uint32_t start = begin; start < end; start += std::min(most, end - start)) starts.push_back(start);
    return;
  }
  const auto first = rows.words.begin();
  const auto one = std::partition_point(first + begin, first + end, [&](std::uint64_t word) {
    return (word >> (bit + rows.row_bits) & 1) == 0;
  });
  const auto middle = static_cast<std::uint32_t>(one - first);
  cut(rows, begin, middle, bit - 1, most, starts);
  cut(rows, middle, end, bit - 1, most, starts);
}

}  // namespace

ZOrder z_order(const Estimates& estimates, const std::vector<std::uint32_t>* names) {
  if (!names) return sorted(estimates, estimates.points.size, [](std::uint32_t i) { return i; });
  const std::uint32_t* name = names->data();
  return sorted(estimates, static_cast<std::uint32_t>(names->size()), [name](std::uint32_t i) { return name[i]; });
}

std::vector<std::uint32_t> trie_leaves(const KeyedRows& rows, std::uint32_t size, int key_bits, std::uint32_t most) {
  std::vector<std::uint32_t> leaves, starts;
  cut(rows, 0, size, key_bits - 1, most, leaves);
  leaves.push_back(size);
  for (std::size_t i = 0; i + 1 < leaves.size(); ++i) {
    if (starts.empty() || leaves[i + 1] - starts.back() > most / 4) starts.push_back(leaves[i]);
  }
  starts.push_back(size);
  return starts;
}

}  // namespace carbonfront
