#pragma once
// Hashes that identify inputs and results. XXH3-128, written as 32 hexadecimal digits.

#include <string>
#include <utility>
#include <vector>

#include "carbonfront/progress.hpp"
#include "host/sweep/sweep.hpp"

namespace carbonfront {

/// Fingerprint of the content of one file of a sweep, number `index`, without reading it all: an XXH3-128 over its size, and
/// of the used columns the names, types, attributes that carry meaning (units, fill and missing values, scale and offset),
/// chunk tables (place and size of every chunk), and a sample: 16 chunks spread over the column (fewer of more than 4 MiB,
/// at least two) or, of what has none and of texts of variable length, 16 blocks of values. A copy of the file has the same
/// one. What is changed outside the sample, in place and in the same number of bytes, it cannot notice. Throws InputError.
std::string fingerprint(const std::vector<Column>& columns, const SweepFile& file, std::size_t index);

/// What tells one input file from another, and from itself at another time.
struct InputIdentity {
  std::string path, absolute_path;  // as given; the latter also tells whether two identities are of the same path
  std::string fingerprint;
  std::int64_t modified = 0;  // nanoseconds since 1970: of the newest among it and the files that links and datasets lead to
  std::string sha256;         // of all bytes; empty unless asked for
};

/// Identifies a file of a sweep; with `whole` by all its bytes too. Throws InputError, Stopped.
InputIdentity identity_of(const std::vector<Column>& columns, const Sweep& sweep, std::size_t index, bool whole,
                          const Progress& progress);

/// Says how `found` is not the input that is `wanted`: another fingerprint; another SHA-256, or none, where one is wanted;
/// or, of the same path, another modification time. Empty where it is that input.
std::string difference(const InputIdentity& wanted, const InputIdentity& found);

/// SHA-256 of all bytes of a file, 64 hexadecimal digits. Reads it once. Throws InputError, Stopped.
std::string sha256_of_file(const std::string& path, const Progress& progress);

/// What a dataset occupies in its file: layout in words ("65,536 rows a chunk", "contiguous"), filters, stored bytes.
struct StorageInfo {
  std::string layout, filters;
  std::uint64_t chunks = 0, stored_bytes = 0;
};
StorageInfo storage_of(hid_t dataset);

}  // namespace carbonfront
