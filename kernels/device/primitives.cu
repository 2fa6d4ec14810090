#include <thrust/execution_policy.h>
#include <thrust/gather.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/reverse_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <thrust/replace.h>
#include <thrust/scatter.h>
#include <thrust/sequence.h>
#include <thrust/system_error.h>
#include <thrust/transform.h>

#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_reduce.cuh>
#include <cub/device/device_scan.cuh>
#include <cub/device/device_select.cuh>
#include <cuda/functional>
#include <cuda/std/functional>

#include "kernels/device/primitives.hpp"

namespace carbonfront::device {
namespace {

/// Runs a CUB call twice: for the size of its temporary storage, and for the work.
template <class Call>
void with_storage(const Stream& stream, const char* name, Call call) {
  std::size_t bytes = 0;
  check(call(nullptr, bytes), name);
  const DeviceArray<std::byte> storage(stream, bytes == 0 ? 1 : bytes);
  ++tally.launches;
  put(stream, name, [&] { return call(storage.data(), bytes); });
}

/// Makes a Thrust call with a policy that works in the stream and does not wait. Of calls that take no temporary storage:
/// those that do are CUB's. Nothing to do for no elements.
template <class Call>
void with_policy(const Stream& stream, const char* name, std::uint32_t size, Call call) {
  if (size == 0) return;
  ++tally.launches;
  put(stream, name, [&] {
    try {
      call(thrust::cuda::par_nosync.on(stream.get()));
      return cudaPeekAtLastError();
    } catch (const thrust::system_error& error) {
      return static_cast<cudaError_t>(error.code().value());
    }
  });
}

/// 1 where a key differs from the one before.
template <class Key>
struct BeginsRun {
  const Key* keys;
  __host__ __device__ std::uint32_t operator()(std::uint32_t i) const { return i > 0 && keys[i] != keys[i - 1]; }
};

/// The index where a run begins, else 0; and where one ends, else the last index of all.
struct FirstOfRun {
  const std::uint8_t* begins;
  __host__ __device__ std::uint32_t operator()(std::uint32_t i) const { return begins[i] ? i : 0; }
};
struct LastOfRun {
  const std::uint8_t* begins;
  std::uint32_t last;
  __host__ __device__ std::uint32_t operator()(std::uint32_t i) const { return i == last || begins[i + 1] ? i : last; }
};

struct DiffersFromFirst {
  const std::uint64_t* keys;
  __host__ __device__ std::uint64_t operator()(std::uint64_t key) const { return key ^ keys[0]; }
};

struct IsZero {
  __host__ __device__ std::uint8_t operator()(std::uint32_t value) const { return value == 0; }
};

struct IsFrom {
  std::uint32_t least;
  __host__ __device__ bool operator()(std::uint32_t value) const { return value >= least; }
};

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

template <class Key>
void number_runs(const Stream& stream, const Key* keys, std::uint32_t* out, std::uint32_t size) {
  if (size == 0) return;
  const auto begins = thrust::make_transform_iterator(thrust::make_counting_iterator(0u), BeginsRun<Key>{keys});
  with_storage(stream, "cub::DeviceScan::InclusiveSum", [&](void* storage, std::size_t& bytes) {
    return cub::DeviceScan::InclusiveSum(storage, bytes, begins, out, size, stream.get());
  });
}

template void number_runs(const Stream&, const std::uint32_t*, std::uint32_t*, std::uint32_t);
template void number_runs(const Stream&, const std::uint64_t*, std::uint32_t*, std::uint32_t);

void find_run_bounds(const Stream& stream, const std::uint8_t* begins, std::uint32_t* first, std::uint32_t* last,
                     std::uint32_t size) {
  if (size == 0) return;
  const auto indices = thrust::make_counting_iterator(0u);
  const auto firsts = thrust::make_transform_iterator(indices, FirstOfRun{begins});
  with_storage(stream, "cub::DeviceScan::InclusiveScan", [&](void* storage, std::size_t& bytes) {
    return cub::DeviceScan::InclusiveScan(storage, bytes, firsts, first, ::cuda::maximum<>{}, size, stream.get());
  });
  const auto lasts =
      thrust::make_reverse_iterator(thrust::make_transform_iterator(indices, LastOfRun{begins, size - 1}) + size);
  const auto from_end = thrust::make_reverse_iterator(last + size);
  with_storage(stream, "cub::DeviceScan::InclusiveScan", [&](void* storage, std::size_t& bytes) {
    return cub::DeviceScan::InclusiveScan(storage, bytes, lasts, from_end, ::cuda::minimum<>{}, size, stream.get());
  });
}

void select_flagged(const Stream& stream, const std::uint32_t* in, const std::uint8_t* flags, std::uint32_t* out,
                    std::uint32_t* count, std::uint32_t size) {
  if (size == 0) return fill_bytes(stream, count, 0, 1);
  with_storage(stream, "cub::DeviceSelect::Flagged", [&](void* storage, std::size_t& bytes) {
    return cub::DeviceSelect::Flagged(storage, bytes, in, flags, out, count, size, stream.get());
  });
}

void find_differing_bits(const Stream& stream, const std::uint64_t* keys, std::uint64_t* out, std::uint32_t size) {
  with_storage(stream, "cub::DeviceReduce::TransformReduce", [&](void* storage, std::size_t& bytes) {
    return cub::DeviceReduce::TransformReduce(storage, bytes, keys, out, size, ::cuda::std::bit_or<>{},
                                              DiffersFromFirst{keys}, std::uint64_t{0}, stream.get());
  });
}

void fill_with_indices(const Stream& stream, std::uint32_t* out, std::uint32_t size, std::uint32_t step) {
  with_policy(stream, "thrust::sequence", size,
              [&](const auto& policy) { thrust::sequence(policy, out, out + size, 0u, step); });
}

template <class T>
void scatter(const Stream& stream, const std::uint32_t* position, const T* in, T* out, std::uint32_t size) {
  with_policy(stream, "thrust::scatter", size,
              [&](const auto& policy) { thrust::scatter(policy, in, in + size, position, out); });
}
template void scatter(const Stream&, const std::uint32_t*, const std::uint8_t*, std::uint8_t*, std::uint32_t);
template void scatter(const Stream&, const std::uint32_t*, const std::uint32_t*, std::uint32_t*, std::uint32_t);

void invert(const Stream& stream, const std::uint32_t* position, std::uint32_t* out, std::uint32_t size) {
  const auto indices = thrust::make_counting_iterator(0u);
  with_policy(stream, "thrust::scatter", size,
              [&](const auto& policy) { thrust::scatter(policy, indices, indices + size, position, out); });
}

template <class T>
void gather(const Stream& stream, const std::uint32_t* position, const T* in, T* out, std::uint32_t size) {
  with_policy(stream, "thrust::gather", size,
              [&](const auto& policy) { thrust::gather(policy, position, position + size, in, out); });
}
template void gather(const Stream&, const std::uint32_t*, const std::uint8_t*, std::uint8_t*, std::uint32_t);
template void gather(const Stream&, const std::uint32_t*, const std::uint32_t*, std::uint32_t*, std::uint32_t);
template void gather(const Stream&, const std::uint32_t*, const std::uint64_t*, std::uint64_t*, std::uint32_t);

template <class T>
void flag_zeros(const Stream& stream, const T* in, std::uint8_t* out, std::uint32_t size) {
  with_policy(stream, "thrust::transform", size,
              [&](const auto& policy) { thrust::transform(policy, in, in + size, out, IsZero{}); });
}
template void flag_zeros(const Stream&, const std::uint8_t*, std::uint8_t*, std::uint32_t);
template void flag_zeros(const Stream&, const std::uint32_t*, std::uint8_t*, std::uint32_t);

void blank_from(const Stream& stream, std::uint32_t* values, std::uint32_t least, std::uint32_t size) {
  with_policy(stream, "thrust::replace_if", size, [&](const auto& policy) {
    thrust::replace_if(policy, values, values + size, IsFrom{least}, ~std::uint32_t{0});
  });
}

}  // namespace carbonfront::device
