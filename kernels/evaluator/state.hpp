#pragma once
// What an evaluator owns, and the two ways it takes: all rows at once, or in blocks.

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
};

struct Evaluator::State {
  int device;
  std::size_t memory_limit;
  Streams streams;
  std::optional<KeptKeys> kept;
  std::optional<UploadBuffers> buffers;  // of bring_up
  std::optional<EmissionsSlot> slots[2];
  std::size_t slot_rows = 0, slot_columns = 0;

  /// Makes the device current and takes back what emissions and bringing up needed. Returns budget().
  std::size_t start();
  /// Waits until the device is done; all memory is then given back.
  void settle() const;
  /// Bytes that may be taken now, beside what is kept. Throws Failure.
  std::size_t budget() const;
  /// Bytes that bringing up takes while rows are read.
  std::size_t upload_bytes() const;
};

/// Bytes of device memory for every row that is ordered and answered at once, an upper bound; and where objectives are kept,
/// beside the keys of these.
std::uint64_t bytes_per_row(std::uint32_t objectives, bool kept = false);

/// Rows of an upload's batch where `rows` rows are to be ordered in `budget` bytes.
std::uint32_t batch_rows_for(std::uint32_t rows, std::size_t budget);

/// Brings the points up and orders them. Adds what upload() adds to the progress.
Order order_points(Streams& streams, PointsView points, std::size_t budget, const Host& host);

/// Copies answers from the device to host memory through pinned memory. Waits for the stream.
template <class T>
void download(const Stream& stream, const T* device, T* to, std::uint32_t size, const Host& host) {
  constexpr std::uint32_t kBatch = 1 << 20;
  const PinnedArray<T> pinned(stream, std::min(size, kBatch));
  for (std::uint64_t begin = 0; begin < size; begin += kBatch) {
    const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(kBatch, size - begin));
    copy_down(stream, device + begin, pinned.data(), count);
    stream.synchronize();
    host.in_parallel(count, [&](std::uint32_t from, std::uint32_t until) {
      std::copy(pinned.data() + from, pinned.data() + until, to + begin + from);
    });
  }
}

/// The two ways. `points` are all points.
Answers evaluate_at_once(Streams& streams, PointsView points, Request wanted, std::size_t budget, const Host& host,
                         Part part);
Answers evaluate_in_blocks(Streams& streams, PointsView points, Request wanted, std::size_t budget, const Host& host,
                           Part part);

CrossAnswers cross_counts(Streams& streams, PointsView points, const std::vector<std::uint8_t>& is_source, bool dominated_by,
                          bool dominates, std::size_t budget, const Host& host, Part part);

}  // namespace carbonfront::device
