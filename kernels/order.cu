#include <bit>

#include "kernels/device/block.hpp"
#include "kernels/device/launch.hpp"
#include "kernels/device/primitives.hpp"
#include "kernels/order.hpp"

namespace carbonfront::device {
namespace {

__global__ void indices_kernel(std::uint32_t* out, std::uint32_t size) {
  const std::uint64_t i = global_thread();
  if (i < size) out[i] = static_cast<std::uint32_t>(i);
}

template <class T>
__global__ void scatter_kernel(const std::uint32_t* position, const T* in, T* out, std::uint32_t size) {
  const std::uint64_t i = global_thread();
  if (i < size) out[position[i]] = in[i];
}

template <class T>
__global__ void gather_kernel(const std::uint32_t* position, const T* in, T* out, std::uint32_t size) {
  const std::uint64_t i = global_thread();
  if (i < size) out[i] = in[position[i]];
}

/// Collects the bits in which any key differs from the first.
__global__ void differing_bits_kernel(const std::uint64_t* keys, std::uint32_t size, unsigned long long* bits) {
  const std::uint64_t i = global_thread();
  const unsigned long long differs = i < size ? keys[i] ^ keys[0] : 0;
  const unsigned long long all = reduce_block(differs, AnyBit{});
  if (threadIdx.x == 0 && all != 0) atomicOr(bits, all);
}

__global__ void key_changes_kernel(const std::uint64_t* keys, std::uint32_t size, std::uint32_t* changes) {
  const std::uint64_t i = global_thread();
  if (i < size) changes[i] = i > 0 && keys[i] != keys[i - 1];
}

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

__global__ void run_starts_kernel(const std::uint8_t* begins, std::uint32_t* first, std::uint32_t* last,
                                  std::uint32_t size) {
  const std::uint64_t i = global_thread();
  if (i >= size) return;
  first[i] = begins[i] ? static_cast<std::uint32_t>(i) : 0;
  const std::uint64_t from_end = size - 1 - i;  // runs end where the next begins
  last[i] = from_end + 1 == size || begins[from_end + 1] ? static_cast<std::uint32_t>(i) : 0;
}

__global__ void turn_round_kernel(const std::uint32_t* in, std::uint32_t* out, std::uint32_t size) {
  const std::uint64_t i = global_thread();
  if (i < size) out[i] = size - 1 - in[size - 1 - i];
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
  fill_with_indices(stream, pairs.keys.data(), size);
  scatter(stream, pairs.values.data(), pairs.keys.data(), ranks, size);
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
  const DeviceArray<std::uint32_t> from_end(stream, size);
  launch(stream, "run_starts_kernel", one_thread_each(size), run_starts_kernel, begins.data(), order.run_first.data(),
         from_end.data(), size);
  inclusive_max(stream, order.run_first.data(), order.run_first.data(), size);
  inclusive_max(stream, from_end.data(), from_end.data(), size);
  launch(stream, "turn_round_kernel", one_thread_each(size), turn_round_kernel, from_end.data(), order.run_last.data(),
         size);
}

}  // namespace

void fill_with_indices(const Stream& stream, std::uint32_t* out, std::uint32_t size) {
  launch(stream, "indices_kernel", one_thread_each(size), indices_kernel, out, size);
}

void scatter(const Stream& stream, const std::uint32_t* position, const std::uint32_t* in, std::uint32_t* out,
             std::uint32_t size) {
  launch(stream, "scatter_kernel", one_thread_each(size), scatter_kernel<std::uint32_t>, position, in, out, size);
}

void scatter(const Stream& stream, const std::uint32_t* position, const std::uint8_t* in, std::uint8_t* out,
             std::uint32_t size) {
  launch(stream, "scatter_kernel", one_thread_each(size), scatter_kernel<std::uint8_t>, position, in, out, size);
}

void gather(const Stream& stream, const std::uint32_t* position, const std::uint32_t* in, std::uint32_t* out,
            std::uint32_t size) {
  launch(stream, "gather_kernel", one_thread_each(size), gather_kernel<std::uint32_t>, position, in, out, size);
}

void gather(const Stream& stream, const std::uint32_t* position, const std::uint64_t* in, std::uint64_t* out,
            std::uint32_t size) {
  launch(stream, "gather_kernel", one_thread_each(size), gather_kernel<std::uint64_t>, position, in, out, size);
}

void gather(const Stream& stream, const std::uint32_t* position, const std::uint8_t* in, std::uint8_t* out,
            std::uint32_t size) {
  launch(stream, "gather_kernel", one_thread_each(size), gather_kernel<std::uint8_t>, position, in, out, size);
}

DenseColumn dense_ranks(const Stream& stream, DeviceArray<std::uint64_t> keys, std::uint32_t size) {
  DenseColumn column{DeviceArray<std::uint32_t>(stream, size), size};
  if (size == 0) return column;
  const DeviceArray<unsigned long long> bits(stream, 1);
  fill_bytes(stream, bits.data(), 0, 1);
  launch(stream, "differing_bits_kernel", one_thread_each(size), differing_bits_kernel, keys.data(), size, bits.data());
  const std::uint64_t differing = read_value(stream, bits.data());
  if (differing == 0) {
    fill_bytes(stream, column.rank.data(), 0, size);
    column.distinct = 1;
    return column;
  }
  DeviceArray<std::uint64_t> sorted(stream, size);
  DeviceArray<std::uint32_t> position(stream, size), sorted_position(stream, size);
  fill_with_indices(stream, position.data(), size);
  sort_pairs(stream, keys.data(), sorted.data(), position.data(), sorted_position.data(), size, std::countr_zero(differing),
             std::bit_width(differing));
  std::uint32_t* changes = position.data();
  launch(stream, "key_changes_kernel", one_thread_each(size), key_changes_kernel, sorted.data(), size, changes);
  inclusive_sum(stream, changes, changes, size);
  scatter(stream, sorted_position.data(), changes, column.rank.data(), size);
  column.distinct = read_value(stream, changes + (size - 1)) + 1;
  return column;
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
