#include "host/pareto/estimates.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "host/pareto/filter.hpp"
#include "host/pareto/keys.hpp"
#include "host/pareto/tile_path.hpp"
#include "host/pareto/transpose.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kSample = 2048;
constexpr std::uint32_t kBlock = 512;  // rows estimated at a time: their keys stay in the second cache
constexpr std::uint32_t kBlocksOfTask = 16;
constexpr std::uint32_t kEndBins = 5;      // of ever half the depth, at either end
constexpr std::uint32_t kMostOwnBins = 8;  // values with a bin of their own
constexpr int kStepBits = Histogram::kFractionBits + 1;

std::uint64_t distance(std::int64_t from, std::int64_t to) {
  return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
}

std::int64_t moved(std::int64_t key, std::uint64_t by) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(key) + by);
}

/// Which element of a sorted sample begins bin `b` of `bins`, `bins` itself the last one. Of 32 bins in 2,048 elements: 0,
/// 4, 8, 16, 32, 64, then even steps, and the same from above.
std::size_t cut_of(std::size_t samples, std::uint32_t bins, std::uint32_t b) {
  if (b > bins / 2) return samples - 1 - cut_of(samples, bins, bins - b);
  const std::size_t end = samples >> kEndBins;
  if (bins < 4 * kEndBins) return samples * b / bins;
  if (b <= kEndBins) return b == 0 ? 0 : end >> (kEndBins - b);
  return end + (samples - 2 * end) * (b - kEndBins) / (bins - 2 * kEndBins);
}

