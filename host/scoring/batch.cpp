#include "host/scoring/batch.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "host/scoring/values.hpp"

namespace carbonfront {

namespace {

ColumnView batch_view(const Plan& plan, const Batch& batch, int column) {
  return view_of(plan.columns[column].info, batch.columns[column].numbers.data());
}

template <class Word>
void gather(const Batch& batch, const std::byte* values, std::byte* out) {
  const Word* from = reinterpret_cast<const Word*>(values);
  Word* to = reinterpret_cast<Word*>(out);
  for (std::uint32_t row : batch.kept) *to++ = from[row];
}

void append_big_endian(std::string& key, std::uint64_t word) {
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(word >> shift);
}

GroupKeyValue key_value(const Plan& plan, const Batch& batch, int column, std::uint32_t row) {
  const ColumnInfo& info = plan.columns[column].info;
  if (info.type == ValueType::string) {
    std::string_view text = batch.columns[column].strings[row];
    bool missing = text.empty() || is_missing_text(info, text);
    return {missing, 0, missing ? "" : std::string(text)};
  }
  ColumnView view = batch_view(plan, batch, column);
  if (is_missing_at(view, row)) return {true, 0, ""};
  return {false, identity_at(view, row), ""};
}

/// Encodes a key so that the order of bytes is the order of keys: missing last, numbers by value, strings by bytes.
void append_encoded(std::string& key, const GroupKeyValue& value, ValueType type) {
  key += value.missing ? '\1' : '\0';
  if (value.missing) return;
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  if (type == ValueType::string) {
    for (char c : value.text) {
      key += c;
      if (c == '\0') key += '\xff';
    }
    key.append(2, '\0');
  } else if (type == ValueType::float32 || type == ValueType::float64) {
    append_big_endian(key, value.bits & sign ? ~value.bits : value.bits | sign);
  } else {
    append_big_endian(key, type >= ValueType::int8 && type <= ValueType::int64 ? value.bits ^ sign : value.bits);
  }
}

}  // namespace

void append_kept(const Batch& batch, int column, std::size_t value_size, std::vector<std::byte>& out) {
  std::size_t at = out.size();
  out.resize(at + batch.kept.size() * value_size);
  const std::byte* values = batch.columns[column].numbers.data();
  if (batch.kept.size() == batch.rows)
    std::memcpy(out.data() + at, values, batch.rows * value_size);
  else if (value_size == 1)
    gather<std::uint8_t>(batch, values, out.data() + at);
  else if (value_size == 2)
    gather<std::uint16_t>(batch, values, out.data() + at);
  else if (value_size == 4)
    gather<std::uint32_t>(batch, values, out.data() + at);
  else
    gather<std::uint64_t>(batch, values, out.data() + at);
}

void factor_values(const Plan& plan, const Batch& batch, int column, std::vector<double>& out) {
  ColumnView view = batch_view(plan, batch, column);
  out.resize(batch.kept.size());
  visit_values(view, [&](const auto* values) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      auto value = values[batch.kept[i]];
      out[i] = is_missing(view, value) ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(value);
    }
  });
}

std::uint32_t group_number(const std::string& encoded, const std::vector<GroupKeyValue>& key, Grouping& grouping) {
  if (grouping.keys.empty() || encoded != grouping.last_key) {
    auto [at, added] = grouping.numbers.try_emplace(encoded, static_cast<std::uint32_t>(grouping.keys.size()));
    if (added) grouping.keys.push_back(key);
    grouping.last_key = encoded;
    grouping.last = at->second;
  }
  return grouping.last;
}

std::string encoded_key(const Plan& plan, const Grouping& grouping, const std::vector<GroupKeyValue>& key) {
  std::string encoded;
  for (std::size_t k = 0; k < key.size(); ++k) append_encoded(encoded, key[k], plan.columns[grouping.columns[k]].info.type);
  return encoded;
}

void append_groups(const Plan& plan, const Batch& batch, Grouping& grouping) {
  std::string encoded;
  std::vector<GroupKeyValue> key(grouping.columns.size());
  for (std::uint32_t row : batch.kept) {
    encoded.clear();
    for (std::size_t k = 0; k < key.size(); ++k) {
      key[k] = key_value(plan, batch, grouping.columns[k], row);
      append_encoded(encoded, key[k], plan.columns[grouping.columns[k]].info.type);
    }
    grouping.group.push_back(group_number(encoded, key, grouping));
  }
}

std::vector<std::uint32_t> sort_groups(Grouping& grouping) {
  std::vector<const std::string*> encoded(grouping.keys.size());
  for (const auto& [key, number] : grouping.numbers) encoded[number] = &key;
  std::vector<std::uint32_t> order(encoded.size()), place(encoded.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return *encoded[a] < *encoded[b]; });
  std::vector<std::vector<GroupKeyValue>> keys;
  for (std::size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = static_cast<std::uint32_t>(i);
    keys.push_back(std::move(grouping.keys[order[i]]));
  }
  grouping.keys = std::move(keys);
  for (std::uint32_t& group : grouping.group) group = place[group];
  return place;
}

}  // namespace carbonfront
