#pragma once
// An input file for positioned reads, beside HDF5's own handle on it.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace carbonfront {

/// What to do where opening a file failed with this errno.
const char* advice_on_opening(int error) noexcept;

/// Owns a descriptor open for reading; move-only. Reads from several threads at once are safe.
class RawFile {
 public:
  /// Throws InputError.
  explicit RawFile(std::string path);
  /// Takes over an open descriptor.
  RawFile(std::string path, int descriptor);
  RawFile(RawFile&& other) noexcept
      : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}
  ~RawFile();

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }

  /// Tells whether [offset, offset + bytes) lies in the file.
  bool holds(std::uint64_t offset, std::uint64_t bytes) const { return offset <= size_ && bytes <= size_ - offset; }

  /// Reads exactly `bytes`; returns null, or why it could not.
  const char* read(std::uint64_t offset, std::size_t bytes, void* out) const noexcept;

 private:
  std::string path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

}  // namespace carbonfront
