// All rows on the device at once: one order, then every answer from it.

#include <algorithm>
#include <chrono>

#include "kernels/device/primitives.hpp"
#include "kernels/evaluator/state.hpp"
#include "kernels/front_pairs.hpp"

namespace carbonfront::device {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// Finds answers by place, and gives them by position.
struct Finder {
  const Stream& stream;
  const Order& order;
  Share share;
  Engines engines;

  Finder(const Streams& streams, const Order& an_order, Part part)
      : stream(streams.work),
        order(an_order),
        share{part.index, part.count},
        engines(streams.work, an_order.view(), streams.few_rows) {}

  template <class T>
  DeviceArray<T> by_position(const DeviceArray<T>& by_place) const {
    DeviceArray<T> moved(stream, order.size);
    scatter(stream, order.position.data(), by_place.data(), moved.data(), order.size);
    return moved;
  }

  /// Not dominated, by place; 1 for rows that are not looked at.
  DeviceArray<std::uint8_t> front(Share rows) {
    DeviceArray<std::uint8_t> flags(stream, order.size);
    engines.mark_dominated(nullptr, rows, flags.data());
    flag_zeros(stream, flags.data(), flags.data(), order.size);
    return flags;
  }

  DeviceArray<std::uint32_t> counts(Direction direction) {
    DeviceArray<std::uint32_t> counts(stream, order.size);
    engines.count(direction, nullptr, share, counts.data());
    return counts;
  }

  DeviceArray<std::uint32_t> ranks(std::uint32_t max_rank) {
    DeviceArray<std::uint32_t> ranks(stream, order.size);
    fill_bytes(stream, ranks.data(), 0, order.size);
    engines.settle_ranks(max_rank, ranks.data());
    if (max_rank > 0) blank_from(stream, ranks.data(), max_rank, order.size);
    return ranks;
  }

  DeviceArray<std::uint32_t> witnesses(const DeviceArray<std::uint8_t>& front) {
    DeviceArray<std::uint32_t> witnesses(stream, order.size);
    engines.find_witnesses(front.data(), share, witnesses.data());
    return witnesses;
  }
};

/// Begins a phase, works, and takes the seconds that passed until the device is done.
template <class Work>
void phase(const Streams& streams, const Host& host, const char* name, std::uint32_t size, double& seconds, Work work) {
  const auto begin = Clock::now();
  host.begin(name, size);
  work();
  streams.work.synchronize();
  host.add(size);
  seconds += seconds_since(begin);
}

/// The front among keys, by position; few rows need no order.
DeviceArray<std::uint8_t> front_of(Streams& streams, Keys keys, Part part) {
  const Stream& stream = streams.work;
  if (keys.size < streams.few_rows) {
    DeviceArray<std::uint8_t> front(stream, keys.size);
    mark_dominated_keys(stream, keys.view(), {part.index, part.count}, front.data());
    flag_zeros(stream, front.data(), front.data(), keys.size);
    return front;
  }
  const Order order = order_keys(streams, std::move(keys));
  Finder find(streams, order, part);
  return find.by_position(find.front(find.share));
}

/// The front alone: rows that strong rows drop are never ordered.
void answer_front(Streams& streams, Keys keys, Part part, const Deliver& deliver) {
  const Stream& stream = streams.work;
  const std::uint32_t size = keys.size;
  const DeviceArray<std::uint32_t> left = filter_front(stream, keys);
  const std::uint32_t rows = keys.size;
  DeviceArray<std::uint8_t> front = front_of(streams, std::move(keys), part);
  if (left.size() > 0) {
    DeviceArray<std::uint8_t> of_all(stream, size);
    fill_bytes(stream, of_all.data(), 0, size);
    scatter(stream, left.data(), front.data(), of_all.data(), rows);
    front = std::move(of_all);
  }
  deliver.nondominated(std::move(front));
}

}  // namespace

std::uint64_t bytes_per_row(std::uint32_t objectives, bool resident) {
  return (resident ? 4 : 0) + std::max(8 * std::max<std::uint64_t>(2, objectives) + 80, 16 * std::uint64_t{objectives} + 40);
}

