// Rows that do not fit the device: blocks of queries, in lexicographic order, against blocks of the sources before them.
// Counts add, fronts merge, ranks rise; no row depends on a later one. Where the front is all that is asked for, strong rows
// of every block drop most of it first.

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "kernels/evaluator/joint.hpp"

namespace carbonfront::device {
namespace {

/// All that is known so far, by position.
struct Known {
  Streams& streams;
  PointsView points;
  VerdictRequest wanted;
  std::size_t budget;
  Host host;  // without progress
  Share share;
  Verdict& out;
  std::vector<std::uint8_t> dominated = {};

  bool all_sources() const { return wanted.dominated_by || wanted.dominates || wanted.rank; }

  /// Adds a device's counts of the rows in `list`, the first of them at `begin`.
  void add_counts(const Order& order, Engines& engines, Direction direction, const std::uint8_t* counted,
                  const Positions& list, std::size_t begin, std::size_t end, Array<std::uint32_t>& totals) {
    const DeviceArray<std::uint32_t> counts(streams.work, order.size);
    engines.count(direction, counted, share, counts.data());
    const std::vector<std::uint32_t> found = by_position(streams, order, counts, host);
    for (std::size_t i = begin; i < end; ++i) totals[list[i]] += found[i];
  }

  void add_dominated(const Order& order, Engines& engines, const std::uint8_t* is_source, const Positions& list,
                     std::size_t queries) {
    const DeviceArray<std::uint8_t> marked(streams.work, order.size);
    engines.mark_dominated(is_source, {}, marked.data());
    const std::vector<std::uint8_t> found = by_position(streams, order, marked, host);
    for (std::size_t i = 0; i < queries; ++i) dominated[list[i]] |= found[i];
  }

  void lower_witnesses(const Order& order, Engines& engines, const std::vector<std::uint8_t>& front, const Positions& list,
                       std::size_t queries) {
    const DeviceArray<std::uint8_t> marked = by_place(streams.work, order, front);
    const DeviceArray<std::uint32_t> witnesses(streams.work, order.size);
    engines.find_witnesses(marked.data(), {}, witnesses.data());
    const std::vector<std::uint32_t> found = by_position(streams, order, witnesses, host);
    for (std::size_t i = 0; i < queries; ++i)  // the list ascends among possible witnesses
      if (found[i] != kNone) out.witness[list[i]] = std::min(out.witness[list[i]], list[found[i]]);
  }

