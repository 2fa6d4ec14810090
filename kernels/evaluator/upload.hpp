#pragma once
// Columns on their way up: pinned double buffers are filled and copied while the batch before becomes keys.

#include <vector>

#include "kernels/engines.hpp"
#include "kernels/evaluator/evaluator.hpp"
#include "kernels/front_filter.hpp"
#include "kernels/order.hpp"

namespace carbonfront::device {

/// Where the work is done, where copies run beside it, and below how many rows all pairs are compared.
struct Streams {
  Stream work, copies;
  std::uint32_t few_rows = kFewRows;
};

/// The points as dense columns in device memory.
struct DensePoints {
  std::vector<DenseColumn> objectives;
  DenseColumn groups;  // empty without groups
  bool grouped = false;
};

/// Brings all columns of the points up, in batches of `batch_rows`, each column sorted as soon as it is there. Adds `size`
/// to the progress for every column. 17 bytes a row of a batch beside what dense_ranks() needs.
DensePoints upload(Streams& streams, PointsView points, std::uint32_t batch_rows, const Host& host);

/// Brings all columns up as keys, the groups as the last column. Progress as upload(). At least one row.
Keys upload_keys(Streams& streams, PointsView points, std::uint32_t batch_rows, const Host& host);

/// Ranks keys densely, column by column.
DensePoints dense_points(const Stream& stream, Keys keys);

}  // namespace carbonfront::device
