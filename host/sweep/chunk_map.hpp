#pragma once
// Where the chunks of a dataset lie in its file. HDF5 1.10 finds one chunk's address in time proportional to the number of
// chunks; this reads the index itself, once. Source: HDF5 File Format Specification 3.0, sections III.A.1, IV.A, VII.

#include <cstdint>
#include <optional>
#include <vector>

#include "host/sweep/raw_file.hpp"

namespace carbonfront {

inline constexpr std::uint64_t kNoAddress = ~std::uint64_t{0};  // of a chunk that was never written

struct ChunkPlace {
  std::uint64_t address = kNoAddress;
  std::uint32_t bytes = 0;  // in the file
  std::uint32_t mask = 0;   // filters that were skipped
};

/// Shape of a chunked dataset of one or two dimensions (then `columns` > 1 or `chunk_columns` > 1).
struct ChunkShape {
  std::uint64_t rows = 0, columns = 1;
  std::uint64_t chunk_rows = 1, chunk_columns = 1;
  std::uint64_t element_bytes = 1;
  int rank = 1;
  bool filtered = false;

  std::uint64_t across() const { return (columns + chunk_columns - 1) / chunk_columns; }
  std::uint64_t down() const { return (rows + chunk_rows - 1) / chunk_rows; }
  std::uint64_t chunks() const { return across() * down(); }
  std::uint64_t chunk_elements() const { return chunk_rows * chunk_columns; }
  std::uint64_t chunk_bytes() const { return chunk_elements() * element_bytes; }
};

/// Reads the index of the dataset whose object header is at `header`: the place of every chunk, row by row of chunks.
/// [chunks] Nothing where the index is of a kind, or in a state, that only HDF5 can judge. Addresses are not checked against
/// the file. Cost: one pass over the index. Throws InputError when the file cannot be read.
std::optional<std::vector<ChunkPlace>> read_chunk_map(const RawFile& file, std::uint64_t header, const ChunkShape& shape);

}  // namespace carbonfront
