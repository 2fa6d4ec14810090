#pragma once
// Strong rows: those with the largest dominance regions, by the distribution of a sample, as tiles of prefix masks.
//
// Bound: one read of the keys of up to kMostScored rows, 8 · columns bytes a row, and an 8-step search in 256 quantiles for
// each key; beside it 7 launches whose work does not grow with the rows (the sample's sort: 2,048² · objectives compares).

#include "kernels/key_column.hpp"

namespace carbonfront::device {

inline constexpr std::uint32_t kMostScored = 1 << 20;  // rows among which strong ones are looked for
inline constexpr std::uint32_t kMostStrong = 1024;     // of them
inline constexpr std::uint32_t kStrongTile = 256;      // strong rows whose masks are looked at together
inline constexpr std::uint32_t kStarts = 32;           // of runs of 8 of a tile's sorted keys
inline constexpr std::uint32_t kMostMasked = 8;        // objectives that have masks; more exclude next to nobody

/// An objective of a tile of strong rows. starts[j] is the sorted key number 8 · j, all ones behind the last row; masks[r]
/// holds the rows of the first 8 · r sorted keys. So where r starts are at most a key, masks[r] holds every strong row whose
/// key is at most it, and up to 7 others.
struct StrongColumn {
  std::uint64_t starts[kStarts];
  uint4 masks[kStarts + 1][2];
};

/// What is known of the strong rows once they are found, on the device.
struct StrongFound {
  std::uint32_t rows;     // that no stronger one dominates or equals
  std::uint32_t dropped;  // rows of the sample that one of the kStrongTile strongest dominates
};

/// Views strong rows, the strongest first. Device memory.
struct StrongView {
  std::uint32_t sample = 0;  // rows that `dropped` is counted among
  std::uint32_t columns = 0, masked = 0;
  const std::uint64_t* keys = nullptr;  // [rows][columns]
  const StrongColumn* tiles = nullptr;  // [rows / kStrongTile, rounded up][masked]
  const StrongFound* found = nullptr;   // [1]
};

/// Owns strong rows. 8 · columns + 1,312 · masked / 256 bytes each.
struct StrongRows {
  std::uint32_t sample = 0, columns = 0, masked = 0;
  DeviceArray<std::uint64_t> keys;
  DeviceArray<StrongColumn> tiles;
  DeviceArray<StrongFound> found;
  StrongView view() const { return {sample, columns, masked, keys.data(), tiles.data(), found.data()}; }
};

/// Finds up to kMostStrong strong rows: those that dominate the largest share of the space if objectives were independent,
/// by Σ log(1 − F̂), F̂ an objective's distribution in a sample of 2,048 rows; of all rows where there are at most
/// kMostScored, else of as many in runs of 256 spread over all. Within 1.6 % of the last one's score the lower rows are
/// chosen. Groups are not looked at. The same rows for every schedule; another library's logarithm may choose others. Takes
/// 4 bytes a row that is scored while it works. At least one row. Does not wait. Throws DeviceError.
StrongRows find_strong_rows(const Stream& stream, KeysView keys);

}  // namespace carbonfront::device
