// The host's twin of kernels/device/primitives.cu. What CUB needs temporary storage for takes some here, too, so that it can
// fail there. Each says, where somebody counts, what the device's way of it moves.

#include "kernels/device/primitives.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace carbonfront::device {
namespace {

using emulation::LaunchCounts;

/// What streams of so many bytes cost: each sector once.
LaunchCounts streamed(const char* name, std::uint64_t kernels, std::uint64_t read, std::uint64_t written) {
  const std::uint64_t sectors = (read + written + emulation::kSectorBytes - 1) / emulation::kSectorBytes;
  return {name, kernels, 0, {read, written, sectors, sectors, 0, 0}, 0, 0, {}};
}

/// Sectors that warps touch at positions of elements.
std::uint64_t sectors_at(const std::uint32_t* position, std::uint32_t size, std::size_t element_bytes) {
  std::uint64_t all = 0;
  std::vector<std::uint64_t> warp;
  for (std::uint32_t begin = 0; begin < size; begin += 32) {
    warp.clear();
    for (std::uint32_t i = begin; i < size && i < begin + 32; ++i)
      warp.push_back(position[i] * element_bytes / emulation::kSectorBytes);
    std::sort(warp.begin(), warp.end());
    all += static_cast<std::uint64_t>(std::unique(warp.begin(), warp.end()) - warp.begin());
  }
  return all;
}

/// What moving elements to or from positions costs beside streams of so many bytes.
LaunchCounts moved(const char* name, const std::uint32_t* position, std::uint32_t size, std::size_t element_bytes,
                   std::uint64_t read, std::uint64_t written) {
  LaunchCounts counts = streamed(name, 1, read, written);
  const std::uint64_t bytes = std::uint64_t{size} * element_bytes;  // of the elements at positions, among those streamed
  counts.traffic.block_sectors += sectors_at(position, size, element_bytes) - bytes / emulation::kSectorBytes;
  return counts;
}

template <class Work, class Counts>
void put(const Stream& stream, const char* name, std::size_t bytes, Work work, Counts counts) {
  const DeviceArray<std::byte> storage(stream, bytes);
  ++tally.launches;
  device::put(stream, name, [&] { return emulation::enqueue(stream.get(), std::move(work), std::move(counts)); });
}

/// A radix sort of 8 bits a pass: all digits are counted in one read of the keys, then every pass reads and writes keys and
/// values once (A. Adinets and D. Merrill, Onesweep, 2022). Kernels: the count, its sums, the passes.
template <class Key>
LaunchCounts counts_of_sort(std::uint64_t size, int bits) {
  const std::uint64_t passes = static_cast<std::uint64_t>(bits + 7) / 8, pairs = passes * size * (sizeof(Key) + 4);
  LaunchCounts counts = streamed("sort_pairs", 2 + passes, size * sizeof(Key) + pairs, pairs);
  (sizeof(Key) == 4 ? counts.sorted32 : counts.sorted64) = size * passes;
  return counts;
}

template <class Key>
void sort(const Stream& stream, const Key* keys_in, Key* keys_out, const std::uint32_t* values_in, std::uint32_t* values_out,
          std::uint32_t size, int begin_bit, int end_bit) {
  const auto work = [=] {
    const int width = end_bit - begin_bit;
    const Key mask = width >= static_cast<int>(8 * sizeof(Key)) ? ~Key{0} : static_cast<Key>((Key{1} << width) - 1);
    std::vector<std::pair<Key, std::uint32_t>> order(size);
    for (std::uint32_t i = 0; i < size; ++i) order[i] = {width == 0 ? Key{0} : (keys_in[i] >> begin_bit) & mask, i};
    std::sort(order.begin(), order.end());
    for (std::uint32_t i = 0; i < size; ++i) {
      keys_out[i] = keys_in[order[i].second];
      values_out[i] = values_in[order[i].second];
    }
  };
  put(stream, "sort_pairs", std::size_t{size} * (sizeof(Key) + 4), work,
      [=] { return counts_of_sort<Key>(size, end_bit - begin_bit); });
}

}  // namespace

void sort_pairs(const Stream& stream, const std::uint32_t* keys_in, std::uint32_t* keys_out, const std::uint32_t* values_in,
                std::uint32_t* values_out, std::uint32_t size, int begin_bit, int end_bit) {
  sort(stream, keys_in, keys_out, values_in, values_out, size, begin_bit, end_bit);
}

void sort_pairs(const Stream& stream, const std::uint64_t* keys_in, std::uint64_t* keys_out, const std::uint32_t* values_in,
                std::uint32_t* values_out, std::uint32_t size, int begin_bit, int end_bit) {
  sort(stream, keys_in, keys_out, values_in, values_out, size, begin_bit, end_bit);
}

void exclusive_sum(const Stream& stream, const std::uint32_t* in, std::uint32_t* out, std::uint32_t size) {
  put(
      stream, "exclusive_sum", size, [=] { std::exclusive_scan(in, in + size, out, 0u); },
      [=] { return streamed("exclusive_sum", 2, 4 * std::uint64_t{size}, 4 * std::uint64_t{size}); });
}

template <class Key>
void number_runs(const Stream& stream, const Key* keys, std::uint32_t* out, std::uint32_t size) {
  put(
      stream, "number_runs", size,
      [=] {
        for (std::uint32_t i = 0, run = 0; i < size; ++i) out[i] = run += i > 0 && keys[i] != keys[i - 1];
      },
      [=] { return streamed("number_runs", 2, sizeof(Key) * std::uint64_t{size}, 4 * std::uint64_t{size}); });
}

