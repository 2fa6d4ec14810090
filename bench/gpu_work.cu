#include <algorithm>
#include <chrono>
#include <limits>

#include "bench/gpu_work.hpp"
#include "kernels/device/devices.hpp"
#include "kernels/device/launch.hpp"
#include "kernels/device/primitives.hpp"
#include "kernels/emissions.hpp"
#include "kernels/evaluator/state.hpp"

namespace carbonfront::bench {

using namespace device;

namespace {

constexpr int kSources = 8, kRanks = 4;  // of a thread of the compare ceiling

/// Seconds on the device, between CUDA events: the least of up to seven, after one to warm up, within two seconds.
template <class Work>
double least_seconds(const Stream& stream, Work work) {
  work();
  stream.synchronize();
  Event begin, end;
  double least = std::numeric_limits<double>::infinity();
  const auto started = std::chrono::steady_clock::now();
  for (int i = 0; i < 7 && std::chrono::steady_clock::now() - started < std::chrono::seconds(2); ++i) {
    begin.record(stream);
    work();
    end.record(stream);
    end.synchronize();
    least = std::min(least, end.seconds_since(begin));
  }
  return least;
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

double copied_bytes_a_second(const Stream& stream, std::size_t bytes) {
  const std::uint64_t words = std::max<std::uint64_t>(1, bytes / sizeof(uint4));
  const DeviceArray<uint4> from(stream, words), to(stream, words);
  fill_bytes(stream, from.data(), 1, words);
  const double kernel = least_seconds(
      stream, [&] { launch(stream, "copy_kernel", one_thread_each(words), copy_kernel, from.data(), to.data(), words); });
  const double call = least_seconds(stream, [&] { copy_across(stream, from.data(), to.data(), words); });
  return 2.0 * sizeof(uint4) * static_cast<double>(words) / std::min(kernel, call);
}

double compares_a_second(const Stream& stream, std::uint64_t rounds) {
  constexpr std::uint64_t kBlocks = 132 * 32, kThreads = 256;
  const std::uint64_t blocks = rounds < 1000 ? 2 : kBlocks;  // few on the emulated device
  const DeviceArray<std::uint64_t> ranks = scrambled(stream, 64);
  const DeviceArray<std::uint32_t> counts(stream, blocks * kThreads);
  const double seconds = least_seconds(stream, [&] {
    launch(stream, "compare_kernel", {blocks, kThreads}, compare_kernel,
           reinterpret_cast<const std::uint32_t*>(ranks.data()), rounds, counts.data());
  });
  return static_cast<double>(blocks * kThreads * rounds) * kSources * kRanks / seconds;
}

template <class Key>
double sorted_keys_a_second(const Stream& stream, std::uint32_t size) {
  const DeviceArray<std::uint64_t> words = scrambled(stream, size);
  const Key* keys = reinterpret_cast<const Key*>(words.data());
  const DeviceArray<Key> sorted(stream, size);
  const DeviceArray<std::uint32_t> values(stream, size), moved(stream, size);
  fill_with_indices(stream, values.data(), size);
  const double seconds = least_seconds(
      stream, [&] { sort_pairs(stream, keys, sorted.data(), values.data(), moved.data(), size, 0, 8 * sizeof(Key)); });
  return size / seconds;
}

__global__ void probe_kernel(std::uint32_t* out) { out[threadIdx.x] = 3 * threadIdx.x; }

/// Works on the calling thread's cores and reports nothing.
Host quiet_host() {
  return {nullptr,
          nullptr,
          [](std::uint32_t size, const std::function<void(std::uint32_t, std::uint32_t)>& work) { work(0, size); },
          {}};
}

template <class T>
Array<T> down(Streams& streams, const DeviceArray<T>& values) {
  Array<T> all(values.size());
  download(streams, values.data(), all.data(), static_cast<std::uint32_t>(values.size()), quiet_host());
  return all;
}

}  // namespace

void probe() {
  const Stream stream;
  const DeviceArray<std::uint32_t> out(stream, 32);
  launch(stream, "probe_kernel", {1, 32}, probe_kernel, out.data());
  if (read_value(stream, out.data() + 31) != 93)
    throw device_error("probe_kernel", "it wrote something else", "use another device");
}

std::size_t bytes_of_blocks(std::uint32_t rows, std::uint32_t objectives, double share) {
  return static_cast<std::size_t>(share * static_cast<double>(rows * bytes_per_row(objectives)));
}

struct DeviceWork::State {
  Streams streams;
  std::uint32_t rows, objectives;
  std::uint64_t stride;  // of the columns, so that each is aligned to 16 bytes
  DeviceArray<double> columns, energy, co2e;
  DeviceArray<std::uint8_t> nondominated;
  DeviceArray<std::uint32_t> dominated_by, dominates, rank, witness;

