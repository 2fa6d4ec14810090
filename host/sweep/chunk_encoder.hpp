#pragma once
// Chunks as HDF5's filters shuffle, deflate and fletcher32 would leave them, encoded without the library and its lock.

#include <cstddef>
#include <vector>

namespace carbonfront {

/// The filters that a chunk goes through.
struct ChunkFilters {
  bool shuffle = false;
  int level = 0;            // of deflate, 1 to 9; 0: none
  bool fletcher32 = false;  // behind the others
};

/// Encodes the `bytes` of one chunk of values of `value_bytes` each into `out`: shuffled if asked for, then a zlib stream,
/// then its checksum. Leading byte planes of which a sample does not shrink, such as the low bytes of computed reals,
/// go into the stream uncompressed. Depends on its arguments alone; any number of threads may call it at once.
/// Cost at level 1: about 3 ns a byte that is compressed, 0.5 ns one that is stored. Source: RFC 1950, RFC 1951.
void encode_chunk(const std::byte* values, std::size_t bytes, std::size_t value_bytes, ChunkFilters filters,
                  std::vector<std::byte>& out);

}  // namespace carbonfront
