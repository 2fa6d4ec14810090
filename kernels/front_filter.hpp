#pragma once
// The front before any order: an elimination filter. The strongest of all rows drop what they dominate, in one pass.
//
// Bound: one read of the keys, 8 · columns bytes a row, and one of those that are scored (kernels/strong_rows.hpp): all, up
// to 2²⁰ rows; of more as many spread over them, 1 % of 10⁸. At 10⁸ × 3 and 4.3 TB/s 0.57 ms. Beside it ¼ byte a row for
// marks, and the keys of the rows left, gathered. Every row is compared with the 4 strongest, which leave 0.8 % of 10⁶ × 3
// independent rows and 29 % of × 8; these with mask tiles of 256 strong rows, 0.01 and 0.46 tiles a row of all, a search in
// 32 keys and 32 bytes of masks an objective, and exact compares of the few that masks leave, 0.02 and 0.34 a row.
// 9 launches, one wait, then 2 launches: a round. A second one only where not all rows were scored and many are left.
// Left of 10⁶ independent rows × 3, 6, 8: 0.03, 1.1, 4.8 % (fronts: 0.02, 0.6, 3.2). Where 256 strong rows drop less than
// half of 2,048 rows (anti-correlated), the pass is not made. Speed: not measured.
// Source: the elimination filter of LESS: Godfrey, Shipley, Gryz 2005.

#include "kernels/key_column.hpp"

namespace carbonfront::device {

/// Drops rows that other rows dominate: some, often nearly all, never one of the front, nor one that equals a row that
/// stays. Returns the index, among the rows given, of every row that is left, ascending; empty where all are left, which is
/// so, too, where more than half would be. `keys` become those of the rows left. Takes at most 15 · columns bytes a row, the
/// keys included, and what strong rows take: 0.2 MB at 8 columns. Waits for the stream, twice at most. Throws DeviceError.
DeviceArray<std::uint32_t> filter_front(const Stream& stream, Keys& keys);

}  // namespace carbonfront::device
