#pragma once
// A dataset as it lies in its file: what reading it without HDF5 takes.

#include <hdf5.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "host/sweep/chunk_codec.hpp"
#include "host/sweep/chunk_map.hpp"
#include "host/sweep/raw_file.hpp"

namespace carbonfront {

/// Limits that no honest file needs to exceed; beyond them a file is refused before memory is spent.
inline constexpr std::uint64_t kMostChunkBytes = std::uint64_t{1} << 30;  // of one chunk, unpacked
inline constexpr std::uint64_t kMostExpansion = 1100;                     // of deflate is 1032
inline constexpr std::uint64_t kMostChunks = std::uint64_t{1} << 24;      // mapped; HDF5 reads datasets with more

/// Rows of values as they lie in a file. Of a contiguous dataset `places` has one entry and the shape is that of one chunk.
struct StoredDataset {
  std::shared_ptr<const RawFile> file;
  std::string name;  // in messages
  ChunkShape shape;
  bool contiguous = false;
  Pipeline pipeline;
  std::vector<ChunkPlace> places;
  std::vector<std::byte> fill;  // [element bytes] of chunks that were never written

  /// Unpacked chunks that the last request used in part: the next one begins there.
  struct Kept {
    std::vector<std::byte> bytes;
    bool shuffled = false;
  };
  mutable std::mutex mutex;
  mutable std::map<std::uint64_t, std::shared_ptr<const Kept>> kept;  // by chunk
};

/// Describes an open dataset of one or two dimensions for reading without HDF5. Null where only HDF5 can read it: other
/// filters, layouts, indices or files. Throws InputError for a dataset that exceeds the limits.
std::shared_ptr<const StoredDataset> describe_storage(hid_t dataset, const std::string& name,
                                                      std::shared_ptr<const RawFile> file);

/// Finds the places of a chunked dataset's chunks in `file`, row by row of chunks, whatever its filters. [chunks] Nothing
/// where only HDF5 can find them: another file, a user block, an index that `read_chunk_map` leaves to it, too many chunks.
std::optional<std::vector<ChunkPlace>> chunk_places(hid_t dataset, const ChunkShape& shape, const RawFile& file);

/// Refuses a dataset that declares more than a file of that size can hold. Throws InputError.
void check_declared_size(hid_t dataset, const std::string& name, const std::string& path, std::uint64_t file_bytes);

}  // namespace carbonfront
