#include "host/pareto/front_stream.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include "host/pareto/filter.hpp"
#include "host/pareto/keys.hpp"
#include "host/pareto/verdict.hpp"

namespace carbonfront {
namespace {

constexpr std::size_t kFewRows = 4096;

/// Lists the positions of a batch that may be on its front.
std::vector<std::uint32_t> candidates_of(PointsView batch) {
  Progress unseen;
  std::optional<std::vector<std::uint32_t>> left;
  if (!batch.group) left = front_candidates(batch, unseen);
  if (left) return *std::move(left);
  std::vector<std::uint32_t> all(batch.size);
  std::iota(all.begin(), all.end(), 0u);
  return all;
}

/// Keeps the values where `keep` is set.
template <class T>
void keep_where(const std::vector<std::uint8_t>& keep, std::vector<T>& values) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (keep[i]) values[kept++] = values[i];
  }
  values.resize(kept);
}

}  // namespace

void FrontStream::add(PointsView batch, std::uint64_t first_row) {
  const std::vector<std::uint32_t> positions = candidates_of(batch);
  keys_.resize(batch.objective_count);
  for (std::uint32_t k = 0; k < batch.objective_count; ++k) {
    with_keys(batch.objectives[k], [&](auto key_of_row) {
      for (const std::uint32_t position : positions) keys_[k].push_back(key_of_row(batch.row(position)));
    });
  }
  for (const std::uint32_t position : positions) {
    numbers_.push_back(first_row + batch.row(position));
    if (batch.group) groups_.push_back(batch.group[position]);
  }
  settle_if_many();
}

void FrontStream::absorb(FrontStream&& other) {
  keys_.resize(std::max(keys_.size(), other.keys_.size()));
  for (std::size_t k = 0; k < other.keys_.size(); ++k) {
    keys_[k].insert(keys_[k].end(), other.keys_[k].begin(), other.keys_[k].end());
  }
  numbers_.insert(numbers_.end(), other.numbers_.begin(), other.numbers_.end());
  groups_.insert(groups_.end(), other.groups_.begin(), other.groups_.end());
  other = {};
  settle_if_many();
}

std::vector<std::uint64_t> FrontStream::finish() {
  settle();
  std::vector<std::uint64_t> numbers = numbers_;
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

/// Waits until there is as much new as old, so that a row is looked at a constant number of times on average.
void FrontStream::settle_if_many() {
  if (numbers_.size() >= 2 * settled_ + kFewRows) settle();
}

/// Forgets whoever is dominated by another row held.
void FrontStream::settle() {
  if (numbers_.size() == settled_) return;
  std::vector<Objective> objectives(keys_.size());
  for (std::size_t k = 0; k < keys_.size(); ++k) objectives[k].column = {keys_[k].data(), 0, ValueType::uint64, false};
  const PointsView held{objectives.data(), static_cast<std::uint32_t>(keys_.size()),
                        static_cast<std::uint32_t>(numbers_.size()), nullptr, groups_.empty() ? nullptr : groups_.data()};
  Progress unseen;
  const std::vector<std::uint8_t> front = evaluate_cpu(held, {}, unseen).nondominated;
  for (auto& keys : keys_) keep_where(front, keys);
  keep_where(front, numbers_);
  if (!groups_.empty()) keep_where(front, groups_);
  settled_ = numbers_.size();
}

}  // namespace carbonfront