Verdict room_for(std::uint32_t size, const VerdictRequest& wanted, Part part) {
  Verdict verdict;
  verdict.nondominated.resize(size);
  if (wanted.dominated_by) verdict.dominated_by.resize(size);
  if (wanted.dominates) verdict.dominates.resize(size);
  if (wanted.rank && part.index == 0) verdict.rank.resize(size);
  if (wanted.witness) verdict.witness.resize(size);
  return verdict;
}

VerdictSeconds answer_keys(Streams& streams, Keys keys, VerdictRequest wanted, const Host& host, Part part,
                           const Deliver& deliver) {
  VerdictSeconds seconds;
  const auto began = Clock::now();
  if (wanted.front_alone()) {
    answer_front(streams, std::move(keys), part, deliver);
    seconds.front = seconds_since(began);
    return seconds;
  }
  const std::uint32_t size = keys.size;
  const Order order = order_keys(streams, std::move(keys));
  streams.work.synchronize();
  seconds.order = seconds_since(began);
  Finder find(streams, order, part);
  const auto phase_of = [&](const char* name, double& spent, auto work) { phase(streams, host, name, size, spent, work); };
  DeviceArray<std::uint8_t> front;  // by place; where there are counts or ranks, who has none or the first
  const auto front_is_zero_of = [&](const DeviceArray<std::uint32_t>& found) {
    front = DeviceArray<std::uint8_t>(streams.work, size);
    flag_zeros(streams.work, found.data(), front.data(), size);
  };
  if (wanted.dominated_by)
    phase_of("counts", seconds.counts, [&] {
      const DeviceArray<std::uint32_t> found = find.counts(Direction::dominated_by);
      if (!wanted.witness || part.count == 1) front_is_zero_of(found);  // a witness needs the front of all rows
      deliver.numbers(&Verdict::dominated_by, find.by_position(found));
    });
  if (wanted.dominates)
    phase_of("counts", seconds.counts,
             [&] { deliver.numbers(&Verdict::dominates, find.by_position(find.counts(Direction::dominates))); });
  const auto settle_ranks = [&] {
    phase_of("rank", seconds.rank, [&] {
      const DeviceArray<std::uint32_t> found = find.ranks(wanted.max_rank);
      if (part.count == 1 && front.size() == 0) front_is_zero_of(found);
      deliver.numbers(&Verdict::rank, find.by_position(found));
    });
  };
  if (wanted.rank && part.count == 1) settle_ranks();  // the front is who ranks first
  phase_of("front", seconds.front, [&] {
    if (front.size() == 0) front = find.front(wanted.witness ? Share{} : find.share);
    deliver.nondominated(find.by_position(front));
    if (wanted.witness) deliver.numbers(&Verdict::witness, find.by_position(find.witnesses(front)));
  });
  if (wanted.rank && part.count > 1 && part.index == 0) settle_ranks();
  return seconds;
}

Verdict evaluate_at_once(Streams& streams, PointsView points, VerdictRequest wanted, std::size_t budget, const Host& host,
                         Part part) {
  const std::uint32_t size = points.size;
  Verdict out = room_for(size, wanted, part);
  const auto began = Clock::now();
  host.begin(wanted.front_alone() ? "front" : "order",
             std::uint64_t{size} * (points.objective_count + (points.group ? 1 : 0)));
  if (size == 0) return out;
  Keys keys = upload_keys(streams, points, budget, host);
  const double up = seconds_since(began);
  const Deliver deliver{
      [&](DeviceArray<std::uint8_t> flags) { download(streams, flags.data(), out.nondominated.data(), size, host); },
      [&](Array<std::uint32_t> Verdict::*which, DeviceArray<std::uint32_t> numbers) {
        download(streams, numbers.data(), (out.*which).data(), size, host);
      }};
  out.seconds = answer_keys(streams, std::move(keys), wanted, host, part, deliver);
  (wanted.front_alone() ? out.seconds.front : out.seconds.order) += up;
  return out;
}

}  // namespace carbonfront::device