  DeviceArray<std::uint32_t>& place_of(Array<std::uint32_t> Verdict::*which) {
    if (which == &Verdict::dominated_by) return dominated_by;
    if (which == &Verdict::dominates) return dominates;
    return which == &Verdict::rank ? rank : witness;
  }
};

DeviceWork::DeviceWork(const std::vector<double>& points, std::uint32_t rows, std::uint32_t objectives, bool as_for_many)
    : state_(new State{{}, rows, objectives, (std::uint64_t{rows} + 1) / 2 * 2, {}, {}, {}, {}, {}, {}, {}, {}}) {
  State& s = *state_;
  if (as_for_many) s.streams.few_rows = 0;
  const Stream& stream = s.streams.work;
  s.columns = DeviceArray<double>(stream, s.stride * objectives);
  constexpr std::size_t kBatch = 1 << 22;
  const PinnedArray<double> pinned(stream, std::min<std::size_t>(kBatch, rows));
  for (std::uint32_t k = 0; k < objectives; ++k) {
    for (std::size_t begin = 0; begin < rows; begin += kBatch) {
      const std::size_t count = std::min<std::size_t>(kBatch, rows - begin);
      stream.synchronize();
      std::copy_n(points.data() + std::size_t{k} * rows + begin, count, pinned.data());
      copy_up(stream, pinned.data(), s.columns.data() + k * s.stride + begin, count);
    }
  }
  stream.synchronize();
}

DeviceWork::~DeviceWork() = default;

void DeviceWork::answer(VerdictRequest wanted) {
  State& s = *state_;
  const Stream& stream = s.streams.work;
  s.nondominated = {};
  for (auto* numbers : {&s.dominated_by, &s.dominates, &s.rank, &s.witness}) *numbers = {};
  Keys keys{s.rows, s.objectives, false, {stream, std::size_t{s.objectives} * s.rows}};
  for (std::uint32_t k = 0; k < s.objectives; ++k)
    make_keys(stream, Objective{}, s.columns.data() + k * s.stride, s.rows, keys.keys.data() + std::size_t{k} * s.rows);
  answer_keys(s.streams, std::move(keys), wanted, quiet_host(), {},
              {[&](DeviceArray<std::uint8_t> flags) { s.nondominated = std::move(flags); },
               [&](auto which, DeviceArray<std::uint32_t> numbers) { s.place_of(which) = std::move(numbers); }});
  stream.synchronize();
}

void DeviceWork::emissions() {
  State& s = *state_;
  const Stream& stream = s.streams.work;
  if (s.energy.size() == 0) s.energy = {stream, s.stride}, s.co2e = {stream, s.stride};
  FactorColumns factors;
  for (int k = 0; k < 3; ++k) factors.values[k] = s.columns.data() + k * s.stride;
  factors.constants[3] = 0.437, factors.constants[4] = 1;
  compute_emissions(stream, DevicePower{{1, 1000}, {1, 1}}, factors, Combine::set, 0, s.rows,
                    {s.energy.data(), s.co2e.data(), nullptr});
  stream.synchronize();
}

Asked DeviceWork::trace(const std::function<void()>& work) {
  const Tally before = tally;
  const LaunchTrace open;
  work();
  Asked asked{tally.launches - before.launches,
              tally.waits - before.waits,
              tally.allocations - before.allocations,
              tally.pinned - before.pinned,
              {}};
  for (const auto& [name, line] : open.lines()) asked.by_name[name] = {line.seconds, line.times};
  return asked;
}

Verdict DeviceWork::verdict() const {
  State& s = *state_;
  return {down(s.streams, s.nondominated), down(s.streams, s.dominated_by), down(s.streams, s.dominates),
          down(s.streams, s.rank),         down(s.streams, s.witness),      {}};
}

std::vector<double> DeviceWork::emitted() const {
  State& s = *state_;
  std::vector<double> all(2 * std::size_t{s.rows});
  download(s.streams, s.energy.data(), all.data(), s.rows, quiet_host());
  download(s.streams, s.co2e.data(), all.data() + s.rows, s.rows, quiet_host());
  return all;
}

Ceilings measure_ceilings(std::size_t bytes, std::uint32_t keys, std::uint64_t compares_a_thread) {
  const Stream stream;
  return {copied_bytes_a_second(stream, bytes),
          compares_a_second(stream, std::max<std::uint64_t>(1, compares_a_thread / (kSources * kRanks))),
          sorted_keys_a_second<std::uint32_t>(stream, keys), sorted_keys_a_second<std::uint64_t>(stream, keys)};
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
  throw device_error("cudaGetDeviceCount", why, "run on a machine with an NVIDIA GPU and its driver");
}

}  // namespace carbonfront::bench
