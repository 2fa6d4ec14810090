#include "host/pareto/estimates.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>
#include <memory>

#include "host/pareto/filter.hpp"
#include "host/pareto/keys.hpp"
#include "host/pareto/tile_path.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kSample = 2048;
constexpr std::uint32_t kBlock = 512;       // rows estimated at a time: their keys stay in the second cache
constexpr std::uint32_t kBlocksOfTask = 16;
constexpr std::uint32_t kEndBins = 5;       // of ever half the depth, at either end
constexpr int kStepBits = Histogram::kFractionBits + 1;

/// Which element of a sorted sample begins bin `b`; for kBins, the last one. In 2,048 of them: 0, 4, 8, 16, 32, 64, then even
/// steps, and the same from above.
std::size_t cut_of(std::size_t samples, std::uint32_t b) {
  const auto part = [&](std::uint32_t end_bin) { return end_bin == 0 ? 0 : samples >> (9 - (end_bin - 1)); };
  if (b <= kEndBins) return std::min(part(b), samples - 1);
  if (b >= Histogram::kBins - kEndBins) {
    const std::uint32_t from_above = Histogram::kBins - b;
    return samples - 1 - std::min(part(from_above), samples - 1);
  }
  const std::size_t low = part(kEndBins), high = samples - 1 - low;
  return low + (high - low) * (b - kEndBins) / (Histogram::kBins - 2 * kEndBins);
}

std::uint64_t distance(std::int64_t from, std::int64_t to) {
  return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
}

/// Makes the steps of a bin such that its last key, so far from its first, is in its last 2,048th.
void scale_bin(Histogram& histogram, std::uint32_t bin, std::uint64_t last) {
  const int shift = std::max<int>(0, std::bit_width(last) - kStepBits);
  const std::uint64_t steps = (last >> shift) + 1, whole = std::uint64_t{1} << Histogram::kFractionBits;
  histogram.shift[bin] = static_cast<std::uint64_t>(shift);
  histogram.scale[bin] = std::min(whole, (whole << Histogram::kBinBits) / steps);
}

std::int64_t key_at(const Objective& objective, std::uint32_t row) {
  std::uint64_t key = 0;
  with_keys(objective, [&](auto key_of_row) { key = key_of_row(row); });
  return static_cast<std::int64_t>(key ^ std::uint64_t{1} << 63);
}

std::vector<Histogram> histograms_of(PointsView points) {
  const std::vector<std::uint32_t> positions = sample_positions(points.size, kSample);
  std::vector<Histogram> histograms(points.objective_count);
  tbb::parallel_for(0u, points.objective_count, [&](std::uint32_t k) {
    std::vector<std::int64_t> sample;
    with_keys(points.objectives[k], [&](auto key_of_row) {
      for (const std::uint32_t position : positions)
        sample.push_back(static_cast<std::int64_t>(key_of_row(points.row(position)) ^ std::uint64_t{1} << 63));
    });
    histograms[k] = histogram_of(std::move(sample));
  });
  return histograms;
}

/// Says whether a column's estimates tell all its keys apart. Columns of many values hardly can: these are not looked at.
bool tells_all(const Estimates& estimates, std::uint32_t k) {
  const PointsView points = estimates.points;
  std::vector<std::uint16_t> sample;
  for (const std::uint32_t position : sample_positions(points.size, kSample)) sample.push_back(estimates.row(position)[k]);
  std::sort(sample.begin(), sample.end());
  const auto distinct = std::unique(sample.begin(), sample.end()) - sample.begin();
  if (static_cast<std::size_t>(distinct) * 2 > sample.size()) return false;
  std::vector<std::uint64_t> key_of_estimate(1 << 16);
  std::vector<std::uint8_t> seen(1 << 16, 0);
  bool all = true;
  with_keys(points.objectives[k], [&](auto key_of_row) {
    for (std::uint32_t i = 0; i < points.size && all; ++i) {
      if (i % (1 << 16) == 0) throw_if_stopped();
      const std::uint64_t key = key_of_row(points.row(i));
      const std::uint16_t estimate = estimates.row(i)[k];
      all = !seen[estimate] || key_of_estimate[estimate] == key;
      seen[estimate] = 1, key_of_estimate[estimate] = key;
    }
  });
  return all;
}

