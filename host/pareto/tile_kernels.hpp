// What tiles do to one another, for the instruction set that is being compiled for: included once by every path, inside its
// namespace, and by nothing else. Vectors are the compiler's own; intrinsics stand where GCC 12 would go lane by lane.

typedef std::uint64_t Mask __attribute__((vector_size(64), aligned(64), may_alias));
typedef std::uint16_t Row __attribute__((vector_size(16), aligned(16), may_alias));  // eight lanes of a row's estimates

constexpr std::uint32_t kWords = kTileSlots / 64;
constexpr std::uint32_t kLaneBlock = 8;
constexpr std::uint32_t kAtOnce = 128;  // masks that wait to be looked at: they stay in the first cache

CARBONFRONT_INLINE const Row& row_at(const std::uint16_t* lanes) { return *reinterpret_cast<const Row*>(lanes); }
CARBONFRONT_INLINE Row& row_at(std::uint16_t* lanes) { return *reinterpret_cast<Row*>(lanes); }
CARBONFRONT_INLINE Mask& mask_of(TileBits& bits) { return *reinterpret_cast<Mask*>(&bits); }
CARBONFRONT_INLINE const Mask& mask_of(const TileBits& bits) { return *reinterpret_cast<const Mask*>(&bits); }
CARBONFRONT_INLINE std::uint32_t lesser(std::uint32_t a, std::uint32_t b) { return a < b ? a : b; }
CARBONFRONT_INLINE std::uint32_t greater(std::uint32_t a, std::uint32_t b) { return a < b ? b : a; }

// ---------------------------------------------------------------- what differs between instruction sets

#if defined(CARBONFRONT_PATH_AVX512)

CARBONFRONT_INLINE std::uint32_t lanes_above(Row a, Row b) { return _mm_cmpgt_epu16_mask((__m128i)a, (__m128i)b); }
CARBONFRONT_INLINE std::uint32_t lanes_equal(Row a, Row b) { return _mm_cmpeq_epi16_mask((__m128i)a, (__m128i)b); }
CARBONFRONT_INLINE bool any_bit(const Mask& mask) { return _mm512_test_epi64_mask((__m512i)mask, (__m512i)mask) != 0; }

/// Bitmask of the 32 values that are at least `low` and at most `high`.
CARBONFRONT_INLINE std::uint32_t between(const std::uint32_t* values, std::uint32_t low, std::uint32_t high) {
  std::uint32_t bits = 0;
  for (std::uint32_t half = 0; half < 2; ++half) {
    const __m512i some = _mm512_load_si512(values + half * 16);
    const __mmask16 above = _mm512_cmpge_epu32_mask(some, _mm512_set1_epi32(static_cast<int>(low)));
    bits |= std::uint32_t{_mm512_mask_cmple_epu32_mask(above, some, _mm512_set1_epi32(static_cast<int>(high)))} << half * 16;
  }
  return bits;
}

/// Which of 32 rows are not below a source's corner, each at its own depth of rank: columns from `column` on.
struct Corners {
  __m512i depth;

  /// `ranks` [32] of the rows; those above `high` do not matter.
  CARBONFRONT_INLINE void find_depths(const std::uint32_t* ranks, std::uint32_t base, std::uint32_t high) {
    __m256i halves[2];
    for (std::uint32_t half = 0; half < 2; ++half) {
      const __m512i held = _mm512_max_epu32(_mm512_load_si512(ranks + half * 16), _mm512_set1_epi32(static_cast<int>(base)));
      const __m512i below = _mm512_sub_epi32(_mm512_set1_epi32(static_cast<int>(high)), held);
      halves[half] = _mm512_cvtepi32_epi16(_mm512_min_epu32(below, _mm512_set1_epi32(SourceTile::kDepths - 1)));
    }
    depth = _mm512_inserti64x4(_mm512_castsi256_si512(halves[0]), halves[1], 1);
  }
  CARBONFRONT_INLINE std::uint32_t reached(std::uint32_t rows, const std::uint16_t* column, const std::uint16_t* corners) const {
    const __m512i corner = _mm512_permutexvar_epi16(depth, _mm512_load_si512(corners));
    return _mm512_mask_cmple_epu16_mask(rows, corner, _mm512_load_si512(column));
  }
};

/// Bitmask of those of 32 rows that are not below a bound in a column.
CARBONFRONT_INLINE std::uint32_t not_below(std::uint32_t rows, const std::uint16_t* column, std::uint16_t bound) {
  return _mm512_mask_cmple_epu16_mask(rows, _mm512_set1_epi16(static_cast<short>(bound)), _mm512_load_si512(column));
}

#elif defined(CARBONFRONT_PATH_AVX2)

CARBONFRONT_INLINE std::uint32_t bits_of_lanes(__m128i all_ones_or_none) {
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(all_ones_or_none, _mm_setzero_si128())));
}
CARBONFRONT_INLINE std::uint32_t lanes_above(Row a, Row b) {
  const __m128i not_above = _mm_cmpeq_epi16(_mm_subs_epu16((__m128i)a, (__m128i)b), _mm_setzero_si128());
  return bits_of_lanes(not_above) ^ 0xFFu;
}
CARBONFRONT_INLINE std::uint32_t lanes_equal(Row a, Row b) { return bits_of_lanes(_mm_cmpeq_epi16((__m128i)a, (__m128i)b)); }
CARBONFRONT_INLINE bool any_bit(const Mask& mask) {
  const __m256i* half = reinterpret_cast<const __m256i*>(&mask);
  const __m256i both = _mm256_or_si256(half[0], half[1]);
  return !_mm256_testz_si256(both, both);
}
CARBONFRONT_INLINE std::uint32_t between(const std::uint32_t* values, std::uint32_t low, std::uint32_t high) {
  std::uint32_t bits = 0;
  for (std::uint32_t part = 0; part < 4; ++part) {  // values are below 2³¹
    const __m256i some = _mm256_load_si256(reinterpret_cast<const __m256i*>(values) + part);
    const __m256i outside = _mm256_or_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(low)), some),
                                            _mm256_cmpgt_epi32(some, _mm256_set1_epi32(static_cast<int>(high))));
    bits |= static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(outside))) << part * 8;
  }
  return ~bits;
}
CARBONFRONT_INLINE std::uint32_t not_below(std::uint32_t rows, const std::uint16_t* column, std::uint16_t bound) {
  const __m256i* some = reinterpret_cast<const __m256i*>(column);
  const __m256i least = _mm256_set1_epi16(static_cast<short>(bound));
  const __m256i low = _mm256_cmpeq_epi16(_mm256_max_epu16(_mm256_load_si256(some), least), _mm256_load_si256(some));
  const __m256i high = _mm256_cmpeq_epi16(_mm256_max_epu16(_mm256_load_si256(some + 1), least), _mm256_load_si256(some + 1));
  const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(low, high), 0xD8);
  return rows & static_cast<std::uint32_t>(_mm256_movemask_epi8(bytes));
}

