#include <algorithm>

#include "kernels/evaluator/upload.hpp"
#include "kernels/key_column.hpp"

namespace carbonfront::device {
namespace {

/// One of two buffers: filled by the host, copied up, read by the kernel that makes keys. It is given back in the order of
/// `work`, after the pinned array has waited for `copies`.
struct Buffer {
  DeviceArray<std::uint64_t> values;
  PinnedArray<std::uint64_t> pinned;
  Event copied, read;

  Buffer(const Streams& streams, std::uint32_t rows) : values(streams.work, rows), pinned(streams.copies, rows) {
    copied.record(streams.copies);
    read.record(streams.work);
  }
};

/// Brings up one column: `fill(to, begin, end)` writes values of the objective's type to pinned memory.
template <class Fill>
DeviceArray<std::uint64_t> keys_of(Streams& streams, const Objective& objective, std::size_t value_bytes, std::uint32_t size,
                                   Buffer (&buffers)[2], const Host& host, Fill fill) {
  DeviceArray<std::uint64_t> keys(streams.work, size);
  const auto batch_rows = static_cast<std::uint32_t>(buffers[0].pinned.size());
  int turn = 0;
  for (std::uint64_t begin = 0; begin < size; begin += batch_rows, turn ^= 1) {
    Buffer& buffer = buffers[turn];
    const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(batch_rows, size - begin));
    buffer.copied.synchronize();
    std::byte* to = reinterpret_cast<std::byte*>(buffer.pinned.data());
    host.in_parallel(
        count, [&](std::uint32_t from, std::uint32_t until) { fill(to + from * value_bytes, begin + from, begin + until); });
    buffer.read.hold(streams.copies);
    copy_up(streams.copies, to, reinterpret_cast<std::byte*>(buffer.values.data()), count * value_bytes);
    buffer.copied.record(streams.copies);
    buffer.copied.hold(streams.work);
    make_keys(streams.work, objective, buffer.values.data(), count, keys.data() + begin);
    buffer.read.record(streams.work);
    host.add(count);
  }
  return keys;
}

}  // namespace

DensePoints upload(Streams& streams, PointsView points, std::uint32_t batch_rows, const Host& host) {
  DensePoints dense;
  if (points.size == 0) {
    dense.objectives.resize(points.objective_count);
    return dense;
  }
  Buffer buffers[2] = {{streams, batch_rows}, {streams, batch_rows}};
  for (std::uint32_t k = 0; k < points.objective_count; ++k) {
    const Objective& objective = points.objectives[k];
    visit_type(objective.column.type, [&]<class T>(T) {
      const T* values = static_cast<const T*>(objective.column.values);
      auto keys = keys_of(streams, objective, sizeof(T), points.size, buffers, host,
                          [&](std::byte* to, std::uint64_t begin, std::uint64_t end) {
                            T* out = reinterpret_cast<T*>(to);
                            if (!points.rows) std::copy(values + begin, values + end, out);
                            for (std::uint64_t i = begin; points.rows && i < end; ++i) *out++ = values[points.rows[i]];
                          });
      dense.objectives.push_back(dense_ranks(streams.work, std::move(keys), points.size));
    });
  }
  if (!points.group) return dense;
  Objective numbers;
  numbers.column.type = ValueType::uint32;
  auto keys =
      keys_of(streams, numbers, 4, points.size, buffers, host, [&](std::byte* to, std::uint64_t begin, std::uint64_t end) {
        std::copy(points.group + begin, points.group + end, reinterpret_cast<std::uint32_t*>(to));
      });
  dense.groups = dense_ranks(streams.work, std::move(keys), points.size);
  dense.grouped = true;
  return dense;
}

}  // namespace carbonfront::device
