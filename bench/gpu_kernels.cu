#include <algorithm>
#include <chrono>
#include <cmath>

#include "bench/gpu_kernels.hpp"
#include "kernels/device/devices.hpp"
#include "kernels/device/launch.hpp"
#include "kernels/device/primitives.hpp"
#include "kernels/emissions.hpp"
#include "kernels/engines.hpp"
#include "kernels/front_filter.hpp"
#include "kernels/key_column.hpp"

namespace carbonfront::bench {

using namespace device;

namespace {

constexpr int kSources = 8, kRanks = 4;  // of a thread of the compare ceiling

template <class Work>
Times time_on_device(const Stream& stream, Repeat repeat, Work work) {
  work();
  stream.synchronize();
  Event begin, end;
  std::vector<double> seconds;
  const auto started = std::chrono::steady_clock::now();
  do {
    begin.record(stream);
    work();
    end.record(stream);
    end.synchronize();
    seconds.push_back(end.seconds_since(begin));
  } while (static_cast<int>(seconds.size()) < repeat.most &&
           std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count() < repeat.seconds);
  std::sort(seconds.begin(), seconds.end());
  return {seconds[seconds.size() / 2], seconds.front(), seconds.back(), static_cast<int>(seconds.size())};
}

/// Copies 16 bytes a thread.
__global__ void copy_kernel(const uint4* from, uint4* to, std::uint64_t words) {
  const std::uint64_t i = global_thread();
  if (i < words) to[i] = from[i];
}

/// Tests kSources rows of kRanks ranks against the thread's own, all in registers, again and again.
__global__ void compare_kernel(const std::uint32_t* ranks, std::uint64_t rounds, std::uint32_t* counts) {
  std::uint32_t sources[kSources][kRanks], own[kRanks], count = 0;
#pragma unroll
  for (int k = 0; k < kRanks; ++k) {
    own[k] = ranks[threadIdx.x % 32 + k];
#pragma unroll
    for (int j = 0; j < kSources; ++j) sources[j][k] = ranks[32 + j * kRanks + k];
  }
  for (std::uint64_t round = 0; round < rounds; ++round) {
#pragma unroll
    for (int j = 0; j < kSources; ++j) {
      bool before = true;
#pragma unroll
      for (int k = 0; k < kRanks; ++k) before &= sources[j][k] < own[k];
      count += before;
    }
#pragma unroll
    for (int k = 0; k < kRanks; ++k) own[k] += 0x9E3779B9u + static_cast<std::uint32_t>(k);
  }
  counts[global_thread()] = count;
}

/// Numbers without pattern.
__global__ void scramble_kernel(std::uint64_t* out, std::uint32_t size) {
  const std::uint64_t i = global_thread();
  if (i >= size) return;
  std::uint64_t x = (i + 1) * 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  out[i] = x ^ (x >> 31);
}

DeviceArray<std::uint64_t> scrambled(const Stream& stream, std::uint32_t size) {
  DeviceArray<std::uint64_t> words(stream, size);
  launch(stream, "scramble_kernel", one_thread_each(size), scramble_kernel, words.data(), size);
  return words;
}

double copied_bytes_a_second(const Stream& stream, std::size_t bytes, Repeat repeat) {
  const std::uint64_t words = std::max<std::uint64_t>(1, bytes / sizeof(uint4));
  const DeviceArray<uint4> from(stream, words), to(stream, words);
  fill_bytes(stream, from.data(), 1, words);
  const Times kernel = time_on_device(stream, repeat, [&] {
    launch(stream, "copy_kernel", one_thread_each(words), copy_kernel, from.data(), to.data(), words);
  });
  const Times call = time_on_device(stream, repeat, [&] { copy_across(stream, from.data(), to.data(), words); });
  return 2.0 * sizeof(uint4) * static_cast<double>(words) / std::min(kernel.least, call.least);
}

double compares_a_second(const Stream& stream, std::uint64_t rounds, Repeat repeat) {
  constexpr std::uint64_t kBlocks = 132 * 32, kThreads = 256;
  const std::uint64_t blocks = rounds < 1000 ? 2 : kBlocks;  // few on the emulated device
  const DeviceArray<std::uint64_t> ranks = scrambled(stream, 64);
  const DeviceArray<std::uint32_t> counts(stream, blocks * kThreads);
  const Times times = time_on_device(stream, repeat, [&] {
    launch(stream, "compare_kernel", {blocks, kThreads}, compare_kernel,
           reinterpret_cast<const std::uint32_t*>(ranks.data()), rounds, counts.data());
  });
  return static_cast<double>(blocks * kThreads * rounds) * kSources * kRanks / times.least;
}

template <class Key>
double sorted_keys_a_second(const Stream& stream, std::uint32_t size, Repeat repeat) {
  const DeviceArray<std::uint64_t> words = scrambled(stream, size);
  const Key* keys = reinterpret_cast<const Key*>(words.data());
  const DeviceArray<Key> sorted(stream, size);
  const DeviceArray<std::uint32_t> values(stream, size), moved(stream, size);
  fill_with_indices(stream, values.data(), size);
  const Times times = time_on_device(stream, repeat, [&] {
    sort_pairs(stream, keys, sorted.data(), values.data(), moved.data(), size, 0, 8 * sizeof(Key));
  });
  return size / times.least;
}

/// One column's keys, as emissions and uploads leave them.
void keys_of(const Stream& stream, const DeviceArray<double>& values, std::uint32_t rows, std::uint32_t column,
             std::uint64_t* keys) {
  make_keys(stream, Objective{}, values.data() + std::size_t{column} * rows, rows, keys);
}

Order order_of(const Stream& stream, const DeviceArray<double>& values, std::uint32_t rows, std::uint32_t objectives) {
  std::vector<DenseColumn> columns;
  for (std::uint32_t k = 0; k < objectives; ++k) {
    DeviceArray<std::uint64_t> keys(stream, rows);
    keys_of(stream, values, rows, k, keys.data());
    columns.push_back(dense_ranks(stream, std::move(keys), rows));
  }
  return make_order(stream, columns, nullptr, rows);
}

__global__ void flip_kernel(std::uint8_t* flags, std::uint32_t size) {
  const std::uint64_t i = global_thread();
  if (i < size) flags[i] = !flags[i];
}

}  // namespace

struct PointsOnDevice::State {
  Stream stream;
  std::uint32_t rows, objectives, front_rows = 0;
  DeviceArray<double> values;
  Order order;
  DeviceArray<std::uint8_t> front, flags;  // by place
  DeviceArray<std::uint32_t> answers;      // by place

