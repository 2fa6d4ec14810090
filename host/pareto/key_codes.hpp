#pragma once
// Dense codes for the keys of a column of few distinct values: the rank of a key among them, in a few bits instead of 64.

#include <cstdint>
#include <optional>
#include <vector>

#include "carbonfront/points.hpp"
#include "carbonfront/progress.hpp"

namespace carbonfront {

/// A hash table of keys and their codes, which rise with the keys.
struct KeyCodes {
  static constexpr std::uint32_t kMost = 4096;  // distinct keys
  static constexpr std::uint32_t kSlots = 1 << 14;
  std::uint32_t count = 0;
  std::vector<std::uint64_t> key;   // [kSlots]
  std::vector<std::uint16_t> code;  // [kSlots] plus one; 0: the slot is free

  static std::uint32_t slot_of(std::uint64_t key) { return static_cast<std::uint32_t>(key * 0x9E3779B97F4A7C15u >> 50); }
  std::uint32_t of(std::uint64_t own) const {
    std::uint32_t slot = slot_of(own);
    while (key[slot] != own) slot = (slot + 1) % kSlots;
    return code[slot] - 1u;
  }
};

/// Codes the keys of an objective; nothing where a sample shows too many distinct ones, or there are more than kMost. Two
/// reads of the column at most. Throws Stopped.
std::optional<KeyCodes> codes_of(PointsView points, std::uint32_t objective, const Progress& progress);

}  // namespace carbonfront
