#pragma once
// Rows picked from all points to be ordered together on the device: a block of queries and a block of sources.

#include <algorithm>
#include <string>
#include <vector>

#include "kernels/device/primitives.hpp"
#include "kernels/evaluator/state.hpp"

namespace carbonfront::device {

inline constexpr std::uint32_t kFewestRows = 64;

using Positions = std::vector<std::uint32_t>;

/// Points that are picked from others, by their positions.
struct Picked {
  std::vector<std::uint32_t> rows, groups;
  PointsView view;

  Picked(PointsView points, const Positions& positions) : view(points) {
    for (const std::uint32_t position : positions) {
      rows.push_back(points.row(position));
      if (points.group) groups.push_back(points.group[position]);
    }
    view.rows = rows.data();
    view.group = points.group ? groups.data() : nullptr;
    view.size = static_cast<std::uint32_t>(positions.size());
  }
};

/// Values known by position on the device, by place.
template <class T>
DeviceArray<T> by_place(const Stream& stream, const Order& order, const std::vector<T>& known) {
  const DeviceArray<T> up(stream, known.size());
  const PinnedArray<T> pinned(stream, known.size());
  std::copy(known.begin(), known.end(), pinned.data());
  copy_up(stream, pinned.data(), up.data(), known.size());
  DeviceArray<T> at_places(stream, known.size());
  gather(stream, order.position.data(), up.data(), at_places.data(), order.size);
  return at_places;
}

template <class T>
std::vector<T> by_position(Streams& streams, const Order& order, const DeviceArray<T>& at_places, const Host& host) {
  const DeviceArray<T> moved(streams.work, order.size);
  scatter(streams.work, order.position.data(), at_places.data(), moved.data(), order.size);
  std::vector<T> answers(order.size);
  download(streams, moved.data(), answers.data(), order.size, host);
  return answers;
}

/// Positions [begin, end) of a list, ascending.
inline Positions ascending(const Positions& list, std::size_t begin, std::size_t end) {
  Positions some(list.begin() + static_cast<std::ptrdiff_t>(begin), list.begin() + static_cast<std::ptrdiff_t>(end));
  std::sort(some.begin(), some.end());
  return some;
}

/// Rows of a block, so that two blocks fit. Throws DeviceError where blocks would be so small that work never ended.
inline std::uint32_t block_rows(PointsView points, std::size_t budget) {
  const std::uint64_t rows = budget / (bytes_per_row(points.objective_count) + 2) / 2;
  if (rows < kFewestRows && rows < points.size)
    throw device_error("planning device memory", std::to_string(budget) + " bytes do not hold two blocks of 64 rows",
                       "raise --memory-limit, free the device, or use --backend cpu");
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(rows, points.size));
}

}  // namespace carbonfront::device
