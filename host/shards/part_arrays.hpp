#pragma once
// One-dimensional arrays in part files: written whole and uncompressed, read whole or by rows.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "host/sweep/own_file.hpp"

namespace carbonfront {

inline constexpr hsize_t kArrayChunkBytes = 512 << 10;

/// Creates an array, uncompressed. Throws OutputError.
template <class T>
h5::Handle create_array(hid_t group, const char* name, std::uint64_t size) {
  constexpr h5::Storage storage{.chunk_rows = kArrayChunkBytes / sizeof(T), .deflate = 0};
  return h5::create_dataset(group, name, type_in_memory<T>(), {size}, storage);
}

/// Writes an array. Throws OutputError.
template <class T, class Allocator>
void write_array(hid_t group, const char* name, const std::vector<T, Allocator>& values) {
  h5::write_rows(create_array<T>(group, name, values.size()), 0, values.size(), type_in_memory<T>(), values.data());
}

/// A part file being read. All throw InputError.
struct PartReader {
  const OwnFile& file;

  [[noreturn]] void damaged(const std::string& why) const { file.damaged("/part", why); }

  /// An entry of an array that is only there when the file is whole.
  template <class T>
  T checked(const std::vector<T>& values, std::size_t at) const {
    if (at >= values.size()) damaged("an array of it is cut off");
    return values[at];
  }

  /// The number of a dataset's rows.
  std::uint64_t size(const std::string& dataset) const { return file.size(dataset); }

  /// Reads a whole array of the group /part.
  template <class T>
  std::vector<T> array(const std::string& name) const {
    return file.all<T>("/part/" + name);
  }

  /// Reads rows [begin, begin + count) of a dataset.
  template <class T>
  std::vector<T> rows(const std::string& name, std::uint64_t begin, std::uint64_t count) const {
    std::vector<T> values;
    file.read(name, begin, count, values);
    return values;
  }
};

/// Reads texts that lie one after the other, each with its end.
inline std::vector<std::string> texts_of(const PartReader& part, const std::vector<std::uint8_t>& bytes,
                                         const std::vector<std::uint64_t>& ends) {
  std::vector<std::string> texts;
  std::size_t begin = 0;
  for (std::uint64_t end : ends) {
    if (end < begin || end > bytes.size()) part.damaged("a text is cut off");
    texts.emplace_back(bytes.begin() + static_cast<std::ptrdiff_t>(begin), bytes.begin() + static_cast<std::ptrdiff_t>(end));
    begin = end;
  }
  return texts;
}

}  // namespace carbonfront
