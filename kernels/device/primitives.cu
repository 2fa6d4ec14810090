#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_reduce.cuh>
#include <cub/device/device_scan.cuh>
#include <cub/device/device_select.cuh>
#include <cuda/functional>

#include "kernels/device/primitives.hpp"

namespace carbonfront::device {
namespace {

/// Runs a CUB call twice: for the size of its temporary storage, and for the work.
template <class Call>
void with_storage(const Stream& stream, const char* name, Call call) {
  std::size_t bytes = 0;
  check(call(nullptr, bytes), name);
  const DeviceArray<std::byte> storage(stream, bytes == 0 ? 1 : bytes);
  check(call(storage.data(), bytes), name);
}

template <class Key>
void sort(const Stream& stream, const Key* keys_in, Key* keys_out, const std::uint32_t* values_in, std::uint32_t* values_out,
          std::uint32_t size, int begin_bit, int end_bit) {
  if (size == 0) return;
  with_storage(stream, "cub::DeviceRadixSort::SortPairs", [&](void* storage, std::size_t& bytes) {
    return cub::DeviceRadixSort::SortPairs(storage, bytes, keys_in, keys_out, values_in, values_out, size, begin_bit,
                                           end_bit, stream.get());
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
  if (size == 0) return;
  with_storage(stream, "cub::DeviceScan::ExclusiveSum", [&](void* storage, std::size_t& bytes) {
    return cub::DeviceScan::ExclusiveSum(storage, bytes, in, out, size, stream.get());
  });
}

void exclusive_sum(const Stream& stream, const std::uint64_t* in, std::uint64_t* out, std::uint32_t size) {
  if (size == 0) return;
  with_storage(stream, "cub::DeviceScan::ExclusiveSum", [&](void* storage, std::size_t& bytes) {
    return cub::DeviceScan::ExclusiveSum(storage, bytes, in, out, size, stream.get());
  });
}

void inclusive_sum(const Stream& stream, const std::uint32_t* in, std::uint32_t* out, std::uint32_t size) {
  if (size == 0) return;
  with_storage(stream, "cub::DeviceScan::InclusiveSum", [&](void* storage, std::size_t& bytes) {
    return cub::DeviceScan::InclusiveSum(storage, bytes, in, out, size, stream.get());
  });
}

void inclusive_max(const Stream& stream, const std::uint32_t* in, std::uint32_t* out, std::uint32_t size) {
  if (size == 0) return;
  with_storage(stream, "cub::DeviceScan::InclusiveScan", [&](void* storage, std::size_t& bytes) {
    return cub::DeviceScan::InclusiveScan(storage, bytes, in, out, ::cuda::maximum<>{}, size, stream.get());
  });
}

void select_flagged(const Stream& stream, const std::uint32_t* in, const std::uint8_t* flags, std::uint32_t* out,
                    std::uint32_t* count, std::uint32_t size) {
  if (size == 0) return fill_bytes(stream, count, 0, 1);
  with_storage(stream, "cub::DeviceSelect::Flagged", [&](void* storage, std::size_t& bytes) {
    return cub::DeviceSelect::Flagged(storage, bytes, in, flags, out, count, size, stream.get());
  });
}

void reduce_max(const Stream& stream, const std::uint32_t* in, std::uint32_t* out, std::uint32_t size) {
  if (size == 0) return fill_bytes(stream, out, 0, 1);
  with_storage(stream, "cub::DeviceReduce::Max", [&](void* storage, std::size_t& bytes) {
    return cub::DeviceReduce::Max(storage, bytes, in, out, size, stream.get());
  });
}

void reduce_sum(const Stream& stream, const std::uint32_t* in, std::uint64_t* out, std::uint32_t size) {
  if (size == 0) return fill_bytes(stream, out, 0, 1);
  with_storage(stream, "cub::DeviceReduce::Reduce", [&](void* storage, std::size_t& bytes) {
    return cub::DeviceReduce::Reduce(storage, bytes, in, out, size, ::cuda::std::plus<>{}, std::uint64_t{0}, stream.get());
  });
}

}  // namespace carbonfront::device
