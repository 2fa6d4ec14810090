// All rows on the device at once: one order, then every answer from it.

#include <algorithm>
#include <chrono>

#include "kernels/device/launch.hpp"
#include "kernels/evaluator/state.hpp"

namespace carbonfront::device {
namespace {

constexpr std::uint32_t kMostBatchRows = 1 << 20;
constexpr std::uint32_t kUnranked = 0xFFFFFFFFu;

__global__ void flip_flags_kernel(const std::uint8_t* in, std::uint8_t* out, std::uint32_t size) {
  const std::uint64_t i = global_thread();
  if (i < size) out[i] = !in[i];
}

__global__ void cut_ranks_kernel(std::uint32_t* ranks, std::uint32_t most, std::uint32_t size) {
  const std::uint64_t i = global_thread();
  if (i < size && ranks[i] >= most) ranks[i] = kUnranked;
}

/// Finds answers by place, and brings them down by position.
struct Finder {
  const Streams& streams;
  const Order& order;
  const Host& host;
  Share share;
  const Stream& stream = streams.work;

  template <class T>
  std::vector<T> by_position(const DeviceArray<T>& by_place) const {
    std::vector<T> answers(order.size);
    if (order.size == 0) return answers;
    const DeviceArray<T> moved(stream, order.size);
    scatter(stream, order.position.data(), by_place.data(), moved.data(), order.size);
    download(stream, moved.data(), answers.data(), order.size, host);
    return answers;
  }

  /// Not dominated, by place; 1 for rows that are not looked at.
  DeviceArray<std::uint8_t> front(Share rows) const {
    DeviceArray<std::uint8_t> dominated(stream, order.size), front(stream, order.size);
    mark_dominated(stream, order.view(), nullptr, rows, dominated.data(), streams.few_rows);
    launch(stream, "flip_flags_kernel", one_thread_each(order.size), flip_flags_kernel, dominated.data(), front.data(),
           order.size);
    return front;
  }

  std::vector<std::uint32_t> counts(Direction direction) const {
    const DeviceArray<std::uint32_t> counts(stream, order.size);
    count(stream, order.view(), direction, nullptr, share, counts.data(), streams.few_rows);
    return by_position(counts);
  }

  std::vector<std::uint32_t> ranks(std::uint32_t max_rank) const {
    const DeviceArray<std::uint32_t> ranks(stream, order.size);
    fill_bytes(stream, ranks.data(), 0, order.size);
    settle_ranks(stream, order.view(), ranks.data(), streams.few_rows);
    if (max_rank > 0)
      launch(stream, "cut_ranks_kernel", one_thread_each(order.size), cut_ranks_kernel, ranks.data(), max_rank, order.size);
    return by_position(ranks);
  }

  std::vector<std::uint32_t> witnesses(const DeviceArray<std::uint8_t>& front) const {
    const DeviceArray<std::uint32_t> witnesses(stream, order.size);
    find_witnesses(stream, order.view(), front.data(), share, witnesses.data(), streams.few_rows);
    return by_position(witnesses);
  }
};

/// Begins a phase, works, and takes the seconds that passed.
template <class Work>
void phase(const Host& host, const char* name, std::uint32_t size, double& seconds, Work work) {
  const auto begin = std::chrono::steady_clock::now();
  host.begin(name, size);
  work();
  host.add(size);
  seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

std::uint64_t bytes_per_row(std::uint32_t objectives, bool kept) {
  return (kept ? 4 : 0) + std::max(8 * std::max<std::uint64_t>(2, objectives) + 80, 16 * std::uint64_t{objectives} + 40);
}

std::uint32_t batch_rows_for(std::uint32_t rows, std::size_t budget) {
  const std::size_t fitting = std::max<std::size_t>(1, budget / 16 / 16);  // a sixteenth, for two buffers of 8 bytes
  return static_cast<std::uint32_t>(std::min<std::size_t>({rows, kMostBatchRows, fitting}));
}

Order order_points(Streams& streams, PointsView points, std::size_t budget, const Host& host) {
  const DensePoints dense = upload(streams, points, batch_rows_for(points.size, budget), host);
  return make_order(streams.work, dense.objectives, dense.grouped ? &dense.groups : nullptr, points.size);
}

namespace {

/// The front alone: rows that strong rows drop are never ordered.
Answers front_alone(Streams& streams, PointsView points, std::size_t budget, const Host& host, Part part) {
  Answers answers;
  const Stream& stream = streams.work;
  host.begin("front", std::uint64_t{points.size} * (points.objective_count + (points.group ? 1 : 0)));
  const auto began = std::chrono::steady_clock::now();
  Keys keys = upload_keys(streams, points, batch_rows_for(points.size, budget), host);
  const DeviceArray<std::uint32_t> left = filter_front(stream, keys);
  const std::uint32_t rows = keys.size;
  DensePoints dense = dense_points(stream, std::move(keys));
  const Order order = make_order(stream, dense.objectives, dense.grouped ? &dense.groups : nullptr, rows);
  dense = {};
  const DeviceArray<std::uint8_t> by_place =
      Finder{streams, order, host, {part.index, part.count}}.front({part.index, part.count});
  DeviceArray<std::uint8_t> front(stream, rows);
  scatter(stream, order.position.data(), by_place.data(), front.data(), rows);
  if (left.size() > 0) {
    DeviceArray<std::uint8_t> of_all(stream, points.size);
    fill_bytes(stream, of_all.data(), 0, points.size);
    scatter(stream, left.data(), front.data(), of_all.data(), rows);
    front = std::move(of_all);
  }
  answers.nondominated.resize(points.size);
  download(stream, front.data(), answers.nondominated.data(), points.size, host);
  answers.front_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return answers;
}

}  // namespace

Answers evaluate_at_once(Streams& streams, PointsView points, Request wanted, std::size_t budget, const Host& host,
                         Part part) {
  const bool counts = wanted.dominated_by || wanted.dominates;
  if (points.size > 0 && !counts && !wanted.rank && !wanted.witness) return front_alone(streams, points, budget, host, part);
  Answers answers;
  const std::uint32_t size = points.size;
  const auto began = std::chrono::steady_clock::now();
  host.begin("order", std::uint64_t{size} * (points.objective_count + (points.group ? 1 : 0)));
  const Order order = order_points(streams, points, budget, host);
  streams.work.synchronize();
  answers.order_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (size == 0) return answers;
  const Finder find{streams, order, host, {part.index, part.count}};
  if (wanted.dominated_by)
    phase(host, "counts", size, answers.counts_seconds,
          [&] { answers.dominated_by = find.counts(Direction::dominated_by); });
  if (wanted.dominates)
    phase(host, "counts", size, answers.counts_seconds, [&] { answers.dominates = find.counts(Direction::dominates); });
  phase(host, "front", size, answers.front_seconds, [&] {
    const DeviceArray<std::uint8_t> front = find.front(wanted.witness ? Share{} : find.share);
    answers.nondominated = find.by_position(front);
    if (wanted.witness) answers.witness = find.witnesses(front);
  });
  if (wanted.rank && part.index == 0)
    phase(host, "rank", size, answers.rank_seconds, [&] { answers.rank = find.ranks(wanted.max_rank); });
  return answers;
}

}  // namespace carbonfront::device
