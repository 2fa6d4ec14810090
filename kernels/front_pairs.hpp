#pragma once
// The front of few rows: all pairs of keys, without an order, in one launch. What the filter leaves of many rows is often
// few.
//
// Bound: size² compares with early exit, each of a key in shared memory and one in registers or the first-level cache; at
// 4,096 rows 17 million, about as long as the launches of an order. Speed: not measured.

#include "kernels/key_column.hpp"
#include "kernels/pairs.hpp"

namespace carbonfront::device {

/// Marks with 1 the rows of the share that another one dominates, 0 all others. Tiles of the share are of kTile rows.
/// [rows.size]
void mark_dominated_keys(const Stream& stream, KeysView rows, Share share, std::uint8_t* dominated);

}  // namespace carbonfront::device
