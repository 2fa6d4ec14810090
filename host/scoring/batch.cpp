#include "host/scoring/batch.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "host/scoring/values.hpp"

namespace carbonfront {

namespace {

ColumnView batch_view(const Plan& plan, const Batch& batch, int column) {
  return view_of(plan.columns[column].info, batch.columns[column].numbers);
}

template <class Word>
void gather(const Batch& batch, const std::byte* values, std::byte* out) {
  const Word* from = reinterpret_cast<const Word*>(values);
  Word* to = reinterpret_cast<Word*>(out);
  for (std::uint32_t row : batch.kept) *to++ = from[row];
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

}  // namespace

void append_kept(const Batch& batch, int column, std::size_t value_size, Array<std::byte>& out) {
  std::size_t at = out.size();
  out.resize(at + batch.kept.size() * value_size);
  const std::byte* values = batch.columns[column].numbers;
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

void factor_values(const Plan& plan, const Batch& batch, int column, Array<double>& out) {
  ColumnView view = batch_view(plan, batch, column);
  out.resize(batch.kept.size());
  const bool all = batch.kept.size() == batch.rows;
  visit_values(view, [&](const auto* values) {
    const auto real = [&](auto value) {
      return is_missing(view, value) ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(value);
    };
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, out.size(), 1 << 14), [&](const auto& range) {
      for (std::size_t i = range.begin(); all && i < range.end(); ++i) out[i] = real(values[i]);
      for (std::size_t i = range.begin(); !all && i < range.end(); ++i) out[i] = real(values[batch.kept[i]]);
    });
  });
}

void append_groups(const Plan& plan, const Batch& batch, std::size_t index, Data& data) {
  constexpr std::size_t between_checks = 4096;  // new keys
  Grouping& grouping = data.groupings[index];
  std::size_t checked = grouping.keys.size();
  const std::size_t before = grouping.group.size();
  std::string encoded;
  for (std::uint32_t row : batch.kept) {
    encoded.clear();
    for (std::size_t k = 0; k < grouping.columns.size(); ++k)
      append_encoded(encoded, key_value(plan, batch, grouping.columns[k], row), grouping.types[k]);
    if (grouping.keys.size() == 0 || encoded != grouping.last_key)
      grouping.last = grouping.keys.number_of(encoded), grouping.last_key = encoded;
    grouping.group.push_back(grouping.last);
    if (grouping.keys.size() - checked < between_checks) continue;
    check_growth(plan, data, grouping.group.size() - before);
    checked = grouping.keys.size();
  }
  check_growth(plan, data, batch.kept.size());
}

std::vector<std::uint32_t> sort_groups(Grouping& grouping) {
  std::vector<std::uint32_t> place = grouping.keys.sort();
  for (std::uint32_t& group : grouping.group) group = place[group];
  return place;
}

}  // namespace carbonfront
