#include "host/pareto/tiles.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <vector>

#include "carbonfront/points.hpp"
#include "host/clones.hpp"

namespace carbonfront {
namespace {

/// A bit for each row of a tile, in the compiler's own vector type: machines without vectors of this size get several. Its
/// alignment is said here because the type's own differs between the instruction sets that one file is compiled for.
struct alignas(kTileRows / 8) Mask {
  typedef std::uint64_t Words __attribute__((vector_size(kTileRows / 8)));
  Words words;
};
constexpr std::uint32_t kWords = kTileRows / 64;
constexpr std::uint32_t kPrefixes = kTileRows + 1;

/// Sources of each tile of a batch, of the first so many.
struct alignas(16) Before {
  typedef std::uint16_t Counts __attribute__((vector_size(2 * kTiles)));
  Counts counts;
};

/// One more for a tile; for none, behind the last.
struct Tables {
  Before one[kTiles + 1] = {};
  Mask first[kPrefixes] = {};  // the first p rows of a tile
  Tables() {
    for (std::uint32_t t = 0; t < kTiles; ++t) one[t].counts[t] = 1;
    for (std::uint32_t p = 0; p < kTileRows; ++p) {
      first[p + 1] = first[p];
      first[p + 1].words[p / 64] |= 1ull << (p % 64);
    }
  }
};
const Tables kTables;

}  // namespace

/// Sources and queries are numbered in order of column 0. `columns` are the other objectives: the list's own order first.
struct TileSpace {
  std::vector<std::uint32_t> codes, sequence;     // [rows] a source's number, or kQuery and a query's
  std::vector<std::uint32_t> ids, sources;        // [queries] where the count is, sources before it in column 0
  std::vector<std::uint16_t> source_order;        // [columns][sources] sources in order of an objective
  std::vector<std::uint16_t> sources_before;      // [queries + 1][columns] how many of them are before the query
  std::vector<Before> before;                     // [columns][sources + 1] of so many first ones, how many are whose
  std::vector<Mask> prefix;                       // [columns][kTiles][kPrefixes] the p first of a tile
  std::uint16_t order[(kTiles + 1) * kTileRows];  // rows of a tile in order of an objective
};

namespace {

/// Numbers the rows: `codes` in the list's order.
void number_rows(const RankList& list, TileSpace& space) {
  space.codes.resize(list.size);
  space.sequence.resize(list.size);
  space.ids.resize(list.queries);
  space.sources.resize(list.queries);
  const std::uint32_t* first = list.column(0);
  for (std::uint32_t i = 0; i < list.size; ++i) space.sequence[first[i]] = i;
  std::uint32_t sources = 0, queries = 0;
  for (std::uint32_t rank = 0; rank < list.size; ++rank) {
    const std::uint32_t i = space.sequence[rank];
    const bool query = list.all_are_both || (list.ids[i] & kQuery);
    if (query) {
      space.ids[queries] = list.ids[i] & ~kQuery;
      space.sources[queries] = sources;
    }
    space.codes[i] = query && !list.all_are_both ? kQuery | queries : sources;
    queries += query;
    sources += list.all_are_both || !query;
  }
}

/// Takes sources and queries apart, in order of objective `k`. Without branches: which is which is as good as random.
void order_sources(const RankList& list, const std::uint32_t* codes, std::uint32_t k, TileSpace& space) {
  std::uint16_t* order = space.source_order.data() + std::size_t{k} * (list.sources + 1);
  std::uint16_t* before = space.sources_before.data() + k;
  std::uint32_t sources = 0;
  for (std::uint32_t i = 0; i < list.size; ++i) {
    const std::uint32_t code = codes[i];
    const bool query = code & kQuery;
    const std::uint32_t to = query ? code & ~kQuery : list.all_are_both ? code : list.queries;
    before[std::size_t{to} * list.columns] = static_cast<std::uint16_t>(sources);
    order[sources] = static_cast<std::uint16_t>(code);
    sources += !query;
  }
}

/// A batch of sources and the queries that have any of them before them in column 0.
struct Batch {
  std::uint32_t first_source, sources;
  std::uint32_t first_query, queries;
};

/// Makes the prefix masks of a tile from its rows in order of the objective.
CARBONFRONT_INLINE void fill_prefixes(const std::uint16_t* order, std::uint32_t rows, Mask* prefix) {
  const Mask::Words lanes = {0, 1, 2, 3, 4, 5, 6, 7};
  Mask::Words taken = {};
  prefix[0].words = taken;
  for (std::uint32_t p = 0; p < rows; ++p) {
    const std::uint64_t word = order[p] / 64, bit = 1ull << (order[p] % 64);
    taken |= (Mask::Words)(lanes == word) & bit;
    prefix[p + 1].words = taken;
  }
}

/// Fills what the queries of a batch look up in one objective.
CARBONFRONT_CLONES void fill_column(const std::uint16_t* sources, std::uint32_t size, Batch batch, Before* before,
                                    std::uint16_t* order, Mask* prefix) {
  Before::Counts taken = {};
  std::uint16_t* next[kTiles + 1];
  for (std::uint32_t t = 0; t <= kTiles; ++t) next[t] = order + t * kTileRows;
  before[0].counts = taken;
  for (std::uint32_t i = 0; i < size; ++i) {
    const std::uint32_t source = sources[i] - batch.first_source;
    const std::uint32_t tile = source < batch.sources ? source / kTileRows : kTiles;
    *next[tile] = static_cast<std::uint16_t>(source % kTileRows);
    next[tile] += tile < kTiles;
    taken += kTables.one[tile].counts;
    before[i + 1].counts = taken;
  }
  for (std::uint32_t t = 0; t * kTileRows < batch.sources; ++t) {
    fill_prefixes(order + t * kTileRows, std::min(kTileRows, batch.sources - t * kTileRows), prefix + t * kPrefixes);
  }
}

/// What the queries of a batch are counted from, see TileSpace.
struct Counting {
  const Mask* prefix;
  const Before* before;
  std::size_t before_step;              // from column to column
  const std::uint16_t* sources_before;  // [queries][columns]
  const std::uint32_t* sources;         // [queries]
  const std::uint32_t* ids;             // [queries]
  std::uint32_t columns;
  Batch batch;
};

/// Ands a tile's masks of all columns but column 0.
template <std::uint32_t kColumns>
CARBONFRONT_INLINE void and_masks(const Counting& work, const Before* const* before, std::uint32_t tile, Mask& mask) {
  typedef std::uint16_t Number __attribute__((may_alias));
  const Mask* prefix = work.prefix + tile * kPrefixes;
  mask.words = prefix[reinterpret_cast<const Number*>(before[0])[tile]].words;
  for (std::uint32_t k = 1; k < (kColumns > 0 ? kColumns : work.columns); ++k) {
    mask.words &= prefix[k * kTiles * kPrefixes + reinterpret_cast<const Number*>(before[k])[tile]].words;
  }
}

/// Adds the number of bits of each word of the mask. GCC makes one instruction of it where there is one.
CARBONFRONT_INLINE void add_bits(const Mask& mask, Mask& sums) {
  alignas(Mask) std::uint64_t words[kWords];
  std::memcpy(words, &mask, sizeof words);
  for (std::uint64_t& word : words) word = static_cast<std::uint64_t>(__builtin_popcountll(word));
  Mask bits;
  std::memcpy(&bits, words, sizeof words);
  sums.words += bits.words;
}

template <std::uint32_t kColumns>
CARBONFRONT_INLINE void count_columns(const Counting& work, std::uint32_t* counts) {
  const std::uint32_t columns = kColumns > 0 ? kColumns : work.columns;
  const Before* before[kColumns > 0 ? kColumns : kMostObjectives];
  for (std::uint32_t q = 0; q < work.batch.queries; ++q) {
    for (std::uint32_t k = 0; k < columns; ++k) {
      before[k] = work.before + k * work.before_step + work.sources_before[std::size_t{q} * columns + k];
    }
    const std::uint32_t sources = std::min(work.sources[q] - work.batch.first_source, work.batch.sources);
    Mask sums = {}, mask;
    std::uint32_t tile = 0;
    for (; tile < sources / kTileRows; ++tile) {
      and_masks<kColumns>(work, before, tile, mask);
      add_bits(mask, sums);
    }
    if (sources % kTileRows != 0) {
      and_masks<kColumns>(work, before, tile, mask);
      mask.words &= kTables.first[sources % kTileRows].words;
      add_bits(mask, sums);
    }
    std::uint64_t count = 0;
    for (std::uint32_t w = 0; w < kWords; ++w) count += sums.words[w];
    counts[work.ids[q]] += static_cast<std::uint32_t>(count);
  }
}

CARBONFRONT_INLINE void count_any_columns(const Counting& work, std::uint32_t* counts) {
  switch (work.columns) {
    case 2:
      return count_columns<2>(work, counts);
    case 3:
      return count_columns<3>(work, counts);
    case 4:
      return count_columns<4>(work, counts);
    case 5:
      return count_columns<5>(work, counts);
    case 6:
      return count_columns<6>(work, counts);
    case 7:
      return count_columns<7>(work, counts);
    default:
      return count_columns<0>(work, counts);
  }
}

CARBONFRONT_CLONES void count_queries(const Counting& work, std::uint32_t* counts) { count_any_columns(work, counts); }

#if defined(__x86_64__) && defined(__GNUC__)
/// With an instruction that counts the bits of vectors, which no level of x86-64 promises.
__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq,popcnt,bmi,bmi2"))) void count_queries_popcnt(
    const Counting& work, std::uint32_t* counts) {
  count_any_columns(work, counts);
}
bool counts_vector_bits() { return __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512bw"); }
#else
void count_queries_popcnt(const Counting& work, std::uint32_t* counts) { count_queries(work, counts); }
bool counts_vector_bits() { return false; }
#endif

}  // namespace

void FreeTileSpace::operator()(TileSpace* space) const { delete space; }

TileSpacePointer make_tile_space() { return TileSpacePointer(new TileSpace); }

void count_by_tiles(const RankList& list, std::uint32_t* counts, TileSpace& space) {
  static const bool vector_bits = counts_vector_bits();
  assert(list.size <= kMostRowsOfTiles);
  number_rows(list, space);
  const std::uint32_t columns = list.columns;  // the list's own order is one, column 0 is none
  const std::size_t step = std::size_t{list.sources} + 1;
  space.source_order.resize(columns * step);
  space.sources_before.resize((std::size_t{list.queries} + 1) * columns);
  space.before.resize(columns * step);
  space.prefix.resize(std::size_t{columns} * kTiles * kPrefixes);
  order_sources(list, space.codes.data(), 0, space);
  for (std::uint32_t k = 1; k < columns; ++k) {
    for (std::uint32_t i = 0; i < list.size; ++i) space.sequence[list.column(k)[i]] = space.codes[i];
    order_sources(list, space.sequence.data(), k, space);
  }
  for (std::uint32_t begin = 0; begin < list.sources; begin += kBatchRows) {
    const auto first = std::upper_bound(space.sources.begin(), space.sources.end(), begin) - space.sources.begin();
    const auto first_query = static_cast<std::uint32_t>(first);
    const Batch batch{begin, std::min(kBatchRows, list.sources - begin), first_query, list.queries - first_query};
    if (batch.queries == 0) return;
    for (std::uint32_t k = 0; k < columns; ++k) {
      fill_column(space.source_order.data() + k * step, list.sources, batch, space.before.data() + k * step, space.order,
                  space.prefix.data() + std::size_t{k} * kTiles * kPrefixes);
    }
    const Counting work{space.prefix.data(),
                        space.before.data(),
                        step,
                        space.sources_before.data() + std::size_t{first_query} * columns,
                        space.sources.data() + first_query,
                        space.ids.data() + first_query,
                        columns,
                        batch};
    vector_bits ? count_queries_popcnt(work, counts) : count_queries(work, counts);
  }
}

}  // namespace carbonfront
