#include "host/pareto/tiles.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "host/pareto/clones.hpp"

namespace carbonfront {
namespace {

/// Marks the ranks of the batch's rows, and sums.
void fill_words(const std::uint32_t* ranks, std::uint32_t size, std::uint32_t begin, std::uint32_t end,
                std::vector<RankWord>& words) {
  words.assign(size / 64 + 1, RankWord{0, 0});
  for (std::uint32_t place = begin; place < end; ++place) words[ranks[place] / 64].bits |= 1ull << (ranks[place] % 64);
  std::uint64_t before = 0;
  for (RankWord& word : words) {
    word.before = before;
    before += std::popcount(word.bits);
  }
}

/// What a tile is asked with in one objective.
struct TileColumn {
  const std::uint16_t* queries;  // [queries] rows of the batch before each query
  const std::uint16_t* local;    // [kBatchRows + 1]
  const Mask* prefix;            // [kTileRows + 1]
};

template <std::uint32_t kColumns>
CARBONFRONT_INLINE void count_columns(const TileColumn* columns, std::uint32_t column_count, std::uint32_t queries,
                                      std::uint32_t* counts) {
  if constexpr (kColumns > 0) column_count = kColumns;
  for (std::uint32_t q = 0; q < queries; ++q) {
    Mask before = columns[0].prefix[columns[0].local[columns[0].queries[q]]];
    for (std::uint32_t k = 1; k < column_count; ++k) {
      const Mask& mask = columns[k].prefix[columns[k].local[columns[k].queries[q]]];
      before.words &= mask.words;
    }
    alignas(Mask) std::uint64_t words[kTileRows / 64];
    std::memcpy(words, &before, sizeof words);
    std::uint64_t rows = 0;
    for (const std::uint64_t word : words) rows += __builtin_popcountll(word);
    counts[q] += static_cast<std::uint32_t>(rows);
  }
}

/// Adds to each query's count the rows of the tile that are before it in all the columns.
CARBONFRONT_CLONES void count_tile(const TileColumn* columns, std::uint32_t column_count, std::uint32_t queries,
                                   std::uint32_t* counts) {
  switch (column_count) {
    case 1:
      return count_columns<1>(columns, 1, queries, counts);
    case 2:
      return count_columns<2>(columns, 2, queries, counts);
    case 3:
      return count_columns<3>(columns, 3, queries, counts);
    case 4:
      return count_columns<4>(columns, 4, queries, counts);
    case 5:
      return count_columns<5>(columns, 5, queries, counts);
    case 6:
      return count_columns<6>(columns, 6, queries, counts);
    case 7:
      return count_columns<7>(columns, 7, queries, counts);
    case 8:
      return count_columns<8>(columns, 8, queries, counts);
    default:
      return count_columns<0>(columns, column_count, queries, counts);
  }
}

/// Rows of the batch before each query, in every objective, and the range they are in.
struct Queries {
  std::vector<std::uint32_t> places;        // [queries]
  std::vector<std::uint16_t> before;        // [objectives][queries]
  std::vector<std::uint16_t> fewest, most;  // [objectives]
};

Queries take_queries(const Order& order, const std::vector<BatchColumn>& batch, std::uint32_t begin, std::uint32_t end,
                     std::uint32_t first, std::uint32_t last) {
  Queries queries;
  queries.places.reserve(last - first);
  for (std::uint32_t place = first; place < last; ++place) {
    if (order.run_start[place] == place) queries.places.push_back(place);
  }
  const std::size_t count = queries.places.size();
  if (count == 0) return queries;
  queries.before.resize(batch.size() * count);
  for (std::size_t k = 0; k < batch.size(); ++k) {
    std::uint16_t* before = queries.before.data() + k * count;
    for (std::size_t q = 0; q < count; ++q) {
      const std::uint32_t place = queries.places[q];
      if (k == 0) {
        before[q] = static_cast<std::uint16_t>(std::min(place, end) - begin);
        continue;
      }
      const std::uint32_t rank = order.ranks[k - 1][place];
      const RankWord& word = batch[k].words[rank / 64];
      const std::uint64_t lower = (1ull << (rank % 64)) - 1;
      before[q] = static_cast<std::uint16_t>(word.before + std::popcount(word.bits & lower));
    }
    const auto [fewest, most] = std::minmax_element(before, before + count);
    queries.fewest.push_back(*fewest);
    queries.most.push_back(*most);
  }
  return queries;
}

/// Lists the objectives in which the tile must be looked at: those where all its rows are before all queries say nothing.
/// False if there is an objective in which no row of the tile is before any query.
bool undecided_columns(const std::vector<BatchColumn>& batch, const Queries& queries, std::uint32_t tile,
                       std::vector<TileColumn>& columns) {
  columns.clear();
  for (std::size_t k = 0; k < batch.size(); ++k) {
    if (queries.most[k] <= batch[k].lowest[tile]) return false;
    if (queries.fewest[k] > batch[k].highest[tile]) continue;
    columns.push_back({queries.before.data() + k * queries.places.size(),
                       batch[k].local.data() + std::size_t{tile} * (kBatchRows + 1),
                       batch[k].prefix.data() + std::size_t{tile} * (kTileRows + 1)});
  }
  return true;
}

}  // namespace

void fill_column(const std::uint32_t* ranks, std::uint32_t size, std::uint32_t begin, std::uint32_t end,
                 BatchColumn& column) {
  const std::uint32_t rows = end - begin;
  const std::uint32_t tiles = (rows + kTileRows - 1) / kTileRows;
  if (ranks) fill_words(ranks, size, begin, end, column.words);
  std::vector<std::uint16_t> at_rank(rows);  // the row of the batch by its rank in the batch
  for (std::uint32_t i = 0; i < rows; ++i) {
    std::uint64_t rank = i;
    if (ranks) {
      const RankWord& word = column.words[ranks[begin + i] / 64];
      rank = word.before + std::popcount(word.bits & ((1ull << (ranks[begin + i] % 64)) - 1));
    }
    at_rank[rank] = static_cast<std::uint16_t>(i);
  }
  column.local.resize(std::size_t{kTiles} * (kBatchRows + 1));
  column.prefix.resize(std::size_t{kTiles} * (kTileRows + 1));
  std::uint16_t taken[kTiles] = {};
  for (std::uint32_t tile = 0; tile < tiles; ++tile) column.prefix[tile * (kTileRows + 1)] = Mask{};
  for (std::uint32_t rank = 0; rank < rows; ++rank) {
    for (std::uint32_t tile = 0; tile < tiles; ++tile) column.local[tile * (kBatchRows + 1) + rank] = taken[tile];
    const std::uint32_t tile = at_rank[rank] / kTileRows, bit = at_rank[rank] % kTileRows;
    if (taken[tile] == 0) column.lowest[tile] = rank;
    column.highest[tile] = rank;
    Mask* mask = &column.prefix[tile * (kTileRows + 1) + taken[tile]++];
    mask[1] = mask[0];
    mask[1].words[bit / 64] |= 1ull << (bit % 64);
  }
  for (std::uint32_t tile = 0; tile < tiles; ++tile) column.local[tile * (kBatchRows + 1) + rows] = taken[tile];
}

void count_batch(const Order& order, const std::vector<BatchColumn>& batch, std::uint32_t begin, std::uint32_t end,
                 std::uint32_t first, std::uint32_t last, std::uint32_t* counts) {
  const Queries queries = take_queries(order, batch, begin, end, first, last);
  const auto count = static_cast<std::uint32_t>(queries.places.size());
  if (count == 0) return;
  std::vector<std::uint32_t> sums(count, 0);
  std::vector<TileColumn> columns;
  for (std::uint32_t tile = 0; tile * kTileRows < end - begin; ++tile) {
    if (!undecided_columns(batch, queries, tile, columns)) continue;
    if (columns.empty()) {
      const std::uint32_t rows = std::min(kTileRows, end - begin - tile * kTileRows);
      for (std::uint32_t& sum : sums) sum += rows;
    } else {
      count_tile(columns.data(), static_cast<std::uint32_t>(columns.size()), count, sums.data());
    }
  }
  for (std::uint32_t q = 0; q < count; ++q) counts[queries.places[q]] += sums[q];
}

}  // namespace carbonfront
