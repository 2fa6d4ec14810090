#include "host/pareto/hypervolume_blocks.hpp"

#include <algorithm>
#include <limits>

#include "host/clones.hpp"
#include "host/pareto/hypervolume.hpp"

namespace carbonfront {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A block's values of one objective, and a count for each lane, in the compiler's own vector types. It would compare the
/// first lane by lane, so what is counted are the signs of differences: doubles that differ have a difference.
typedef double Values __attribute__((vector_size(64), aligned(8), may_alias));
typedef std::uint64_t Counts __attribute__((vector_size(64), may_alias));

/// Counts in how many objectives each member of a block is worse than the point.
CARBONFRONT_INLINE void count_worse(const double* block, std::uint32_t objectives, const double* point, Counts& worse) {
  worse = Counts{};
  for (std::uint32_t k = 0; k < objectives; ++k) {
    const Values difference = point[k] - *reinterpret_cast<const Values*>(block + k * kPointLanes);
    worse += reinterpret_cast<Counts>(difference) >> 63;
  }
}

/// Counts in how many objectives each member of a block is below a bound.
CARBONFRONT_INLINE void count_below(const double* block, std::uint32_t objectives, const double* bound, Counts& below) {
  below = Counts{};
  for (std::uint32_t k = 0; k < objectives; ++k) {
    const Values difference = *reinterpret_cast<const Values*>(block + k * kPointLanes) - bound[k];
    below += reinterpret_cast<Counts>(difference) >> 63;
  }
}

/// Says whether any lane counts less than a number: most blocks have none, and their lanes are not looked at.
CARBONFRONT_INLINE bool any_less(const Counts& counts, std::uint64_t number) {
  const Counts negative = counts - number;
  std::uint64_t one = 0;
  for (std::uint32_t lane = 0; lane < kPointLanes; ++lane) one |= negative[lane];
  return one >> 63 != 0;
}

/// Appends one member to `out`, opening a block of +∞ where one is full.
void put(const double* member, std::uint32_t objectives, double* out, std::uint32_t place) {
  double* to = out + std::size_t{place / kPointLanes} * objectives * kPointLanes + place % kPointLanes;
  for (std::uint32_t k = 0; k < objectives; ++k, to += kPointLanes, member += kPointLanes) {
    const double value = *member;
    if (place % kPointLanes == 0) std::fill(to, to + kPointLanes, kInfinity);
    *to = value;
  }
}

/// Takes the lower of `least` and the value in the lanes where `chosen` is 1.
CARBONFRONT_INLINE void lower(Values& least, const Values& value, const Counts& chosen) {
  const Values difference = value - least;
  const Counts taken = -(chosen & (reinterpret_cast<Counts>(difference) >> 63));
  least = reinterpret_cast<Values>((reinterpret_cast<Counts>(value) & taken) | (reinterpret_cast<Counts>(least) & ~taken));
}

CARBONFRONT_CLONES Standing scan(const double* block, std::size_t count, std::uint32_t objectives, const double* point,
                                 double* bound) {
  Standing standing{false, false};
  Values least[kMostExactObjectives];
  for (std::uint32_t k = 0; k < objectives; ++k) least[k] = bound[k] - Values{};
  for (; count > 0; --count, block += std::size_t{objectives} * kPointLanes) {
    Counts worse, better;
    count_worse(block, objectives, point, worse);
    count_below(block, objectives, point, better);
    for (std::uint32_t lane = 0; any_less(better, 1) && lane < kPointLanes; ++lane) {
      standing.dominating |= better[lane] == 0 && block[lane] < kInfinity;
    }
    if (!any_less(worse, 2)) continue;
    standing.dominated |= any_less(worse, 1);
    for (std::uint32_t k = 0; k < objectives; ++k) {
      const Values value = *reinterpret_cast<const Values*>(block + k * kPointLanes);
      const Values difference = point[k] - value;
      lower(least[k], value, ((worse - 2) & reinterpret_cast<Counts>(difference)) >> 63);
    }
  }
  for (std::uint32_t k = 0; k < objectives; ++k) {
    for (std::uint32_t lane = 0; lane < kPointLanes; ++lane) bound[k] = std::min(bound[k], least[k][lane]);
  }
  return standing;
}

CARBONFRONT_CLONES std::uint32_t clip(const double* block, std::size_t count, std::uint32_t objectives, const double* point,
                                      const double* bound, double* out, std::uint32_t size) {
  double clipped[kMostExactObjectives * kPointLanes];
  for (; count > 0; --count, block += std::size_t{objectives} * kPointLanes) {
    Counts below;
    count_below(block, objectives, bound, below);
    below = objectives - below;
    if (!any_less(below, 1)) continue;
    for (std::uint32_t lane = 0; lane < kPointLanes; ++lane) {
      if (below[lane] != 0) continue;
      for (std::uint32_t k = 0; k < objectives; ++k) {
        clipped[k * kPointLanes] = std::max(block[k * kPointLanes + lane], point[k]);
      }
      put(clipped, objectives, out, size++);
    }
  }
  return size;
}

CARBONFRONT_CLONES std::uint32_t drop(double* blocks, std::size_t count, std::uint32_t objectives, const double* point) {
  double members[kMostExactObjectives * kPointLanes];
  std::uint32_t size = 0;
  for (const double* block = blocks; count > 0; --count, block += std::size_t{objectives} * kPointLanes) {
    Counts better;
    count_below(block, objectives, point, better);
    std::copy_n(block, objectives * kPointLanes, members);
    for (std::uint32_t lane = 0; lane < kPointLanes; ++lane) {
      if (better[lane] != 0) put(members + lane, objectives, blocks, size++);
    }
  }
  return size;
}

CARBONFRONT_CLONES bool covers(const double* block, std::size_t count, std::uint32_t objectives, const double* point) {
  for (; count > 0; --count, block += std::size_t{objectives} * kPointLanes) {
    Counts worse;
    count_worse(block, objectives, point, worse);
    if (any_less(worse, 1)) return true;
  }
  return false;
}

}  // namespace

void reset(PointBlocks& set, std::uint32_t objectives, std::size_t points) {
  set.objectives = objectives;
  set.size = 0;
  const std::size_t room = (points + kPointLanes - 1) / kPointLanes * kPointLanes * objectives;
  if (set.values.size() < room) set.values.resize(room);
}

void append(PointBlocks& set, const double* point) {
  const std::uint32_t place = set.size++;
  double* lane = set.values.data() + set.index(place, 0);
  for (std::uint32_t k = 0; k < set.objectives; ++k, lane += kPointLanes) {
    if (place % kPointLanes == 0) std::fill(lane, lane + kPointLanes, kInfinity);
    *lane = point[k];
  }
}

const BlockScans& portable_block_scans() {
  static constexpr BlockScans kScans{scan, clip, drop, covers};
  return kScans;
}

const BlockScans& block_scans() {
  static const BlockScans& scans = avx512_block_scans() ? *avx512_block_scans() : portable_block_scans();
  return scans;
}

}  // namespace carbonfront
