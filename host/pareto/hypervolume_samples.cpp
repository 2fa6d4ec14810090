// Monte Carlo, for more objectives than an exact volume can be had for.

#include <tbb/blocked_range.h>
#include <tbb/parallel_reduce.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "host/pareto/hypervolume_blocks.hpp"
#include "host/pareto/hypervolume_rows.hpp"

namespace carbonfront {
namespace {

/// The i-th number of a stream, by the finaliser of SplitMix64 (Steele, Lea & Flood 2014): any sample can be drawn alone.
std::uint64_t random_bits(std::uint64_t seed, std::uint64_t i) {
  std::uint64_t bits = seed + (i + 1) * 0x9E3779B97F4A7C15u;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
  return bits ^ (bits >> 31);
}

/// The front, the points that dominate most first: most samples are hit by one of the first blocks.
PointBlocks largest_first(const HypervolumeRows& front) {
  std::vector<double> volumes(front.size, 1);
  for (std::uint32_t k = 0; k < front.objectives; ++k) {
    for (std::uint32_t i = 0; i < front.size; ++i) volumes[i] *= front.reference[k] - front.column(k)[i];
  }
  std::vector<std::uint32_t> order(front.size);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return volumes[a] > volumes[b]; });
  PointBlocks set;
  reset(set, front.objectives, front.size);
  std::vector<double> point(front.objectives);
  for (const std::uint32_t i : order) {
    for (std::uint32_t k = 0; k < front.objectives; ++k) point[k] = front.column(k)[i];
    append(set, point.data());
  }
  return set;
}

}  // namespace

std::uint64_t sampled_hits(const HypervolumeRows& front, std::uint64_t samples, std::uint64_t seed,
                           const Progress& progress) {
  const BlockScans& scans = block_scans();
  const PointBlocks set = largest_first(front);
  const std::uint64_t stream = random_bits(seed, 0);
  const auto count_hits = [&](const tbb::blocked_range<std::uint64_t>& range, std::uint64_t hits) {
    progress.throw_if_stopped();
    std::vector<double> point(front.objectives);
    for (std::uint64_t sample = range.begin(); sample < range.end(); ++sample) {
      for (std::uint32_t k = 0; k < front.objectives; ++k) {
        const std::uint64_t bits = random_bits(stream, sample * front.objectives + k);
        const double part = static_cast<double>(bits >> 11) * 0x1p-53;
        point[k] = front.ideal[k] + (front.reference[k] - front.ideal[k]) * part;
      }
      hits += scans.covers(set.values.data(), set.blocks(), front.objectives, point.data());
    }
    return hits;
  };
  return tbb::parallel_reduce(tbb::blocked_range<std::uint64_t>(0, samples, 1024), std::uint64_t{0}, count_hits,
                              std::plus<>());
}

}  // namespace carbonfront
