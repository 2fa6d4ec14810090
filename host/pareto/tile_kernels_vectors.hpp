// Vectors: rows of estimates, bitmasks, and estimates of keys. For the instruction set that is being compiled for: see
// tile_kernels.hpp.

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

/// Which of 32 rows are not below a source's corner: each at its own depth of rank, or, without a look-up in registers, all
/// at the depth of the lowest rank among them.
struct Corners {
#if defined(CARBONFRONT_PATH_AVX512)
  __m512i depth;
#else
  std::uint32_t depth;
#endif

  /// `ranks` [32] of the rows; those above `high` do not matter.
  CARBONFRONT_INLINE void find_depths(const std::uint32_t* ranks, std::uint32_t base, std::uint32_t high) {
#if defined(CARBONFRONT_PATH_AVX512)
    __m256i halves[2];
    for (std::uint32_t half = 0; half < 2; ++half) {
      const __m512i held = _mm512_max_epu32(_mm512_load_si512(ranks + half * 16), _mm512_set1_epi32(static_cast<int>(base)));
      const __m512i below = _mm512_sub_epi32(_mm512_set1_epi32(static_cast<int>(high)), held);
      halves[half] = _mm512_cvtepi32_epi16(_mm512_min_epu32(below, _mm512_set1_epi32(SourceTile::kDepths - 1)));
    }
    depth = _mm512_inserti64x4(_mm512_castsi256_si512(halves[0]), halves[1], 1);
#else
    std::uint32_t least = ~0u;
    for (std::uint32_t i = 0; i < kSlotBlock; ++i) least = lesser(least, ranks[i]);
    least = greater(least, base);
    depth = least > high ? 0 : lesser(high - least, SourceTile::kDepths - 1);
#endif
  }
  /// `corners` [kDepths] of a column.
  CARBONFRONT_INLINE std::uint32_t reached(std::uint32_t rows, const std::uint16_t* column,
                                           const std::uint16_t* corners) const {
#if defined(CARBONFRONT_PATH_AVX512)
    const __m512i corner = _mm512_permutexvar_epi16(depth, _mm512_load_si512(corners));
    return _mm512_mask_cmple_epu16_mask(rows, corner, _mm512_load_si512(column));
#else
    return not_below(rows, column, corners[depth]);
#endif
  }
};

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

/// Says which lanes picked() takes, up to eight.
CARBONFRONT_INLINE Row choice_of(const std::uint16_t* lanes, std::uint32_t count) {
  Row choice = {};
  for (std::uint32_t c = 0; c < count; ++c) {
#if defined(CARBONFRONT_PATH_AVX512) || defined(CARBONFRONT_PATH_AVX2)
    choice[c] = static_cast<std::uint16_t>(lanes[c] * 0x0202u + 0x0100u);  // the numbers of its two bytes
#else
    choice[c] = lanes[c];
#endif
  }
  return choice;
}

CARBONFRONT_INLINE Row picked(Row row, Row choice) {
#if defined(CARBONFRONT_PATH_AVX512) || defined(CARBONFRONT_PATH_AVX2)
  return (Row)_mm_shuffle_epi8((__m128i)row, (__m128i)choice);
#else
  Row lanes;
  for (std::uint32_t c = 0; c < kLaneBlock; ++c) lanes[c] = row[choice[c]];
  return lanes;
#endif
}

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
    estimates[i] = static_cast<std::uint16_t>(bin << histogram.step_bits | step * scale[bin] >> Histogram::kFractionBits);
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
    const __m512i low = _mm512_permutex2var_epi64(part[0], bin, part[1]),
                  high = _mm512_permutex2var_epi64(part[2], bin, part[3]);
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
