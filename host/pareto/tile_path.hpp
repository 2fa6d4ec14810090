#pragma once
// Aligned tiles: rows in Z order, cut at the leaves of the order's binary trie, and what tiles do to one another. Boxes of
// such tiles hardly overlap, so they decide most pairs of tiles; what they leave undecided is decided by bitmasks, 512 rows
// at a time. kernels/tiles.hpp has the same for a device.

#include <cstdint>
#include <vector>

#include "carbonfront/array.hpp"
#include "host/pareto/estimates.hpp"

namespace carbonfront {

inline constexpr std::uint32_t kTileSlots = 512;
inline constexpr std::uint32_t kSlotBlock = 32;  // rooms of tiles are multiples of it: slots that are looked at side by side

/// A bit for each row of a tile.
struct alignas(64) TileBits {
  std::uint64_t word[kTileSlots / 64];
};

/// A tile of rows. Every row of a later tile comes after its own in a linear extension of dominance, and so does every later
/// row of the tile itself.
struct Tile {
  std::uint32_t begin = 0, room = 0;  // slots
  std::uint32_t made_of = 0;          // rows it was made of
  std::uint32_t rows = 0, dead = 0;   // rows, and how many of them have been killed since they were packed
  std::uint32_t base = 0, least = 0;  // all ranks are at least base, and at least `least`
  std::uint32_t first_group = 0, last_group = 0;
};

/// Tiles of the rows of one view, and what is known of the rows. Columns of a tile stand side by side: those of tile t, in
/// slot order, from t.begin · objectives on, t.room apart.
struct AlignedTiles {
  const Estimates* estimates = nullptr;
  std::uint32_t objectives = 0, lanes = 0;
  bool grouped = false;
  std::vector<Tile> tiles;
  Array<std::uint16_t> low, high;  // [tiles][lanes] boxes: the least and the largest estimates
  Array<std::uint16_t> columns;    // estimates by tile, objective and slot
  Array<std::uint16_t> rows;       // [slots][lanes] estimates
  Array<std::uint32_t> position;   // [slots]
  Array<std::uint32_t> group;      // [slots], if grouped
  Array<std::uint32_t> rank;       // [slots] at least, as far as it is known; kNotAsked: not raised. For ranks
  Array<std::uint32_t> open;       // [slots / 32] bitmask of the rows that may be killed; for fronts
  Array<std::uint32_t> alive;      // [slots / 32] bitmask of the rows that have not been killed; for fronts
};

/// Instead of a position: none.
inline constexpr std::uint32_t kNoRow = ~0u;

/// Instead of a rank: of rows known to have rank 0, until their tile is settled, and of slots without a row.
inline constexpr std::uint32_t kNotAsked = 0x7FFFFFFFu;

/// A tile as a source: rows of the highest rank first, and prefix masks. Mask b of a column has the rows in its buckets up
/// to b; buckets are even parts of the tile's range of estimates, so the AND of one mask a column has all rows below a query
/// in every column, and perhaps a few more. About 8 KiB a column, and 40.
struct SourceTile {
  static constexpr std::uint32_t kBuckets = 128;
  static constexpr std::uint32_t kDepths = 32;  // ranks below the highest that are told apart

  std::uint32_t objectives = 0, lanes = 0, rows = 0;
  std::uint32_t high_rank = 0;
  std::uint32_t first_group = 0, last_group = 0;
  std::uint32_t position[kTileSlots], rank[kTileSlots];  // by bit
  Array<std::uint16_t> estimates;                        // [kTileSlots][lanes]
  Array<std::uint16_t> lowest, highest, scale;           // [lanes]; the box, and buckets per estimate · 65,536
  Array<std::uint16_t> corner;                           // [kDepths][lanes] lowest estimates of the rows of that depth
  Array<std::uint16_t> corner_columns;                   // [objectives][kDepths]
  TileBits depth[kDepths];                               // rows at most so far below the highest rank; at the last, all rows
  Array<TileBits> prefix;                                // [objectives][kBuckets]
  std::uint32_t groups = 0;
  Array<std::uint32_t> group;  // [groups] ascending, where there is more than one
  Array<TileBits> of_group;    // [groups]
  Array<std::int64_t> keys;    // [objectives][kTileSlots] of the tile's slots, where they help
};

/// Sources that tiles meet together, in this order, and the lowest corner of all of them.
struct SourceGroup {
  std::vector<const SourceTile*> sources;
  Array<std::uint16_t> corner;  // [lanes]
  std::uint32_t first_group = 0, last_group = 0;
};

/// A tile of sources to count: for every column the rows in its order, how many are in the buckets before one, and exact
/// prefix masks: mask p has the p least rows. About 38 KiB a column.
struct CountSource {
  static constexpr std::uint32_t kBuckets = 2048;

