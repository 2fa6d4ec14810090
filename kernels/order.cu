#include <algorithm>
#include <bit>
#include <exception>

#include "kernels/device/block.hpp"
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

/// Dense ranks of all columns, the group's included.
struct DenseRanks {
  const std::uint32_t* column[33];
  std::uint32_t columns;
};

/// Marks the places whose row differs from the one before in any column.
__global__ void mark_changes_kernel(const std::uint32_t* position, DenseRanks ranks, std::uint8_t* begins,
                                    std::uint32_t size) {
  const std::uint64_t i = global_thread();
  if (i >= size) return;
  bool begin = i == 0;
  for (std::uint32_t c = 0; c < ranks.columns && !begin; ++c)
    begin = ranks.column[c][position[i]] != ranks.column[c][position[i - 1]];
  begins[i] = begin;
}

/// Collects for every column the bits in which any key differs from the first. A block looks at a part of one column.
__global__ void differing_bits_kernel(KeysView keys, std::uint64_t stride, unsigned long long* bits) {
  const std::uint64_t* column = keys.column(blockIdx.x % keys.columns);
  unsigned long long differing = 0;
  for (std::uint64_t i = std::uint64_t{blockIdx.x} / keys.columns * blockDim.x + threadIdx.x; i < keys.size; i += stride)
    differing |= column[i] ^ column[0];
  differing = reduce_warp(differing, AnyBit{});
  if (threadIdx.x % 32 == 0 && differing != 0) atomicOr(bits + blockIdx.x % keys.columns, differing);
}

/// Where work fails half-way, waits for a stream in which memory of another is used before that memory is given back.
struct Beside {
  const Stream& stream;
  int exceptions = std::uncaught_exceptions();
  ~Beside() {
    if (std::uncaught_exceptions() > exceptions) cudaStreamSynchronize(stream.get());
  }
};

/// What a sort of a column leaves: its highest rank, and whether rows are out of order that are too many to mend.
struct Outcome {
  std::uint32_t last, unsorted;
};

constexpr std::uint32_t kLeadingBits = 32;                      // of keys, that are sorted
constexpr std::uint32_t kMostMended = 32;                       // rows that have them in common
constexpr std::uint32_t kRowsOfAPart = 8192, kMostParts = 264;  // of a column that blocks look through

/// Takes 32 bits of every key, and numbers the rows.
__global__ void leading_bits_kernel(const std::uint64_t* keys, int shift, std::uint32_t size, std::uint32_t* leading,
                                    std::uint32_t* position) {
  const std::uint64_t i = global_thread();
  if (i >= size) return;
  leading[i] = static_cast<std::uint32_t>(keys[i] >> shift);
  position[i] = static_cast<std::uint32_t>(i);
}

/// Sorts every run of equal leading bits by its whole keys, stably, where it is short. Longer runs nobody moves: they are
/// right where they never descend, which all of their threads look for.
__global__ void mend_kernel(const std::uint32_t* leading, std::uint64_t* keys, std::uint32_t* position, std::uint32_t size,
                            Outcome* outcome) {
  const std::uint64_t i = global_thread();
  if (i >= size) return;
  if (i >= kMostMended && leading[i - kMostMended] == leading[i] && keys[i] < keys[i - 1]) atomicOr(&outcome->unsorted, 1u);
  if (i > 0 && leading[i - 1] == leading[i]) return;
  std::uint64_t end = i + 1;
  while (end < size && end <= i + kMostMended && leading[end] == leading[i]) ++end;
  const bool is_short = end <= i + kMostMended;
  for (std::uint64_t next = i + 1; next < end; ++next) {
    const std::uint64_t key = keys[next];
    if (key >= keys[next - 1]) continue;
    if (!is_short) {
      atomicOr(&outcome->unsorted, 1u);
      return;
    }
    const std::uint32_t row = position[next];
    std::uint64_t at = next;
    for (; at > i && keys[at - 1] > key; --at) {
      keys[at] = keys[at - 1];
      position[at] = position[at - 1];
    }
    keys[at] = key;
    position[at] = row;
  }
}

