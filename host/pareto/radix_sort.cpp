#include "host/pareto/radix_sort.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "host/clones.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kFewRows = 24;        // are sorted by insertion
constexpr std::uint32_t kManyRows = 1 << 17;  // are dealt out by all threads
constexpr int kSharedBits = 11;               // digit of that: 2,048 places written to are about what the TLB holds
constexpr int kMostBits = 12;                 // digit inside the cache
constexpr std::uint32_t kMostBlocks = 64;

/// The digit of a word: its bits from `shift` on above the lowest word. None of the row's are among them.
struct Digit {
  std::uint64_t lowest;
  int shift;
  std::uint32_t values;

  std::uint32_t of(std::uint64_t word) const { return static_cast<std::uint32_t>((word - lowest) >> shift); }
};

struct WordRange {
  std::uint64_t lowest = ~std::uint64_t{0}, highest = 0;
};

CARBONFRONT_CLONES void extend(WordRange& range, const std::uint64_t* words, std::size_t count) {
  std::uint64_t lowest = range.lowest, highest = range.highest;
  for (std::size_t i = 0; i < count; ++i) {
    lowest = std::min(lowest, words[i]);
    highest = std::max(highest, words[i]);
  }
  range = {lowest, highest};
}

/// A part of the rows: where it is, where its copy may go, and where it has to be in the end.
struct Part {
  std::uint64_t *at, *other;
  std::uint32_t size;
  int row_bits;
  bool ends_in_other;
};

/// Finds the highest digit in which the keys differ; a single value if they do not.
Digit digit_for(WordRange range, int row_bits, int bits) {
  const std::uint64_t lowest = range.lowest >> row_bits << row_bits;
  const int shift = std::max<int>(row_bits, std::bit_width(range.highest - lowest) - bits);
  return {lowest, shift, static_cast<std::uint32_t>((range.highest - lowest) >> shift) + 1};
}

void sort_by_insertion(std::uint64_t* words, std::uint32_t size, int row_bits) {
  for (std::uint32_t i = 1; i < size; ++i) {
    const std::uint64_t word = words[i], before = word | ((1ull << row_bits) - 1);  // all words that may stay before it
    std::uint32_t to = i;
    for (; to > 0 && words[to - 1] > before; --to) words[to] = words[to - 1];
    words[to] = word;
  }
}

void finish(Part part) {
  if (part.ends_in_other) std::copy(part.at, part.at + part.size, part.other);
}

/// The same rows, moved to `other` in part; ends[digit] is where the digit's rows end there.
template <class SortBucket>
void for_buckets(Part part, const std::uint32_t* ends, std::uint32_t values, SortBucket sort_bucket) {
  const auto moved = [&](std::uint32_t begin, std::uint32_t end) {
    return Part{part.other + begin, part.at + begin, end - begin, part.row_bits, !part.ends_in_other};
  };
  std::uint32_t begin = 0, small = 0;  // rows [small, begin) are in buckets of a few, in order but for their buckets
  const auto finish_small = [&] {
    sort_by_insertion(part.other + small, begin - small, part.row_bits);
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
    sort_by_insertion(part.at, part.size, part.row_bits);
    return finish(part);
  }
  WordRange range;
  extend(range, part.at, part.size);
  const Digit digit = digit_for(range, part.row_bits, std::min<int>(kMostBits, std::bit_width(part.size)));
  if (digit.values == 1) return finish(part);
  std::uint32_t ends[1 << kMostBits];
  std::fill(ends, ends + digit.values, 0);
  for (std::uint32_t i = 0; i < part.size; ++i) ++ends[digit.of(part.at[i])];
  std::uint32_t next = 0;
  for (std::uint32_t d = 0; d < digit.values; ++d) next += std::exchange(ends[d], next);
  for (std::uint32_t i = 0; i < part.size; ++i) part.other[ends[digit.of(part.at[i])]++] = part.at[i];
  for_buckets(part, ends, digit.values, sort_alone);
}

WordRange range_of(Part part, const Progress& progress) {
  using Range = tbb::blocked_range<std::size_t>;
  return tbb::parallel_reduce(
      Range(0, part.size, 1 << 14), WordRange{},
      [&](const Range& range, WordRange found) {
        progress.throw_if_stopped();
        extend(found, part.at + range.begin(), range.size());
        return found;
      },
      [](WordRange a, WordRange b) {
        return WordRange{std::min(a.lowest, b.lowest), std::max(a.highest, b.highest)};
      });
}

/// Moves the rows to `other` by digit, with all threads. Gives where the digits end.
std::vector<std::uint32_t> deal(Part part, Digit digit, const Progress& progress) {
  const std::uint32_t blocks = std::min(kMostBlocks, part.size / (kManyRows / 4));
  std::vector<std::vector<std::uint32_t>> places(blocks, std::vector<std::uint32_t>(digit.values, 0));
  const auto for_blocks = [&](auto&& work) {
    tbb::parallel_for(0u, blocks, [&](std::uint32_t b) {
      progress.throw_if_stopped();
      work(places[b].data(), part.at + std::uint64_t{part.size} * b / blocks,
           part.at + std::uint64_t{part.size} * (b + 1) / blocks);
    });
  };
  for_blocks([&](std::uint32_t* counts, const std::uint64_t* begin, const std::uint64_t* end) {
    for (const std::uint64_t* word = begin; word < end; ++word) ++counts[digit.of(*word)];
  });
  std::uint32_t next = 0;
  for (std::uint32_t d = 0; d < digit.values; ++d) {
    for (auto& block : places) next += std::exchange(block[d], next);
  }
  for_blocks([&](std::uint32_t* to, const std::uint64_t* begin, const std::uint64_t* end) {
    for (const std::uint64_t* word = begin; word < end; ++word) part.other[to[digit.of(*word)]++] = *word;
  });
  return places.back();
}

void sort_together(Part part, const Progress& progress) {
  if (part.size < kManyRows) return sort_alone(part);
  const Digit digit = digit_for(range_of(part, progress), part.row_bits, kSharedBits);
  if (digit.values == 1) return finish(part);
  const std::vector<std::uint32_t> ends = deal(part, digit, progress);
  tbb::parallel_for(0u, digit.values, [&](std::uint32_t d) {
    progress.throw_if_stopped();
    const std::uint32_t begin = d == 0 ? 0 : ends[d - 1];
    sort_together({part.other + begin, part.at + begin, ends[d] - begin, part.row_bits, !part.ends_in_other}, progress);
  });
}

}  // namespace

KeyedRows keyed_rows(std::uint32_t size) {
  return {size, static_cast<int>(std::bit_width(size)), Array<std::uint64_t>(size), Array<std::uint64_t>(size)};
}

void sort_by_key(KeyedRows& rows, std::uint32_t begin, std::uint32_t end, const Progress& progress) {
  sort_together({rows.words.data() + begin, rows.spare.data() + begin, end - begin, rows.row_bits, false}, progress);
}

}  // namespace carbonfront
