#include "host/pareto/z_order.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_sort.h>

#include <algorithm>
#include <bit>

#include "host/pareto/keys.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kBlock = 1 << 12;
constexpr std::uint32_t kManyTies = 1 << 15;  // are sorted by all threads

std::uint32_t largest_group(const Estimates& estimates) {
  const PointsView points = estimates.points;
  return points.group && points.size > 0 ? *std::max_element(points.group, points.group + points.size) : 0;
}

/// Compares two rows lexicographically; 0: they are equal.
int compare_rows(const Estimates& estimates, std::uint32_t a, std::uint32_t b) {
  const std::uint16_t *row_a = estimates.row(a), *row_b = estimates.row(b);
  for (std::uint32_t k = 0; k < estimates.points.objective_count; ++k) {
    if (row_a[k] != row_b[k]) return row_a[k] < row_b[k] ? -1 : 1;
    if (estimates.is_exact(k, row_a[k])) continue;
    if (const int order = compare_keys(estimates.points, k, a, b)) return order;
  }
  return 0;
}

/// A row on its way into the order of rows of equal keys.
struct Tied {
  std::uint64_t next_key, first, word;  // `first`: the key of the first objective
};

/// Sorts rows of equal keys by the bits behind these, then lexicographically, then by name.
template <class Name>
void sort_ties(const Estimates& estimates, const Interleaving& next, const KeyedRows& rows, std::uint64_t* words,
               std::uint32_t count, Name name) {
  std::vector<Tied> ties(count);
  with_keys(estimates.points.objectives[0], [&](auto key_of_row) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t position = name(rows.row_of(words[i]));
      ties[i] = {next.key(estimates.row(position)), key_of_row(estimates.points.row(position)), words[i]};
    }
  });
  const auto before = [&](const Tied& a, const Tied& b) {
    if (a.next_key != b.next_key) return a.next_key < b.next_key;
    if (a.first != b.first) return a.first < b.first;
    const int order = compare_rows(estimates, name(rows.row_of(a.word)), name(rows.row_of(b.word)));
    return order != 0 ? order < 0 : a.word < b.word;
  };
  if (count > kManyTies) {
    tbb::parallel_sort(ties.begin(), ties.end(), before);
  } else {
    std::sort(ties.begin(), ties.end(), before);
  }
  for (std::uint32_t i = 0; i < count; ++i) words[i] = ties[i].word;
}

/// What is left of a part of the rows once equal ones have been dropped.
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
Kept settle_ties(const Estimates& estimates, const Interleaving& next, KeyedRows& rows, std::uint32_t begin,
                 std::uint32_t part_end, Name name) {
  Kept kept{begin, 0, {}};
  std::uint32_t to = begin;
  std::uint64_t* words = rows.words.data();
  const auto equal = [&](std::uint64_t a, std::uint64_t b) {
    return compare_rows(estimates, name(rows.row_of(a)), name(rows.row_of(b))) == 0;
  };
  for (std::uint32_t end = begin; begin < part_end; begin = end) {
    for (end = begin + 1; end < part_end && rows.key(end) == rows.key(begin);) ++end;
    std::uint32_t same = begin + 1;  // rows that equal the first one: often all of them
    while (same < end && equal(words[begin], words[same])) ++same;
    if (same < end) {
      sort_ties(estimates, next, rows, words + begin, end - begin, name);
      same = begin + 1;
    }
    std::uint64_t run = words[begin];  // the first of the equal rows
    words[to++] = run;
    for (std::uint32_t i = begin + 1; i < end; ++i) {
      if (i < same || equal(run, words[i])) {
        kept.twins.emplace_back(name(rows.row_of(words[i])), name(rows.row_of(run)));
      } else {
        run = words[to++] = words[i];
      }
    }
  }
  kept.count = to - kept.begin;
  return kept;
}

/// Makes the rows' words: keys above names.
template <class Name>
void write_words(const Estimates& estimates, const Interleaving& z_key, int z_bits, KeyedRows& rows,
                 const Progress& progress, Name name) {
  const std::uint32_t* group = estimates.points.group;
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, rows.size, kBlock), [&](const auto& range) {
    progress.throw_if_stopped();
    for (std::uint32_t i = range.begin(); i < range.end(); ++i) {
      const std::uint32_t position = name(i);
      const std::uint64_t of_group = group ? std::uint64_t{group[position]} << z_bits : 0;
      rows.set(i, of_group | z_key.key(estimates.row(position)), i);
    }
  });
}

template <class Name>
ZOrder sorted(const Estimates& estimates, std::uint32_t size, const Progress& progress, Name name) {
  ZOrder order{size, 0, keyed_rows(size), {}};
  KeyedRows& rows = order.rows;
  const auto columns = estimates.points.objective_count;
  const int group_bits = std::bit_width(largest_group(estimates)), room = 64 - rows.row_bits - group_bits;
  int bits = 0, next_bits = 0;
  const Interleaving z_key = interleaving(columns, 0, room, bits), next = interleaving(columns, bits, 64, next_bits);
  const int z_bits = bits > 0 ? bits * static_cast<int>(columns) : room;
  order.key_bits = group_bits + z_bits;
  write_words(estimates, z_key, z_bits, rows, progress, name);
  sort_by_key(rows, 0, size, progress);
  rows.spare = {};
  const std::vector<std::uint32_t> starts = cut_at_runs(rows);
  std::vector<Kept> kept(starts.size() - 1);
  tbb::parallel_for(std::size_t{0}, kept.size(), [&](std::size_t part) {
    progress.throw_if_stopped();
    kept[part] = settle_ties(estimates, next, rows, starts[part], starts[part + 1], name);
  });
  order.size = 0;
  for (const Kept& some : kept) {
    if (order.size != some.begin) std::copy_n(rows.words.begin() + some.begin, some.count, rows.words.begin() + order.size);
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
  const auto one = std::partition_point(first + begin, first + end,
                                        [&](std::uint64_t word) { return (word >> (bit + rows.row_bits) & 1) == 0; });
  const auto middle = static_cast<std::uint32_t>(one - first);
  cut(rows, begin, middle, bit - 1, most, starts);
  cut(rows, middle, end, bit - 1, most, starts);
}

}  // namespace

Interleaving interleaving(std::uint32_t columns, int first, int key_bits, int& bits) {
  const int width = static_cast<int>(columns);
  bits = std::min(16 - first, key_bits / width);
  Interleaving tables{std::vector<Interleaving::Column>(columns)};
  for (int k = 0; k < width; ++k) {
    for (int level = 0; level < std::max(bits, 1); ++level) {
      const int bit = bits > 0 ? (bits - 1 - level) * width + width - 1 - k : key_bits - 1 - k, from = first + level;
      if (bit < 0 || from > 15) continue;
      Interleaving::Column& column = tables.columns[static_cast<std::size_t>(k)];
      for (std::uint32_t byte = 0; byte < 256; ++byte) {
        if (byte >> (7 - from % 8) & 1) (from < 8 ? column.of_high : column.of_low)[byte] |= std::uint64_t{1} << bit;
      }
    }
  }
  return tables;
}

ZOrder z_order(const Estimates& estimates, const std::vector<std::uint32_t>* names, const Progress& progress) {
  if (!names) return sorted(estimates, estimates.points.size, progress, [](std::uint32_t i) { return i; });
  const std::uint32_t* name = names->data();
  const auto size = static_cast<std::uint32_t>(names->size());
  return sorted(estimates, size, progress, [name](std::uint32_t i) { return name[i]; });
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
