#include <algorithm>

#include "kernels/device/primitives.hpp"
#include "kernels/evaluator/upload.hpp"

namespace carbonfront::device {
namespace {

constexpr std::uint32_t kMostBatchRows = 1 << 20;

/// Sends values up in batches: `fill(to, begin, end)` writes them to pinned memory, `use(there, begin, count)` puts what
/// reads them into the work's stream.
template <class Fill, class Use>
void send_up(Streams& streams, std::size_t value_bytes, std::uint32_t size, std::uint32_t batch_rows, const Host& host,
             Fill fill, Use use) {
  UploadBuffers& buffers = upload_buffers(streams, batch_rows);
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
    use(buffer.values.data(), begin, count);
    buffer.read.record(streams.work);
  }
}

/// Brings up the columns of some points.
struct Uploader {
  Streams& streams;
  PointsView points;
  std::uint32_t batch_rows;
  const Host& host;
  DeviceArray<std::uint32_t> rows = {};  // on the device, once a resident column needs them

  void bring_rows() {
    rows = DeviceArray<std::uint32_t>(streams.work, points.size);
    send_up(
        streams, sizeof(std::uint32_t), points.size, batch_rows, host,
        [&](std::byte* to, std::uint64_t begin, std::uint64_t end) {
          std::copy(points.rows + begin, points.rows + end, reinterpret_cast<std::uint32_t*>(to));
        },
        [&](const std::uint64_t* there, std::uint64_t begin, std::uint32_t count) {
          copy_across(streams.work, reinterpret_cast<const std::uint32_t*>(there), rows.data() + begin, count);
        });
  }

  /// Copies a column that is on the device already.
  void take_resident(const std::uint64_t* column, std::uint64_t* keys) {
    if (points.rows && rows.size() == 0) bring_rows();
    if (points.rows)
      gather(streams.work, rows.data(), column, keys, points.size);
    else
      copy_across(streams.work, column, keys, points.size);
    host.add(points.size);
  }

  /// Brings up one column as keys, with what fills batches of its type.
  template <class Fill>
  void bring_keys(const Objective& objective, std::size_t value_bytes, std::uint64_t* keys, Fill fill) {
    send_up(streams, value_bytes, points.size, batch_rows, host, fill,
            [&](const std::uint64_t* there, std::uint64_t begin, std::uint32_t count) {
              make_keys(streams.work, objective, there, count, keys + begin);
              host.add(count);
            });
  }

  void bring_groups(std::uint64_t* keys) {
    Objective groups;
    groups.column.type = ValueType::uint32;
    bring_keys(groups, sizeof(std::uint32_t), keys, [&](std::byte* to, std::uint64_t begin, std::uint64_t end) {
      std::copy(points.group + begin, points.group + end, reinterpret_cast<std::uint32_t*>(to));
    });
  }

  /// Brings up the objective, or the groups where its number is one too many.
  void bring(std::uint32_t number, std::uint64_t* keys) {
    if (number == points.objective_count) return bring_groups(keys);
    const Objective& objective = points.objectives[number];
    if (const std::uint64_t* there = streams.resident ? streams.resident->find(objective, points) : nullptr)
      return take_resident(there, keys);
    visit_type(objective.column.type, [&]<class T>(T) {
      const T* values = static_cast<const T*>(objective.column.values);
      bring_keys(objective, sizeof(T), keys, [&](std::byte* to, std::uint64_t begin, std::uint64_t end) {
        T* out = reinterpret_cast<T*>(to);
        if (!points.rows) std::copy(values + begin, values + end, out);
        for (std::uint64_t i = begin; points.rows && i < end; ++i) *out++ = values[points.rows[i]];
      });
    });
  }
};

}  // namespace

std::uint32_t batch_rows_for(std::uint32_t rows, std::size_t budget) {
  const std::size_t fitting = std::max<std::size_t>(1, budget / kRowParts / 16);
  return static_cast<std::uint32_t>(std::min<std::size_t>({rows, kMostBatchRows, fitting}));
}

UploadBuffers& upload_buffers(Streams& streams, std::uint32_t rows) {
  if (!streams.uploads || streams.uploads->rows() < rows) {
    streams.uploads.reset();
    streams.uploads.emplace(streams.work, streams.copies, rows);
  }
  return *streams.uploads;
}

void bring_values(Streams& streams, const Objective& objective, std::uint32_t count, std::uint32_t batch_rows,
                  const Host& host, std::uint64_t* keys) {
  PointsView points;
  points.objectives = &objective;
  points.objective_count = 1;
  points.size = count;
  Uploader{streams, points, batch_rows, host}.bring(0, keys);
}

Keys upload_keys(Streams& streams, PointsView points, std::size_t budget, const Host& host) {
  const std::uint32_t columns = points.objective_count + (points.group ? 1 : 0);
  Keys up{points.size, columns, points.group != nullptr, {streams.work, std::size_t{columns} * points.size}};
  if (points.size == 0) return up;
  Uploader uploader{streams, points, batch_rows_for(points.size, budget), host};
  for (std::uint32_t k = 0; k < columns; ++k) uploader.bring(k, up.keys.data() + std::size_t{k} * points.size);
  return up;
}

Order order_keys(const Streams& streams, Keys keys) {
  const std::uint32_t size = keys.size;
  std::vector<DenseColumn> objectives = dense_ranks(streams.work, streams.copies, keys.view());
  keys.keys = {};
  if (!keys.grouped) return make_order(streams.work, objectives, nullptr, size);
  const DenseColumn groups = std::move(objectives.back());
  objectives.pop_back();
  return make_order(streams.work, objectives, &groups, size);
}

}  // namespace carbonfront::device
