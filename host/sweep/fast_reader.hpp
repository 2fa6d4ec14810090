#pragma once
// Reads columns without HDF5: the chunks that a range of rows touches, in the order of the file, in large reads, unpacked on
// all cores straight into the caller's memory.

#include <cstdint>
#include <span>
#include <vector>

#include "host/sweep/stored_dataset.hpp"

namespace carbonfront {

/// Where in a dataset's rows a value lies. Bytes come out as they are stored.
struct StoredField {
  std::size_t offset = 0, width = 0;  // within the element
  std::uint64_t column = 0;           // of a two-dimensional dataset
};

/// Rows [begin, begin + count) of one field, to `out`. [count · width]
struct StoredRequest {
  const StoredDataset* dataset = nullptr;
  StoredField field;
  std::uint64_t begin = 0, count = 0;
  std::byte* out = nullptr;
  const char* column = "";       // its name, for messages; outlives the call
  const char* advice = nullptr;  // what to do where it is damaged; null: it is a column of a sweep
};

/// Serves all requests together: a chunk that several need is unpacked once. Uses all threads of the caller's arena; beside
/// the output needs about 8 MiB a thread, or two chunks where those are larger. Throws InputError that names file, column
/// and chunk: of the first chunk that is damaged, whatever the number of threads.
void read_stored(std::span<const StoredRequest> requests);

}  // namespace carbonfront
