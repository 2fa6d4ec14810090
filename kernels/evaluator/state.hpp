#pragma once
// What an evaluator owns, and the two ways it takes: all rows at once, or in blocks.

#include <functional>
#include <optional>

#include "kernels/engines.hpp"
#include "kernels/evaluator/upload.hpp"

namespace carbonfront::device {

/// A batch of rows whose emissions are computed, with a stream of its own.
struct EmissionsSlot {
  Stream stream;
  PinnedArray<double> up, down;
  DeviceArray<double> factors, results;
  PinnedArray<std::uint8_t> sources_pinned;
  DeviceArray<std::uint8_t> sources;  // come down, or go up where they are chosen
  std::size_t rows = 0;               // under way
  EmissionColumns out;                // where they belong, in host memory

  EmissionsSlot(std::size_t batch_rows, std::size_t columns)
      : up(stream, columns * batch_rows),
        down(stream, 2 * batch_rows),
        factors(stream, columns * batch_rows),
        results(stream, 2 * batch_rows),
        sources_pinned(stream, batch_rows),
        sources(stream, batch_rows) {}

  std::size_t bytes() const { return (factors.size() + results.size()) * sizeof(double) + sources.size(); }
};

/// What an evaluator owns, from its first call to its end: what one call has taken is there for the next.
struct Evaluator::State {
  int device;
  std::size_t memory_limit;
  Streams streams;
  std::optional<ResidentKeys> resident;
  std::optional<EmissionsSlot> slots[2];
  std::size_t slot_rows = 0, slot_columns = 0;

  /// Makes the device current, waits for it, and gives back what emissions need where `wanted` bytes for rows do not fit
  /// beside it. Returns the bytes that rows may take.
  std::size_t make_room(std::uint64_t wanted);
  /// Begins with columns that are to become resident, where they fit; forgets the ones before. Throws DeviceError.
  void make_resident(const GrowingColumns& growing);
  /// Takes new slots for so many columns. Throws DeviceError.
  void make_slots(std::size_t columns);
  /// Waits until the device is done; all memory is then given back.
  void settle() const;
  /// Bytes that rows may take now, beside what is resident, the emissions' and the upload buffers. Throws DeviceError.
  std::size_t budget() const;
};

/// Bytes of device memory for every row that is ordered and answered at once, an upper bound; and where objectives are
/// resident, beside the keys of these.
std::uint64_t bytes_per_row(std::uint32_t objectives, bool resident = false);

/// Brings the points up and orders them. Adds what upload_keys() adds to the progress.
inline Order order_points(Streams& streams, PointsView points, std::size_t budget, const Host& host) {
  return order_keys(streams, upload_keys(streams, points, budget, host));
}

/// Where answers go, in device memory, by position, each as soon as it is there.
struct Deliver {
  std::function<void(DeviceArray<std::uint8_t>)> nondominated;
  std::function<void(Array<std::uint32_t> Verdict::*, DeviceArray<std::uint32_t>)> numbers;
};

/// Answers for keys on the device, to the device: every answer of evaluate_at_once(), without its way up and down. Phases
/// are told to the host; returns their seconds. At least one row.
VerdictSeconds answer_keys(Streams& streams, Keys keys, VerdictRequest wanted, const Host& host, Part part,
                           const Deliver& deliver);

/// Writes one value to all of an array in host memory, on several threads.
template <class T>
void fill(const Host& host, Array<T>& values, T value) {
  host.in_parallel(static_cast<std::uint32_t>(values.size()), [&](std::uint32_t begin, std::uint32_t end) {
    std::fill(values.begin() + begin, values.begin() + end, value);
  });
}

/// Room for a part's answers. [size]
Verdict room_for(std::uint32_t size, const VerdictRequest& wanted, Part part);

/// The two ways. `points` are all points.
Verdict evaluate_at_once(Streams& streams, PointsView points, VerdictRequest wanted, std::size_t budget, const Host& host,
                         Part part);
Verdict evaluate_in_blocks(Streams& streams, PointsView points, VerdictRequest wanted, std::size_t budget, const Host& host,
                           Part part);

CrossCounts cross_counts(Streams& streams, PointsView points, CrossRequest wanted, std::size_t budget, const Host& host,
                         Part part);

}  // namespace carbonfront::device
