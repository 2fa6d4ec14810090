// What is counted of kernels' accesses to memory: kernels whose accesses are known.

#include <gtest/gtest.h>

#include <array>

#include "kernels/device/block.hpp"
#include "kernels/device/primitives.hpp"

namespace carbonfront::test {
namespace {

using namespace device;
using emulation::Counting, emulation::LaunchCounts;

/// What is counted of one call.
template <class Call>
LaunchCounts counts_of(Call call) {
  const Stream stream;
  const DeviceArray<std::uint32_t> numbers(stream, 4096), others(stream, 4096);
  fill_with_indices(stream, numbers.data(), 4096);
  fill_bytes(stream, others.data(), 0, 4096);
  stream.synchronize();
  const Counting counting;
  call(stream, numbers.data(), others.data());
  stream.synchronize();
  const auto launches = counting.launches();
  EXPECT_EQ(launches.size(), 1u);
  return launches.empty() ? LaunchCounts{} : launches[0];
}

__global__ void double_numbers(const std::uint32_t* in, std::uint32_t* out) {
  out[global_thread()] = 2 * in[global_thread()];
}

TEST(CountedTraffic, CountsEveryByteThatIsReadAndWritten) {
  const LaunchCounts found = counts_of([](const Stream& stream, std::uint32_t* in, std::uint32_t* out) {
    launch(stream, "double_numbers", {4, 256}, double_numbers, in, out);
  });
  EXPECT_STREQ(found.name, "double_numbers");
  EXPECT_EQ(found.blocks, 4u);
  EXPECT_EQ(found.traffic.read, 4096u);
  EXPECT_EQ(found.traffic.written, 4096u);
  EXPECT_EQ(found.traffic.block_sectors, 2 * 4096u / 32);
  EXPECT_EQ(found.traffic.launch_sectors, 2 * 4096u / 32);
  EXPECT_EQ(found.traffic.shared, 0u);
  EXPECT_EQ(found.traffic.atomics, 0u);
}

__global__ void read_one_place(const std::uint32_t* in, std::uint32_t* out) {
  if (in[8] == 8) atomicAdd(out, 1u);
}

TEST(CountedTraffic, CountsSectorsOnceABlockAndOnceALaunch) {
  const LaunchCounts found = counts_of([](const Stream& stream, std::uint32_t* in, std::uint32_t* out) {
    launch(stream, "read_one_place", {4, 256}, read_one_place, in, out);
  });
  EXPECT_EQ(found.traffic.read, 2 * 4096u) << "once to look, once to add";
  EXPECT_EQ(found.traffic.written, 4096u);
  EXPECT_EQ(found.traffic.atomics, 1024u);
  EXPECT_EQ(found.traffic.block_sectors, 4 * 3u);
  EXPECT_EQ(found.traffic.launch_sectors, 3u);
}

__global__ void turn_round(const std::uint32_t* in, std::uint32_t* out) {
  __shared__ std::uint32_t values[256];
  auto* more = shared_memory<std::uint64_t>();
  values[threadIdx.x] = in[global_thread()];
  more[threadIdx.x] = threadIdx.x;
  __syncthreads();
  out[global_thread()] = values[255 - threadIdx.x] + static_cast<std::uint32_t>(more[255 - threadIdx.x]);
}

TEST(CountedTraffic, TellsSharedMemoryFromDeviceMemoryAndFromThreadsOwn) {
  const LaunchCounts found = counts_of([](const Stream& stream, std::uint32_t* in, std::uint32_t* out) {
    launch(stream, "turn_round", {2, 256, 256 * 8}, turn_round, in, out);
  });
  EXPECT_EQ(found.traffic.read, 2048u);
  EXPECT_EQ(found.traffic.written, 2048u);
  EXPECT_EQ(found.traffic.shared, 2 * 256 * (4 + 8) * 2u);
}

__global__ void sum_blocks(const std::uint32_t* in, std::uint32_t* out) {
  const std::uint32_t sum = reduce_block(in[global_thread()], Sum{});
  if (threadIdx.x == 0) out[blockIdx.x] = sum;
}

TEST(CountedTraffic, CountsSharedMemoryOfFunctionsThatKernelsCall) {
  const LaunchCounts found = counts_of([](const Stream& stream, std::uint32_t* in, std::uint32_t* out) {
    launch(stream, "sum_blocks", {2, 256}, sum_blocks, in, out);
  });
  EXPECT_EQ(found.traffic.read, 2048u);
  EXPECT_EQ(found.traffic.written, 8u);
  EXPECT_EQ(found.traffic.shared, 2 * 4 * (8 + 8 * 256u)) << "a word a warp, which all threads read";
}

TEST(CountedTraffic, SaysWhatDeviceWideCallsMove) {
  const LaunchCounts sort = counts_of([](const Stream& stream, std::uint32_t* in, std::uint32_t* out) {
    sort_pairs(stream, in, out, in, out + 1024, 1024, 0, 20);
  });
  EXPECT_STREQ(sort.name, "sort_pairs");
  EXPECT_EQ(sort.kernels, 5u);
  EXPECT_EQ(sort.sorted32, 3 * 1024u) << "three passes of eight bits";
  EXPECT_EQ(sort.traffic.read, 4096u + 3 * 8192u);
  EXPECT_EQ(sort.traffic.written, 3 * 8192u);
  const LaunchCounts gathered = counts_of([](const Stream& stream, std::uint32_t* in, std::uint32_t* out) {
    gather(stream, in, static_cast<const std::uint32_t*>(out), out + 1024, 1024);
  });
  EXPECT_EQ(gathered.traffic.read, 8192u);
  EXPECT_EQ(gathered.traffic.written, 4096u);
  EXPECT_EQ(gathered.traffic.block_sectors, 3 * 4096u / 32) << "neighbours lie in one sector";
  const LaunchCounts copied =
      counts_of([](const Stream& stream, std::uint32_t* in, std::uint32_t* out) { copy_across(stream, in, out, 100); });
  EXPECT_EQ(copied.traffic.read, 400u);
  EXPECT_EQ(copied.traffic.written, 400u);
}

TEST(CountedTraffic, IsTheSameOnAnyNumberOfWorkersInAnyOrder) {
  const auto work = [](const Stream& stream, std::uint32_t* in, std::uint32_t* out) {
    launch(stream, "read_one_place", {37, 96}, read_one_place, in, out);
  };
  const LaunchCounts expected = counts_of(work);
  for (const unsigned workers : {1u, 2u, 0u}) {
    emulation::use_workers(workers);
    emulation::shuffle_blocks(workers + 1);
    const LaunchCounts found = counts_of(work);
    EXPECT_EQ(found.traffic.read, expected.traffic.read);
    EXPECT_EQ(found.traffic.block_sectors, expected.traffic.block_sectors);
    EXPECT_EQ(found.traffic.launch_sectors, expected.traffic.launch_sectors);
  }
  emulation::use_workers(0);
  emulation::shuffle_blocks(0);
}

TEST(CountedTraffic, GivesMemoryBackToItsRange) {
  const Stream stream;
  const auto places = [&] {
    const DeviceArray<std::uint64_t> one(stream, 300), two(stream, 3), three(stream, 100);
    return std::array{one.data(), two.data(), three.data()};
  };
  const auto first = places();
  stream.synchronize();
  EXPECT_EQ(places(), first);
  stream.synchronize();
  const DeviceArray<std::uint64_t> whole(stream, 403);
  EXPECT_EQ(whole.data(), first[0]) << "neighbours are one range again";
}

}  // namespace
}  // namespace carbonfront::test