/// Lists the values that are at least one in 64 of a sorted sample, ascending, and drops them from it. At most kMostOwnBins,
/// the most frequent.
std::vector<std::int64_t> take_frequent(std::vector<std::int64_t>& sample) {
  std::vector<std::pair<std::size_t, std::int64_t>> found;
  const std::size_t often = std::max<std::size_t>(sample.size() / 64, 2);
  for (auto begin = sample.begin(); begin != sample.end();) {
    const auto end = std::upper_bound(begin, sample.end(), *begin);
    if (static_cast<std::size_t>(end - begin) >= often) found.emplace_back(end - begin, *begin);
    begin = end;
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  found.resize(std::min<std::size_t>(found.size(), kMostOwnBins));
  std::vector<std::int64_t> values;
  for (const auto& [times, value] : found) values.push_back(value);
  std::sort(values.begin(), values.end());
  std::erase_if(sample, [&](std::int64_t key) { return std::binary_search(values.begin(), values.end(), key); });
  return values;
}

/// Makes the steps of bin `b` such that its last key, `last` from its first, is in its last step.
void scale_bin(Histogram& histogram, std::uint32_t b, std::uint64_t last) {
  const int shift = std::max<int>(0, std::bit_width(last) - kStepBits);
  const std::uint64_t steps = (last >> shift) + 1, whole = std::uint64_t{1} << Histogram::kFractionBits;
  histogram.shift[b] = static_cast<std::uint64_t>(shift);
  histogram.scale[b] = std::min(whole, (whole << histogram.step_bits) / steps);
}

/// Makes a histogram of at most `bins` bins. `own`: values with a bin of their own; `rest`: a sorted sample of the others.
Histogram histogram_with(std::uint32_t bins, const std::vector<std::int64_t>& own, const std::vector<std::int64_t>& rest) {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min(), most = std::numeric_limits<std::int64_t>::max();
  Histogram histogram;
  histogram.step_bits = 16 - std::bit_width(bins - 1);
  // Bins begin at cuts of the rest, at an own value and behind it; the first one before all that.
  std::vector<std::int64_t>& from = histogram.from;
  std::uint64_t below = 1, above = 1;
  if (!rest.empty()) {
    const auto cuts = bins - 1 - 2 * static_cast<std::uint32_t>(own.size());
    for (std::uint32_t b = 0; b < cuts; ++b) from.push_back(rest[cut_of(rest.size(), cuts, b)]);
    // The sample misses the ends of the column: the outer bins reach twice as far as it does.
    below = std::max<std::uint64_t>(1, distance(from[0], rest[cut_of(rest.size(), cuts, 1)]));
    above = std::max<std::uint64_t>(1, distance(from.back(), rest.back()));
  }
  for (const std::int64_t value : own) {
    from.push_back(value);
    if (value < most) from.push_back(value + 1);
  }
  std::sort(from.begin(), from.end());
  const std::int64_t last = rest.empty() ? own.back() : std::max(rest.back(), own.empty() ? least : own.back());
  histogram.lowest = moved(from[0], -std::min(below, distance(least, from[0])));
  histogram.highest = moved(last, std::min(above, distance(last, most)));
  from.insert(from.begin(), histogram.lowest);
  from.resize(bins, from.back());
  histogram.shift.resize(bins), histogram.scale.resize(bins), histogram.exact.assign(bins, 0);
  for (std::uint32_t b = 0; b < bins; ++b) {
    const bool ends = b + 1 == bins;
    const std::uint64_t width = distance(from[b], ends ? histogram.highest : from[b + 1]);
    scale_bin(histogram, b, ends || width == 0 ? width : width - 1);
    const bool clamps = (b == 0 && histogram.lowest != least) || (from[b] == from.back() && histogram.highest != most);
    histogram.exact[b] = !clamps && width <= std::uint64_t{1} << histogram.step_bits;
  }
  return histogram;
}

/// Says whether neighbours in a sorted sample mostly have different estimates.
bool tells_most(const Histogram& histogram, const std::vector<std::int64_t>& sample) {
  std::size_t pairs = 0, equal = 0;
  for (std::size_t i = 1; i < sample.size(); ++i) {
    if (sample[i] == sample[i - 1]) continue;
    ++pairs;
    equal += estimate_of(histogram, sample[i]) == estimate_of(histogram, sample[i - 1]);
  }
  return equal * 8 <= pairs;
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

/// Says whether a column's estimates tell all its keys apart. Columns of many values hardly can, and few rows need not:
/// these are not looked at.
bool tells_all(const Estimates& estimates, std::uint32_t k, const Progress& progress) {
  const PointsView points = estimates.points;
  if (points.size < 4 * kSample) return false;
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
      if (i % (1 << 16) == 0) progress.throw_if_stopped();
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
  for (std::uint32_t lane = 0; lane < lanes; lane += 8) {
    const std::uint16_t* from = columns.data() + std::size_t{lane} * kBlock;
    std::uint32_t i = 0;
    for (; i + 8 <= count; i += 8) transpose(from + i, kBlock, rows + std::size_t{i} * lanes + lane, lanes);
    for (; i < count; ++i)
      for (std::uint32_t k = 0; k < 8; ++k) rows[std::size_t{i} * lanes + lane + k] = from[k * kBlock + i];
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
  const std::vector<std::int64_t> own = take_frequent(sample);
  Histogram histogram = histogram_with(Histogram::kFewBins, own, sample);
  if (!tells_most(histogram, sample)) histogram = histogram_with(Histogram::kManyBins, own, sample);
  return histogram;
}

std::uint16_t estimate_of(const Histogram& histogram, std::int64_t key) {
  key = std::clamp(key, histogram.lowest, histogram.highest);
  std::uint32_t bin = 0;
  for (std::uint32_t half = histogram.bins() / 2; half > 0; half /= 2) bin += key >= histogram.from[bin + half] ? half : 0;
  const std::uint64_t step = distance(histogram.from[bin], key) >> histogram.shift[bin];
  return static_cast<std::uint16_t>(bin << histogram.step_bits | step * histogram.scale[bin] >> Histogram::kFractionBits);
}

std::uint64_t estimate_bytes(std::uint32_t objectives) { return (objectives + 7) / 8 * 16; }

Estimates estimate_points(PointsView points, const TilePath& path, const Progress& progress, float* strength) {
  Estimates estimates;
  estimates.points = points;
  estimates.lanes = (points.objective_count + 7) / 8 * 8;
  estimates.rows.resize(std::size_t{points.size} * estimates.lanes);
  if (points.size == 0) return estimates;
  estimates.histograms = histograms_of(points);
  const std::uint32_t blocks = (points.size + kBlock - 1) / kBlock, lanes = estimates.lanes;
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, blocks, kBlocksOfTask), [&](const auto& range) {
    progress.throw_if_stopped();
    KeyRows keys{points.objective_count, kBlock, std::vector<std::int64_t>(points.objective_count * std::size_t{kBlock})};
    std::vector<std::uint16_t> columns(lanes * std::size_t{kBlock}, 0);  // [lanes][kBlock]
    for (std::uint32_t b = range.begin(); b < range.end(); ++b) {
      const std::uint32_t begin = b * kBlock, count = std::min(kBlock, points.size - begin);
      take_keys(points, begin, 1, count, keys);
      for (std::uint32_t k = 0; k < points.objective_count; ++k)
        path.estimate(estimates.histograms[k], keys.keys.data() + k * keys.stride, count,
                      columns.data() + std::size_t{k} * kBlock);
      write_rows(columns, lanes, count, estimates.rows.data() + std::size_t{begin} * lanes);
      if (strength) write_strength(columns, points.objective_count, count, strength + begin);
    }
  });
  tbb::parallel_for(0u, points.objective_count, [&](std::uint32_t k) {
    Histogram& histogram = estimates.histograms[k];
    if (tells_all(estimates, k, progress)) histogram.exact.assign(histogram.bins(), 1);
  });
  return estimates;
}

int compare_keys(PointsView points, std::uint32_t k, std::uint32_t a, std::uint32_t b) {
  const std::uint64_t x = key_at(points.objectives[k], points.row(a)), y = key_at(points.objectives[k], points.row(b));
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
