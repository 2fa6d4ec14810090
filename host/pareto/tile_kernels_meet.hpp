// A tile and a source: what their boxes decide, and what bitmasks do. For the instruction set that is being compiled for:
// see tile_kernels.hpp.

/// A tile and a source that it meets, and what their boxes leave to decide.
struct Meeting {
  AlignedTiles& tiles;
  Tile& tile;
  const SourceTile& source;
  bool by_group = false;         // whether rows of different groups may meet
  std::uint32_t open_count = 0;  // columns in which a source's row may not be below a row of the tile
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
      meeting.open[meeting.open_count++] =
          static_cast<std::uint16_t>(lane + static_cast<std::uint32_t>(__builtin_ctz(open)));
    for (std::uint32_t some = here & lanes_above(row_at(first + lane), row_at(low + lane)); some != 0; some &= some - 1)
      meeting.reached[meeting.reached_count++] =
          static_cast<std::uint16_t>(lane + static_cast<std::uint32_t>(__builtin_ctz(some)));
  }
  return meeting.open_count == 0 && !meeting.by_group ? Relation::all_below : Relation::undecided;
}

/// Slots of a tile that a source's rows may dominate, and raise.
struct Met {
  std::uint32_t count = 0;
  std::uint16_t slot[kTileSlots + kSlotBlock];
  std::uint16_t depth[kTileSlots + kSlotBlock];  // of the source's ranks that are high enough; for ranks
};

/// A column in which a row of a tile may be below a source's corner, and the corner, or corners by depth.
struct Reached {
  const std::uint16_t *column, *corners;
};

/// Lists them.
template <bool kRanks>
CARBONFRONT_INLINE void find_met(const Meeting& meeting, Met& met) {
  const AlignedTiles& tiles = meeting.tiles;
  const Tile& tile = meeting.tile;
  const SourceTile& source = meeting.source;
  const std::uint32_t count = meeting.reached_count;
  Reached columns[64 + 1];
  for (std::uint32_t c = 0; c < count; ++c) {
    const std::uint32_t k = meeting.reached[c];
    columns[c] = {tiles.columns.data() + std::size_t{tile.begin} * tiles.objectives + std::size_t{k} * tile.room,
                  kRanks ? source.corner_columns.data() + k * SourceTile::kDepths : source.lowest.data() + k};
  }
  if (count % 2 == 1) columns[count] = columns[count - 1];
  for (std::uint32_t i = 0; i < tile.rows; i += kSlotBlock) {
    std::uint32_t rows;
    Corners corners;
    if constexpr (kRanks) {
      rows = between(tiles.rank.data() + tile.begin + i, 0, source.high_rank);
      corners.find_depths(tiles.rank.data() + tile.begin + i, tile.base, source.high_rank);
    } else {
      rows = tiles.open[(tile.begin + i) / kSlotBlock];
    }
    const auto reached = [&](const Reached& in, std::uint32_t some) {
      if constexpr (kRanks) {
        return corners.reached(some, in.column + i, in.corners);
      } else {
        return not_below(some, in.column + i, in.corners[0]);
      }
    };
    for (std::uint32_t c = 0; c < count && rows != 0; c += 2)  // two at a time, which do not wait for each other
      rows = reached(columns[c], rows) & reached(columns[c + 1], rows);
#if defined(CARBONFRONT_PATH_VBMI2)
    const __m512i slots = _mm512_add_epi16(_mm512_load_si512(kNumbers), _mm512_set1_epi16(static_cast<short>(i)));
    _mm512_storeu_si512(met.slot + met.count, _mm512_maskz_compress_epi16(rows, slots));
    if (kRanks) _mm512_storeu_si512(met.depth + met.count, _mm512_maskz_compress_epi16(rows, corners.depth));
    met.count += static_cast<std::uint32_t>(__builtin_popcount(rows));
#else
    for (; rows != 0; rows &= rows - 1, ++met.count) {
      const std::uint32_t slot = i + static_cast<std::uint32_t>(__builtin_ctz(rows));
      met.slot[met.count] = static_cast<std::uint16_t>(slot);
      if constexpr (kRanks) {
        const std::uint32_t held = greater(tile.base, tiles.rank[tile.begin + slot]);
        met.depth[met.count] = static_cast<std::uint16_t>(lesser(source.high_rank - held, SourceTile::kDepths - 1));
      }
    }
#endif
  }
}

