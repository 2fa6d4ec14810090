#pragma once
// Hashes that identify inputs and results. XXH3-128, written as 32 hexadecimal digits.

#include <string>
#include <utility>
#include <vector>

#include "host/sweep/sweep.hpp"

namespace carbonfront {

/// Identifies one file of a sweep without reading it all: an XXH3-128 over the used columns' names, types, chunk tables
/// (offset and size of every chunk), first and last chunks. Throws InputError.
std::string fingerprint(const std::vector<Column>& columns, std::size_t file);

/// SHA-256 of all bytes of a file, 64 hexadecimal digits. Reads it once. Throws InputError, Stopped.
std::string sha256_of_file(const std::string& path);

/// What a dataset occupies in its file: layout in words ("65,536 rows a chunk", "contiguous"), filters, stored bytes.
struct StorageInfo {
  std::string layout, filters;
  std::uint64_t chunks = 0, stored_bytes = 0;
};
StorageInfo storage_of(hid_t dataset);

}  // namespace carbonfront
