#include <bit>

#include "kernels/device/launch.hpp"
#include "kernels/device/primitives.hpp"
#include "kernels/order.hpp"

namespace carbonfront::device {
namespace {

/// Turns ranks round: the highest, `distinct` − 1, becomes 0.
__global__ void gather_turned_kernel(const std::uint32_t* position, const std::uint32_t* places, const std::uint32_t* in,
                                     std::uint32_t distinct, std::uint32_t* out, std::uint32_t size) {
  const std::uint64_t i = global_thread();
  if (i < size) out[i] = distinct - 1 - in[position[places[i]]];
}

/// Marks the places whose row differs from the one before in this column.
__global__ void mark_changes_kernel(const std::uint32_t* position, const std::uint32_t* rank, std::uint8_t* begins,
                                    std::uint32_t size) {
  const std::uint64_t i = global_thread();
  if (i < size && (i == 0 || rank[position[i]] != rank[position[i - 1]])) begins[i] = 1;
}

int bits_of(std::uint32_t distinct) { return distinct < 2 ? 0 : std::bit_width(distinct - 1); }

/// Pairs that are sorted to and fro.
struct Pairs {
  DeviceArray<std::uint32_t> keys, values, sorted_keys, sorted_values;
  Pairs(const Stream& stream, std::uint32_t size)
      : keys(stream, size), values(stream, size), sorted_keys(stream, size), sorted_values(stream, size) {}

  /// Sorts by keys below `distinct`, stably; the sorted values are the values afterwards.
  void sort(const Stream& stream, std::uint32_t distinct, std::uint32_t size) {
    if (distinct < 2) return;
    sort_pairs(stream, keys.data(), sorted_keys.data(), values.data(), sorted_values.data(), size, 0, bits_of(distinct));
    std::swap(values, sorted_values);
  }
};

/// The positions in lexicographic order, in `pairs.values`. Columns behind one without ties cannot matter.
void sort_places(const Stream& stream, const std::vector<DenseColumn>& objectives, const DenseColumn* groups,
                 std::uint32_t size, Pairs& pairs) {
  fill_with_indices(stream, pairs.values.data(), size);
  std::size_t k = 0;
  while (k + 1 < objectives.size() && objectives[k].distinct < size) ++k;
  for (++k; k-- > 0;) {
    gather(stream, pairs.values.data(), objectives[k].rank.data(), pairs.keys.data(), size);
    pairs.sort(stream, objectives[k].distinct, size);
  }
  if (!groups) return;
  gather(stream, pairs.values.data(), groups->rank.data(), pairs.keys.data(), size);
  pairs.sort(stream, groups->distinct, size);
}

/// Unique ranks by place in one objective behind the first, null for one that is constant. `turned_groups` lead it.
void unique_ranks(const Stream& stream, const std::uint32_t* position, const DenseColumn* objective,
                  const DenseColumn* turned_groups, std::uint32_t size, Pairs& pairs, std::uint32_t* ranks) {
  if (objective && objective->distinct == size && !turned_groups)
    return gather(stream, position, objective->rank.data(), ranks, size);
  fill_with_indices(stream, pairs.values.data(), size);
  if (objective) {
    gather(stream, position, objective->rank.data(), pairs.keys.data(), size);
    pairs.sort(stream, objective->distinct, size);
  }
  if (turned_groups) {
    launch(stream, "gather_turned_kernel", one_thread_each(size), gather_turned_kernel, position, pairs.values.data(),
           turned_groups->rank.data(), turned_groups->distinct, pairs.keys.data(), size);
    pairs.sort(stream, turned_groups->distinct, size);
  }
  invert(stream, pairs.values.data(), ranks, size);
}

void find_runs(const Stream& stream, const std::vector<DenseColumn>& objectives, const DenseColumn* groups, Order& order) {
  const std::uint32_t size = order.size;
  const DeviceArray<std::uint8_t> begins(stream, size);
  fill_bytes(stream, begins.data(), 0, size);
  const auto mark = [&](const DenseColumn& column) {
    launch(stream, "mark_changes_kernel", one_thread_each(size), mark_changes_kernel, order.position.data(),
           column.rank.data(), begins.data(), size);
  };
  for (const DenseColumn& objective : objectives) mark(objective);
  if (groups) mark(*groups);
  find_run_bounds(stream, begins.data(), order.run_first.data(), order.run_last.data(), size);
}

}  // namespace

std::vector<DenseColumn> dense_ranks(const Stream& stream, KeysView keys) {
  std::vector<DenseColumn> columns(keys.columns);
  const std::uint32_t size = keys.size;
  if (size == 0) return columns;
  const DeviceArray<std::uint64_t> bits(stream, keys.columns), sorted(stream, size);
  const DeviceArray<std::uint32_t> last(stream, keys.columns), position(stream, size), sorted_position(stream, size);
  for (std::uint32_t k = 0; k < keys.columns; ++k) find_differing_bits(stream, keys.column(k), bits.data() + k, size);
  std::vector<std::uint64_t> differing(keys.columns);
  read_values(stream, bits.data(), differing.data(), differing.size());
  fill_bytes(stream, last.data(), 0, last.size());
  for (std::uint32_t k = 0; k < keys.columns; ++k) {
    columns[k].rank = DeviceArray<std::uint32_t>(stream, size);
    if (differing[k] == 0) {
      fill_bytes(stream, columns[k].rank.data(), 0, size);
      continue;
    }
    fill_with_indices(stream, position.data(), size);
    sort_pairs(stream, keys.column(k), sorted.data(), position.data(), sorted_position.data(), size,
               std::countr_zero(differing[k]), std::bit_width(differing[k]));
    std::uint32_t* runs = position.data();
    number_runs(stream, sorted.data(), runs, size);
    scatter(stream, sorted_position.data(), runs, columns[k].rank.data(), size);
    copy_across(stream, runs + (size - 1), last.data() + k, 1);
  }
  std::vector<std::uint32_t> highest(keys.columns);
  read_values(stream, last.data(), highest.data(), highest.size());
  for (std::uint32_t k = 0; k < keys.columns; ++k) columns[k].distinct = highest[k] + 1;
  return columns;
}

Order make_order(const Stream& stream, const std::vector<DenseColumn>& objectives, const DenseColumn* groups,
                 std::uint32_t size) {
  Order order;
  order.size = size;
  order.columns = objectives.size() < 2 ? 1 : static_cast<std::uint32_t>(objectives.size() - 1);
  if (size == 0) return order;
  Pairs pairs(stream, size);
  sort_places(stream, objectives, groups, size, pairs);
  order.position = std::move(pairs.values);
  pairs.values = DeviceArray<std::uint32_t>(stream, size);
  order.ranks = DeviceArray<std::uint32_t>(stream, std::size_t{order.columns} * size);
  for (std::uint32_t k = 0; k < order.columns; ++k) {
    const DenseColumn* objective = k + 1 < objectives.size() ? &objectives[k + 1] : nullptr;
    unique_ranks(stream, order.position.data(), objective, k == 0 ? groups : nullptr, size, pairs,
                 order.ranks.data() + std::size_t{k} * size);
  }
  order.run_first = DeviceArray<std::uint32_t>(stream, size);
  order.run_last = DeviceArray<std::uint32_t>(stream, size);
  find_runs(stream, objectives, groups, order);
  return order;
}

}  // namespace carbonfront::device