#else

CARBONFRONT_INLINE std::uint32_t lanes_above(Row a, Row b) {
  std::uint32_t bits = 0;
  for (std::uint32_t lane = 0; lane < kLaneBlock; ++lane) bits |= std::uint32_t{a[lane] > b[lane]} << lane;
  return bits;
}
CARBONFRONT_INLINE std::uint32_t lanes_equal(Row a, Row b) {
  std::uint32_t bits = 0;
  for (std::uint32_t lane = 0; lane < kLaneBlock; ++lane) bits |= std::uint32_t{a[lane] == b[lane]} << lane;
  return bits;
}
CARBONFRONT_INLINE bool any_bit(const Mask& mask) {
  std::uint64_t all = 0;
  for (std::uint32_t w = 0; w < kWords; ++w) all |= mask[w];
  return all != 0;
}
CARBONFRONT_INLINE std::uint32_t between(const std::uint32_t* values, std::uint32_t low, std::uint32_t high) {
  std::uint32_t bits = 0;
  for (std::uint32_t i = 0; i < kSlotBlock; ++i) bits |= std::uint32_t{values[i] >= low && values[i] <= high} << i;
  return bits;
}
CARBONFRONT_INLINE std::uint32_t not_below(std::uint32_t rows, const std::uint16_t* column, std::uint16_t bound) {
  std::uint32_t bits = 0;
  for (std::uint32_t i = 0; i < kSlotBlock; ++i) bits |= std::uint32_t{column[i] >= bound} << i;
  return bits & rows;
}

#endif

#if !defined(CARBONFRONT_PATH_AVX512)

/// Without a look-up in registers all 32 rows are compared with the corner of the lowest rank among them.
struct Corners {
  std::uint32_t depth;

  CARBONFRONT_INLINE void find_depths(const std::uint32_t* ranks, std::uint32_t base, std::uint32_t high) {
    std::uint32_t least = ~0u;
    for (std::uint32_t i = 0; i < kSlotBlock; ++i) least = lesser(least, ranks[i]);
    least = greater(least, base);
    depth = least > high ? 0 : lesser(high - least, SourceTile::kDepths - 1);
  }
  CARBONFRONT_INLINE std::uint32_t reached(std::uint32_t rows, const std::uint16_t* column, const std::uint16_t* corners) const {
    return not_below(rows, column, corners[depth]);
  }
};

#endif

/// The buckets of a row, see SourceTile: min(((row − lowest + 1) · scale) >> 16, kBuckets − 1), saturating.
CARBONFRONT_INLINE Row buckets_of(Row row, Row lowest, Row scale) {
#if defined(CARBONFRONT_PATH_AVX512) || defined(CARBONFRONT_PATH_AVX2)
  const __m128i steps = _mm_adds_epu16(_mm_subs_epu16((__m128i)row, (__m128i)lowest), _mm_set1_epi16(1));
  return (Row)_mm_min_epu16(_mm_mulhi_epu16(steps, (__m128i)scale), _mm_set1_epi16(SourceTile::kBuckets - 1));
#else
  Row buckets;
  for (std::uint32_t lane = 0; lane < kLaneBlock; ++lane) {
    const std::uint32_t steps = lesser(row[lane] > lowest[lane] ? row[lane] - lowest[lane] + 1u : 1u, 65535);
    buckets[lane] = static_cast<std::uint16_t>(lesser(steps * scale[lane] >> 16, SourceTile::kBuckets - 1));
  }
  return buckets;
#endif
}

// ---------------------------------------------------------------- estimates

CARBONFRONT_INLINE void estimate_by_memory(const Histogram& histogram, const std::int64_t* keys, std::uint32_t count,
                                           std::uint16_t* estimates) {
  const std::int64_t* from = histogram.from.data();
  const std::uint64_t *shift = histogram.shift.data(), *scale = histogram.scale.data();
  const auto first_half = static_cast<std::uint32_t>(histogram.from.size() / 2);
  for (std::uint32_t i = 0; i < count; ++i) {
    std::int64_t key = keys[i] < histogram.lowest ? histogram.lowest : keys[i];
    key = key > histogram.highest ? histogram.highest : key;
    std::uint32_t bin = 0;
    for (std::uint32_t half = first_half; half > 0; half /= 2) bin += key >= from[bin + half] ? half : 0;
    const std::uint64_t step = (static_cast<std::uint64_t>(key) - static_cast<std::uint64_t>(from[bin])) >> shift[bin];
    estimates[i] =
        static_cast<std::uint16_t>(bin << histogram.step_bits | step * scale[bin] >> Histogram::kFractionBits);
  }
}

#if defined(CARBONFRONT_PATH_AVX512)

/// Looks eight bins up in a table of 32 words, in registers.
struct Table {
  __m512i part[4];

  CARBONFRONT_INLINE explicit Table(const void* words) {
    for (std::uint32_t i = 0; i < 4; ++i) part[i] = _mm512_loadu_si512(static_cast<const char*>(words) + i * 64);
  }
  CARBONFRONT_INLINE __m512i at(__m512i bin) const {
    const __m512i low = _mm512_permutex2var_epi64(part[0], bin, part[1]), high = _mm512_permutex2var_epi64(part[2], bin, part[3]);
    return _mm512_mask_blend_epi64(_mm512_test_epi64_mask(bin, _mm512_set1_epi64(16)), low, high);
  }
};

