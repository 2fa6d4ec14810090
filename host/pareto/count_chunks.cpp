// Walks over a rank set in chunks, side by side: every chunk begins with the set as the chunks before it leave it.

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <numeric>

#include "host/pareto/count_lists.hpp"

namespace carbonfront {
namespace {

/// Rows between a prefetch and its use: these walks are the ones that do not fit the caches.
constexpr std::uint32_t kRowsAhead = 16;
constexpr std::uint32_t kRowsAtOnce = 1 << 20;  // between questions whether to stop

/// One bitmap a chunk.
struct ChunkBits {
  std::uint32_t chunks;
  std::size_t words;
  Array<std::uint64_t> bits;  // [chunks + 1][words]

  std::uint64_t* of(std::uint32_t chunk) { return bits.data() + chunk * words; }
};

std::uint32_t chunk_begin(std::uint32_t size, std::uint32_t chunks, std::uint32_t chunk) {
  return static_cast<std::uint32_t>(std::uint64_t{size} * chunk / chunks);
}

/// Calls `work(chunk, begin, end)` for all chunks, in parallel.
template <class Work>
void for_chunks(std::uint32_t size, std::uint32_t chunks, const Progress& progress, Work work) {
  tbb::parallel_for(0u, chunks, [&](std::uint32_t chunk) {
    progress.throw_if_stopped();
    work(chunk, chunk_begin(size, chunks, chunk), chunk_begin(size, chunks, chunk + 1));
  });
}

/// Marks values below `size`, by `mark(bits, begin, end)` for the rows of a chunk, and gives for every chunk what the
/// chunks before it marked; behind the last, what all did.
template <class Mark>
ChunkBits mark_chunks(std::uint32_t size, std::uint32_t chunks, const Progress& progress, Mark mark) {
  ChunkBits marked{chunks, std::size_t{size} / 64 + 1, {}};
  marked.bits.resize((chunks + 1) * marked.words, 0);
  for_chunks(size, chunks, progress,
             [&](std::uint32_t chunk, std::uint32_t begin, std::uint32_t end) { mark(marked.of(chunk + 1), begin, end); });
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, marked.words, 1 << 10), [&](const auto& words) {
    for (std::uint32_t chunk = 1; chunk <= chunks; ++chunk) {
      const std::uint64_t* before = marked.of(chunk - 1);
      std::uint64_t* bits = marked.of(chunk);
      for (std::size_t w = words.begin(); w < words.end(); ++w) bits[w] |= before[w];
    }
  });
  return marked;
}

template <int kLevels>
CARBONFRONT_INLINE void walk_pairs(const std::uint32_t* ranks, const std::uint8_t* is_query, std::uint32_t begin,
                                   std::uint32_t end, RankSet& members, std::uint32_t* counts) {
  const RankView<kLevels> set(members);
  for (std::uint32_t place = begin; place < end; ++place) {
    counts[place] = set.rank(ranks[place]);
    if (!is_query || !is_query[place]) set.insert(ranks[place]);
  }
}

CARBONFRONT_CLONES void walk_chunk_of_pairs(const std::uint32_t* ranks, const std::uint8_t* is_query, std::uint32_t size,
                                            std::uint32_t begin, std::uint32_t end, RankSet& members,
                                            std::uint32_t* counts) {
  with_rank_levels(
      size, [&]<int kLevels>()
                __attribute__((always_inline)) { walk_pairs<kLevels>(ranks, is_query, begin, end, members, counts); });
}

/// As in count_planes.cpp, but the set is one of ranks among all rows: it is there before the halves are.
template <int kLevels>
CARBONFRONT_INLINE void walk_planes(const RankList& list, std::uint32_t middle, std::uint32_t begin, std::uint32_t end,
                                    const RankWord* words, RankSet& members, std::uint32_t lower, const RankList& to,
                                    std::uint32_t* counts) {
  const RankView<kLevels> set(members);
  const std::uint32_t *ids = list.ids, *a = list.column(0), *c = list.column(1);
  std::uint32_t *to_ids = to.ids, *to_a = to.column(0), *to_c = to.column(1);
  std::uint32_t upper = middle + (begin - lower);
  for (std::uint32_t i = begin; i < end; ++i) {
    const std::uint32_t ahead = i + std::min(kRowsAhead, end - 1 - i);
    __builtin_prefetch(words + c[ahead] / 64);
    __builtin_prefetch(counts + ids[ahead], 1);
    const std::uint32_t id = ids[i], rank_a = a[i], rank_c = c[i];
    const std::uint32_t rank = words[rank_c / 64].rank(rank_c);
    if (rank_a < middle) {
      set.insert(rank_c);
      to_ids[lower] = id;
      to_a[lower] = rank_a;
      to_c[lower++] = rank;
    } else {
      counts[id] += set.rank(rank_c);
      to_ids[upper] = id;
      to_a[upper] = rank_a - middle;
      to_c[upper++] = rank_c - rank;
    }
  }
}

