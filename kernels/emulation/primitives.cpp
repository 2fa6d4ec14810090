// The host's twin of kernels/device/primitives.cu. Each call takes temporary storage as CUB does, so that it can fail there.

#include "kernels/device/primitives.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace carbonfront::device {
namespace {

template <class Work>
void put(const Stream& stream, const char* name, std::size_t bytes, Work work) {
  const DeviceArray<std::byte> storage(stream, bytes + 1);
  check(emulation::enqueue(stream.get(), std::move(work)), name);
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

void exclusive_sum(const Stream& stream, const std::uint64_t* in, std::uint64_t* out, std::uint32_t size) {
  put(stream, "exclusive_sum", size, [=] { std::exclusive_scan(in, in + size, out, std::uint64_t{0}); });
}

void inclusive_sum(const Stream& stream, const std::uint32_t* in, std::uint32_t* out, std::uint32_t size) {
  put(stream, "inclusive_sum", size, [=] { std::inclusive_scan(in, in + size, out); });
}

void inclusive_max(const Stream& stream, const std::uint32_t* in, std::uint32_t* out, std::uint32_t size) {
  put(stream, "inclusive_max", size,
      [=] { std::inclusive_scan(in, in + size, out, [](std::uint32_t a, std::uint32_t b) { return std::max(a, b); }); });
}

void select_flagged(const Stream& stream, const std::uint32_t* in, const std::uint8_t* flags, std::uint32_t* out,
                    std::uint32_t* count, std::uint32_t size) {
  put(stream, "select_flagged", size, [=] {
    *count = 0;
    for (std::uint32_t i = 0; i < size; ++i)
      if (flags[i]) out[(*count)++] = in[i];
  });
}

void reduce_max(const Stream& stream, const std::uint32_t* in, std::uint32_t* out, std::uint32_t size) {
  put(stream, "reduce_max", size, [=] { *out = size == 0 ? 0 : *std::max_element(in, in + size); });
}

void reduce_sum(const Stream& stream, const std::uint32_t* in, std::uint64_t* out, std::uint32_t size) {
  put(stream, "reduce_sum", size, [=] { *out = std::accumulate(in, in + size, std::uint64_t{0}); });
}

}  // namespace carbonfront::device
