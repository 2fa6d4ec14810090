#include "host/scoring/group_keys.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>

#include "carbonfront/errors.hpp"

namespace carbonfront {

namespace {

constexpr std::size_t kBlockBytes = 1 << 20;
constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

bool is_real(ValueType type) { return type == ValueType::float32 || type == ValueType::float64; }
bool is_signed(ValueType type) { return type >= ValueType::int8 && type <= ValueType::int64; }

void append_big_endian(std::string& key, std::uint64_t word) {
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(word >> shift);
}

std::uint64_t big_endian_at(std::string_view key, std::size_t at) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < 8; ++i) word = word << 8 | static_cast<unsigned char>(key[at + i]);
  return word;
}

}  // namespace

void append_encoded(std::string& key, const GroupKeyValue& value, ValueType type) {
  key += value.missing ? '\1' : '\0';
  if (value.missing) return;
  if (type == ValueType::string) {
    for (char c : value.text) {
      key += c;
      if (c == '\0') key += '\xff';
    }
    key.append(2, '\0');
  } else if (is_real(type)) {
    append_big_endian(key, value.bits & kSign ? ~value.bits : value.bits | kSign);
  } else {
    append_big_endian(key, is_signed(type) ? value.bits ^ kSign : value.bits);
  }
}

std::vector<GroupKeyValue> decoded_key(std::string_view key, const std::vector<ValueType>& types) {
  std::vector<GroupKeyValue> values(types.size());
  std::size_t at = 0;
  for (std::size_t k = 0; k < types.size(); ++k) {
    GroupKeyValue& value = values[k];
    value.missing = key[at++] != '\0';
    if (value.missing) continue;
    if (types[k] == ValueType::string) {
      for (; key[at] != '\0' || key[at + 1] == '\xff'; at += key[at] == '\0' ? 2 : 1) value.text += key[at];
      at += 2;
      continue;
    }
    std::uint64_t word = big_endian_at(key, at);
    value.bits = is_real(types[k]) ? (word & kSign ? word ^ kSign : ~word) : is_signed(types[k]) ? word ^ kSign : word;
    at += 8;
  }
  return values;
}

std::size_t GroupKeys::place_of(std::string_view key, std::uint32_t hash) const {
  for (std::size_t place = hash & (places_.size() - 1);; place = (place + 1) & (places_.size() - 1)) {
    if (places_[place] == 0) return place;
    const Key& found = keys_[places_[place] - 1];
    if (found.hash == hash && std::string_view(found.bytes, found.size) == key) return place;
  }
}

void GroupKeys::grow() {
  std::vector<std::uint32_t> places(std::max<std::size_t>(64, 2 * places_.size()));
  for (std::uint32_t number = 0; number < keys_.size(); ++number) {
    std::size_t place = keys_[number].hash & (places.size() - 1);
    while (places[place] != 0) place = (place + 1) & (places.size() - 1);
    places[place] = number + 1;
  }
  places_ = std::move(places);
}

const char* GroupKeys::keep(std::string_view key) {
  if (key.size() > room_) {
    room_ = std::max(kBlockBytes, key.size());
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(room_));
    block_bytes_ += room_;
  }
  // Blocks are filled from their end, so that `room_` alone says where.
  room_ -= key.size();
  return static_cast<const char*>(std::memcpy(blocks_.back().get() + room_, key.data(), key.size()));
}

std::uint32_t GroupKeys::number_of(std::string_view key) {
  if (2 * (keys_.size() + 1) > places_.size()) grow();
  auto hash = static_cast<std::uint32_t>(std::hash<std::string_view>{}(key));
  std::size_t place = place_of(key, hash);
  if (places_[place] != 0) return places_[place] - 1;
  if (key.size() > std::numeric_limits<std::uint32_t>::max() ||
      keys_.size() >= std::numeric_limits<std::uint32_t>::max() - 1)
    throw DeviceError("the keys of the groups cannot be held", "one takes more than 4 GiB, or there are more than 4 billion",
                      "group by columns with shorter or fewer values");
  keys_.push_back({keep(key), static_cast<std::uint32_t>(key.size()), hash});
  places_[place] = static_cast<std::uint32_t>(keys_.size());
  return places_[place] - 1;
}

std::vector<std::uint32_t> GroupKeys::sort() {
  places_ = {};
  std::vector<std::uint32_t> order(keys_.size()), number(keys_.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return (*this)[a] < (*this)[b]; });
  std::deque<Key> sorted;
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    number[order[i]] = i;
    sorted.push_back(keys_[order[i]]);
  }
  keys_ = std::move(sorted);
  return number;
}

std::uint64_t GroupKeys::held_bytes() const {
  return block_bytes_ - room_ + keys_.size() * sizeof(Key) + places_.size() * sizeof(std::uint32_t) * 3 / 2;
}

}  // namespace carbonfront
