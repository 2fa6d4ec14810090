// The host's twin of kernels/device/primitives.cu. What CUB needs temporary storage for takes some here, too, so that it can
// fail there.

#include "kernels/device/primitives.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace carbonfront::device {
namespace {

template <class Work>
void put(const Stream& stream, const char* name, std::size_t bytes, Work work) {
  const DeviceArray<std::byte> storage(stream, bytes);
  ++tally.launches;
  device::put(stream, name, [&] { return emulation::enqueue(stream.get(), std::move(work)); });
}

template <class Key>
void sort(const Stream& stream, const Key* keys_in, Key* keys_out, const std::uint32_t* values_in, std::uint32_t* values_out,
          std::uint32_t size, int begin_bit, int end_bit) {
  put(stream, "sort_pairs", std::size_t{size} * (sizeof(Key) + 4), [=] {
    const int width = end_bit - begin_bit;
    const Key mask = width >= static_cast<int>(8 * sizeof(Key)) ? ~Key{0} : static_cast<Key>((Key{1} << width) - 1);
    std::vector<std::pair<Key, std::uint32_t>> order(size);
    for (std::uint32_t i = 0; i < size; ++i) order[i] = {width == 0 ? Key{0} : (keys_in[i] >> begin_bit) & mask, i};
    std::sort(order.begin(), order.end());
    for (std::uint32_t i = 0; i < size; ++i) {
      keys_out[i] = keys_in[order[i].second];
      values_out[i] = values_in[order[i].second];
    }
  });
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
  put(stream, "exclusive_sum", size, [=] { std::exclusive_scan(in, in + size, out, 0u); });
}

template <class Key>
void number_runs(const Stream& stream, const Key* keys, std::uint32_t* out, std::uint32_t size) {
  put(stream, "number_runs", size, [=] {
    for (std::uint32_t i = 0, run = 0; i < size; ++i) out[i] = run += i > 0 && keys[i] != keys[i - 1];
  });
}

template void number_runs(const Stream&, const std::uint32_t*, std::uint32_t*, std::uint32_t);
template void number_runs(const Stream&, const std::uint64_t*, std::uint32_t*, std::uint32_t);

void find_run_bounds(const Stream& stream, const std::uint8_t* begins, std::uint32_t* first, std::uint32_t* last,
                     std::uint32_t size) {
  put(stream, "find_run_bounds", size, [=] {
    for (std::uint32_t i = 0; i < size; ++i) first[i] = begins[i] || i == 0 ? i : first[i - 1];
    for (std::uint32_t i = size; i-- > 0;) last[i] = i + 1 == size || begins[i + 1] ? i : last[i + 1];
  });
}

void select_flagged(const Stream& stream, const std::uint32_t* in, const std::uint8_t* flags, std::uint32_t* out,
                    std::uint32_t* count, std::uint32_t size) {
  put(stream, "select_flagged", size, [=] {
    *count = 0;
    for (std::uint32_t i = 0; i < size; ++i)
      if (flags[i]) out[(*count)++] = in[i];
  });
}

void find_differing_bits(const Stream& stream, const std::uint64_t* keys, std::uint64_t* out, std::uint32_t size) {
  put(stream, "find_differing_bits", size, [=] {
    *out = 0;
    for (std::uint32_t i = 0; i < size; ++i) *out |= keys[i] ^ keys[0];
  });
}

void fill_with_indices(const Stream& stream, std::uint32_t* out, std::uint32_t size, std::uint32_t step) {
  put(stream, "fill_with_indices", 0, [=] {
    for (std::uint32_t i = 0; i < size; ++i) out[i] = i * step;
  });
}

template <class T>
void scatter(const Stream& stream, const std::uint32_t* position, const T* in, T* out, std::uint32_t size) {
  put(stream, "scatter", 0, [=] {
    for (std::uint32_t i = 0; i < size; ++i) out[position[i]] = in[i];
  });
}
template void scatter(const Stream&, const std::uint32_t*, const std::uint8_t*, std::uint8_t*, std::uint32_t);
template void scatter(const Stream&, const std::uint32_t*, const std::uint32_t*, std::uint32_t*, std::uint32_t);

void invert(const Stream& stream, const std::uint32_t* position, std::uint32_t* out, std::uint32_t size) {
  put(stream, "invert", 0, [=] {
    for (std::uint32_t i = 0; i < size; ++i) out[position[i]] = i;
  });
}

template <class T>
void gather(const Stream& stream, const std::uint32_t* position, const T* in, T* out, std::uint32_t size) {
  put(stream, "gather", 0, [=] {
    for (std::uint32_t i = 0; i < size; ++i) out[i] = in[position[i]];
  });
}
template void gather(const Stream&, const std::uint32_t*, const std::uint8_t*, std::uint8_t*, std::uint32_t);
template void gather(const Stream&, const std::uint32_t*, const std::uint32_t*, std::uint32_t*, std::uint32_t);
template void gather(const Stream&, const std::uint32_t*, const std::uint64_t*, std::uint64_t*, std::uint32_t);

template <class T>
void flag_zeros(const Stream& stream, const T* in, std::uint8_t* out, std::uint32_t size) {
  put(stream, "flag_zeros", 0, [=] { std::transform(in, in + size, out, [](T value) { return value == 0; }); });
}
template void flag_zeros(const Stream&, const std::uint8_t*, std::uint8_t*, std::uint32_t);
template void flag_zeros(const Stream&, const std::uint32_t*, std::uint8_t*, std::uint32_t);

void blank_from(const Stream& stream, std::uint32_t* values, std::uint32_t least, std::uint32_t size) {
  put(stream, "blank_from", 0, [=] {
    std::replace_if(
        values, values + size, [=](std::uint32_t value) { return value >= least; }, ~std::uint32_t{0});
  });
}

}  // namespace carbonfront::device
