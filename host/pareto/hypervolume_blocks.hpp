#pragma once
// Small sets of points in blocks of eight, and the scans that exclusive volumes are made of.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace carbonfront {

inline constexpr std::uint32_t kPointLanes = 8;

/// A set of points, eight to a block: values[block][objective][lane]. Lanes behind `size` hold +∞.
struct PointBlocks {
  std::uint32_t objectives = 0, size = 0;
  std::vector<double> values;  // at least that long

  std::size_t blocks() const { return (size + kPointLanes - 1) / kPointLanes; }
  std::size_t index(std::uint32_t i, std::uint32_t k) const {
    return (std::size_t{i / kPointLanes} * objectives + k) * kPointLanes + i % kPointLanes;
  }
  double at(std::uint32_t i, std::uint32_t k) const { return values[index(i, k)]; }
};

/// Empties the set and makes room for `points`.
void reset(PointBlocks& set, std::uint32_t objectives, std::size_t points);

/// Adds a point; there must be room.
void append(PointBlocks& set, const double* point);

/// How a point stands to a set.
struct Standing {
  bool dominated;   // a member is no worse in every objective
  bool dominating;  // a member is no better in any objective
};

/// The scans, for one instruction set. All give the same bits. Blocks are [count][objectives][lanes]; at most
/// kMostExactObjectives objectives.
struct BlockScans {
  /// Lowers bound[k] to the least value in objective k of the members that are no worse than the point in all *other*
  /// objectives: what the point alone dominates ends there. If it is dominated, bounds mean nothing.
  Standing (*scan)(const double* blocks, std::size_t count, std::uint32_t objectives, const double* point, double* bound);

  /// Appends the members below the bound in every objective to `out`, which has `size` members and room for all, and moves
  /// them up to the point where they are below it. Returns the new size.
  std::uint32_t (*clip)(const double* blocks, std::size_t count, std::uint32_t objectives, const double* point,
                        const double* bound, double* out, std::uint32_t size);

  /// Drops the members that are no better than the point in any objective; the others keep their order. Returns the new
  /// size.
  std::uint32_t (*drop)(double* blocks, std::size_t count, std::uint32_t objectives, const double* point);

  /// Says whether a member is no worse than the point in every objective.
  bool (*covers)(const double* blocks, std::size_t count, std::uint32_t objectives, const double* point);
};

/// The scans for this machine.
const BlockScans& block_scans();

/// The scans that any machine can run, and those for AVX-512, or null where this machine or compiler has none.
const BlockScans& portable_block_scans();
const BlockScans* avx512_block_scans();

}  // namespace carbonfront