/// Ranks one column densely by the bits in which its keys differ: by the leading ones, and what they leave undecided is
/// mended; or by all of them.
void rank_column(const Stream& stream, const std::uint64_t* keys, std::uint64_t differing, bool whole, std::uint32_t size,
                 std::uint32_t* rank, Outcome* outcome) {
  if (differing == 0) return fill_bytes(stream, rank, 0, size);
  const DeviceArray<std::uint32_t> position(stream, size), sorted_position(stream, size);
  const int begin = std::countr_zero(differing), end = std::bit_width(differing);
  const int width = end - begin, most = static_cast<int>(kLeadingBits);
  std::uint32_t* const runs = position.data();
  if (whole) {
    const DeviceArray<std::uint64_t> sorted(stream, size);
    fill_with_indices(stream, position.data(), size);
    sort_pairs(stream, keys, sorted.data(), position.data(), sorted_position.data(), size, begin, end);
    number_runs(stream, sorted.data(), runs, size);
  } else {
    const DeviceArray<std::uint32_t> leading(stream, size), sorted_leading(stream, size);
    launch(stream, "leading_bits_kernel", one_thread_each(size), leading_bits_kernel, keys,
           width > most ? end - most : begin, size, leading.data(), position.data());
    sort_pairs(stream, leading.data(), sorted_leading.data(), position.data(), sorted_position.data(), size, 0,
               std::min(width, most));
    if (width > most) {
      const DeviceArray<std::uint64_t> sorted(stream, size);
      gather(stream, sorted_position.data(), keys, sorted.data(), size);
      launch(stream, "mend_kernel", one_thread_each(size), mend_kernel, sorted_leading.data(), sorted.data(),
             sorted_position.data(), size, outcome);
      number_runs(stream, sorted.data(), runs, size);
    } else {
      number_runs(stream, sorted_leading.data(), runs, size);
    }
  }
  scatter(stream, sorted_position.data(), runs, rank, size);
  copy_across(stream, runs + (size - 1), &outcome->last, 1);
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
  const DeviceArray<std::uint8_t> begins(stream, order.size);
  DenseRanks ranks{};
  for (const DenseColumn& objective : objectives) ranks.column[ranks.columns++] = objective.rank.data();
  if (groups) ranks.column[ranks.columns++] = groups->rank.data();
  launch(stream, "mark_changes_kernel", one_thread_each(order.size), mark_changes_kernel, order.position.data(), ranks,
         begins.data(), order.size);
  find_run_bounds(stream, begins.data(), order.run_first.data(), order.run_last.data(), order.size);
}

/// Which bits differ in each column. Waits for the stream.
std::vector<std::uint64_t> differing_bits(const Stream& stream, KeysView keys) {
  const DeviceArray<unsigned long long> bits(stream, keys.columns);
  fill_bytes(stream, bits.data(), 0, bits.size());
  const std::uint64_t parts = std::min<std::uint64_t>((keys.size - 1) / kRowsOfAPart + 1, kMostParts);
  launch(stream, "differing_bits_kernel", {parts * keys.columns}, differing_bits_kernel, keys, parts * Shape{}.threads,
         bits.data());
  std::vector<unsigned long long> found(keys.columns);
  read_values(stream, bits.data(), found.data(), found.size());
  return {found.begin(), found.end()};
}

}  // namespace

std::vector<DenseColumn> dense_ranks(const Stream& work, const Stream& side, KeysView keys) {
  std::vector<DenseColumn> columns(keys.columns);
  const std::uint32_t size = keys.size;
  if (size == 0) return columns;
  const DeviceArray<Outcome> outcomes(work, keys.columns);
  for (DenseColumn& column : columns) column.rank = DeviceArray<std::uint32_t>(work, size);
  fill_bytes(work, outcomes.data(), 0, outcomes.size());
  const std::vector<std::uint64_t> differing = differing_bits(work, keys);
  const Beside beside{side};
  const auto rank = [&](std::uint32_t k, const Stream& stream, bool whole) {
    rank_column(stream, keys.column(k), differing[k], whole, size, columns[k].rank.data(), outcomes.data() + k);
  };
  for (std::uint32_t k = 0; k < keys.columns; ++k) rank(k, k % 2 == 0 ? work : side, false);
  Event done;
  done.record(side);
  done.hold(work);
  std::vector<Outcome> found(keys.columns);
  read_values(work, outcomes.data(), found.data(), found.size());
  bool again = false;
  for (std::uint32_t k = 0; k < keys.columns; ++k) {
    if (!found[k].unsorted) continue;
    rank(k, work, true);
    again = true;
  }
  if (again) read_values(work, outcomes.data(), found.data(), found.size());
  for (std::uint32_t k = 0; k < keys.columns; ++k) columns[k].distinct = found[k].last + 1;
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
