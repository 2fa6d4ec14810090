#pragma once
// Texts of variable length, looked up in HDF5's global heap without HDF5: its own look-up trusts the sizes in a damaged
// file. Source: HDF5 File Format Specification 3.0, section III.E.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "host/sweep/raw_file.hpp"

namespace carbonfront {

inline constexpr std::size_t kTextReferenceBytes = 16;  // of a text in a dataset: length, address, index

inline constexpr std::size_t kTextHeapBytes = 8 << 20;  // of collections that are kept

/// Finds the collections in the bytes [begin, end) of a file and tells what is wrong with the first that does not hold
/// together, null where all do: objects follow one another to a collection's end. Reads all of the bytes, 16 MiB at a time.
const char* check_collections(const RawFile& file, std::uint64_t begin, std::uint64_t end);

/// Reads heap collections as texts need them; keeps the last of them.
class TextHeap {
 public:
  explicit TextHeap(const RawFile& file) : file_(file) {}

  /// Sets `text` to what a reference names, valid until the next call. Returns null, or what is wrong with it.
  const char* find(const std::byte* reference, std::string_view& text);

 private:
  struct Collection {
    std::vector<char> bytes;
    std::unordered_map<std::uint32_t, std::string_view> objects;
  };
  const char* load(std::uint64_t address, Collection& collection) const;

  const RawFile& file_;
  std::unordered_map<std::uint64_t, Collection> collections_;
  std::size_t bytes_ = 0;
};

}  // namespace carbonfront
