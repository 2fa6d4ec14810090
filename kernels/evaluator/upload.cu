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

/// Brings up one column as keys: `fill(to, begin, end)` writes values of the objective's type to pinned memory.
template <class Fill>
void bring_keys(Streams& streams, const Objective& objective, std::size_t value_bytes, std::uint32_t size,
                Buffer (&buffers)[2], const Host& host, std::uint64_t* keys, Fill fill) {
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
    make_keys(streams.work, objective, buffer.values.data(), count, keys + begin);
    buffer.read.record(streams.work);
    host.add(count);
  }
}

/// Brings up the objective, or the groups where its number is one too many.
void bring_column(Streams& streams, PointsView points, std::uint32_t number, Buffer (&buffers)[2], const Host& host,
                  std::uint64_t* keys) {
  if (number == points.objective_count) {
    Objective groups;
    groups.column.type = ValueType::uint32;
    const auto fill = [&](std::byte* to, std::uint64_t begin, std::uint64_t end) {
      std::copy(points.group + begin, points.group + end, reinterpret_cast<std::uint32_t*>(to));
    };
    return bring_keys(streams, groups, 4, points.size, buffers, host, keys, fill);
  }
  const Objective& objective = points.objectives[number];
  visit_type(objective.column.type, [&]<class T>(T) {
    const T* values = static_cast<const T*>(objective.column.values);
    bring_keys(streams, objective, sizeof(T), points.size, buffers, host, keys,
               [&](std::byte* to, std::uint64_t begin, std::uint64_t end) {
                 T* out = reinterpret_cast<T*>(to);
                 if (!points.rows) std::copy(values + begin, values + end, out);
                 for (std::uint64_t i = begin; points.rows && i < end; ++i) *out++ = values[points.rows[i]];
               });
  });
}

}  // namespace

DensePoints upload(Streams& streams, PointsView points, std::uint32_t batch_rows, const Host& host) {
  DensePoints dense;
  if (points.size == 0) {
    dense.objectives.resize(points.objective_count);
    return dense;
  }
  Buffer buffers[2] = {{streams, batch_rows}, {streams, batch_rows}};
  const auto ranked = [&](std::uint32_t number) {
    DeviceArray<std::uint64_t> keys(streams.work, points.size);
    bring_column(streams, points, number, buffers, host, keys.data());
    return dense_ranks(streams.work, std::move(keys), points.size);
  };
  for (std::uint32_t k = 0; k < points.objective_count; ++k) dense.objectives.push_back(ranked(k));
  if (points.group) dense.groups = ranked(points.objective_count);
  dense.grouped = points.group != nullptr;
  return dense;
}

Keys upload_keys(Streams& streams, PointsView points, std::uint32_t batch_rows, const Host& host) {
  const std::uint32_t columns = points.objective_count + (points.group ? 1 : 0);
  Keys up{points.size, columns, points.group != nullptr, {streams.work, std::size_t{columns} * points.size}};
  Buffer buffers[2] = {{streams, batch_rows}, {streams, batch_rows}};
  for (std::uint32_t k = 0; k < columns; ++k)
    bring_column(streams, points, k, buffers, host, up.keys.data() + std::size_t{k} * points.size);
  return up;
}

DensePoints dense_points(const Stream& stream, Keys keys) {
  DensePoints dense;
  const auto ranked = [&](std::uint32_t column) {
    DeviceArray<std::uint64_t> own(stream, keys.size);
    copy_across(stream, keys.view().column(column), own.data(), keys.size);
    return dense_ranks(stream, std::move(own), keys.size);
  };
  for (std::uint32_t k = 0; k < keys.view().objectives(); ++k) dense.objectives.push_back(ranked(k));
  if (keys.grouped) dense.groups = ranked(keys.columns - 1);
  dense.grouped = keys.grouped;
  return dense;
}

}  // namespace carbonfront::device
