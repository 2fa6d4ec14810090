// How many rows dominate each row: of the rows before it in place, those before it in every other rank.

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "host/pareto/count_aligned.hpp"
#include "host/pareto/count_lists.hpp"
#include "host/pareto/engine.hpp"

namespace carbonfront {
namespace {

/// The rows in order of objective 2, with the places as column 0: a part of the places is then a part of the counts.
/// `is_query` by place; null: all rows are both. 4 · objectives bytes a row.
void fill_list(const Order& order, const std::uint8_t* is_query, const RankList& list, const Progress& progress) {
  using Range = tbb::blocked_range<std::uint32_t>;
  const std::uint32_t* second = order.ranks[0].data();
  tbb::parallel_for(Range(0, order.size, 1 << 12), [&](const Range& places) {
    progress.throw_if_stopped();
    for (std::uint32_t place = places.begin(); place < places.end(); ++place) list.column(0)[second[place]] = place;
  });
  tbb::parallel_for(Range(0, order.size, 1 << 12), [&](const Range& range) {
    progress.throw_if_stopped();
    const std::uint32_t* places = list.column(0);
    for (std::uint32_t i = range.begin(); i < range.end(); ++i) {
      list.ids[i] = is_query && is_query[places[i]] ? places[i] | kQuery : places[i];
    }
    for (std::uint32_t k = 1; k < list.columns; ++k) {
      const std::uint32_t* ranks = order.ranks[k].data();
      for (std::uint32_t i = range.begin(); i < range.end(); ++i) list.column(k)[i] = ranks[places[i]];
    }
  });
}

/// Says by place who asks. Equal rows cannot be told apart, so their roles can be dealt out anew: the first of a run asks
/// if any of them does, with all sources of the run behind it, and answers for the run.
std::vector<std::uint8_t> queries_by_place(const Order& order, const std::uint8_t* is_source) {
  std::vector<std::uint8_t> is_query(order.size, 0);
  for (std::uint32_t begin = 0, end = 0; begin < order.size; begin = end) {
    std::uint32_t queries = 0;
    for (end = begin; end < order.size && order.run_start[end] == begin; ++end) queries += !is_source[order.position[end]];
    std::fill_n(is_query.begin() + begin, queries, std::uint8_t{1});
  }
  return is_query;
}

/// Counts by place. `is_query` by place; null: all rows are sources and queries.
Array<std::uint32_t> count_by_place(const Order& order, const std::uint8_t* is_query, const CountLimits& limits,
                                    Progress& progress) {
  if (order.ranks.size() == 1) {
    const std::uint32_t chunks = order.size < limits.chunk_rows ? 1 : chunks_for_arena();
    return count_pairs_in_chunks(order.ranks[0], is_query, chunks, progress);
  }
  const auto objectives = order.ranks.size() + 1;
  if (!is_query && objectives >= limits.aligned_objectives && order.size >= limits.aligned_rows) {
    const double most = limits.aligned_undecided * static_cast<double>(objectives * objectives);
    if (auto counts = count_by_aligned_tiles(order, most, progress)) return *std::move(counts);
  }
  Array<std::uint32_t> counts(order.size, 0);
  CountTasks tasks{counts.data(), limits, progress, {}};
  RankList list;
  list.size = list.sources = list.queries = order.size;
  if (is_query) {
    list.queries = static_cast<std::uint32_t>(std::count(is_query, is_query + order.size, 1));
    list.sources = order.size - list.queries;
  }
  list.columns = static_cast<std::uint32_t>(order.ranks.size());
  list.all_are_both = !is_query;
  list.stride = order.size;
  Array<std::uint32_t> memory(list.stride * (list.columns + 1));
  list.ids = memory.data();
  list.ranks = list.ids + list.stride;
  fill_list(order, is_query, list, progress);
  if (list.columns > 2) {
    count_list(tasks, list, order.size);
  } else {
    Array<std::uint32_t> room(3 * list.stride);
    RankList to = list;
    to.ids = room.data();
    to.ranks = to.ids + to.stride;
    count_planes(tasks, list, to, list, order.size);
  }
  return counts;
}

}  // namespace

Array<std::uint32_t> count_dominators(const Order& order, const CountLimits& limits, Progress& progress) {
  progress.begin("counts", order.size);
  return by_position(order, count_by_place(order, nullptr, limits, progress), progress);
}

Array<std::uint32_t> count_dominators(const Order& order, Progress& progress) {
  return count_dominators(order, CountLimits{}, progress);
}

Array<std::uint32_t> count_dominators_of(const Order& order, const std::uint8_t* is_source, const CountLimits& limits,
                                         Progress& progress) {
  progress.begin("counts", order.size);
  const std::vector<std::uint8_t> is_query = queries_by_place(order, is_source);
  Array<std::uint32_t> counts = by_position(order, count_by_place(order, is_query.data(), limits, progress), progress);
  for (std::uint32_t i = 0; i < order.size; ++i) counts[i] = is_source[i] ? 0 : counts[i];
  return counts;
}

Array<std::uint32_t> count_dominators_of(const Order& order, const std::uint8_t* is_source, Progress& progress) {
  return count_dominators_of(order, is_source, CountLimits{}, progress);
}

}  // namespace carbonfront
