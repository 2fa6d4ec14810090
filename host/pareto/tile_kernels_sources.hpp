// Source tiles: how they are made, and which of their rows may dominate a row. For the instruction set that is being
// compiled for: see tile_kernels.hpp.

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

/// Some columns of a source that has at most eight, ready for many rows.
template <std::uint32_t kColumns>
struct PickedColumns {
  Row choice, lowest, scale;
  const char* prefix[kColumns];

  CARBONFRONT_INLINE PickedColumns(const SourceTile& source, const std::uint16_t* number)
      : choice(choice_of(number, kColumns)),
        lowest(picked(row_at(source.lowest.data()), choice)),
        scale(picked(row_at(source.scale.data()), choice)) {
    for (std::uint32_t c = 0; c < kColumns; ++c)
      prefix[c] = reinterpret_cast<const char*>(source.prefix.data() + number[c] * SourceTile::kBuckets);
  }

  /// ANDs the masks of a row's buckets.
  CARBONFRONT_INLINE void find(const std::uint16_t* row, Mask& candidates) const {
    static_assert(SourceTile::kBuckets * sizeof(Mask) <= 65536);
    alignas(16) std::uint16_t at[kLaneBlock];  // bytes
    row_at(at) = buckets_of(picked(row_at(row), choice), lowest, scale) * static_cast<std::uint16_t>(sizeof(Mask));
    Mask left = *reinterpret_cast<const Mask*>(prefix[0] + at[0]);
    for (std::uint32_t c = 1; c < kColumns; ++c) left &= *reinterpret_cast<const Mask*>(prefix[c] + at[c]);
    candidates = left;
  }
};

/// Some columns of a source of any number.
struct ManyColumns {
  const SourceTile& source;
  Columns<0> columns;

  CARBONFRONT_INLINE void find(const std::uint16_t* row, Mask& candidates) const {
    find_candidates(source, columns, row, candidates);
  }
};

alignas(64) constexpr std::uint16_t kNumbers[64] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                                    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
                                                    32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
                                                    48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

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
      source.depth[depth].word[w] = i >= (w + 1) * 64 ? ~std::uint64_t{0}
                                    : i > w * 64      ? (std::uint64_t{1} << i % 64) - 1
                                                      : 0;
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
      *reinterpret_cast<Row*>(bucket) = buckets_of(row_at(source.estimates.data() + i * source.lanes + lane),
                                                   row_at(source.lowest.data() + lane), row_at(source.scale.data() + lane));
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
