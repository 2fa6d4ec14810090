#include <algorithm>

#include "kernels/evaluator/upload.hpp"
#include "kernels/key_column.hpp"

namespace carbonfront::device {
namespace {

/// Brings up one column as keys: `fill(to, begin, end)` writes values of the objective's type to pinned memory.
template <class Fill>
void bring_keys(Streams& streams, const Objective& objective, std::size_t value_bytes, std::uint32_t size,
                UploadBuffers& buffers, const Host& host, std::uint64_t* keys, Fill fill) {
  const auto batch_rows = static_cast<std::uint32_t>(buffers.turn[0].pinned.size());
  int turn = 0;
  for (std::uint64_t begin = 0; begin < size; begin += batch_rows, turn ^= 1) {
    UploadBuffer& buffer = buffers.turn[turn];
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

/// Brings up the columns of some points.
struct Uploader {
  Streams& streams;
  PointsView points;
  const Host& host;
  UploadBuffers buffers;
  DeviceArray<std::uint32_t> rows = {};  // on the device, once a kept column needs them

  void bring_rows() {
    rows = DeviceArray<std::uint32_t>(streams.work, points.size);
    for (UploadBuffer& buffer : buffers.turn) buffer.read.record(streams.work);
    const std::size_t batch_rows = buffers.turn[0].pinned.size();
    int turn = 0;
    for (std::uint64_t begin = 0; begin < points.size; begin += batch_rows, turn ^= 1) {
      UploadBuffer& buffer = buffers.turn[turn];
      const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(batch_rows, points.size - begin));
      buffer.copied.synchronize();
      auto* to = reinterpret_cast<std::uint32_t*>(buffer.pinned.data());
      std::copy_n(points.rows + begin, count, to);
      buffer.read.hold(streams.copies);
      copy_up(streams.copies, to, rows.data() + begin, count);
      buffer.copied.record(streams.copies);
      buffer.copied.hold(streams.work);
    }
  }

  /// Copies a column that is on the device already.
  void take_kept(const std::uint64_t* column, std::uint64_t* keys) {
    if (points.rows && rows.size() == 0) bring_rows();
    if (points.rows)
      gather(streams.work, rows.data(), column, keys, points.size);
    else
      copy_across(streams.work, column, keys, points.size);
    host.add(points.size);
  }

  void bring_groups(std::uint64_t* keys) {
    Objective groups;
    groups.column.type = ValueType::uint32;
    bring_keys(streams, groups, 4, points.size, buffers, host, keys,
               [&](std::byte* to, std::uint64_t begin, std::uint64_t end) {
                 std::copy(points.group + begin, points.group + end, reinterpret_cast<std::uint32_t*>(to));
               });
  }

  /// Brings up the objective, or the groups where its number is one too many.
  void bring(std::uint32_t number, std::uint64_t* keys) {
    if (number == points.objective_count) return bring_groups(keys);
    const Objective& objective = points.objectives[number];
    if (streams.kept && objective.kept != kNotKept) return take_kept(streams.kept->column(objective.kept), keys);
    if (!points.rows) return bring_values(streams, objective, points.size, buffers, host, keys);
    visit_type(objective.column.type, [&]<class T>(T) {
      const T* values = static_cast<const T*>(objective.column.values);
      bring_keys(streams, objective, sizeof(T), points.size, buffers, host, keys,
                 [&](std::byte* to, std::uint64_t begin, std::uint64_t end) {
                   T* out = reinterpret_cast<T*>(to);
                   for (std::uint64_t i = begin; i < end; ++i) *out++ = values[points.rows[i]];
                 });
    });
  }
};

}  // namespace

void bring_values(Streams& streams, const Objective& objective, std::uint32_t count, UploadBuffers& buffers,
                  const Host& host, std::uint64_t* keys) {
  visit_type(objective.column.type, [&]<class T>(T) {
    const T* values = static_cast<const T*>(objective.column.values);
    bring_keys(streams, objective, sizeof(T), count, buffers, host, keys,
               [&](std::byte* to, std::uint64_t begin, std::uint64_t end) {
                 std::copy(values + begin, values + end, reinterpret_cast<T*>(to));
               });
  });
}

DensePoints upload(Streams& streams, PointsView points, std::uint32_t batch_rows, const Host& host) {
  DensePoints dense;
  if (points.size == 0) {
    dense.objectives.resize(points.objective_count);
    return dense;
  }
  Uploader uploader{streams, points, host, {streams, batch_rows}};
  const auto ranked = [&](std::uint32_t number) {
    DeviceArray<std::uint64_t> keys(streams.work, points.size);
    uploader.bring(number, keys.data());
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
  Uploader uploader{streams, points, host, {streams, batch_rows}};
  for (std::uint32_t k = 0; k < columns; ++k) uploader.bring(k, up.keys.data() + std::size_t{k} * points.size);
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