void estimate(const Histogram& histogram, const std::int64_t* keys, std::uint32_t count, std::uint16_t* estimates) {
  if (histogram.from.size() != Histogram::kFewBins) return estimate_by_memory(histogram, keys, count, estimates);
  const Table from(histogram.from.data()), shift(histogram.shift.data()), scale(histogram.scale.data());
  const __m512i lowest = _mm512_set1_epi64(histogram.lowest), highest = _mm512_set1_epi64(histogram.highest);
  for (std::uint32_t i = 0; i < count; i += 8) {
    const auto some = static_cast<__mmask8>(count - i < 8 ? (1u << (count - i)) - 1 : 0xFFu);
    __m512i key = _mm512_maskz_loadu_epi64(some, keys + i);
    key = _mm512_min_epi64(_mm512_max_epi64(key, lowest), highest);
    __m512i bin = _mm512_setzero_si512();
    for (std::uint32_t half = Histogram::kFewBins / 2; half > 0; half /= 2) {
      const __m512i upper = _mm512_or_si512(bin, _mm512_set1_epi64(half));
      bin = _mm512_mask_mov_epi64(bin, _mm512_cmpge_epi64_mask(key, from.at(upper)), upper);
    }
    const __m512i step = _mm512_srlv_epi64(_mm512_sub_epi64(key, from.at(bin)), shift.at(bin));
    const __m512i inside = _mm512_srli_epi64(_mm512_mul_epu32(step, scale.at(bin)), Histogram::kFractionBits);
    const __m512i estimate = _mm512_or_si512(_mm512_slli_epi64(bin, static_cast<unsigned>(histogram.step_bits)), inside);
    _mm_mask_storeu_epi16(estimates + i, some, _mm512_cvtepi64_epi16(estimate));
  }
}

#else

void estimate(const Histogram& histogram, const std::int64_t* keys, std::uint32_t count, std::uint16_t* estimates) {
  estimate_by_memory(histogram, keys, count, estimates);
}

#endif

// ---------------------------------------------------------------- rows and sources

/// Says whether a row dominates another. Their estimates decide, but for equal ones.
CARBONFRONT_INLINE bool dominates(const Estimates& estimates, std::uint32_t a, const std::uint16_t* row_a, std::uint32_t b,
                                  const std::uint16_t* row_b) {
  std::uint64_t equal = 0;
  for (std::uint32_t lane = 0; lane < estimates.lanes; lane += kLaneBlock) {
    if (lanes_above(row_at(row_a + lane), row_at(row_b + lane)) != 0) return false;
    equal |= std::uint64_t{lanes_equal(row_at(row_a + lane), row_at(row_b + lane))} << lane;
  }
  const std::uint64_t all = ~std::uint64_t{0} >> (64 - estimates.points.objective_count);
  equal &= all;
  return equal == 0 || dominates_where_equal(estimates, equal, a, b, row_a);
}

/// Columns by number, as many as the template says, or as many as given where it says 0.
template <std::uint32_t kColumns>
struct Columns {
  const std::uint16_t* number;
  std::uint32_t given;

  CARBONFRONT_INLINE std::uint32_t count() const { return kColumns > 0 ? kColumns : given; }
};

/// ANDs the masks of a row's buckets in some columns, at least one.
template <std::uint32_t kColumns>
CARBONFRONT_INLINE void find_candidates(const SourceTile& source, Columns<kColumns> columns, const std::uint16_t* row,
                                        Mask& candidates) {
  alignas(16) std::uint16_t bucket[64];
  for (std::uint32_t lane = 0; lane < source.lanes; lane += kLaneBlock)
    *reinterpret_cast<Row*>(bucket + lane) =
        buckets_of(row_at(row + lane), row_at(source.lowest.data() + lane), row_at(source.scale.data() + lane));
  const Mask* prefix = &mask_of(source.prefix[0]);
  Mask left = prefix[columns.number[0] * SourceTile::kBuckets + bucket[columns.number[0]]];
  for (std::uint32_t c = 1; c < columns.count(); ++c)
    left &= prefix[columns.number[c] * SourceTile::kBuckets + bucket[columns.number[c]]];
  candidates = left;
}

alignas(64) constexpr std::uint16_t kNumbers[64] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
    32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

/// Calls `use` with some columns, their number a constant where it is up to eight.
template <class Use>
CARBONFRONT_INLINE void with_columns(const std::uint16_t* numbers, std::uint32_t count, Use& use) {
  switch (count) {
    case 1:
      return use(Columns<1>{numbers, count});
    case 2:
      return use(Columns<2>{numbers, count});
    case 3:
      return use(Columns<3>{numbers, count});
    case 4:
      return use(Columns<4>{numbers, count});
    case 5:
      return use(Columns<5>{numbers, count});
    case 6:
      return use(Columns<6>{numbers, count});
    case 7:
      return use(Columns<7>{numbers, count});
    case 8:
      return use(Columns<8>{numbers, count});
    default:
      return use(Columns<0>{numbers, count});
  }
}

struct FindingCandidates {
  const SourceTile& source;
  const std::uint16_t* row;
  Mask& candidates;

  template <std::uint32_t kColumns>
  CARBONFRONT_INLINE void operator()(Columns<kColumns> columns) {
    find_candidates(source, columns, row, candidates);
  }
};

/// ANDs the masks of a row's buckets in all columns.
CARBONFRONT_INLINE void find_any(const SourceTile& source, const std::uint16_t* row, Mask& candidates) {
  FindingCandidates finding{source, row, candidates};
  with_columns(kNumbers, source.objectives, finding);
}

/// Leaves of the candidates those of a group.
CARBONFRONT_INLINE void keep_group(const SourceTile& source, std::uint32_t group, Mask& candidates) {
  std::uint32_t low = 0, count = source.groups;
  while (count > 1) {
    const std::uint32_t half = count / 2;
    low += source.group[low + half] <= group ? half : 0;
    count -= half;
  }
  if (source.group[low] == group) {
    candidates &= mask_of(source.of_group[low]);
  } else {
    candidates = Mask{};
  }
}