  void raise_ranks(const Order& order, Engines& engines, const std::uint8_t* is_source, const Positions& list,
                   std::size_t queries) {
    std::vector<std::uint32_t> known;
    for (const std::uint32_t position : list) known.push_back(out.rank[position]);
    const DeviceArray<std::uint32_t> ranks = by_place(streams.work, order, known);
    if (is_source)
      raise_ranks_pairs(streams.work, order.view(), is_source, ranks.data());
    else
      engines.settle_ranks(wanted.max_rank, ranks.data());
    const std::vector<std::uint32_t> found = by_position(streams, order, ranks, host);
    for (std::size_t i = 0; i < queries; ++i) out.rank[list[i]] = found[i];
  }
};

/// Takes sources that come before the queries and are settled themselves.
void compare_with_earlier(Known& work, const Positions& queries, const Positions& sources) {
  Positions list = queries;
  list.insert(list.end(), sources.begin(), sources.end());
  const Picked picked(work.points, list);
  const Order order = order_points(work.streams, picked.view, work.budget, work.host);
  Engines engines(work.streams.work, order.view(), work.streams.few_rows);
  std::vector<std::uint8_t> is_source(list.size(), 0), is_query(list.size(), 1), front(list.size(), 0);
  for (std::size_t i = queries.size(); i < list.size(); ++i) {
    is_source[i] = 1;
    is_query[i] = 0;
    front[i] = !work.dominated[list[i]];
  }
  const DeviceArray<std::uint8_t> sources_by_place = by_place(work.streams.work, order, is_source);
  const DeviceArray<std::uint8_t> queries_by_place = by_place(work.streams.work, order, is_query);
  if (work.wanted.dominated_by)
    work.add_counts(order, engines, Direction::dominated_by, sources_by_place.data(), list, 0, queries.size(),
                    work.out.dominated_by);
  if (work.wanted.dominates)
    work.add_counts(order, engines, Direction::dominates, queries_by_place.data(), list, queries.size(), list.size(),
                    work.out.dominates);
  work.add_dominated(order, engines, sources_by_place.data(), list, queries.size());
  if (work.wanted.rank) work.raise_ranks(order, engines, sources_by_place.data(), list, queries.size());
  if (work.wanted.witness) work.lower_witnesses(order, engines, front, list, queries.size());
}

/// Compares the queries with each other, which settles them.
void compare_among_themselves(Known& work, const Positions& queries) {
  const Picked picked(work.points, queries);
  const Order order = order_points(work.streams, picked.view, work.budget, work.host);
  Engines engines(work.streams.work, order.view(), work.streams.few_rows);
  const std::size_t size = queries.size();
  if (work.wanted.dominated_by)
    work.add_counts(order, engines, Direction::dominated_by, nullptr, queries, 0, size, work.out.dominated_by);
  if (work.wanted.dominates)
    work.add_counts(order, engines, Direction::dominates, nullptr, queries, 0, size, work.out.dominates);
  work.add_dominated(order, engines, nullptr, queries, size);
  if (work.wanted.rank) work.raise_ranks(order, engines, nullptr, queries, size);
  if (!work.wanted.witness) return;
  std::vector<std::uint8_t> front;
  for (const std::uint32_t position : queries) front.push_back(!work.dominated[position]);
  work.lower_witnesses(order, engines, front, queries, size);
}

/// The rows that no strong row of their block dominates: all of the front, ascending.
Positions filtered(Streams& streams, PointsView points, std::size_t budget, const Host& host) {
  const std::uint32_t rows = block_rows(points, budget);
  Host quiet = host;
  quiet.progress = nullptr;
  Positions kept;
  host.begin("front", points.size);
  for (std::uint64_t begin = 0; begin < points.size; begin += rows) {
    Positions block(std::min<std::uint64_t>(rows, points.size - begin));
    std::iota(block.begin(), block.end(), static_cast<std::uint32_t>(begin));
    const Picked picked(points, block);
    Keys keys = upload_keys(streams, picked.view, budget, quiet);
    const DeviceArray<std::uint32_t> left = filter_front(streams.work, keys);
    if (left.size() > 0) {
      std::vector<std::uint32_t> found(left.size());
      download(streams, left.data(), found.data(), keys.size, host);
      for (const std::uint32_t index : found) kept.push_back(block[index]);
    } else {
      kept.insert(kept.end(), block.begin(), block.end());
    }
    host.add(block.size());
  }
  return kept;
}

/// The front of few rows, which fit the device, among all.
void front_of(Streams& streams, PointsView points, const Positions& rows, std::size_t budget, const Host& host, Part part,
              Verdict& out) {
  const Picked picked(points, rows);
  const Verdict found = evaluate_at_once(streams, picked.view, {}, budget, host, part);
  fill<std::uint8_t>(host, out.nondominated, 0);
  for (std::size_t i = 0; i < rows.size(); ++i) out.nondominated[rows[i]] = found.nondominated[i];
  out.seconds = found.seconds;
}

/// What is known before anything is compared: nothing counts, nobody has a rank or a witness.
void begin_answers(const Host& host, Verdict& out) {
  for (Array<std::uint32_t>* numbers : {&out.dominated_by, &out.dominates, &out.rank}) fill(host, *numbers, 0u);
  fill(host, out.witness, kNone);
}

}  // namespace

Verdict evaluate_in_blocks(Streams& streams, PointsView points, VerdictRequest wanted, std::size_t budget, const Host& host,
                           Part part) {
  Verdict out = room_for(points.size, wanted, part);
  const auto began = std::chrono::steady_clock::now();
  const bool front_alone = wanted.front_alone();
  Positions left;
  if (front_alone) {
    left = filtered(streams, points, budget, host);
    if (left.size() * bytes_per_row(points.objective_count) <= budget) {
      front_of(streams, points, left, budget, host, part, out);
      return out;
    }
  }
  if (part.index > 0) wanted.rank = false;
  Host quiet = host;
  quiet.progress = nullptr;
  Known work{streams, points, wanted, budget, quiet, {part.index, part.count}, out};
  const std::uint32_t size = points.size;
  work.dominated.assign(size, front_alone);
  for (const std::uint32_t position : left) work.dominated[position] = 0;
  begin_answers(host, out);

  Positions places = host.lexicographic_positions();
  std::erase_if(places, [&](std::uint32_t position) { return work.dominated[position] != 0; });
  const std::uint32_t rows = block_rows(points, budget);
  host.begin(front_alone ? "front" : "counts", places.size());
  Positions sources;  // that may matter to later rows: all, or the front alone
  for (std::size_t begin = 0; begin < places.size(); begin += rows) {
    const Positions queries = ascending(places, begin, std::min<std::size_t>(places.size(), begin + rows));
    for (std::size_t from = 0; from < sources.size(); from += rows) {
      const std::size_t until = std::min<std::size_t>(sources.size(), from + rows);
      compare_with_earlier(work, queries, ascending(sources, from, until));
    }
    compare_among_themselves(work, queries);
    for (const std::uint32_t position : queries)
      if (work.all_sources() || !work.dominated[position]) sources.push_back(position);
    host.add(queries.size());
  }
  for (std::uint32_t i = 0; i < size; ++i) out.nondominated[i] = !work.dominated[i];
  for (std::uint32_t i = 0; wanted.rank && wanted.max_rank > 0 && i < size; ++i)
    if (out.rank[i] >= wanted.max_rank) out.rank[i] = kNone;
  (front_alone ? out.seconds.front : out.seconds.counts) =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return out;
}

}  // namespace carbonfront::device
