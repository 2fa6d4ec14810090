#include "host/pareto/radix_sort.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "host/progress.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kFewRows = 24;        // are sorted by insertion
constexpr std::uint32_t kManyRows = 1 << 17;  // are dealt out by all threads
constexpr int kSharedBits = 11;               // digit of that: 2,048 places written to are about what the TLB holds
constexpr int kMostBits = 12;                 // digit inside the cache
constexpr std::uint32_t kMostBlocks = 64;

/// The digit of a key: its bits from `shift` on above the lowest key.
struct Digit {
  std::uint64_t lowest;
  int shift;
  std::uint32_t values;

  std::uint32_t of(std::uint64_t key) const { return static_cast<std::uint32_t>((key - lowest) >> shift); }
};

struct KeyRange {
  std::uint64_t lowest = ~std::uint64_t{0}, highest = 0;

  void add(const KeyedRow* rows, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      lowest = std::min(lowest, rows[i].key);
      highest = std::max(highest, rows[i].key);
    }
  }
};

Digit digit_for(KeyRange range, int bits) {
  const int varying = std::bit_width(range.highest - range.lowest);
  const int shift = std::max(0, varying - bits);
  return {range.lowest, shift, static_cast<std::uint32_t>((range.highest - range.lowest) >> shift) + 1};
}

/// A part of the rows: where it is, where its copy may go, and where it has to be in the end.
struct Part {
  KeyedRow *at, *other;
  std::uint32_t size;
  bool ends_in_other;
};

void sort_by_insertion(KeyedRow* rows, std::uint32_t size) {
  for (std::uint32_t i = 1; i < size; ++i) {
    const KeyedRow row = rows[i];
    std::uint32_t to = i;
    for (; to > 0 && rows[to - 1].key > row.key; --to) rows[to] = rows[to - 1];
    rows[to] = row;
  }
}

void finish(Part part) {
  if (part.ends_in_other) std::copy(part.at, part.at + part.size, part.other);
}

/// The same rows, moved to `other` in part; ends[digit] is where the digit's rows end there.
template <class SortBucket>
void for_buckets(Part part, const std::uint32_t* ends, std::uint32_t values, SortBucket sort_bucket) {
  const auto moved = [&](std::uint32_t begin, std::uint32_t end) {
    return Part{part.other + begin, part.at + begin, end - begin, !part.ends_in_other};
  };
  std::uint32_t begin = 0, small = 0;  // rows [small, begin) are in buckets of a few, in order but for their buckets
  const auto finish_small = [&] {
    sort_by_insertion(part.other + small, begin - small);
    finish(moved(small, begin));
  };
  for (std::uint32_t digit = 0; digit < values; ++digit) {
    const std::uint32_t end = ends[digit];
    if (end - begin > kFewRows) {
      finish_small();
      sort_bucket(moved(begin, end));
      small = end;
    }
    begin = end;
  }
  finish_small();
}

/// Sorts on one thread, best inside its cache.
void sort_alone(Part part) {
  if (part.size <= kFewRows) {
    sort_by_insertion(part.at, part.size);
    return finish(part);
  }
  KeyRange range;
  range.add(part.at, 0, part.size);
  if (range.lowest == range.highest) return finish(part);
  const Digit digit = digit_for(range, std::min<int>(kMostBits, std::bit_width(part.size)));
  std::uint32_t ends[1 << kMostBits];
  std::fill(ends, ends + digit.values, 0);
  for (std::uint32_t i = 0; i < part.size; ++i) ++ends[digit.of(part.at[i].key)];
  std::uint32_t next = 0;
  for (std::uint32_t d = 0; d < digit.values; ++d) next += std::exchange(ends[d], next);
  for (std::uint32_t i = 0; i < part.size; ++i) part.other[ends[digit.of(part.at[i].key)]++] = part.at[i];
  for_buckets(part, ends, digit.values, sort_alone);
}

KeyRange range_of(Part part) {
  using Range = tbb::blocked_range<std::size_t>;
  return tbb::parallel_reduce(
      Range(0, part.size, 1 << 14), KeyRange{},
      [&](const Range& range, KeyRange found) {
        found.add(part.at, range.begin(), range.end());
        return found;
      },
      [](KeyRange a, KeyRange b) {
        return KeyRange{std::min(a.lowest, b.lowest), std::max(a.highest, b.highest)};
      });
}

/// Moves the rows to `other` by digit, with all threads. Gives where the digits end.
std::vector<std::uint32_t> deal(Part part, Digit digit) {
  const std::uint32_t blocks = std::min(kMostBlocks, part.size / (kManyRows / 4));
  std::vector<std::vector<std::uint32_t>> places(blocks, std::vector<std::uint32_t>(digit.values, 0));
  const auto for_blocks = [&](auto&& work) {
    tbb::parallel_for(0u, blocks, [&](std::uint32_t b) {
      throw_if_stopped();
      work(places[b].data(), part.at + std::uint64_t{part.size} * b / blocks,
           part.at + std::uint64_t{part.size} * (b + 1) / blocks);
    });
  };
  for_blocks([&](std::uint32_t* counts, const KeyedRow* begin, const KeyedRow* end) {
    for (const KeyedRow* row = begin; row < end; ++row) ++counts[digit.of(row->key)];
  });
  std::uint32_t next = 0;
  for (std::uint32_t d = 0; d < digit.values; ++d) {
    for (auto& block : places) next += std::exchange(block[d], next);
  }
  for_blocks([&](std::uint32_t* to, const KeyedRow* begin, const KeyedRow* end) {
    for (const KeyedRow* row = begin; row < end; ++row) part.other[to[digit.of(row->key)]++] = *row;
  });
  return places.back();
}

void sort_together(Part part) {
  if (part.size < kManyRows) return sort_alone(part);
  const KeyRange range = range_of(part);
  if (range.lowest == range.highest) return finish(part);
  const Digit digit = digit_for(range, kSharedBits);
  const std::vector<std::uint32_t> ends = deal(part, digit);
  tbb::parallel_for(0u, digit.values, [&](std::uint32_t d) {
    throw_if_stopped();
    const std::uint32_t begin = d == 0 ? 0 : ends[d - 1];
    sort_together({part.other + begin, part.at + begin, ends[d] - begin, !part.ends_in_other});
  });
}

}  // namespace

KeyedRows keyed_rows(std::uint32_t size) {
  return {size, std::make_unique_for_overwrite<KeyedRow[]>(size), std::make_unique_for_overwrite<KeyedRow[]>(size)};
}

void sort_by_key(KeyedRows& rows) { sort_together({rows.rows.get(), rows.spare.get(), rows.size, false}); }

}  // namespace carbonfront
