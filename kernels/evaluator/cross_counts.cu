// Counts between two sets of rows: blocks of one against blocks of the other.

#include "kernels/evaluator/joint.hpp"

namespace carbonfront::device {
namespace {

/// Adds what the rows of one block count among those of the other.
void add_block(Streams& streams, PointsView points, const Positions& queries, const Positions& sources, Share share,
               std::size_t budget, const Host& host, CrossCounts& out) {
  Positions list = queries;
  list.insert(list.end(), sources.begin(), sources.end());
  const Picked picked(points, list);
  const Order order = order_points(streams, picked.view, budget, host);
  std::vector<std::uint8_t> is_source(list.size(), 0);
  std::fill(is_source.begin() + static_cast<std::ptrdiff_t>(queries.size()), is_source.end(), std::uint8_t{1});
  const DeviceArray<std::uint8_t> counted = by_place(streams.work, order, is_source);
  Engines engines(streams.work, order.view(), streams.few_rows);
  const auto add = [&](Direction direction, Array<std::uint32_t>& totals) {
    if (totals.empty()) return;
    const DeviceArray<std::uint32_t> counts(streams.work, order.size);
    engines.count(direction, counted.data(), share, counts.data());
    const std::vector<std::uint32_t> found = by_position(streams, order, counts, host);
    for (std::size_t i = 0; i < queries.size(); ++i) totals[list[i]] += found[i];
  };
  add(Direction::dominated_by, out.dominated_by);
  add(Direction::dominates, out.dominates);
}

}  // namespace

CrossCounts cross_counts(Streams& streams, PointsView points, CrossRequest wanted, std::size_t budget, const Host& host,
                         Part part) {
  CrossCounts out;
  if (wanted.dominated_by) out.dominated_by.assign(points.size, 0);
  if (wanted.dominates) out.dominates.assign(points.size, 0);
  Positions queries, sources;
  for (std::uint32_t i = 0; i < points.size; ++i) (wanted.is_source[i] ? sources : queries).push_back(i);
  const bool fits = points.size * (bytes_per_row(points.objective_count) + 2) <= budget;
  const std::size_t rows = fits ? points.size : block_rows(points, budget);
  Host quiet = host;
  quiet.progress = nullptr;
  host.begin("counts", queries.size());
  for (std::size_t q = 0; q < queries.size(); q += rows) {
    const Positions asking = ascending(queries, q, std::min(queries.size(), q + rows));
    for (std::size_t s = 0; s < sources.size(); s += rows)
      add_block(streams, points, asking, ascending(sources, s, std::min(sources.size(), s + rows)), {part.index, part.count},
                budget, quiet, out);
    host.add(asking.size());
  }
  return out;
}

}  // namespace carbonfront::device
