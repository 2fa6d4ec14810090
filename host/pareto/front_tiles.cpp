#include "host/pareto/front_tiles.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "host/clones.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kBuckets = 2048;

/// Puts the rows with the highest scores first. `by_bit` [rows].
void order_by_score(const std::uint32_t* scores, std::uint32_t rows, std::uint16_t* by_bit) {
  std::uint64_t keys[kTile];
  for (std::uint32_t i = 0; i < rows; ++i) keys[i] = (std::uint64_t{~scores[i]} << 32) | i;
  if (std::any_of(scores, scores + rows, [&](std::uint32_t score) { return score != scores[0]; }))
    std::sort(keys, keys + rows);
  for (std::uint32_t i = 0; i < rows; ++i) by_bit[i] = static_cast<std::uint16_t>(keys[i]);
}

/// Builds the table of buckets and the prefix masks of one coordinate by counting. `ranks` [rows] by bit, from `lowest`.
void fill_coordinate(const std::uint32_t* ranks, std::uint32_t rows, std::uint32_t lowest, std::uint32_t shift,
                     std::uint16_t* up_to_bucket, TileMask* prefix) {
  std::memset(up_to_bucket, 0, (kBuckets + 1) * sizeof(std::uint16_t));
  for (std::uint32_t i = 0; i < rows; ++i) ++up_to_bucket[((ranks[i] - lowest) >> shift) + 1];
  std::uint16_t next[kBuckets];
  std::uint32_t sum = 0;
  for (std::uint32_t b = 0; b < kBuckets; ++b) {
    next[b] = static_cast<std::uint16_t>(sum);
    sum += up_to_bucket[b + 1];
    up_to_bucket[b + 1] = static_cast<std::uint16_t>(sum);
  }
  std::uint16_t sorted[kTile];
  for (std::uint32_t i = 0; i < rows; ++i) sorted[next[(ranks[i] - lowest) >> shift]++] = static_cast<std::uint16_t>(i);
  TileMask mask{};
  prefix[0] = mask;
  for (std::uint32_t i = 0; i < rows; ++i) {
    mask.words[sorted[i] / 64] |= 1ull << (sorted[i] % 64);
    prefix[i + 1] = mask;
  }
}

/// Finds each query's mask in one coordinate. [count]
CARBONFRONT_CLONES void find_masks(const std::uint16_t* up_to_bucket, std::uint32_t lowest, std::uint32_t shift,
                                   const std::uint32_t* ranks, const std::uint16_t* rows, std::uint32_t count,
                                   std::uint16_t* masks) {
  std::uint32_t buckets[kTile];
  for (std::uint32_t q = 0; q < count; ++q) buckets[q] = ranks[rows[q]];
  for (std::uint32_t q = 0; q < count; ++q) {
    const std::uint32_t bucket = std::min((buckets[q] - lowest) >> shift, kBuckets - 1) + 1;
    buckets[q] = buckets[q] < lowest ? 0 : bucket;
  }
  for (std::uint32_t q = 0; q < count; ++q) masks[q] = up_to_bucket[buckets[q]];
}

/// What a tile is asked with in one coordinate.
struct Column {
  const std::uint16_t* masks;  // [queries]
  const TileMask* prefix;      // [kTile + 1]
};

typedef std::uint64_t FourWords __attribute__((vector_size(32)));
typedef std::uint64_t TwoWords __attribute__((vector_size(16)));

CARBONFRONT_INLINE bool any_bit(const TileMask& mask) {
  FourWords four[2];
  std::memcpy(four, &mask, sizeof four);
  const FourWords either = four[0] | four[1];
  TwoWords two[2];
  std::memcpy(two, &either, sizeof two);
  const TwoWords both = two[0] | two[1];
  return (both[0] | both[1]) != 0;
}

/// Lists the queries that are left with any row, and their rows. [count] each.
template <std::uint32_t kColumns>
CARBONFRONT_INLINE std::uint32_t and_columns(const Column* columns, std::uint32_t column_count, std::uint32_t count,
                                             std::uint16_t* left, TileMask* left_rows) {
  if constexpr (kColumns > 0) column_count = kColumns;
  std::uint32_t found = 0;
  for (std::uint32_t q = 0; q < count; ++q) {
    TileMask rows = columns[0].prefix[columns[0].masks[q]];
    for (std::uint32_t k = 1; k < column_count; ++k) {
      const TileMask& mask = columns[k].prefix[columns[k].masks[q]];
      rows.words &= mask.words;
    }
    left_rows[found] = rows;
    left[found] = static_cast<std::uint16_t>(q);
    found += any_bit(rows);
  }
  return found;
}

