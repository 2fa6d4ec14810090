#pragma once
// Kernels in tests: a table ordered on the device, and arrays brought up and down.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "kernels/device/primitives.hpp"
#include "kernels/evaluator/state.hpp"
#include "tests/points.hpp"

namespace carbonfront::test {

template <class Values, class T = typename Values::value_type>
device::DeviceArray<T> up(const device::Stream& stream, const Values& values) {
  device::DeviceArray<T> there(stream, values.size());
  const device::PinnedArray<T> pinned(stream, values.size());
  std::copy(values.begin(), values.end(), pinned.data());
  device::copy_up(stream, pinned.data(), there.data(), values.size());
  return there;
}

template <class T>
std::vector<T> down(const device::Stream& stream, const device::DeviceArray<T>& values) {
  const device::PinnedArray<T> pinned(stream, values.size());
  device::copy_down(stream, values.data(), pinned.data(), values.size());
  stream.synchronize();
  return {pinned.data(), pinned.data() + values.size()};
}

/// Works on the calling thread and reports nothing.
inline device::Host plain_host() {
  return {nullptr,
          nullptr,
          [](std::uint32_t size, const std::function<void(std::uint32_t, std::uint32_t)>& work) { work(0, size); },
          {}};
}

/// The front of a table, by the way of the device that orders only what strong rows leave.
inline Array<std::uint8_t> front_at_once(device::Streams& streams, Table& table) {
  return device::evaluate_at_once(streams, table.view(), {}, 1 << 20, plain_host(), {}).nondominated;
}

/// A table's order on the device.
struct Ordered {
  device::Streams streams;
  device::Order order;

  explicit Ordered(Table& table) : order(device::order_points(streams, table.view(), 1 << 20, plain_host())) {}

  /// Answers by position of `find(view, array by place)`.
  template <class T, class Find>
  Array<T> answers(Find find) {
    const device::DeviceArray<T> by_place(streams.work, order.size), by_position(streams.work, order.size);
    find(order.view(), by_place.data());
    device::scatter(streams.work, order.position.data(), by_place.data(), by_position.data(), order.size);
    const std::vector<T> found = down(streams.work, by_position);
    return {found.begin(), found.end()};
  }
};

}  // namespace carbonfront::test
