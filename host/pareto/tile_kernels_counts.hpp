// Exact counts of the rows of a source below the rows of a tile. For the instruction set that is being compiled for: see
// tile_kernels.hpp.

/// Rows of a tile sorted by rank in a column: by bucket, and by insertion inside.
CARBONFRONT_INLINE void sort_column(const std::uint32_t* ranks, std::uint32_t rows, std::uint32_t low, std::uint32_t shift,
                                    std::uint16_t* before, std::uint64_t* sorted) {
  constexpr std::uint32_t kBuckets = CountSource::kBuckets;
  std::uint16_t next[kBuckets + 1] = {};
  for (std::uint32_t i = 0; i < rows; ++i) ++next[((ranks[i] - low) >> shift) + 1];
  for (std::uint32_t b = 0; b < kBuckets; ++b) next[b + 1] = static_cast<std::uint16_t>(next[b + 1] + next[b]);
  __builtin_memcpy(before, next, kBuckets * sizeof *before);
  for (std::uint32_t i = 0; i < rows; ++i) sorted[next[(ranks[i] - low) >> shift]++] = std::uint64_t{ranks[i]} << 32 | i;
  for (std::uint32_t i = 1; i < rows; ++i) {
    const std::uint64_t word = sorted[i];
    std::uint32_t to = i;
    for (; to > 0 && sorted[to - 1] > word; --to) sorted[to] = sorted[to - 1];
    sorted[to] = word;
  }
}

void build_count(const CountQueries& from, CountSource& source) {
  source.rows = from.rows;
  for (std::uint32_t k = 0; k < source.columns; ++k) {
    const std::uint32_t* ranks = from.ranks + std::size_t{k} * from.stride;
    std::uint32_t low = ~0u, high = 0;
    for (std::uint32_t i = 0; i < from.rows; ++i) low = lesser(low, ranks[i]), high = greater(high, ranks[i]);
    const std::uint32_t range = high - low, width = range == 0 ? 0 : 32 - static_cast<std::uint32_t>(__builtin_clz(range));
    source.low[k] = low, source.high[k] = high;
    source.shift[k] = width > 11 ? width - 11 : 0;
    std::uint64_t order[kTileSlots];
    sort_column(ranks, from.rows, low, source.shift[k], source.before.data() + std::size_t{k} * CountSource::kBuckets,
                order);
    std::uint32_t* sorted = source.sorted.data() + std::size_t{k} * (kTileSlots + 1);
    Mask* prefix = &mask_of(source.prefix[std::size_t{k} * (kTileSlots + 1)]);
    Mask taken = {};
    prefix[0] = taken;
    for (std::uint32_t i = 0; i < from.rows; ++i) {
      const auto bit = static_cast<std::uint32_t>(order[i]);
      sorted[i] = static_cast<std::uint32_t>(order[i] >> 32);
      taken[bit / 64] |= std::uint64_t{1} << bit % 64;
      prefix[i + 1] = taken;
    }
    sorted[from.rows] = ~0u;
  }
}

/// Rows of a tile that are not below a source's corner in any column.
struct Beyond {
  std::uint32_t count = 0;
  std::uint16_t slots[kTileSlots + kSlotBlock];
  std::uint32_t rows[kTileSlots / kSlotBlock];  // bitmask
};

CARBONFRONT_INLINE void find_beyond(const CountSource& source, const CountQueries& queries, Beyond& beyond) {
  for (std::uint32_t i = 0; i < queries.rows; i += kSlotBlock) {
    std::uint32_t rows = queries.rows - i < kSlotBlock ? (1u << (queries.rows - i)) - 1 : ~0u;
    for (std::uint32_t k = 0; k < source.columns && rows != 0; ++k)
      rows &= between(queries.ranks + std::size_t{k} * queries.stride + i, source.low[k] + 1, kNotAsked);
    beyond.rows[i / kSlotBlock] = rows;
    for (; rows != 0; rows &= rows - 1)
      beyond.slots[beyond.count++] = static_cast<std::uint16_t>(i + static_cast<std::uint32_t>(__builtin_ctz(rows)));
  }
}