/// Numbers the rows: by rank, the highest first, and slot; those of rank `limit` and above are left out. Says how many.
CARBONFRONT_INLINE std::uint32_t order_by_rank(const std::uint32_t* rank, std::uint32_t count, std::uint32_t limit,
                                               std::uint16_t* order) {
  std::uint32_t low = ~0u, high = 0, kept = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (rank[i] >= limit) continue;
    low = lesser(low, rank[i]), high = greater(high, rank[i]);
    order[kept++] = static_cast<std::uint16_t>(i);
  }
  if (kept == 0 || low == high) return kept;
  std::uint16_t chosen[kTileSlots];
  for (std::uint32_t i = 0; i < kept; ++i) chosen[i] = order[i];
  if (high - low < kTileSlots) {  // counting sort
    std::uint16_t next[kTileSlots + 1] = {};
    for (std::uint32_t i = 0; i < kept; ++i) ++next[high - rank[chosen[i]] + 1];
    for (std::uint32_t r = 0; r <= high - low; ++r) next[r + 1] = static_cast<std::uint16_t>(next[r + 1] + next[r]);
    for (std::uint32_t i = 0; i < kept; ++i) order[next[high - rank[chosen[i]]]++] = chosen[i];
    return kept;
  }
  for (std::uint32_t i = 1; i < kept; ++i) {  // by insertion: ranks that far apart hardly occur
    const std::uint16_t slot = order[i];
    std::uint32_t to = i;
    for (; to > 0 && rank[order[to - 1]] < rank[slot]; --to) order[to] = order[to - 1];
    order[to] = slot;
  }
  return kept;
}

/// Finds the corners and masks by depth of rank.
CARBONFRONT_INLINE void find_depths(SourceTile& source) {
  std::uint32_t rows[SourceTile::kDepths];
  for (std::uint32_t depth = 0, i = 0; depth < SourceTile::kDepths; ++depth) {
    while (i < source.rows && (depth + 1 == SourceTile::kDepths || source.high_rank - source.rank[i] <= depth)) ++i;
    rows[depth] = i;
    for (std::uint32_t w = 0; w < kWords; ++w)
      source.depth[depth].word[w] = i >= (w + 1) * 64 ? ~std::uint64_t{0} : i > w * 64 ? (std::uint64_t{1} << i % 64) - 1 : 0;
  }
  for (std::uint32_t lane = 0; lane < source.lanes; lane += kLaneBlock) {
    Row low = ~Row{};
    for (std::uint32_t depth = 0, i = 0; depth < SourceTile::kDepths; ++depth) {
      for (; i < rows[depth]; ++i) {
        const Row& row = row_at(source.estimates.data() + i * source.lanes + lane);
        low = row < low ? row : low;
      }
      row_at(source.corner.data() + depth * source.lanes + lane) = low;
    }
  }
  for (std::uint32_t k = 0; k < source.objectives; ++k)
    for (std::uint32_t depth = 0; depth < SourceTile::kDepths; ++depth)
      source.corner_columns[k * SourceTile::kDepths + depth] = source.corner[depth * source.lanes + k];
}

/// Makes the prefix masks of a source whose rows are there.
CARBONFRONT_INLINE void fill_prefixes(SourceTile& source) {
  TileBits* prefix = source.prefix.data();
  __builtin_memset(prefix, 0, std::size_t{source.objectives} * SourceTile::kBuckets * sizeof(TileBits));
  alignas(16) std::uint16_t bucket[kLaneBlock];
  for (std::uint32_t lane = 0; lane < source.lanes; lane += kLaneBlock) {
    const std::uint32_t columns = lesser(kLaneBlock, source.objectives - lane);
    for (std::uint32_t i = 0; i < source.rows; ++i) {
      *reinterpret_cast<Row*>(bucket) =
          buckets_of(row_at(source.estimates.data() + i * source.lanes + lane), row_at(source.lowest.data() + lane),
                     row_at(source.scale.data() + lane));
      for (std::uint32_t k = 0; k < columns; ++k)
        prefix[(lane + k) * SourceTile::kBuckets + bucket[k]].word[i / 64] |= std::uint64_t{1} << i % 64;
    }
  }
  for (std::uint32_t k = 0; k < source.objectives; ++k) {
    Mask* column = &mask_of(prefix[k * SourceTile::kBuckets]);
    for (std::uint32_t b = 1; b < SourceTile::kBuckets; ++b) column[b] |= column[b - 1];
  }
}

/// Lists the groups of the rows, and a mask for each. Rows of a group stand together before they are numbered by rank.
CARBONFRONT_INLINE void find_groups(const SourceRows& from, const std::uint16_t* slot_of_bit, SourceTile& source) {
  source.groups = 0;
  for (std::uint32_t i = 0; i < from.count; ++i)
    if (source.groups == 0 || from.group[i] != source.group[source.groups - 1]) {
      mask_of(source.of_group[source.groups]) = Mask{};
      source.group[source.groups++] = from.group[i];
    }
  std::uint16_t group_of_slot[kTileSlots];
  for (std::uint32_t i = 0, g = 0; i < from.count; ++i) {
    g += from.group[i] != source.group[g];
    group_of_slot[i] = static_cast<std::uint16_t>(g);
  }
  for (std::uint32_t bit = 0; bit < source.rows; ++bit)
    source.of_group[group_of_slot[slot_of_bit[bit]]].word[bit / 64] |= std::uint64_t{1} << bit % 64;
}

