#pragma once
// The distinct keys of groups, each held once.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "carbonfront/points.hpp"

namespace carbonfront {

/// One value of a group's key.
struct GroupKeyValue {
  bool missing = false;
  std::uint64_t bits = 0;  // integers widened, floats as float64's bits
  std::string text;
};

/// Appends a value so that the order of bytes is the order of keys: missing last, numbers by value, texts by bytes.
void append_encoded(std::string& key, const GroupKeyValue& value, ValueType type);

/// Reads an encoded key back. [columns]
std::vector<GroupKeyValue> decoded_key(std::string_view key, const std::vector<ValueType>& types);

/// Encoded keys, numbered in the order in which they were met, and found by their bytes. Move-only. About 26 bytes a key
/// beside its own.
class GroupKeys {
 public:
  GroupKeys() = default;
  GroupKeys(GroupKeys&&) = default;
  GroupKeys& operator=(GroupKeys&&) = default;

  /// The number of a key, a new one where it was not met before. O(bytes of the key).
  std::uint32_t number_of(std::string_view key);

  std::size_t size() const { return keys_.size(); }
  std::string_view operator[](std::size_t number) const { return {keys_[number].bytes, keys_[number].size}; }

  /// Renumbers by ascending key; gives the new number of each. No key may be added afterwards. [keys]
  std::vector<std::uint32_t> sort();

  /// Bytes that the keys take, with what growing takes for a moment.
  std::uint64_t held_bytes() const;

 private:
  struct Key {
    const char* bytes;
    std::uint32_t size, hash;
  };
  std::size_t place_of(std::string_view key, std::uint32_t hash) const;
  void grow();
  const char* keep(std::string_view key);

  std::deque<Key> keys_;
  std::vector<std::uint32_t> places_;  // hash table with linear probing: number + 1, or 0; its size is a power of 2
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t room_ = 0;  // left at the end of the last block
  std::uint64_t block_bytes_ = 0;
};

}  // namespace carbonfront
