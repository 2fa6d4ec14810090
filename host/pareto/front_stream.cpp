#include "host/pareto/front_stream.hpp"

#include <algorithm>
#include <numeric>

namespace carbonfront {
namespace {

constexpr std::size_t kFewRows = 4096;

/// Calls `use` with a vector of bytes as an array of words of the column's size.
template <class Use>
void with_words(std::size_t size, Use use) {
  if (size == 1) return use(std::uint8_t{});
  if (size == 2) return use(std::uint16_t{});
  if (size == 4) return use(std::uint32_t{});
  use(std::uint64_t{});
}

/// Appends the values of some positions of a batch.
void append_values(PointsView batch, const ColumnView& column, const std::vector<std::uint32_t>& positions,
                   std::vector<std::byte>& out) {
  with_words(size_of(column.type), [&](auto word) {
    using Word = decltype(word);
    const std::size_t at = out.size();
    out.resize(at + positions.size() * sizeof(Word));
    Word* to = reinterpret_cast<Word*>(out.data() + at);
    for (const std::uint32_t position : positions) *to++ = static_cast<const Word*>(column.values)[batch.row(position)];
  });
}

/// Puts the entries `order[0]`, `order[1]`, … in front and drops the others; `order` may be ascending or cover all entries.
template <class T>
void keep(const std::vector<std::uint32_t>& order, std::vector<T>& values) {
  std::vector<T> kept(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) kept[i] = values[order[i]];
  values.swap(kept);
}

void keep_rows(const std::vector<std::uint32_t>& order, const std::vector<Objective>& objectives, FrontRows& rows) {
  for (std::size_t k = 0; k < objectives.size(); ++k) {
    with_words(size_of(objectives[k].column.type), [&](auto word) {
      using Word = decltype(word);
      std::vector<std::byte> kept(order.size() * sizeof(Word));
      const Word* from = reinterpret_cast<const Word*>(rows.values[k].data());
      for (std::size_t i = 0; i < order.size(); ++i) reinterpret_cast<Word*>(kept.data())[i] = from[order[i]];
      rows.values[k].swap(kept);
    });
  }
  keep(order, rows.row);
  if (!rows.group.empty()) keep(order, rows.group);
}

}  // namespace

void FrontStream::add(PointsView batch, const std::function<std::uint64_t(std::uint32_t)>& number,
                      const Progress& progress) {
  if (batch.size == 0) return;
  Progress quiet(progress.stop());
  const std::vector<std::uint32_t> positions = find_(batch, false, quiet);
  objectives_.assign(batch.objectives, batch.objectives + batch.objective_count);
  held_.values.resize(batch.objective_count);
  for (std::uint32_t k = 0; k < batch.objective_count; ++k)
    append_values(batch, batch.objectives[k].column, positions, held_.values[k]);
  for (const std::uint32_t position : positions) {
    held_.row.push_back(number(batch.row(position)));
    if (batch.group) held_.group.push_back(batch.group[position]);
  }
  settle_if_many(progress);
}

void FrontStream::add_front(const std::vector<Objective>& objectives, FrontRows rows, const Progress& progress) {
  objectives_ = objectives;
  held_.values.resize(objectives.size());
  for (std::size_t k = 0; k < objectives.size(); ++k)
    held_.values[k].insert(held_.values[k].end(), rows.values[k].begin(), rows.values[k].end());
  held_.row.insert(held_.row.end(), rows.row.begin(), rows.row.end());
  held_.group.insert(held_.group.end(), rows.group.begin(), rows.group.end());
  settle_if_many(progress);
}

void FrontStream::absorb(FrontStream&& other, const Progress& progress) {
  if (other.held_.size() > 0) add_front(other.objectives_, std::move(other.held_), progress);
  other.held_ = {};
  other.settled_ = 0;
}

FrontRows FrontStream::finish(const Progress& progress) {
  settle(progress);
  if (!std::is_sorted(held_.row.begin(), held_.row.end())) {
    std::vector<std::uint32_t> order(held_.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return held_.row[a] < held_.row[b]; });
    keep_rows(order, objectives_, held_);
  }
  return held_;
}

std::size_t FrontStream::held_bytes() const {
  std::size_t row = 8 + (held_.group.empty() ? 0 : 4);
  for (const Objective& objective : objectives_) row += size_of(objective.column.type);
  return held_.size() * row;
}

PointsView FrontStream::held_points() {
  for (std::size_t k = 0; k < objectives_.size(); ++k) objectives_[k].column.values = held_.values[k].data();
  return {objectives_.data(), static_cast<std::uint32_t>(objectives_.size()), static_cast<std::uint32_t>(held_.size()),
          nullptr, held_.group.empty() ? nullptr : held_.group.data()};
}

/// Waits until there is as much new as old, so that a row is looked at a constant number of times on average.
void FrontStream::settle_if_many(const Progress& progress) {
  if (held_.size() >= 2 * settled_ + kFewRows) settle(progress);
}

/// Forgets whoever is dominated by another row held.
void FrontStream::settle(const Progress& progress) {
  if (held_.size() == settled_) return;
  Progress quiet(progress.stop());
  keep_rows(find_(held_points(), true, quiet), objectives_, held_);
  settled_ = held_.size();
}

}  // namespace carbonfront