void build(const AlignedTiles& tiles, const SourceRows& from, std::uint32_t limit, SourceTile& source) {
  std::uint16_t slot_of_bit[kTileSlots];
  source.rows = from.count;
  if (from.rank) {
    source.rows = order_by_rank(from.rank, from.count, limit, slot_of_bit);
  } else {
    for (std::uint32_t i = 0; i < from.count; ++i) slot_of_bit[i] = static_cast<std::uint16_t>(i);
  }
  if (source.rows == 0) return;
  for (std::uint32_t i = 0; i < source.rows; ++i) {
    source.position[i] = from.position[slot_of_bit[i]];
    source.rank[i] = from.rank ? from.rank[slot_of_bit[i]] : 0;
  }
  for (std::uint32_t lane = 0; lane < source.lanes; lane += kLaneBlock) {
    Row low = ~Row{}, high = {};
    for (std::uint32_t i = 0; i < source.rows; ++i) {
      const Row& row = row_at(from.rows + std::size_t{slot_of_bit[i]} * source.lanes + lane);
      row_at(source.estimates.data() + i * source.lanes + lane) = row;
      low = row < low ? row : low;
      high = row > high ? row : high;
    }
    row_at(source.lowest.data() + lane) = low;
    row_at(source.highest.data() + lane) = high;
  }
  source.high_rank = source.rank[0];
  for (std::uint32_t lane = 0; lane < source.lanes; ++lane) {
    const std::uint32_t range = source.highest[lane] - source.lowest[lane];
    source.scale[lane] =
        static_cast<std::uint16_t>(range < SourceTile::kBuckets ? 65535 : (SourceTile::kBuckets << 16) / (range + 2));
  }
  fill_prefixes(source);
  if (tiles.grouped) find_groups(from, slot_of_bit, source);
  if (from.rank) find_depths(source);
}

/// Makes a source of a tile.
CARBONFRONT_INLINE void build_tile(const AlignedTiles& tiles, const Tile& tile, bool with_ranks, std::uint32_t limit,
                                   SourceTile& source) {
  const SourceRows rows{tiles.rows.data() + std::size_t{tile.begin} * tiles.lanes, tiles.position.data() + tile.begin,
                        with_ranks ? tiles.rank.data() + tile.begin : nullptr,
                        tiles.grouped ? tiles.group.data() + tile.begin : nullptr, tile.rows};
  source.first_group = tile.first_group, source.last_group = tile.last_group;
  build(tiles, rows, limit, source);
}

// ---------------------------------------------------------------- a tile and a source

/// A tile and a source that it meets, and what their boxes leave to decide.
struct Meeting {
  AlignedTiles& tiles;
  Tile& tile;
  const SourceTile& source;
  bool by_group = false;            // whether rows of different groups may meet
  std::uint32_t open_count = 0;     // columns in which a source's row may not be below a row of the tile
  std::uint16_t open[64];
  std::uint32_t reached_count = 0;  // columns in which a row of the tile may be below a source's corner
  std::uint16_t reached[64];

  Meeting(AlignedTiles& all, Tile& own, const SourceTile& other) : tiles(all), tile(own), source(other) {}
};

enum class Relation { apart, all_below, undecided };

template <bool kRanks>
CARBONFRONT_INLINE Relation relation_of(Meeting& meeting, std::uint32_t t) {
  const AlignedTiles& tiles = meeting.tiles;
  const Tile& tile = meeting.tile;
  const SourceTile& source = meeting.source;
  if (tile.rows == 0) return Relation::apart;
  if (tiles.grouped) {
    if (source.last_group < tile.first_group || source.first_group > tile.last_group) return Relation::apart;
    meeting.by_group = source.first_group != source.last_group || tile.first_group != tile.last_group;
  }
  std::uint32_t depth = 0;
  if constexpr (kRanks) {
    const std::uint32_t at_least = greater(tile.base, tile.least);
    if (at_least > source.high_rank) return Relation::apart;
    depth = lesser(source.high_rank - at_least, SourceTile::kDepths - 1);
  }
  const std::uint16_t *corner = kRanks ? source.corner.data() + depth * source.lanes : source.lowest.data(),
                      *first = kRanks ? source.corner.data() : source.lowest.data();
  const std::uint16_t *low = tiles.low.data() + std::size_t{t} * tiles.lanes,
                      *high = tiles.high.data() + std::size_t{t} * tiles.lanes;
  for (std::uint32_t lane = 0; lane < tiles.lanes; lane += kLaneBlock) {
    if (lanes_above(row_at(corner + lane), row_at(high + lane)) != 0) return Relation::apart;
    const std::uint32_t here = (1u << lesser(kLaneBlock, tiles.objectives - lane)) - 1;
    for (std::uint32_t open = here & ~lanes_above(row_at(low + lane), row_at(source.highest.data() + lane)); open != 0;
         open &= open - 1)
      meeting.open[meeting.open_count++] = static_cast<std::uint16_t>(lane + static_cast<std::uint32_t>(__builtin_ctz(open)));
    for (std::uint32_t some = here & lanes_above(row_at(first + lane), row_at(low + lane)); some != 0; some &= some - 1)
      meeting.reached[meeting.reached_count++] =
          static_cast<std::uint16_t>(lane + static_cast<std::uint32_t>(__builtin_ctz(some)));
  }
  return meeting.open_count == 0 && !meeting.by_group ? Relation::all_below : Relation::undecided;
}

/// Lists the slots of a tile that a source's rows may dominate, and raise.
template <bool kRanks>
CARBONFRONT_INLINE std::uint32_t find_met(const Meeting& meeting, std::uint16_t* met) {
  const AlignedTiles& tiles = meeting.tiles;
  const Tile& tile = meeting.tile;
  const SourceTile& source = meeting.source;
  const std::uint16_t* columns = tiles.columns.data() + std::size_t{tile.begin} * tiles.objectives;
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < tile.rows; i += kSlotBlock) {
    std::uint32_t rows;
    Corners corners;
    if constexpr (kRanks) {
      rows = between(tiles.rank.data() + tile.begin + i, 0, source.high_rank);
      corners.find_depths(tiles.rank.data() + tile.begin + i, tile.base, source.high_rank);
    } else {
      rows = tiles.open[(tile.begin + i) / kSlotBlock];
    }
    for (std::uint32_t c = 0; c < meeting.reached_count && rows != 0; ++c) {
      const std::uint32_t k = meeting.reached[c];
      const std::uint16_t* column = columns + k * tile.room + i;
      if constexpr (kRanks) {
        rows = corners.reached(rows, column, source.corner_columns.data() + k * SourceTile::kDepths);
      } else {
        rows = not_below(rows, column, source.lowest[k]);
      }
    }
#if defined(CARBONFRONT_PATH_VBMI2)
    const __m512i slots = _mm512_add_epi16(_mm512_load_si512(kNumbers), _mm512_set1_epi16(static_cast<short>(i)));
    _mm512_storeu_si512(met + count, _mm512_maskz_compress_epi16(rows, slots));
    count += static_cast<std::uint32_t>(__builtin_popcount(rows));
#else
    for (; rows != 0; rows &= rows - 1) met[count++] = static_cast<std::uint16_t>(i + __builtin_ctz(rows));
#endif
  }
  return count;
}