/// Turns columns of estimates into rows.
void write_rows(const std::vector<std::uint16_t>& columns, std::uint32_t lanes, std::uint32_t count, std::uint16_t* rows) {
  typedef std::uint16_t Lanes __attribute__((vector_size(16), aligned(2), may_alias));
  typedef std::uint32_t Pairs __attribute__((vector_size(16), may_alias));
  typedef std::uint64_t Fours __attribute__((vector_size(16), may_alias));
  for (std::uint32_t lane = 0; lane < lanes; lane += 8) {
    for (std::uint32_t i = 0; i < count; i += 8) {
      Lanes in[8], pairs[8];
      for (std::uint32_t k = 0; k < 8; ++k)
        in[k] = *reinterpret_cast<const Lanes*>(columns.data() + std::size_t{lane + k} * kBlock + i);
      for (std::uint32_t k = 0; k < 4; ++k) {  // an 8 × 8 transpose: ones, pairs, fours
        pairs[k] = __builtin_shuffle(in[2 * k], in[2 * k + 1], (Lanes){0, 8, 1, 9, 2, 10, 3, 11});
        pairs[k + 4] = __builtin_shuffle(in[2 * k], in[2 * k + 1], (Lanes){4, 12, 5, 13, 6, 14, 7, 15});
      }
      Lanes out[8];
      for (std::uint32_t half = 0; half < 2; ++half) {
        const auto pair = [&](std::uint32_t k) { return (Pairs)pairs[half * 4 + k]; };
        const Fours low[2] = {(Fours)__builtin_shuffle(pair(0), pair(1), (Pairs){0, 4, 1, 5}),
                              (Fours)__builtin_shuffle(pair(2), pair(3), (Pairs){0, 4, 1, 5})};
        const Fours high[2] = {(Fours)__builtin_shuffle(pair(0), pair(1), (Pairs){2, 6, 3, 7}),
                               (Fours)__builtin_shuffle(pair(2), pair(3), (Pairs){2, 6, 3, 7})};
        out[half * 4] = (Lanes)__builtin_shuffle(low[0], low[1], (Fours){0, 2});
        out[half * 4 + 1] = (Lanes)__builtin_shuffle(low[0], low[1], (Fours){1, 3});
        out[half * 4 + 2] = (Lanes)__builtin_shuffle(high[0], high[1], (Fours){0, 2});
        out[half * 4 + 3] = (Lanes)__builtin_shuffle(high[0], high[1], (Fours){1, 3});
      }
      for (std::uint32_t r = 0; r < std::min(8u, count - i); ++r)
        *reinterpret_cast<Lanes*>(rows + std::size_t{i + r} * lanes + lane) = out[r];
    }
  }
}

void write_strength(const std::vector<std::uint16_t>& columns, std::uint32_t objectives, std::uint32_t count,
                    float* strength) {
  float part[kBlock];
  std::fill(part, part + kBlock, 1.0f);
  for (std::uint32_t k = 0; k < objectives; ++k) {
    const std::uint16_t* column = columns.data() + std::size_t{k} * kBlock;
    for (std::uint32_t i = 0; i < kBlock; ++i) part[i] *= static_cast<float>(65536 - column[i]) * 0x1p-16f;
  }
  std::copy_n(part, count, strength);
}

}  // namespace

