#include "host/pareto/radix_sort.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <utility>

#include "host/progress.hpp"

namespace carbonfront {
namespace {

using Histogram = std::array<std::uint32_t, 256>;

/// Picks the rows a task counts and moves: at most 128 tasks, none too small to be worth starting.
std::uint32_t block_size(std::uint32_t size) { return std::max(1u << 14, size / 128 + 1); }

/// Finds the bits in which any two keys differ.
std::uint64_t varying_bits(const std::vector<std::uint64_t>& keys) {
  using Range = tbb::blocked_range<std::size_t>;
  return tbb::parallel_reduce(
      Range(0, keys.size(), 1 << 14), std::uint64_t{0},
      [&](const Range& range, std::uint64_t bits) {
        for (std::size_t i = range.begin(); i < range.end(); ++i) bits |= keys[i] ^ keys[0];
        return bits;
      },
      std::bit_or<>());
}

/// Turns each block's digit counts into the place where its first row of that digit goes: digits first, then blocks.
void place_digits(std::vector<Histogram>& blocks) {
  std::uint32_t next = 0;
  for (std::size_t digit = 0; digit < 256; ++digit) {
    for (Histogram& block : blocks) next += std::exchange(block[digit], next);
  }
}

void sort_by_digit(KeyedOrder& rows, int shift) {
  const auto size = static_cast<std::uint32_t>(rows.keys.size());
  const std::uint32_t step = block_size(size);
  std::vector<Histogram> blocks((size + step - 1) / step, Histogram{});
  const auto for_blocks = [&](auto&& work) {
    tbb::parallel_for(std::size_t{0}, blocks.size(), [&](std::size_t b) {
      throw_if_stopped();
      const std::uint32_t begin = static_cast<std::uint32_t>(b) * step;
      work(blocks[b], begin, begin + std::min(step, size - begin));
    });
  };
  for_blocks([&](Histogram& counts, std::uint32_t begin, std::uint32_t end) {
    Histogram local{};
    for (std::uint32_t i = begin; i < end; ++i) ++local[(rows.keys[i] >> shift) & 255];
    counts = local;
  });
  place_digits(blocks);
  for_blocks([&](Histogram& places, std::uint32_t begin, std::uint32_t end) {
    Histogram next = places;
    for (std::uint32_t i = begin; i < end; ++i) {
      const std::uint32_t to = next[(rows.keys[i] >> shift) & 255]++;
      rows.spare_keys[to] = rows.keys[i];
      rows.spare_order[to] = rows.order[i];
    }
  });
  rows.keys.swap(rows.spare_keys);
  rows.order.swap(rows.spare_order);
}

}  // namespace

KeyedOrder keyed_order(std::uint32_t size) {
  KeyedOrder rows{std::vector<std::uint64_t>(size), std::vector<std::uint64_t>(size), std::vector<std::uint32_t>(size),
                  std::vector<std::uint32_t>(size)};
  std::iota(rows.order.begin(), rows.order.end(), 0u);
  return rows;
}

void sort_by_key(KeyedOrder& rows) {
  if (rows.keys.size() < 2) return;
  const std::uint64_t varying = varying_bits(rows.keys);
  for (int shift = 0; shift < 64; shift += 8) {
    if ((varying >> shift) & 255) sort_by_digit(rows, shift);
  }
}

}  // namespace carbonfront