/// ANDs masks for some slots of a tile, at most kAtOnce. Lists those with candidates, and these.
template <bool kRanks, std::uint32_t kColumns>
CARBONFRONT_INLINE std::uint32_t find_masks(const Meeting& meeting, Columns<kColumns> columns, const std::uint16_t* met,
                                            std::uint32_t count, std::uint16_t* found, Mask* masks) {
  const AlignedTiles& tiles = meeting.tiles;
  const SourceTile& source = meeting.source;
  std::uint32_t found_count = 0;
  for (std::uint32_t j = 0; j < count; ++j) {
    const std::uint32_t slot = meeting.tile.begin + met[j];
    const std::uint16_t* row = tiles.rows.data() + std::size_t{slot} * tiles.lanes;
    Mask mask;
    if constexpr (kRanks) {
      const std::uint32_t held = greater(meeting.tile.base, tiles.rank[slot]);
      const std::uint32_t depth = lesser(source.high_rank - held, SourceTile::kDepths - 1);
#if !defined(CARBONFRONT_PATH_AVX512)
      bool reached = true;
      for (std::uint32_t lane = 0; lane < tiles.lanes; lane += kLaneBlock)
        reached = reached && lanes_above(row_at(source.corner.data() + depth * source.lanes + lane), row_at(row + lane)) == 0;
      if (!reached) continue;
#endif
      find_candidates(source, columns, row, mask);
      mask &= mask_of(source.depth[depth]);
    } else {
      find_candidates(source, columns, row, mask);
    }
    if (meeting.by_group) keep_group(source, tiles.group[slot], mask);
    masks[found_count] = mask;
    found[found_count] = met[j];
    found_count += any_bit(mask);
  }
  return found_count;
}

/// Raises a row's rank by the candidates of a source, the highest rank first, or kills it.
template <bool kRanks>
CARBONFRONT_INLINE void apply_mask(AlignedTiles& tiles, Tile& tile, const SourceTile& source, std::uint32_t i, const Mask& mask,
                                   TileWork& work) {
  const std::uint32_t slot = tile.begin + i, position = tiles.position[slot];
  const std::uint16_t* row = tiles.rows.data() + std::size_t{slot} * tiles.lanes;
  const std::uint32_t held = kRanks ? greater(tile.base, tiles.rank[slot]) : 0;
  for (std::uint32_t w = 0; w < kWords; ++w) {
    for (std::uint64_t word = mask[w]; word != 0; word &= word - 1) {
      const std::uint32_t bit = w * 64 + static_cast<std::uint32_t>(__builtin_ctzll(word));
      if (kRanks && source.rank[bit] < held) return;
      ++work.compared;
      if (!dominates(*tiles.estimates, source.position[bit], source.estimates.data() + bit * source.lanes, position, row))
        continue;
      if constexpr (kRanks) {
        tiles.rank[slot] = source.rank[bit] + 1;
      } else {
        tiles.open[slot / kSlotBlock] &= ~(1u << slot % kSlotBlock);
        tiles.alive[slot / kSlotBlock] &= ~(1u << slot % kSlotBlock);
        ++tile.dead;
      }
      return;
    }
  }
}

/// Applies a source to some slots of a tile that it is undecided about.
template <bool kRanks>
struct Applying {
  const Meeting& meeting;
  const std::uint16_t* met;
  std::uint32_t count;
  TileWork& work;

  template <std::uint32_t kColumns>
  CARBONFRONT_INLINE void operator()(Columns<kColumns> columns) {
    std::uint16_t found[kAtOnce + 1];
    alignas(64) Mask masks[kAtOnce + 1];
    for (std::uint32_t begin = 0; begin < count; begin += kAtOnce) {
      const std::uint32_t some = lesser(kAtOnce, count - begin);
      const std::uint32_t found_count = find_masks<kRanks>(meeting, columns, met + begin, some, found, masks);
      for (std::uint32_t j = 0; j < found_count; ++j)
        apply_mask<kRanks>(meeting.tiles, meeting.tile, meeting.source, found[j], masks[j], work);
    }
  }
};

template <bool kRanks>
void apply(const Meeting& meeting, TileWork& work) {
  std::uint16_t met[kTileSlots + kSlotBlock];
  const std::uint32_t count = find_met<kRanks>(meeting, met);
  work.met += meeting.tile.rows;
  work.masked += count;
  if (count == 0) return;
  Applying<kRanks> applying{meeting, met, count, work};
  with_columns(meeting.open_count > 0 ? meeting.open : kNumbers, greater(meeting.open_count, 1), applying);
}

/// Says whether a source of the group may be below a row of the tile.
CARBONFRONT_INLINE bool reaches(const AlignedTiles& tiles, std::uint32_t t, const SourceGroup& group) {
  const Tile& tile = tiles.tiles[t];
  if (tile.rows == 0) return false;
  if (tiles.grouped && (group.last_group < tile.first_group || group.first_group > tile.last_group)) return false;
  const std::uint16_t* high = tiles.high.data() + std::size_t{t} * tiles.lanes;
  for (std::uint32_t lane = 0; lane < tiles.lanes; lane += kLaneBlock)
    if (lanes_above(row_at(group.corner.data() + lane), row_at(high + lane)) != 0) return false;
  return true;
}

void raise(AlignedTiles& tiles, std::uint32_t t, const SourceGroup& group, TileWork& work) {
  if (!reaches(tiles, t, group)) return;
  Tile& tile = tiles.tiles[t];
  bool changed = false;
  for (const SourceTile* source : group.sources) {
    Meeting meeting(tiles, tile, *source);
    const Relation relation = relation_of<true>(meeting, t);
    if (relation == Relation::apart) continue;
    if (relation == Relation::all_below) {
      tile.base = greater(tile.base, source->high_rank + 1);
    } else {
      apply<true>(meeting, work);
      changed = true;
    }
  }
  if (!changed) return;
  const std::uint32_t* rank = tiles.rank.data() + tile.begin;
  std::uint32_t least = ~0u;
  for (std::uint32_t i = 0; i < tile.room; ++i) least = lesser(least, rank[i]);
  tile.least = least;
}

