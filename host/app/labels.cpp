#include "host/app/labels.hpp"

#include <algorithm>

#include "host/scoring/values.hpp"

namespace carbonfront {

std::string Labels::of(std::uint64_t row) const {
  auto at = names.find(row);
  return at == names.end() || at->second.empty() ? "row " + std::to_string(row) : at->second;
}

Labels read_labels(const Plan& plan, std::vector<std::uint64_t> rows) {
  Labels labels;
  if (plan.label == kNoColumn) return labels;
  const Column& column = plan.columns[plan.label];
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  constexpr std::uint64_t block_rows = 16384;
  std::vector<std::byte> numbers(block_rows * size_of(column.info.type));
  std::vector<std::uint8_t> unchecked(block_rows, 0);
  NumbersRequest request{&column, numbers.data(), unchecked.data()};
  ColumnView view = view_of(column.info, numbers.data());
  for (std::size_t i = 0; i < rows.size();) {
    std::uint64_t begin = rows[i] / block_rows * block_rows, count = std::min(block_rows, plan.rows - begin);
    if (column.info.type == ValueType::string) {
      for_texts(column, begin, count, [&](std::uint64_t from, const Strings& texts) {
        for (; i < rows.size() && rows[i] < from + texts.size(); ++i) labels.names[rows[i]] = texts[rows[i] - from];
      });
      continue;
    }
    read_numbers({&request, 1}, begin, count);
    for (; i < rows.size() && rows[i] < begin + count; ++i) labels.names[rows[i]] = text_at(view, rows[i] - begin);
  }
  return labels;
}

}  // namespace carbonfront