  std::uint32_t columns = 0, rows = 0;
  std::vector<std::uint32_t> low, high, shift;  // [columns] of the rows; what takes a rank above the least to its bucket
  Array<std::uint16_t> before;                  // [columns][kBuckets] rows in earlier buckets
  Array<std::uint32_t> sorted;                  // [columns][kTileSlots + 1] ranks ascending, then the largest number
  Array<TileBits> prefix;                       // [columns][kTileSlots + 1]
};

/// A tile of queries: unique ranks below 2³¹ by column, `stride` apart, a multiple of kSlotBlock with room for whole blocks.
struct CountQueries {
  const std::uint32_t* ranks;
  std::uint32_t stride, rows;
};

/// What was done, counted: rows that met a source tile, for how many of them masks were ANDed, and how many pairs of rows
/// these left to compare.
struct TileWork {
  std::uint64_t met = 0, masked = 0, compared = 0;
};

/// What a source tile is made of.
struct SourceRows {
  const std::uint16_t* rows;      // [count][lanes] estimates
  const std::uint32_t* position;  // [count]
  const std::uint32_t* rank;      // [count], or null: all the same
  const std::uint32_t* group;     // [count], or null
  std::uint32_t count;
};

/// The inner loops for one instruction set; all give the same.
struct TilePath {
  const char* name;
  bool (*runs_here)();
  /// As estimate_of() for `count` keys.
  void (*estimate)(const Histogram& histogram, const std::int64_t* keys, std::uint32_t count, std::uint16_t* estimates);
  /// Makes a source. Rows of rank `limit` and above are left out.
  void (*build)(const AlignedTiles& tiles, const SourceRows& rows, std::uint32_t limit, SourceTile& source);
  /// Lets a tile meet sources that come before it, in this order: its ranks rise to one more than those of the rows that
  /// dominate them.
  void (*raise)(AlignedTiles& tiles, std::uint32_t tile, const SourceGroup& sources, TileWork& work);
  /// As raise(); the rows that a source's row dominates are killed.
  void (*kill)(AlignedTiles& tiles, std::uint32_t tile, const SourceGroup& sources, TileWork& work);
  /// Ranks the rows of a tile that has met all sources before it, up to `limit`, and makes it a source.
  void (*settle)(AlignedTiles& tiles, std::uint32_t tile, std::uint32_t limit, SourceTile& source, TileWork& work);
  /// Kills the rows of a tile that another one of it dominates, and makes it a source.
  void (*settle_front)(AlignedTiles& tiles, std::uint32_t tile, SourceTile& source, TileWork& work);
  /// Finds for the positions [begin, end) the first row, by source and bit, that dominates them; kNoRow: none. Groups are
  /// not looked at.
  void (*find_first_dominators)(const Estimates& estimates, const SourceTile* sources, std::uint32_t count,
                                std::uint32_t begin, std::uint32_t end, std::uint32_t* found);
  /// Makes a source of a tile of rows.
  void (*build_count)(const CountQueries& rows, CountSource& source);
  /// Adds to the counts of a tile's rows the source's rows that are below them in every column. `open` [open_count]: the
  /// columns in which a row of the source may not be below one of the tile.
  void (*add_counts)(const CountSource& source, const CountQueries& queries, const std::uint16_t* open,
                     std::uint32_t open_count, std::uint32_t* counts);
};

/// Says whether of two rows the first dominates the second, of which it is known that it is no worse where their estimates
/// differ. `equal`: bitmask of the objectives where they do not, at least one; `row_a`: the first row's estimates.
bool dominates_where_equal(const Estimates& estimates, std::uint64_t equal, std::uint32_t a, std::uint32_t b,
                           const std::uint16_t* row_a);

/// Gathers the keys of up to kTileSlots positions: [objectives][kTileSlots].
void gather_keys(PointsView points, const std::uint32_t* positions, std::uint32_t count, Array<std::int64_t>& keys);

/// Room for a source tile.
SourceTile make_source(std::uint32_t objectives, std::uint32_t lanes, bool grouped);

/// The path that runs everywhere, and those of x86-64, where the compiler can make them.
extern const TilePath kTilePathPlain, kTilePathAvx2, kTilePathAvx512, kTilePathAvx512Vbmi2;

/// The paths of this build, the fastest first; the last one runs everywhere.
std::vector<const TilePath*> tile_paths();

/// The first path that this machine runs.
const TilePath& best_tile_path();

}  // namespace carbonfront