template void number_runs(const Stream&, const std::uint32_t*, std::uint32_t*, std::uint32_t);
template void number_runs(const Stream&, const std::uint64_t*, std::uint32_t*, std::uint32_t);

void find_run_bounds(const Stream& stream, const std::uint8_t* begins, std::uint32_t* first, std::uint32_t* last,
                     std::uint32_t size) {
  put(
      stream, "find_run_bounds", size,
      [=] {
        for (std::uint32_t i = 0; i < size; ++i) first[i] = begins[i] || i == 0 ? i : first[i - 1];
        for (std::uint32_t i = size; i-- > 0;) last[i] = i + 1 == size || begins[i + 1] ? i : last[i + 1];
      },
      [=] { return streamed("find_run_bounds", 4, 2 * std::uint64_t{size}, 8 * std::uint64_t{size}); });
}

void select_flagged(const Stream& stream, const std::uint32_t* in, const std::uint8_t* flags, std::uint32_t* out,
                    std::uint32_t* count, std::uint32_t size) {
  put(
      stream, "select_flagged", size,
      [=] {
        *count = 0;
        for (std::uint32_t i = 0; i < size; ++i)
          if (flags[i]) out[(*count)++] = in[i];
      },
      [=] {
        return streamed("select_flagged", 2, 5 * std::uint64_t{size},
                        4 * std::uint64_t(std::count_if(flags, flags + size, [](auto flag) { return flag != 0; })));
      });
}

void find_differing_bits(const Stream& stream, const std::uint64_t* keys, std::uint64_t* out, std::uint32_t size) {
  put(
      stream, "find_differing_bits", size,
      [=] {
        *out = 0;
        for (std::uint32_t i = 0; i < size; ++i) *out |= keys[i] ^ keys[0];
      },
      [=] { return streamed("find_differing_bits", 2, 8 * std::uint64_t{size}, 8); });
}

void fill_with_indices(const Stream& stream, std::uint32_t* out, std::uint32_t size, std::uint32_t step) {
  put(
      stream, "fill_with_indices", 0,
      [=] {
        for (std::uint32_t i = 0; i < size; ++i) out[i] = i * step;
      },
      [=] { return streamed("fill_with_indices", 1, 0, 4 * std::uint64_t{size}); });
}

template <class T>
void scatter(const Stream& stream, const std::uint32_t* position, const T* in, T* out, std::uint32_t size) {
  put(
      stream, "scatter", 0,
      [=] {
        for (std::uint32_t i = 0; i < size; ++i) out[position[i]] = in[i];
      },
      [=] {
        return moved("scatter", position, size, sizeof(T), (4 + sizeof(T)) * std::uint64_t{size},
                     sizeof(T) * std::uint64_t{size});
      });
}
template void scatter(const Stream&, const std::uint32_t*, const std::uint8_t*, std::uint8_t*, std::uint32_t);
template void scatter(const Stream&, const std::uint32_t*, const std::uint32_t*, std::uint32_t*, std::uint32_t);

void invert(const Stream& stream, const std::uint32_t* position, std::uint32_t* out, std::uint32_t size) {
  put(
      stream, "invert", 0,
      [=] {
        for (std::uint32_t i = 0; i < size; ++i) out[position[i]] = i;
      },
      [=] { return moved("invert", position, size, 4, 4 * std::uint64_t{size}, 4 * std::uint64_t{size}); });
}

template <class T>
void gather(const Stream& stream, const std::uint32_t* position, const T* in, T* out, std::uint32_t size) {
  put(
      stream, "gather", 0,
      [=] {
        for (std::uint32_t i = 0; i < size; ++i) out[i] = in[position[i]];
      },
      [=] {
        return moved("gather", position, size, sizeof(T), (4 + sizeof(T)) * std::uint64_t{size},
                     sizeof(T) * std::uint64_t{size});
      });
}
template void gather(const Stream&, const std::uint32_t*, const std::uint8_t*, std::uint8_t*, std::uint32_t);
template void gather(const Stream&, const std::uint32_t*, const std::uint32_t*, std::uint32_t*, std::uint32_t);
template void gather(const Stream&, const std::uint32_t*, const std::uint64_t*, std::uint64_t*, std::uint32_t);

template <class T>
void flag_zeros(const Stream& stream, const T* in, std::uint8_t* out, std::uint32_t size) {
  put(
      stream, "flag_zeros", 0, [=] { std::transform(in, in + size, out, [](T value) { return value == 0; }); },
      [=] { return streamed("flag_zeros", 1, sizeof(T) * std::uint64_t{size}, std::uint64_t{size}); });
}
template void flag_zeros(const Stream&, const std::uint8_t*, std::uint8_t*, std::uint32_t);
template void flag_zeros(const Stream&, const std::uint32_t*, std::uint8_t*, std::uint32_t);

void blank_from(const Stream& stream, std::uint32_t* values, std::uint32_t least, std::uint32_t size) {
  put(
      stream, "blank_from", 0,
      [=] {
        std::replace_if(
            values, values + size, [=](std::uint32_t value) { return value >= least; }, ~std::uint32_t{0});
      },
      [=] { return streamed("blank_from", 1, 4 * std::uint64_t{size}, 4 * std::uint64_t{size}); });
}

}  // namespace carbonfront::device
