#pragma once
// Columns on their way up: pinned double buffers are filled and copied while the batch before becomes keys.

#include <vector>

#include "kernels/engines.hpp"
#include "kernels/evaluator/evaluator.hpp"
#include "kernels/front_filter.hpp"
#include "kernels/order.hpp"

namespace carbonfront::device {

/// Columns as keys that stay on the device from when their rows are read until all views are judged.
struct KeptKeys {
  std::uint32_t columns = 0, capacity = 0;
  DeviceArray<std::uint64_t> keys;  // [columns][capacity]

  std::uint64_t* column(int number) const { return keys.data() + std::size_t(number) * capacity; }
  std::size_t bytes() const { return keys.size() * sizeof(std::uint64_t); }
};

/// Where the work is done, where copies run beside it, below how many rows all pairs are compared, and what is there by now.
struct Streams {
  Stream work, copies;
  std::uint32_t few_rows = kFewRows;
  const KeptKeys* kept = nullptr;
};

/// Filled by the host, copied up, read by the kernel that makes keys. It is given back in the order of `work`, after the
/// pinned array has waited for `copies`.
struct UploadBuffer {
  DeviceArray<std::uint64_t> values;
  PinnedArray<std::uint64_t> pinned;
  Event copied, read;

  UploadBuffer(const Streams& streams, std::uint32_t rows) : values(streams.work, rows), pinned(streams.copies, rows) {
    copied.record(streams.copies);
    read.record(streams.work);
  }
};

/// One is filled while the other is on its way.
struct UploadBuffers {
  UploadBuffer turn[2];
  UploadBuffers(const Streams& streams, std::uint32_t rows) : turn{{streams, rows}, {streams, rows}} {}
};

/// Brings `count` values up as keys, to device memory. Returns once they are in pinned memory.
void bring_values(Streams& streams, const Objective& objective, std::uint32_t count, UploadBuffers& buffers,
                  const Host& host, std::uint64_t* keys);

/// The points as dense columns in device memory.
struct DensePoints {
  std::vector<DenseColumn> objectives;
  DenseColumn groups;  // empty without groups
  bool grouped = false;
};

/// Brings all columns of the points up that are not kept, in batches of `batch_rows`, each column sorted as soon as it is
/// there. Adds `size` to the progress for every column. 17 bytes a row of a batch beside what dense_ranks() needs, and 4 a
/// row where not all rows of kept columns are wanted.
DensePoints upload(Streams& streams, PointsView points, std::uint32_t batch_rows, const Host& host);

/// Brings all columns up as keys, the groups as the last column. Progress as upload(). At least one row.
Keys upload_keys(Streams& streams, PointsView points, std::uint32_t batch_rows, const Host& host);

/// Ranks keys densely, column by column.
DensePoints dense_points(const Stream& stream, Keys keys);

}  // namespace carbonfront::device