Histogram histogram_of(std::vector<std::int64_t> sample) {
  std::sort(sample.begin(), sample.end());
  constexpr std::uint32_t kBins = Histogram::kBins;
  const auto cut = [&](std::uint32_t b) { return sample[cut_of(sample.size(), b)]; };
  Histogram histogram;
  // The sample misses the ends of the column: the outer bins reach twice as far as it does.
  const std::uint64_t below = std::min(distance(cut(0), cut(1)), distance(std::numeric_limits<std::int64_t>::min(), cut(0)));
  const std::uint64_t above =
      std::min(distance(cut(kBins - 1), cut(kBins)), distance(cut(kBins), std::numeric_limits<std::int64_t>::max()));
  histogram.lowest = static_cast<std::int64_t>(static_cast<std::uint64_t>(cut(0)) - below);
  histogram.highest = static_cast<std::int64_t>(static_cast<std::uint64_t>(cut(kBins)) + above);
  for (std::uint32_t b = 0; b < kBins; ++b) histogram.from[b] = b == 0 ? histogram.lowest : cut(b);
  for (std::uint32_t b = 0; b < kBins; ++b) {
    const std::uint64_t width = distance(histogram.from[b], b + 1 < kBins ? histogram.from[b + 1] : histogram.highest);
    scale_bin(histogram, b, b + 1 == kBins || width == 0 ? width : width - 1);
  }
  return histogram;
}

std::uint16_t estimate_of(const Histogram& histogram, std::int64_t key) {
  key = std::clamp(key, histogram.lowest, histogram.highest);
  std::uint32_t bin = 0;
  for (std::uint32_t half = Histogram::kBins / 2; half > 0; half /= 2) bin += key >= histogram.from[bin + half] ? half : 0;
  const std::uint64_t step = distance(histogram.from[bin], key) >> histogram.shift[bin];
  return static_cast<std::uint16_t>(bin << Histogram::kBinBits |
                                    step * histogram.scale[bin] >> Histogram::kFractionBits);
}

std::uint64_t estimate_bytes(std::uint32_t objectives) { return (objectives + 7) / 8 * 16; }

Estimates estimate_points(PointsView points, const TilePath& path, float* strength) {
  Estimates estimates;
  estimates.points = points;
  estimates.lanes = (points.objective_count + 7) / 8 * 8;
  estimates.exact.assign(points.objective_count, 0);
  estimates.rows.resize(std::size_t{points.size} * estimates.lanes);
  if (points.size == 0) return estimates;
  const std::vector<Histogram> histograms = histograms_of(points);
  const std::uint32_t blocks = (points.size + kBlock - 1) / kBlock, lanes = estimates.lanes;
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, blocks, kBlocksOfTask), [&](const auto& range) {
    throw_if_stopped();
    KeyRows keys{points.objective_count, kBlock, std::vector<std::int64_t>(points.objective_count * std::size_t{kBlock})};
    std::vector<std::uint16_t> columns(lanes * std::size_t{kBlock}, 0);  // [lanes][kBlock]
    for (std::uint32_t b = range.begin(); b < range.end(); ++b) {
      const std::uint32_t begin = b * kBlock, count = std::min(kBlock, points.size - begin);
      take_keys(points, begin, 1, count, keys);
      for (std::uint32_t k = 0; k < points.objective_count; ++k)
        path.estimate(histograms[k], keys.keys.data() + k * keys.stride, count, columns.data() + std::size_t{k} * kBlock);
      write_rows(columns, lanes, count, estimates.rows.data() + std::size_t{begin} * lanes);
      if (strength) write_strength(columns, points.objective_count, count, strength + begin);
    }
  });
  tbb::parallel_for(0u, points.objective_count, [&](std::uint32_t k) { estimates.exact[k] = tells_all(estimates, k); });
  return estimates;
}

int compare_keys(PointsView points, std::uint32_t k, std::uint32_t a, std::uint32_t b) {
  const std::int64_t x = key_at(points.objectives[k], points.row(a)), y = key_at(points.objectives[k], points.row(b));
  return x < y ? -1 : x > y;
}

std::vector<std::uint32_t> sample_positions(std::uint32_t size, std::uint32_t count) {
  std::vector<std::uint32_t> positions(std::min(size, count));
  std::uint32_t turn = 0;
  for (std::uint32_t i = 0; i < positions.size(); ++i) {
    // An even step, and in it a place by the golden ratio: what repeats along the rows does not repeat in the sample.
    const std::uint64_t begin = std::uint64_t{size} * i / positions.size();
    const std::uint64_t end = std::uint64_t{size} * (i + 1) / positions.size();
    positions[i] = static_cast<std::uint32_t>(begin + ((end - begin) * (turn += 0x9E3779B9u) >> 32));
  }
  return positions;
}

}  // namespace carbonfront
