#pragma once
// The front before any order: strong rows of a sample drop what they dominate, in streaming passes over the keys.
//
// Bound: one read of the keys, 8 · columns bytes a row, where the first strong rows drop nearly all (independent rows): at
// 10⁸ × 3 and 4.3 TB/s 0.56 ms. 2 · columns compares of 64 bits a row and strong row tested, with early exit. Beside it 0.7
// bytes a row for the marks, the sample (kSample² · objectives compares), and 6 + columns launches a round, each of which
// ends in one wait. A round that drops less than an eighth of its rows is the last. Speed: not measured.

#include "kernels/key_column.hpp"

namespace carbonfront::device {

/// Drops rows that other rows dominate: some, often nearly all, never one of the front. Returns the index, among the rows
/// given, of every row that is left, ascending; empty where all are left. Takes at most 15 · columns bytes a row, the keys
/// included. Waits for the stream. Throws Failure.
DeviceArray<std::uint32_t> filter_front(const Stream& stream, Keys& keys);

}  // namespace carbonfront::device
