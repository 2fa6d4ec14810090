#pragma once
// Many rows against many: who is dominated by rows of the highest score? Fronts, ranks and witnesses all ask this.

#include <cstdint>
#include <vector>

#include "host/pareto/order.hpp"
#include "host/progress.hpp"

namespace carbonfront {

/// Rows by their ranks, neighbours side by side, and the box of every 512 of them.
struct Cloud {
  std::uint32_t coordinates = 0;
  std::uint32_t size = 0;
  std::vector<std::uint32_t> ranks;            // [coordinates][size]
  std::vector<std::uint32_t> lowest, highest;  // [tiles][coordinates]
};

/// The columns of ranks that rows are compared by: those of the order, with the places themselves in front if asked for.
struct RankColumns {
  const Order& order;
  bool with_place;

  std::uint32_t count() const { return static_cast<std::uint32_t>(order.ranks.size()) + with_place; }
  std::uint32_t rank(std::uint32_t k, std::uint32_t place) const {
    if (with_place && k == 0) return place;
    return order.ranks[k - with_place][place];
  }
};

/// Lists the places that start a run, ascending.
std::vector<std::uint32_t> run_starts(const Order& order);

/// Sorts the places so that neighbours are close: halves them at the median of their widest coordinate, again and again.
/// O(places · log places). Throws Stopped.
void sort_by_neighbourhood(RankColumns columns, std::vector<std::uint32_t>& places);

/// Gathers the rows at places [count], in this order. 4 bytes a row and coordinate. Throws Stopped.
Cloud take_cloud(RankColumns columns, const std::uint32_t* places, std::uint32_t count);

/// Raises `best` [queries] to the highest of `scores` [sources] among the sources below the query in every coordinate; what
/// is no higher than `best` already is not looked for. Pairs of tiles that their boxes decide cost nothing, the others a
/// few vectors for 512 pairs. Adds the sources to `progress`, if there is one. Throws Stopped.
void raise_by_dominators(const Cloud& sources, const std::vector<std::uint32_t>& scores, const Cloud& queries,
                         std::vector<std::uint32_t>& best, Progress* progress);

/// Rows of a vector block.
inline constexpr std::uint32_t kLanes = 32;

/// Finds the highest of `values` among the members of `blocks` full blocks that are below `row` in every coordinate; 0 if
/// none is. `ranks` [blocks][coordinates][kLanes], below 2³¹, unused lanes 2³¹ − 1; `values` [blocks · kLanes], not
/// negative.
std::int32_t highest_of_dominators(const std::int32_t* ranks, const std::int32_t* values, std::size_t blocks,
                                   std::uint32_t coordinates, const std::int32_t* row);

}  // namespace carbonfront
