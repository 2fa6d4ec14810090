#include "host/pareto/opposed.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "host/pareto/estimates.hpp"
#include "host/pareto/filter.hpp"
#include "host/pareto/order.hpp"

namespace carbonfront {
namespace {

constexpr std::uint32_t kFewRows = 1 << 14;  // are compared as soon as sorted
constexpr std::uint32_t kSamples[] = {256, 2048};

/// Counts the rows that nobody before them in `order` has a smaller or equal key than. `keys` by row.
std::uint32_t count_falling(const std::vector<std::uint32_t>& order, const std::int64_t* keys) {
  std::uint32_t count = 1;
  std::int64_t lowest = keys[order[0]];
  for (const std::uint32_t row : order) {
    count += keys[row] < lowest;
    lowest = std::min(lowest, keys[row]);
  }
  return count;
}

/// Says whether two columns prove all but one in fifty of a sample.
bool prove_nearly_all(OpposedColumns columns, std::uint32_t samples) { return columns.proven >= samples - samples / 50; }

PointsView view_of_two(PointsView points, OpposedColumns columns, Objective* two) {
  two[0] = points.objectives[columns.a];
  two[1] = points.objectives[columns.b];
  points.objectives = two;
  points.objective_count = 2;
  return points;
}

}  // namespace

OpposedColumns most_opposed(PointsView points, std::uint32_t samples) {
  const std::vector<std::uint32_t> positions = sample_positions(points.size, samples);
  const auto count = static_cast<std::uint32_t>(positions.size());
  std::vector<std::uint32_t> rows(count), order(count);
  for (std::uint32_t i = 0; i < count; ++i) rows[i] = points.row(positions[i]);
  points.rows = rows.data();
  KeyRows keys{points.objective_count, count, std::vector<std::int64_t>(std::size_t{count} * points.objective_count)};
  take_keys(points, 0, 1, count, keys);
  OpposedColumns best;
  for (std::uint32_t a = 0; a < points.objective_count; ++a) {
    const std::int64_t* key = keys.keys.data() + a * keys.stride;
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](std::uint32_t x, std::uint32_t y) { return key[x] < key[y]; });
    for (std::uint32_t b = a + 1; b < points.objective_count; ++b) {
      const std::uint32_t proven = count_falling(order, keys.keys.data() + b * keys.stride);
      if (proven > best.proven) best = {a, b, proven};
    }
  }
  return best;
}

std::optional<Array<std::uint8_t>> proven_by_two_columns(PointsView points, Progress& progress) {
  if (points.group || points.size < kFewRows || points.objective_count < 2) return std::nullopt;
  const OpposedColumns columns = most_opposed(points, kSamples[0]);
  if (!prove_nearly_all(columns, kSamples[0])) return std::nullopt;
  Objective two[2];
  const PointsView view = view_of_two(points, columns, two);
  if (!prove_nearly_all(most_opposed(view, kSamples[1]), kSamples[1])) return std::nullopt;
  const Order order = lexicographic_order(view, progress);
  const auto is_alone = [&](std::uint32_t place) {
    return order.run_start[place] == place && (place + 1 == order.size || order.run_start[place + 1] == place + 1);
  };
  Array<std::uint8_t> proven(points.size);
  std::uint32_t lowest = ~0u;
  for (std::uint32_t place = 0; place < order.size; ++place) {
    const std::uint32_t second = order.ranks[0][place];
    proven[order.position[place]] = second < lowest && is_alone(place);
    lowest = std::min(lowest, second);
  }
  return proven;
}

}  // namespace carbonfront
