#include "host/pareto/key_codes.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_reduce.h>

#include <algorithm>

#include "host/pareto/estimates.hpp"
#include "host/pareto/keys.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kSampleRuns = 8, kSampleRun = 128;
constexpr std::uint32_t kBlock = 1 << 14;

/// Distinct keys, as far as there are at most KeyCodes::kMost.
struct Distinct {
  std::vector<std::uint64_t> slots = std::vector<std::uint64_t>(KeyCodes::kSlots);
  std::vector<std::uint8_t> taken = std::vector<std::uint8_t>(KeyCodes::kSlots, 0);
  std::uint32_t count = 0;

  bool too_many() const { return count > KeyCodes::kMost; }
  void add(std::uint64_t key) {
    std::uint32_t slot = KeyCodes::slot_of(key);
    while (taken[slot] && slots[slot] != key) slot = (slot + 1) % KeyCodes::kSlots;
    count += !taken[slot];
    taken[slot] = 1, slots[slot] = key;
  }
  std::vector<std::uint64_t> sorted() const {
    std::vector<std::uint64_t> keys;
    for (std::uint32_t slot = 0; slot < KeyCodes::kSlots; ++slot) {
      if (taken[slot]) keys.push_back(slots[slot]);
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  }
};

/// Looks at a few runs of rows, side by side because a place of its own for each costs more than its key.
bool repeats_in_sample(PointsView points, const Objective& objective) {
  const std::uint32_t length = std::min(kSampleRun, points.size);
  std::vector<std::uint64_t> keys;
  with_keys(objective, [&](auto key_of_row) {
    for (std::uint32_t begin : sample_positions(points.size, kSampleRuns)) {
      begin = std::min(begin, points.size - length);
      for (std::uint32_t i = 0; i < length; ++i) keys.push_back(key_of_row(points.row(begin + i)));
    }
  });
  const std::size_t size = keys.size();
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys.size() * 2 <= size;
}

Distinct distinct_keys(PointsView points, const Objective& objective, const Progress& progress) {
  using Range = tbb::blocked_range<std::uint32_t>;
  Distinct all;
  with_keys(objective, [&](auto key_of_row) {
    all = tbb::parallel_reduce(
        Range(0, points.size, kBlock), Distinct{},
        [&](const Range& range, Distinct found) {
          progress.throw_if_stopped();
          for (std::uint32_t i = range.begin(); i < range.end() && !found.too_many(); ++i)
            found.add(key_of_row(points.row(i)));
          return found;
        },
        [](Distinct a, const Distinct& b) {
          for (const std::uint64_t key : b.sorted()) {
            if (!a.too_many()) a.add(key);
          }
          return a;
        });
  });
  return all;
}

}  // namespace

std::optional<KeyCodes> codes_of(PointsView points, std::uint32_t objective, const Progress& progress) {
  if (!repeats_in_sample(points, points.objectives[objective])) return std::nullopt;
  const Distinct distinct = distinct_keys(points, points.objectives[objective], progress);
  if (distinct.too_many()) return std::nullopt;
  KeyCodes codes;
  codes.key.resize(KeyCodes::kSlots);
  codes.code.assign(KeyCodes::kSlots, 0);
  for (const std::uint64_t key : distinct.sorted()) {
    std::uint32_t slot = KeyCodes::slot_of(key);
    while (codes.code[slot] != 0) slot = (slot + 1) % KeyCodes::kSlots;
    codes.key[slot] = key, codes.code[slot] = static_cast<std::uint16_t>(++codes.count);
  }
  return codes;
}

}  // namespace carbonfront