/// Gathers a column's ranks of these rows. Writes up to 16 more.
CARBONFRONT_INLINE void gather_ranks(const std::uint32_t* column, const Beyond& beyond, std::uint32_t rows,
                                     std::uint32_t* ranks) {
#if defined(CARBONFRONT_PATH_AVX512)
  for (std::uint32_t i = 0; i < rows; i += 16) {
    const auto some = static_cast<__mmask16>(beyond.rows[i / kSlotBlock] >> i % kSlotBlock);
    _mm512_storeu_si512(ranks, _mm512_maskz_compress_epi32(some, _mm512_load_si512(column + i)));
    ranks += __builtin_popcount(some);
  }
#else
  static_cast<void>(rows);
  for (std::uint32_t j = 0; j < beyond.count; ++j) ranks[j] = column[beyond.slots[j]];
#endif
}

/// Finds how many of the source's rows are before each of some rows in a column.
CARBONFRONT_INLINE void find_positions(const CountSource& source, const CountQueries& queries, std::uint32_t k,
                                       const Beyond& beyond, std::uint16_t* positions) {
  const std::uint32_t low = source.low[k], shift = source.shift[k], count = beyond.count;
  std::uint32_t own[kTileSlots + 16], bucket[kTileSlots];
  gather_ranks(queries.ranks + std::size_t{k} * queries.stride, beyond, queries.rows, own);
  for (std::uint32_t j = 0; j < count; ++j) {
    const std::uint32_t far = (own[j] - low) >> shift;
    bucket[j] = far < CountSource::kBuckets - 1 ? far : CountSource::kBuckets - 1;
  }
  const std::uint16_t* before = source.before.data() + std::size_t{k} * CountSource::kBuckets;
  const std::uint32_t* sorted = source.sorted.data() + std::size_t{k} * (kTileSlots + 1);
  for (std::uint32_t j = 0; j < count; ++j) {
    std::uint32_t position = before[bucket[j]];
    position += sorted[position] < own[j];
    while (__builtin_expect(sorted[position] < own[j], 0)) ++position;
    positions[j] = static_cast<std::uint16_t>(position);
  }
}

CARBONFRONT_INLINE std::uint32_t bits_in(const Mask& mask) {
#if defined(CARBONFRONT_PATH_VBMI2)
  return static_cast<std::uint32_t>(_mm512_reduce_add_epi64(_mm512_popcnt_epi64((__m512i)mask)));
#else
  std::uint32_t count = 0;
  for (std::uint32_t w = 0; w < kWords; ++w) count += static_cast<std::uint32_t>(__builtin_popcountll(mask[w]));
  return count;
#endif
}

/// ANDs and counts, for rows whose positions are known in every open column.
struct CountingRows {
  const CountSource& source;
  const std::uint16_t (*positions)[kTileSlots];
  const Beyond& beyond;
  std::uint32_t* counts;

  template <std::uint32_t kColumns>
  CARBONFRONT_INLINE void operator()(Columns<kColumns> columns) {
    const Mask* prefix[kColumns > 0 ? kColumns : 64];
    for (std::uint32_t c = 0; c < columns.count(); ++c)
      prefix[c] = &mask_of(source.prefix[std::size_t{columns.number[c]} * (kTileSlots + 1)]);
    for (std::uint32_t j = 0; j < beyond.count; ++j) {
      if constexpr (kColumns == 1) {  // the position is the count
        counts[beyond.slots[j]] += positions[0][j];
        continue;
      }
      Mask left = prefix[0][positions[0][j]];
      for (std::uint32_t c = 1; c < columns.count(); ++c) left &= prefix[c][positions[c][j]];
      counts[beyond.slots[j]] += bits_in(left);
    }
  }
};

void add_counts(const CountSource& source, const CountQueries& queries, const std::uint16_t* open, std::uint32_t open_count,
                std::uint32_t* counts) {
  Beyond beyond;
  find_beyond(source, queries, beyond);
  if (beyond.count == 0) return;
  std::uint16_t positions[64][kTileSlots];
  for (std::uint32_t c = 0; c < open_count; ++c) find_positions(source, queries, open[c], beyond, positions[c]);
  CountingRows counting{source, positions, beyond, counts};
  with_columns(open, open_count, counting);
}