/// ANDs masks for the met slots [begin, end), at most kAtOnce. Lists those with candidates, and these.
template <bool kRanks, class AnyColumns>
CARBONFRONT_INLINE std::uint32_t find_masks(const Meeting& meeting, const AnyColumns& columns, const Met& met,
                                            std::uint32_t begin, std::uint32_t end, std::uint16_t* found, Mask* masks) {
  const AlignedTiles& tiles = meeting.tiles;
  const SourceTile& source = meeting.source;
  std::uint32_t found_count = 0;
  const std::uint16_t* rows = tiles.rows.data() + std::size_t{meeting.tile.begin} * tiles.lanes;
  for (std::uint32_t j = begin; j < end; ++j) {
    const std::uint16_t* row = rows + std::size_t{met.slot[j]} * tiles.lanes;
    Mask mask;
    if constexpr (kRanks) {
      const std::uint32_t depth = met.depth[j];
#if !defined(CARBONFRONT_PATH_AVX512)
      bool reached = true;
      for (std::uint32_t lane = 0; lane < tiles.lanes; lane += kLaneBlock)
        reached =
            reached && lanes_above(row_at(source.corner.data() + depth * source.lanes + lane), row_at(row + lane)) == 0;
      if (!reached) continue;
#endif
      columns.find(row, mask);
      mask &= mask_of(source.depth[depth]);
    } else {
      columns.find(row, mask);
    }
    if (meeting.by_group) keep_group(source, tiles.group[meeting.tile.begin + met.slot[j]], mask);
    masks[found_count] = mask;
    found[found_count] = met.slot[j];
    found_count += any_bit(mask);
  }
  return found_count;
}

/// Raises a row's rank by the candidates of a source, the highest rank first, or kills it.
template <bool kRanks>
CARBONFRONT_INLINE void apply_mask(AlignedTiles& tiles, Tile& tile, const SourceTile& source, std::uint32_t i,
                                   const Mask& mask, TileWork& work) {
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
  const Met& met;
  TileWork& work;

  template <std::uint32_t kColumns>
  CARBONFRONT_INLINE void operator()(Columns<kColumns> columns) {
    if constexpr (kColumns > 0) with(PickedColumns<kColumns>(meeting.source, columns.number));
  }

  template <class AnyColumns>
  CARBONFRONT_INLINE void with(const AnyColumns& columns) {
    std::uint16_t found[kAtOnce + 1];
    alignas(64) Mask masks[kAtOnce + 1];
    for (std::uint32_t begin = 0; begin < met.count; begin += kAtOnce) {
      const std::uint32_t end = lesser(begin + kAtOnce, met.count);
      const std::uint32_t found_count = find_masks<kRanks>(meeting, columns, met, begin, end, found, masks);
      for (std::uint32_t j = 0; j < found_count; ++j)
        apply_mask<kRanks>(meeting.tiles, meeting.tile, meeting.source, found[j], masks[j], work);
    }
  }
};

template <bool kRanks>
void apply(const Meeting& meeting, TileWork& work) {
  Met met;
  find_met<kRanks>(meeting, met);
  work.met += meeting.tile.rows;
  work.masked += met.count;
  if (met.count == 0) return;
  Applying<kRanks> applying{meeting, met, work};
  const std::uint16_t* open = meeting.open_count > 0 ? meeting.open : kNumbers;
  const std::uint32_t open_count = greater(meeting.open_count, 1);
  if (meeting.tiles.lanes > kLaneBlock) return applying.with(ManyColumns{meeting.source, {open, open_count}});
  with_columns(open, open_count, applying);
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