CARBONFRONT_CLONES void walk_chunk_of_planes(const RankList& list, std::uint32_t middle, std::uint32_t begin,
                                             std::uint32_t end, const RankWord* words, RankSet& members, std::uint32_t lower,
                                             const RankList& to, std::uint32_t* counts) {
  with_rank_levels(
      list.size, [&]<int kLevels>() __attribute__((always_inline)) {
        walk_planes<kLevels>(list, middle, begin, end, words, members, lower, to, counts);
      });
}

}  // namespace

std::uint32_t chunks_for_arena() {
  const int threads = tbb::this_task_arena::max_concurrency();
  return threads == 1 ? 1 : static_cast<std::uint32_t>(std::min(32, 2 * threads));
}

Array<std::uint32_t> count_pairs_in_chunks(const Array<std::uint32_t>& ranks, const std::uint8_t* is_query,
                                           std::uint32_t chunks, Progress& progress) {
  const auto size = static_cast<std::uint32_t>(ranks.size());
  ChunkBits before = mark_chunks(size, chunks, progress, [&](std::uint64_t* bits, std::uint32_t begin, std::uint32_t end) {
    for (std::uint32_t i = begin; i < end; ++i) {
      bits[ranks[i] / 64] |= std::uint64_t{!is_query || !is_query[i]} << (ranks[i] % 64);
    }
  });
  Array<std::uint32_t> counts(size);
  for_chunks(size, chunks, progress, [&](std::uint32_t chunk, std::uint32_t begin, std::uint32_t end) {
    RankSet set;
    assign(set, size, before.of(chunk));
    for (std::uint32_t first = begin; first < end;) {
      progress.throw_if_stopped();
      const std::uint32_t last = first + std::min(kRowsAtOnce, end - first);
      walk_chunk_of_pairs(ranks.data(), is_query, size, first, last, set, counts.data());
      progress.add(last - first);
      first = last;
    }
  });
  return counts;
}

void walk_planes_in_chunks(CountTasks& tasks, const RankList& list, std::uint32_t middle, std::uint32_t chunks,
                           const RankList& to) {
  const std::uint32_t *a = list.column(0), *c = list.column(1);
  std::vector<std::uint32_t> lower(chunks + 1, 0);  // rows of the lower half before each chunk
  ChunkBits before =
      mark_chunks(list.size, chunks, tasks.progress, [&](std::uint64_t* bits, std::uint32_t begin, std::uint32_t end) {
        for (std::uint32_t i = begin; i < end; ++i) bits[c[i] / 64] |= std::uint64_t{a[i] < middle} << (c[i] % 64);
      });
  for_chunks(list.size, chunks, tasks.progress, [&](std::uint32_t chunk, std::uint32_t begin, std::uint32_t end) {
    lower[chunk + 1] = static_cast<std::uint32_t>(std::count_if(a + begin, a + end, [&](auto r) { return r < middle; }));
  });
  std::partial_sum(lower.begin(), lower.end(), lower.begin());
  Array<RankWord> words(before.words);
  for (std::size_t w = 0; w < before.words; ++w) words[w].bits = before.of(chunks)[w];
  count_words(words.data(), list.size);
  for_chunks(list.size, chunks, tasks.progress, [&](std::uint32_t chunk, std::uint32_t begin, std::uint32_t end) {
    RankSet set;
    assign(set, list.size, before.of(chunk));
    std::uint32_t below = lower[chunk];
    for (std::uint32_t first = begin; first < end;) {
      tasks.progress.throw_if_stopped();
      const std::uint32_t last = first + std::min(kRowsAtOnce, end - first);
      walk_chunk_of_planes(list, middle, first, last, words.data(), set, below, to, tasks.counts);
      below += static_cast<std::uint32_t>(std::count_if(a + first, a + last, [&](auto r) { return r < middle; }));
      first = last;
    }
  });
}

}  // namespace carbonfront
