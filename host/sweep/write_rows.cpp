// Rows of a dataset in one dimension: whole chunks are encoded on all threads, past HDF5's own filters and its lock.

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cstring>

#include "carbonfront/errors.hpp"
#include "host/sweep/chunk_encoder.hpp"
#include "host/sweep/hdf5.hpp"

namespace carbonfront::h5 {

namespace {

constexpr std::size_t kEncodedTogether = 32 << 20;  // bytes of chunks that are encoded before they are written

[[noreturn]] void cannot_write(hid_t dataset) {
  std::string reason = last_reason();
  char name[256] = "a dataset";
  H5Iget_name(dataset, name, sizeof name);
  throw OutputError(std::string("cannot write ") + name, reason, "check the folder and its free space");
}

/// How the chunks of a dataset are encoded; no rows where they are not, or by other filters.
struct Encoding {
  hsize_t chunk_rows = 0, rows = 0;
  std::size_t value_bytes = 0;
  ChunkFilters filters = {};

  std::size_t chunk_bytes() const { return chunk_rows * value_bytes; }
  /// Tells whether rows are whole chunks, or end with the dataset.
  bool covers(hsize_t begin, hsize_t count) const {
    return chunk_rows > 0 && begin % chunk_rows == 0 && (count % chunk_rows == 0 || begin + count == rows);
  }
};

Encoding encoding_of(hid_t dataset, hid_t memory_type) {
  Handle list(H5Dget_create_plist(dataset)), type(H5Dget_type(dataset)), space(H5Dget_space(dataset));
  Encoding encoding;
  if (H5Pget_layout(list) != H5D_CHUNKED || H5Sget_simple_extent_ndims(space) != 1 || H5Tequal(type, memory_type) <= 0 ||
      H5Tdetect_class(type, H5T_VLEN) > 0 || H5Tis_variable_str(type) > 0)
    return encoding;
  H5Sget_simple_extent_dims(space, &encoding.rows, nullptr);
  encoding.value_bytes = H5Tget_size(type);
  const int filters = H5Pget_nfilters(list);
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0, value = 0;
    std::size_t values = 1;
    H5Z_filter_t filter = H5Pget_filter2(list, static_cast<unsigned>(i), &flags, &values, &value, 0, nullptr, nullptr);
    if (filter == H5Z_FILTER_SHUFFLE && i == 0)
      encoding.filters.shuffle = true;
    else if (filter == H5Z_FILTER_DEFLATE && i == encoding.filters.shuffle)
      encoding.filters.level = static_cast<int>(value);
    else if (filter == H5Z_FILTER_FLETCHER32 && i + 1 == filters)
      encoding.filters.fletcher32 = true;
    else
      return {};
  }
  if (filters > 0) H5Pget_chunk(list, 1, &encoding.chunk_rows);
  return encoding;
}

/// Writes whole chunks and, at the dataset's end, the rest: encoded on all threads, a few at a time, and written in order by
/// the caller's thread. `values_of(row, rows, room)` gives the values of a chunk's rows, in `room` or where they are; at the
/// edge, where a chunk is stored whole, always in the room, behind which there are zeros.
template <class ValuesOf>
void write_chunks(hid_t dataset, hsize_t begin, hsize_t count, const Encoding& encoding, ValuesOf values_of) {
  const std::size_t chunk_bytes = encoding.chunk_bytes();
  const std::size_t chunks = (count + encoding.chunk_rows - 1) / encoding.chunk_rows;
  const std::size_t together = std::max<std::size_t>(1, kEncodedTogether / chunk_bytes);
  std::vector<std::vector<std::byte>> encoded(std::min(chunks, together));
  for (std::size_t first = 0; first < chunks; first += together) {
    std::size_t size = std::min(together, chunks - first);
    tbb::parallel_for(std::size_t{0}, size, [&](std::size_t i) {
      const hsize_t row = (first + i) * encoding.chunk_rows, rows = std::min(encoding.chunk_rows, count - row);
      thread_local std::vector<std::byte> room;
      room.resize(chunk_bytes);
      std::fill(room.begin() + static_cast<std::ptrdiff_t>(rows * encoding.value_bytes), room.end(), std::byte{0});
      encode_chunk(values_of(row, rows, room.data()), chunk_bytes, encoding.value_bytes, encoding.filters, encoded[i]);
    });
    for (std::size_t i = 0; i < size; ++i) {
      hsize_t offset = begin + (first + i) * encoding.chunk_rows;
      if (H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, &offset, encoded[i].size(), encoded[i].data()) < 0) cannot_write(dataset);
    }
  }
}

void write_through_filters(hid_t dataset, hsize_t begin, hsize_t count, hid_t memory_type, const void* values) {
  Handle file_space(H5Dget_space(dataset)), memory_space(H5Screate_simple(1, &count, nullptr));
  H5Sselect_hyperslab(file_space, H5S_SELECT_SET, &begin, nullptr, &count, nullptr);
  if (H5Dwrite(dataset, memory_type, memory_space, file_space, H5P_DEFAULT, values) < 0) cannot_write(dataset);
}

}  // namespace

void write_rows(hid_t dataset, hsize_t begin, hsize_t count, hid_t memory_type, const void* values) {
  if (count == 0) return;
  const Encoding encoding = encoding_of(dataset, memory_type);
  if (!encoding.covers(begin, count)) return write_through_filters(dataset, begin, count, memory_type, values);
  const auto* bytes = static_cast<const std::byte*>(values);
  write_chunks(dataset, begin, count, encoding, [&](hsize_t row, hsize_t rows, std::byte* room) {
    const std::byte* at = bytes + row * encoding.value_bytes;
    return rows == encoding.chunk_rows ? at
                                       : static_cast<const std::byte*>(std::memcpy(room, at, rows * encoding.value_bytes));
  });
}

void write_rows(hid_t dataset, hsize_t begin, hsize_t count, hid_t memory_type, const MakeRows& make) {
  if (count == 0) return;
  const Encoding encoding = encoding_of(dataset, memory_type);
  if (!encoding.covers(begin, count)) {
    std::vector<std::byte> values(count * H5Tget_size(memory_type));
    make(begin, count, values.data());
    return write_through_filters(dataset, begin, count, memory_type, values.data());
  }
  write_chunks(dataset, begin, count, encoding, [&](hsize_t row, hsize_t rows, std::byte* room) {
    make(begin + row, rows, room);
    return static_cast<const std::byte*>(room);
  });
}

}  // namespace carbonfront::h5