// ---------------------------------------------------------------- tiles of a front

/// Finds the box of a tile's rows.
CARBONFRONT_INLINE void find_box(AlignedTiles& tiles, std::uint32_t t) {
  const Tile& tile = tiles.tiles[t];
  for (std::uint32_t lane = 0; lane < tiles.lanes; lane += kLaneBlock) {
    Row low = ~Row{}, high = {};
    const std::uint16_t* row = tiles.rows.data() + std::size_t{tile.begin} * tiles.lanes + lane;
    for (std::uint32_t i = 0; i < tile.rows; ++i, row += tiles.lanes) {
      low = row_at(row) < low ? row_at(row) : low;
      high = row_at(row) > high ? row_at(row) : high;
    }
    row_at(tiles.low.data() + std::size_t{t} * tiles.lanes + lane) = low;
    row_at(tiles.high.data() + std::size_t{t} * tiles.lanes + lane) = high;
  }
}

/// Packs a column of a tile: what is alive moves to the front.
CARBONFRONT_INLINE void pack_column(std::uint16_t* column, const std::uint32_t* alive, std::uint32_t rows) {
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < rows; i += kSlotBlock) {
    std::uint32_t bits = alive[i / kSlotBlock];
#if defined(CARBONFRONT_PATH_VBMI2)
    const __m512i packed = _mm512_maskz_compress_epi16(bits, _mm512_load_si512(column + i));
    const auto count = static_cast<std::uint32_t>(__builtin_popcount(bits));
    _mm512_mask_storeu_epi16(column + kept, count == 32 ? ~0u : (1u << count) - 1, packed);
    kept += count;
#else
    for (; bits != 0; bits &= bits - 1) column[kept++] = column[i + static_cast<std::uint32_t>(__builtin_ctz(bits))];
#endif
  }
}

/// Drops the killed rows of a tile.
void pack(AlignedTiles& tiles, std::uint32_t t) {
  Tile& tile = tiles.tiles[t];
  std::uint32_t *alive = tiles.alive.data() + tile.begin / kSlotBlock, *open = tiles.open.data() + tile.begin / kSlotBlock;
  std::uint16_t* columns = tiles.columns.data() + std::size_t{tile.begin} * tiles.objectives;
  for (std::uint32_t k = 0; k < tiles.objectives; ++k) pack_column(columns + k * tile.room, alive, tile.rows);
  std::uint32_t kept = 0, packed_open[kTileSlots / kSlotBlock] = {};
  for (std::uint32_t i = 0; i < tile.rows; i += kSlotBlock) {
    for (std::uint32_t bits = alive[i / kSlotBlock]; bits != 0; bits &= bits - 1, ++kept) {
      const std::uint32_t offset = static_cast<std::uint32_t>(__builtin_ctz(bits)), from = tile.begin + i + offset,
                          to = tile.begin + kept;
      tiles.position[to] = tiles.position[from];
      if (tiles.grouped) tiles.group[to] = tiles.group[from];
      for (std::uint32_t lane = 0; lane < tiles.lanes; lane += kLaneBlock)
        *reinterpret_cast<Row*>(tiles.rows.data() + std::size_t{to} * tiles.lanes + lane) =
            row_at(tiles.rows.data() + std::size_t{from} * tiles.lanes + lane);
      packed_open[kept / kSlotBlock] |= (open[i / kSlotBlock] >> offset & 1) << kept % kSlotBlock;
    }
  }
  tile.rows = kept, tile.dead = 0;
  for (std::uint32_t w = 0; w < tile.room / kSlotBlock; ++w) {
    open[w] = packed_open[w];
    alive[w] = kept >= (w + 1) * kSlotBlock ? ~0u : kept > w * kSlotBlock ? (1u << kept % kSlotBlock) - 1 : 0;
  }
  find_box(tiles, t);
}

void kill(AlignedTiles& tiles, std::uint32_t t, const SourceGroup& group, TileWork& work) {
  if (!reaches(tiles, t, group)) return;
  Tile& tile = tiles.tiles[t];
  for (const SourceTile* source : group.sources) {
    Meeting meeting(tiles, tile, *source);
    if (relation_of<false>(meeting, t) == Relation::apart) continue;
    apply<false>(meeting, work);
    if (tile.dead > 0 && tile.dead * 8 >= tile.rows) pack(tiles, t);
  }
}

// ---------------------------------------------------------------- settling

/// Leaves of a mask the bits before `bit`.
CARBONFRONT_INLINE void keep_before(Mask& mask, std::uint32_t bit) {
  for (std::uint32_t w = bit / 64; w < kWords; ++w) mask[w] &= w == bit / 64 ? (std::uint64_t{1} << bit % 64) - 1 : 0;
}

/// Bitmask of the 64 slots of a word whose ranks are at least `least`.
CARBONFRONT_INLINE std::uint64_t ranks_from(const std::uint32_t* rank, std::uint32_t word, std::uint32_t room,
                                            std::uint32_t least) {
  const std::uint32_t* own = rank + word * 64;
  const std::uint64_t low = between(own, least, kNotAsked);
  if (word * 64 + kSlotBlock >= room) return low;
  return low | std::uint64_t{between(own + kSlotBlock, least, kNotAsked)} << kSlotBlock;
}

/// Says whether every eighth row of a tile or more has the same estimates as the one before it, as in what is nearly a total
/// order. Their keys are worth having at hand.
CARBONFRONT_INLINE bool is_tied(const AlignedTiles& tiles, const Tile& tile) {
  const std::uint16_t* row = tiles.rows.data() + std::size_t{tile.begin} * tiles.lanes;
  std::uint32_t tied = 0;
  for (std::uint32_t i = 1; i < tile.rows; ++i, row += tiles.lanes) {
    bool same = true;
    for (std::uint32_t lane = 0; lane < tiles.lanes; lane += kLaneBlock)
      same = same && lanes_equal(row_at(row + lane), row_at(row + tiles.lanes + lane)) == 0xFFu;
    tied += same;
  }
  return tied * 8 >= tile.rows;
}

