// Tiles that have met all sources before them; and few rows against all. For the instruction set that is being compiled for:
// see tile_kernels.hpp.

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
CARBONFRONT_INLINE std::uint32_t rank_among(const AlignedTiles& tiles, const Tile& tile, std::uint32_t i,
                                            const Mask& candidates, const std::int64_t* keys, const std::uint32_t* highest,
                                            std::uint32_t held, std::uint32_t limit, TileWork& work) {
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
CARBONFRONT_INLINE std::uint32_t first_dominator(const Estimates& estimates, const SourceTile& source,
                                                 std::uint32_t position, const std::uint16_t* row) {
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