  State(const double* points, std::uint32_t row_count, std::uint32_t objective_count)
      : rows(row_count),
        objectives(objective_count),
        values(stream, std::size_t{row_count} * objective_count),
        front(stream, row_count),
        flags(stream, row_count),
        answers(stream, row_count) {
    {
      const PinnedArray<double> pinned(stream, values.size());
      std::copy_n(points, values.size(), pinned.data());
      copy_up(stream, pinned.data(), values.data(), values.size());
    }
    order = order_of(stream, values, rows, objectives);
    mark_dominated(stream, order.view(), nullptr, {}, front.data());
    launch(stream, "flip_kernel", one_thread_each(rows), flip_kernel, front.data(), rows);
    const PinnedArray<std::uint8_t> down(stream, rows);
    copy_down(stream, front.data(), down.data(), rows);
    stream.synchronize();
    front_rows = static_cast<std::uint32_t>(std::count(down.data(), down.data() + rows, 1));
  }
};

PointsOnDevice::PointsOnDevice(const double* points, std::uint32_t rows, std::uint32_t objectives)
    : state_(std::make_unique<State>(points, rows, objectives)) {}
PointsOnDevice::~PointsOnDevice() = default;
std::uint32_t PointsOnDevice::front_rows() const { return state_->front_rows; }

namespace {

double pairs_of(double rows) { return rows * (rows - 1) / 2; }
double tiles_of(double rows) { return std::ceil(rows / kTile); }

/// Passes of count_radix(): 32 bytes a row, 16 more for the two-dimensional histograms, 20 where a list is parted.
double radix_bytes(double rows, double objectives) {
  const double digits = std::max(0.0, std::ceil((std::ceil(std::log2(rows)) - 8) / 4));
  return rows * (objectives < 3 ? digits * 32 : digits * (digits + 1) / 2 * 48 + 2 * digits * 20);
}

using Count = void (*)(const Stream&, OrderView, Direction, const std::uint8_t*, Share, std::uint32_t*);
using Mark = void (*)(const Stream&, OrderView, const std::uint8_t*, Share, std::uint8_t*);
using Find = void (*)(const Stream&, OrderView, const std::uint8_t*, Share, std::uint32_t*);
using Settle = void (*)(const Stream&, OrderView, std::uint32_t*);

Times time_order(PointsOnDevice& points, Repeat repeat) {
  auto& s = points.state();
  return time_on_device(s.stream, repeat, [&] { order_of(s.stream, s.values, s.rows, s.objectives); });
}
Times time_filter(PointsOnDevice& points, Repeat repeat) {
  auto& s = points.state();
  return time_on_device(s.stream, repeat, [&] {
    Keys keys{s.rows, s.objectives, false, {s.stream, std::size_t{s.objectives} * s.rows}};
    for (std::uint32_t k = 0; k < s.objectives; ++k)
      keys_of(s.stream, s.values, s.rows, k, keys.keys.data() + std::size_t{k} * s.rows);
    filter_front(s.stream, keys);
  });
}
template <Mark mark>
Times time_front(PointsOnDevice& points, Repeat repeat) {
  auto& s = points.state();
  return time_on_device(s.stream, repeat, [&] { mark(s.stream, s.order.view(), nullptr, {}, s.flags.data()); });
}
template <Count count>
Times time_counts(PointsOnDevice& points, Repeat repeat) {
  auto& s = points.state();
  return time_on_device(s.stream, repeat,
                        [&] { count(s.stream, s.order.view(), Direction::dominated_by, nullptr, {}, s.answers.data()); });
}
Times time_radix(PointsOnDevice& points, Repeat repeat) {
  auto& s = points.state();
  return time_on_device(s.stream, repeat,
                        [&] { count_radix(s.stream, s.order.view(), Direction::dominated_by, s.answers.data()); });
}
template <Find find>
Times time_witness(PointsOnDevice& points, Repeat repeat) {
  auto& s = points.state();
  return time_on_device(s.stream, repeat, [&] { find(s.stream, s.order.view(), s.front.data(), {}, s.answers.data()); });
}
template <Settle settle>
Times time_ranks(PointsOnDevice& points, Repeat repeat) {
  auto& s = points.state();
  return time_on_device(s.stream, repeat, [&] {
    fill_bytes(s.stream, s.answers.data(), 0, s.rows);
    settle(s.stream, s.order.view(), s.answers.data());
  });
}

Work order_work(double n, double m, double) { return {16 * n * m, 0, 0, n * m}; }
Work pairs_work(double n, double, double) { return {0, pairs_of(n)}; }
Work front_work(double n, double m, double) { return {4 * n * m}; }
Work witness_work(double n, double, double front) { return {0, (n - front) * front / 2}; }
Work filter_work(double n, double m, double) { return {24 * n * m}; }
Work tiles_work(double n, double m, double) { return {8 * n * m, tiles_of(n) * tiles_of(n), n}; }
Work radix_work(double n, double m, double) { return {radix_bytes(n, m)}; }
Work witness_tiles_work(double n, double m, double front) { return {8 * n * m, tiles_of(n - front) * tiles_of(front), n}; }
Work ranks_tiles_work(double n, double m, double) { return {8 * n * m, pairs_of(tiles_of(n))}; }

}  // namespace

const std::vector<Kernel>& kernels() {
  constexpr double kTiles = 2000;  // times the tests of boxes: where a fourteenth of the pairs of tiles are undecided
  static const std::vector<Kernel> all = {
      {"order", "radix sorts", order_work, time_order},
      {"front", "filter", filter_work, time_filter},
      {"front", "tiles", tiles_work, time_front<mark_dominated_tiles>, kTiles},
      {"front", "pairs", front_work, time_front<mark_dominated_pairs>, 20, 32, true},
      {"counts", "radix", radix_work, time_radix, 20, 3},
      {"counts", "tiles", tiles_work, time_counts<count_tiles>, kTiles},
      {"counts", "pairs", pairs_work, time_counts<count_pairs>, 20, 32, true},
      {"witness", "tiles", witness_tiles_work, time_witness<find_witnesses_tiles>, kTiles},
      {"witness", "pairs", witness_work, time_witness<find_witnesses_pairs>, 20, 32, true},
      {"ranks", "tiles", ranks_tiles_work, time_ranks<settle_ranks_tiles>, kTiles},
      {"ranks", "pairs", pairs_work, time_ranks<settle_ranks_pairs>, 20, 32, true}};
  return all;
}

Ceilings measure_ceilings(std::size_t bytes, std::uint32_t keys, std::uint64_t compares_a_thread, Repeat repeat) {
  const Stream stream;
  return {copied_bytes_a_second(stream, bytes, repeat),
          compares_a_second(stream, std::max<std::uint64_t>(1, compares_a_thread / (kSources * kRanks)), repeat),
          sorted_keys_a_second<std::uint32_t>(stream, keys, repeat),
          sorted_keys_a_second<std::uint64_t>(stream, keys, repeat)};
}

Times time_emissions(std::uint64_t rows, Repeat repeat) {
  const Stream stream;
  const std::uint64_t stride = (rows + 1) / 2 * 2;  // columns stay aligned to 16 bytes
  const DeviceArray<double> columns(stream, 3 * stride), energy(stream, rows), co2e(stream, rows);
  fill_bytes(stream, columns.data(), 0, columns.size());
  FactorColumns factors;
  for (int k = 0; k < 3; ++k) factors.values[k] = columns.data() + k * stride;
  factors.constants[3] = 0.437, factors.constants[4] = 1;
  const EmissionModel model = DevicePower{{1, 1000}, {1, 1}};  // W, h, kg/kWh
  return time_on_device(stream, repeat, [&] {
    compute_emissions(stream, model, factors, Combine::set, 0, rows, {energy.data(), co2e.data(), nullptr});
  });
}

std::string take_device() {
  const Devices all = list_devices();
  std::string why = all.why_none;
  for (const DeviceInfo& info : all.found) {
    if (info.why_unusable.empty()) {
      use_device(info.number);
      return info.name;
    }
    why = info.name + ": " + info.why_unusable;
  }
  throw Failure("cudaGetDeviceCount", why, "run on a machine with an NVIDIA GPU and its driver");
}

}  // namespace carbonfront::bench