/// Says whether slot `a` of a tile dominates slot `b`. `keys` [objectives][kTileSlots].
CARBONFRONT_INLINE bool precedes(const std::int64_t* keys, std::uint32_t objectives, std::uint32_t a, std::uint32_t b) {
  bool better = false;
  for (std::uint32_t k = 0; k < objectives; ++k, keys += kTileSlots) {
    if (keys[a] > keys[b]) return false;
    better = better || keys[a] < keys[b];
  }
  return better;
}

/// Finds the rank of a row among the settled rows before it, which are its candidates. `keys`: as precedes(), or null;
/// `highest` [kWords]: the highest settled rank among the slots of a word.
CARBONFRONT_INLINE std::uint32_t rank_among(const AlignedTiles& tiles, const Tile& tile, std::uint32_t i, const Mask& candidates,
                                            const std::int64_t* keys, const std::uint32_t* highest, std::uint32_t held,
                                            std::uint32_t limit, TileWork& work) {
  const std::uint32_t* rank = tiles.rank.data() + tile.begin;
  const std::uint16_t* rows = tiles.rows.data() + std::size_t{tile.begin} * tiles.lanes;
  for (std::uint32_t w = i / 64 + 1; w-- > 0;) {
    std::uint64_t word = candidates[w];
    if (word == 0 || highest[w] < held) continue;
    for (word &= ranks_from(rank, w, tile.room, held); word != 0 && held < limit;) {
      const std::uint32_t j = 63 - static_cast<std::uint32_t>(__builtin_clzll(word));
      word ^= std::uint64_t{1} << j;
      const std::uint32_t source = w * 64 + j;
      ++work.compared;
      const bool below = keys ? precedes(keys, tiles.objectives, source, i)
                              : dominates(*tiles.estimates, tiles.position[tile.begin + source], rows + source * tiles.lanes,
                                          tiles.position[tile.begin + i], rows + i * tiles.lanes);
      if (!below) continue;
      held = rank[source] + 1;
      word &= ranks_from(rank, w, tile.room, held);
    }
    if (held >= limit) return limit;
  }
  return held;
}

void settle(AlignedTiles& tiles, std::uint32_t t, std::uint32_t limit, SourceTile& source, TileWork& work) {
  Tile& tile = tiles.tiles[t];
  build_tile(tiles, tile, false, limit, source);
  std::uint32_t* rank = tiles.rank.data() + tile.begin;
  const std::int64_t* keys = nullptr;
  if (is_tied(tiles, tile)) {
    gather_keys(tiles.estimates->points, tiles.position.data() + tile.begin, tile.rows, source.keys);
    keys = source.keys.data();
  }
  work.met += tile.rows;
  std::uint32_t highest[kWords] = {};
  for (std::uint32_t i = 0; i < tile.rows; ++i) {
    if (rank[i] == kNotAsked) {
      rank[i] = 0;
      continue;
    }
    const std::uint32_t held = lesser(greater(rank[i], tile.base), limit);
    if (held < limit) {
      Mask candidates;
      find_any(source, tiles.rows.data() + std::size_t{tile.begin + i} * tiles.lanes, candidates);
      if (tiles.grouped) keep_group(source, tiles.group[tile.begin + i], candidates);
      keep_before(candidates, i);
      rank[i] = rank_among(tiles, tile, i, candidates, keys, highest, held, limit, work);
    } else {
      rank[i] = limit;
    }
    highest[i / 64] = greater(highest[i / 64], rank[i]);
  }
  build_tile(tiles, tile, true, limit, source);
}

void settle_front(AlignedTiles& tiles, std::uint32_t t, SourceTile& source, TileWork& work) {
  Tile& tile = tiles.tiles[t];
  if (tile.dead > 0) pack(tiles, t);
  build_tile(tiles, tile, false, ~0u, source);
  work.met += tile.rows;
  for (std::uint32_t i = 0; i < tile.rows; ++i) {
    if ((tiles.open[(tile.begin + i) / kSlotBlock] >> i % kSlotBlock & 1) == 0) continue;
    Mask candidates;
    find_any(source, tiles.rows.data() + std::size_t{tile.begin + i} * tiles.lanes, candidates);
    if (tiles.grouped) keep_group(source, tiles.group[tile.begin + i], candidates);
    keep_before(candidates, i);
    apply_mask<false>(tiles, tile, source, i, candidates, work);
  }
  if (tile.dead == 0) return;
  pack(tiles, t);
  build_tile(tiles, tile, false, ~0u, source);
}

/// Finds the first of a source's rows, by bit, that dominates a row; kNoRow: none.
CARBONFRONT_INLINE std::uint32_t first_dominator(const Estimates& estimates, const SourceTile& source, std::uint32_t position,
                                                 const std::uint16_t* row) {
  for (std::uint32_t lane = 0; lane < estimates.lanes; lane += kLaneBlock)
    if (lanes_above(row_at(source.lowest.data() + lane), row_at(row + lane)) != 0) return kNoRow;
  Mask candidates;
  find_any(source, row, candidates);
  if (!any_bit(candidates)) return kNoRow;
  for (std::uint32_t w = 0; w < kWords; ++w) {
    for (std::uint64_t word = candidates[w]; word != 0; word &= word - 1) {
      const std::uint32_t bit = w * 64 + static_cast<std::uint32_t>(__builtin_ctzll(word));
      if (dominates(estimates, source.position[bit], source.estimates.data() + bit * source.lanes, position, row))
        return source.position[bit];
    }
  }
  return kNoRow;
}

void find_first_dominators(const Estimates& estimates, const SourceTile* sources, std::uint32_t count, std::uint32_t begin,
                           std::uint32_t end, std::uint32_t* found) {
  for (std::uint32_t i = begin; i < end; ++i) {
    std::uint32_t& first = found[i - begin] = kNoRow;
    for (std::uint32_t s = 0; s < count && first == kNoRow; ++s)
      first = first_dominator(estimates, sources[s], i, estimates.row(i));
  }
}
