#pragma once
// Columns on their way up, and answers on their way down: pinned double buffers that stay from call to call. A buffer is
// filled and copied while the batch before becomes keys.

#include <algorithm>
#include <optional>
#include <vector>

#include "kernels/engines.hpp"
#include "kernels/evaluator/evaluator.hpp"
#include "kernels/front_filter.hpp"
#include "kernels/order.hpp"

namespace carbonfront::device {

/// Columns as keys that stay on the device from when their rows are read until all views are judged: found by where their
/// values lie.
struct ResidentKeys {
  std::vector<Objective> columns;  // as they were last brought up
  std::uint32_t rows = 0, capacity = 0;
  DeviceArray<std::uint64_t> keys;  // [columns][capacity]

  std::uint64_t* column(std::size_t number) const { return keys.data() + number * capacity; }
  std::size_t bytes() const { return keys.size() * sizeof(std::uint64_t); }

  /// The keys of an objective, if all rows of the points are there; else null.
  const std::uint64_t* find(const Objective& objective, PointsView points) const {
    if (points.size == 0 || points.row(points.size - 1) >= rows) return nullptr;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const ColumnView &held = columns[i].column, &asked = objective.column;
      if (held.values == asked.values && held.type == asked.type && held.has_missing_value == asked.has_missing_value &&
          held.missing_value == asked.missing_value && columns[i].maximise == objective.maximise)
        return column(i);
    }
    return nullptr;
  }
};

/// Filled by the host, copied up, read by the kernel that makes keys. It is given back in the order of `work`, after the
/// pinned array has waited for `copies`.
struct UploadBuffer {
  DeviceArray<std::uint64_t> values;
  PinnedArray<std::uint64_t> pinned;
  Event copied, read;

  UploadBuffer(const Stream& work, const Stream& copies, std::uint32_t rows) : values(work, rows), pinned(copies, rows) {
    copied.record(copies);
    read.record(work);
  }
};

/// One is filled while the other is on its way. 16 bytes of device memory a row.
struct UploadBuffers {
  UploadBuffer turn[2];
  UploadBuffers(const Stream& work, const Stream& copies, std::uint32_t rows)
      : turn{{work, copies, rows}, {work, copies, rows}} {}
  std::uint32_t rows() const { return static_cast<std::uint32_t>(turn[0].pinned.size()); }
};

/// One comes down while the host copies the other to where it belongs.
struct DownloadBuffers {
  PinnedArray<std::byte> turn[2];
  Event done[2];
  DownloadBuffers(const Stream& work, std::size_t bytes) : turn{{work, bytes}, {work, bytes}} {}
};

/// Where the work is done, where copies run beside it, below how many rows all pairs are compared, what is resident there,
/// and the buffers, once they are needed.
struct Streams {
  Stream work, copies;
  std::uint32_t few_rows = kFewRows;
  const ResidentKeys* resident = nullptr;
  std::optional<UploadBuffers> uploads = {};
  std::optional<DownloadBuffers> downloads = {};

  std::size_t upload_bytes() const { return uploads ? 16 * std::size_t{uploads->rows()} : 0; }
};

/// Bytes of device memory that buffers may take where `budget` is for rows, and their rows where `rows` are to go up.
inline constexpr std::size_t kRowParts = 15;  // of 16: the rest is for buffers
std::uint32_t batch_rows_for(std::uint32_t rows, std::size_t budget);

/// The buffers, at least `rows` long.
UploadBuffers& upload_buffers(Streams& streams, std::uint32_t rows);

/// Brings `count` values up as keys, to device memory. Returns once they are in pinned memory.
void bring_values(Streams& streams, const Objective& objective, std::uint32_t count, std::uint32_t batch_rows,
                  const Host& host, std::uint64_t* keys);

/// Brings all columns up as keys, the groups as the last column; those that are resident are copied. Batches are as
/// `budget` allows. Adds `size` to the progress for every column. 4 bytes a row beside the keys where not all rows of
/// resident columns are wanted.
Keys upload_keys(Streams& streams, PointsView points, std::size_t budget, const Host& host);

/// Orders keys, and gives them back.
Order order_keys(const Streams& streams, Keys keys);

/// Copies values from or to pinned memory, on several threads.
template <class T>
void copy_in_parallel(const Host& host, const T* from, std::size_t count, T* to) {
  host.in_parallel(static_cast<std::uint32_t>(count),
                   [&](std::uint32_t begin, std::uint32_t end) { std::copy(from + begin, from + end, to + begin); });
}

/// Copies answers from the device to host memory, the host in parallel. Waits for the stream.
template <class T>
void download(Streams& streams, const T* device, T* to, std::uint32_t size, const Host& host) {
  constexpr std::size_t kBytes = std::size_t{4} << 20;
  if (size == 0) return;
  const std::size_t bytes = std::min(kBytes, size * sizeof(T));
  if (!streams.downloads || streams.downloads->turn[0].size() < bytes) {
    streams.downloads.reset();
    streams.downloads.emplace(streams.work, bytes);
  }
  DownloadBuffers& buffers = *streams.downloads;
  const std::uint32_t batch = static_cast<std::uint32_t>(buffers.turn[0].size() / sizeof(T));
  const auto rows = [&](std::uint64_t begin) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(batch, size - begin));
  };
  const auto start = [&](std::uint64_t begin) {
    if (begin >= size) return;
    const std::uint64_t turn = begin / batch % 2;
    copy_down(streams.work, device + begin, reinterpret_cast<T*>(buffers.turn[turn].data()), rows(begin));
    buffers.done[turn].record(streams.work);
  };
  start(0);
  for (std::uint64_t begin = 0; begin < size; begin += batch) {
    const std::uint64_t turn = begin / batch % 2;
    start(begin + batch);
    buffers.done[turn].synchronize();
    copy_in_parallel(host, reinterpret_cast<const T*>(buffers.turn[turn].data()), rows(begin), to + begin);
  }
}

}  // namespace carbonfront::device