CARBONFRONT_CLONES std::uint32_t and_masks(const Column* columns, std::uint32_t column_count, std::uint32_t count,
                                           std::uint16_t* left, TileMask* left_rows) {
  switch (column_count) {
    case 1:
      return and_columns<1>(columns, 1, count, left, left_rows);
    case 2:
      return and_columns<2>(columns, 2, count, left, left_rows);
    case 3:
      return and_columns<3>(columns, 3, count, left, left_rows);
    case 4:
      return and_columns<4>(columns, 4, count, left, left_rows);
    case 5:
      return and_columns<5>(columns, 5, count, left, left_rows);
    case 6:
      return and_columns<6>(columns, 6, count, left, left_rows);
    case 7:
      return and_columns<7>(columns, 7, count, left, left_rows);
    case 8:
      return and_columns<8>(columns, 8, count, left, left_rows);
    default:
      return and_columns<0>(columns, column_count, count, left, left_rows);
  }
}

/// Says whether a row of the tile is below a query in every undecided coordinate.
bool is_below(const SourceTile& tile, std::uint32_t bit, const std::uint32_t* undecided, std::uint32_t undecided_count,
              const QueryBlock& queries, std::uint32_t query) {
  const std::uint32_t* ranks = tile.ranks.data() + std::size_t{bit} * tile.coordinates;
  for (std::uint32_t i = 0; i < undecided_count; ++i) {
    const std::uint32_t k = undecided[i];
    if (ranks[k] >= queries.ranks[k * queries.stride + queries.rows[query]]) return false;
  }
  return true;
}

/// Goes through the rows left for a query, highest score first, until one is below it or none is worth more.
void raise_query(const SourceTile& tile, const TileMask& rows, const std::uint32_t* undecided, std::uint32_t undecided_count,
                 std::uint32_t query, QueryBlock& queries) {
  for (std::uint32_t w = 0; w < kTile / 64; ++w) {
    for (std::uint64_t word = rows.words[w]; word != 0; word &= word - 1) {
      const std::uint32_t bit = w * 64 + std::countr_zero(word);
      if (tile.scores[bit] <= queries.best[query]) return;
      if (!is_below(tile, bit, undecided, undecided_count, queries, query)) continue;
      queries.best[query] = tile.scores[bit];
      return;
    }
  }
}

}  // namespace

void fill_tile(const std::uint32_t* ranks, std::size_t stride, const std::uint32_t* scores, std::uint32_t rows,
               std::uint32_t coordinates, const std::uint32_t* lowest, const std::uint32_t* highest, SourceTile& tile) {
  tile.coordinates = coordinates;
  tile.rows = rows;
  tile.ranks.resize(std::size_t{kTile} * coordinates);
  tile.up_to_bucket.resize(std::size_t{kBuckets + 1} * coordinates);
  tile.prefix.resize(std::size_t{kTile + 1} * coordinates);
  std::uint16_t by_bit[kTile];
  order_by_score(scores, rows, by_bit);
  for (std::uint32_t i = 0; i < rows; ++i) tile.scores[i] = scores[by_bit[i]];
  for (std::uint32_t k = 0; k < coordinates; ++k) {
    std::uint32_t column[kTile];
    for (std::uint32_t i = 0; i < rows; ++i) {
      column[i] = ranks[k * stride + by_bit[i]];
      tile.ranks[std::size_t{i} * coordinates + k] = column[i];
    }
    const int bits = std::bit_width(highest[k] - lowest[k]) - std::bit_width(kBuckets - 1);
    tile.shift[k] = static_cast<std::uint32_t>(std::max(bits, 0));
    fill_coordinate(column, rows, lowest[k], tile.shift[k], tile.up_to_bucket.data() + std::size_t{k} * (kBuckets + 1),
                    tile.prefix.data() + std::size_t{k} * (kTile + 1));
  }
}

void raise_by_tile(const SourceTile& tile, const std::uint32_t* lowest, const std::uint32_t* undecided,
                   std::uint32_t undecided_count, QueryBlock& queries) {
  std::uint16_t masks[kMostCoordinates][kTile], left[kTile + 1];
  TileMask left_rows[kTile + 1];
  Column columns[kMostCoordinates];
  for (std::uint32_t i = 0; i < undecided_count; ++i) {
    const std::uint32_t k = undecided[i];
    find_masks(tile.up_to_bucket.data() + std::size_t{k} * (kBuckets + 1), lowest[k], tile.shift[k],
               queries.ranks + k * queries.stride, queries.rows, queries.count, masks[i]);
    columns[i] = {masks[i], tile.prefix.data() + std::size_t{k} * (kTile + 1)};
  }
  const std::uint32_t found = and_masks(columns, undecided_count, queries.count, left, left_rows);
  for (std::uint32_t i = 0; i < found; ++i) {
    raise_query(tile, left_rows[i], undecided, undecided_count, left[i], queries);
  }
}

}  // namespace carbonfront
