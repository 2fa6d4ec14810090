// The layer under the kernels, and the emulated device itself: it must see the mistakes that it is there to find.

#include <numeric>

#include "kernels/device/block.hpp"
#include "kernels/device/primitives.hpp"
#include "kernels/device/work.hpp"
#include "tests/device.hpp"

namespace carbonfront::test {
namespace {

using namespace device;

#if !defined(CARBONFRONT_EMULATION_THREADS) && !defined(__CUDACC__)
__global__ void some_threads_wait() {
  if (threadIdx.x < 40) __syncthreads();
}
__global__ void threads_wait_at_two_lines() {
  if (threadIdx.x < 32)
    __syncthreads();
  else
    __syncthreads();
}
__global__ void lanes_do_not_come() {
  if (threadIdx.x != 3) __syncwarp();
}

/// What synchronising says after a launch.
std::string failure_of(void (*kernel)()) {
  emulation::fail_call(0);
  Stream stream;
  launch(stream, "kernel", {2, 64}, kernel);
  std::string text;
  try {
    stream.synchronize();
  } catch (const DeviceError& failure) {
    text = failure.what();
  }
  emulation::fail_call(0);
  return text;
}

TEST(DeviceLayer, ReportsBarriersThatNotAllThreadsReach) {
  EXPECT_NE(failure_of(some_threads_wait).find("some have ended"), std::string::npos) << failure_of(some_threads_wait);
  EXPECT_NE(failure_of(threads_wait_at_two_lines).find("some wait at"), std::string::npos);
  EXPECT_NE(failure_of(lanes_do_not_come).find("lanes of its mask"), std::string::npos);
  EXPECT_NE(failure_of(some_threads_wait).find("device_layer.cpp:"), std::string::npos);
}
#endif

#if defined(CARBONFRONT_EMULATION_THREADS)
template <bool kWaits>
__global__ void read_neighbour(std::uint32_t* out) {
  __shared__ std::uint32_t values[64];
  values[threadIdx.x] = threadIdx.x;
  if (kWaits) __syncthreads();
  out[threadIdx.x] = values[63 - threadIdx.x];
}

/// Without ThreadSanitizer there is nothing to see, and the test fails.
TEST(DeviceLayer, ReportsSharedMemoryReadWithoutABarrier) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto read = [](void (*kernel)(std::uint32_t*)) {
    const Stream stream;
    const DeviceArray<std::uint32_t> out(stream, 64);
    launch(stream, "read_neighbour", {1, 64}, kernel, out.data());
    EXPECT_EQ(down(stream, out)[0], 63u);
  };
  read(read_neighbour<true>);
  EXPECT_DEATH(read(read_neighbour<false>), "data race(.|\n)*read_neighbour");
}
#endif

__global__ void block_sums(const std::uint32_t* in, std::uint32_t* scanned, std::uint32_t* sums, std::uint32_t* least) {
  std::uint32_t total = 0;
  const std::uint32_t value = in[global_thread()];
  scanned[global_thread()] = scan_block(value, Sum{}, total);
  const std::uint32_t sum = reduce_block(value, Sum{}), low = reduce_block(value, Least{});
  if (threadIdx.x == 0) {
    sums[blockIdx.x] = sum == total ? sum : 0;
    least[blockIdx.x] = low;
  }
}

TEST(DeviceLayer, ReducesAndScansBlocks) {
  for (const unsigned threads : {32u, 96u, 256u}) {
    const Stream stream;
    std::vector<std::uint32_t> values(3 * threads);
    std::mt19937 random(threads);
    for (auto& value : values) value = random() % 1000;
    const auto in = up(stream, values);
    const DeviceArray<std::uint32_t> scanned(stream, values.size()), sums(stream, 3), least(stream, 3);
    launch(stream, "block_sums", {3, threads}, block_sums, in.data(), scanned.data(), sums.data(), least.data());
    const auto found = down(stream, scanned), totals = down(stream, sums), lows = down(stream, least);
    for (unsigned block = 0; block < 3; ++block) {
      const auto begin = values.begin() + block * threads;
      std::vector<std::uint32_t> expected(threads);
      std::inclusive_scan(begin, begin + threads, expected.begin());
      EXPECT_TRUE(std::equal(expected.begin(), expected.end(), found.begin() + block * threads)) << threads;
      EXPECT_EQ(totals[block], expected.back());
      EXPECT_EQ(lows[block], *std::min_element(begin, begin + threads));
    }
  }
}

TEST(DeviceLayer, SortsByTheBitsAskedForAndKeepsTies) {
  const Stream stream;
  std::mt19937_64 random(3);
  std::vector<std::uint64_t> keys(3000);
  for (auto& key : keys) key = random();
  std::vector<std::uint32_t> values(keys.size());
  std::iota(values.begin(), values.end(), 0u);
  for (const auto& [begin, end] : {std::pair{0, 64}, {8, 13}, {63, 64}}) {
    std::vector<std::uint32_t> expected = values;
    const auto bits = [&, low = begin, width = end - begin](std::uint32_t i) {
      return width == 64 ? keys[i] : keys[i] >> low & ((std::uint64_t{1} << width) - 1);
    };
    std::stable_sort(expected.begin(), expected.end(), [&](auto a, auto b) { return bits(a) < bits(b); });
    const auto in = up(stream, keys);
    const auto numbers = up(stream, values);
    const DeviceArray<std::uint64_t> sorted(stream, keys.size());
    const DeviceArray<std::uint32_t> moved(stream, keys.size());
    sort_pairs(stream, in.data(), sorted.data(), numbers.data(), moved.data(), 3000, begin, end);
    EXPECT_EQ(down(stream, moved), expected) << begin;
  }
}

TEST(DeviceLayer, SelectsAndScansAlongTheDevice) {
  const Stream stream;
  std::mt19937 random(5);
  std::vector<std::uint32_t> values(2000);
  std::vector<std::uint8_t> flags(values.size());
  for (auto& value : values) value = random() % 100;
  for (auto& flag : flags) flag = random() % 3 == 0;
  const auto in = up(stream, values);
  const auto marked = up(stream, flags);
  const DeviceArray<std::uint32_t> out(stream, 2000), one(stream, 1);
  std::vector<std::uint32_t> kept, scanned(2000);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (flags[i]) kept.push_back(values[i]);
  select_flagged(stream, in.data(), marked.data(), out.data(), one.data(), 2000);
  ASSERT_EQ(down(stream, one)[0], kept.size());
  const auto selected = down(stream, out);
  EXPECT_TRUE(std::equal(kept.begin(), kept.end(), selected.begin()));
  exclusive_sum(stream, in.data(), out.data(), 2000);
  std::exclusive_scan(values.begin(), values.end(), scanned.begin(), 0u);
  EXPECT_EQ(down(stream, out), scanned);
}

TEST(DeviceLayer, NumbersRunsAndFindsTheirBounds) {
  const Stream stream;
  std::mt19937_64 random(6);
  std::vector<std::uint64_t> keys(3001);
  for (auto& key : keys) key = random() % 40 << 40 | 5;
  std::sort(keys.begin() + 1, keys.end());
  std::vector<std::uint8_t> begins(keys.size(), 1);
  std::vector<std::uint32_t> runs(keys.size(), 0), first(keys.size(), 0), last(keys.size());
  for (std::uint32_t i = 1; i < keys.size(); ++i) {
    begins[i] = keys[i] != keys[i - 1] ? 7 : 0;
    runs[i] = runs[i - 1] + (begins[i] != 0);
    first[i] = begins[i] ? i : first[i - 1];
  }
  for (auto i = static_cast<std::uint32_t>(keys.size()); i-- > 0;)
    last[i] = i + 1 == keys.size() || begins[i + 1] ? i : last[i + 1];
  const auto in = up(stream, keys);
  const auto marked = up(stream, begins);
  const DeviceArray<std::uint32_t> one(stream, keys.size()), two(stream, keys.size());
  number_runs(stream, in.data(), one.data(), 3001);
  EXPECT_EQ(down(stream, one), runs);
  find_run_bounds(stream, marked.data(), one.data(), two.data(), 3001);
  EXPECT_EQ(down(stream, one), first);
  EXPECT_EQ(down(stream, two), last);
}

TEST(DeviceLayer, MovesAndFlagsElements) {
  const Stream stream;
  std::mt19937 random(7);
  constexpr std::uint32_t kSize = 1500;
  std::vector<std::uint32_t> position(kSize), values(kSize), steps(kSize), scattered(kSize), gathered(kSize), blanked(kSize);
  std::iota(position.begin(), position.end(), 0u);
  std::shuffle(position.begin(), position.end(), random);
  std::vector<std::uint8_t> zeros(kSize), others(kSize);
  for (std::uint32_t i = 0; i < kSize; ++i) {
    values[i] = random() % 5 * 300;
    steps[i] = 3 * i;
    zeros[i] = values[i] == 0;
    others[i] = !zeros[i];
    blanked[i] = values[i] >= 600 ? ~0u : values[i];
  }
  for (std::uint32_t i = 0; i < kSize; ++i) {
    scattered[position[i]] = values[i];
    gathered[i] = values[position[i]];
  }
  const auto places = up(stream, position);
  auto in = up(stream, values);
  const DeviceArray<std::uint32_t> out(stream, kSize);
  const DeviceArray<std::uint8_t> flags(stream, kSize);
  fill_with_indices(stream, out.data(), kSize, 3);
  EXPECT_EQ(down(stream, out), steps);
  scatter(stream, places.data(), in.data(), out.data(), kSize);
  EXPECT_EQ(down(stream, out), scattered);
  gather(stream, places.data(), in.data(), out.data(), kSize);
  EXPECT_EQ(down(stream, out), gathered);
  invert(stream, places.data(), out.data(), kSize);
  gather(stream, places.data(), out.data(), in.data(), kSize);
  fill_with_indices(stream, out.data(), kSize);
  EXPECT_EQ(down(stream, in), down(stream, out)) << "what is where it belongs";
  in = up(stream, values);
  flag_zeros(stream, in.data(), flags.data(), kSize);
  EXPECT_EQ(down(stream, flags), zeros);
  flag_zeros(stream, flags.data(), flags.data(), kSize);
  EXPECT_EQ(down(stream, flags), others);
  blank_from(stream, in.data(), 600, kSize);
  EXPECT_EQ(down(stream, in), blanked);
}

TEST(DeviceLayer, TalliesAndTimesWhatItIsAsked) {
  const Stream stream;
  const DeviceArray<std::uint32_t> there(stream, 3000);
  read_value(stream, there.data());
  const Tally before = tally;
  const LaunchTrace trace;
  fill_with_indices(stream, there.data(), 3000);
  fill_with_indices(stream, there.data(), 3000, 2);
  fill_bytes(stream, there.data() + 1, 0, 1);
  EXPECT_EQ(read_value(stream, there.data() + 2999), 5998u);
  EXPECT_EQ(tally.launches - before.launches, 2u);
  EXPECT_EQ(tally.waits - before.waits, 1u);
  EXPECT_EQ(tally.allocations - before.allocations, 0u);
  EXPECT_EQ(tally.pinned - before.pinned, 0u) << "a stream keeps the words that it reads through";
  const auto lines = trace.lines();
  ASSERT_EQ(lines.size(), 3u) << "indices, fill and copy";
  EXPECT_EQ(lines.at("cudaMemsetAsync").times, 1u);
  for (const auto& [name, line] : lines) EXPECT_GE(line.seconds, 0) << name;
}

#if !defined(__CUDACC__)
__global__ void visit_block(std::uint32_t* visits, std::uint32_t* order, std::uint32_t* next) {
  if (threadIdx.x > 0) return;
  ++visits[blockIdx.x];
  order[atomicAdd(next, 1u)] = blockIdx.x;
}

/// In which order the blocks of a launch start, each of which must run once.
std::vector<std::uint32_t> order_of_blocks(std::uint32_t blocks) {
  const Stream stream;
  const DeviceArray<std::uint32_t> visits(stream, blocks), order(stream, blocks), next(stream, 1);
  fill_bytes(stream, visits.data(), 0, blocks);
  fill_bytes(stream, next.data(), 0, 1);
  launch(stream, "visit_block", {blocks, 32}, visit_block, visits.data(), order.data(), next.data());
  EXPECT_EQ(down(stream, visits), std::vector<std::uint32_t>(blocks, 1)) << blocks;
  return down(stream, order);
}

TEST(DeviceLayer, StartsBlocksInAnyOrderEachOnce) {
  emulation::use_workers(1);
  emulation::shuffle_blocks(0);
  std::vector<std::uint32_t> plain(1000);
  std::iota(plain.begin(), plain.end(), 0u);
  EXPECT_EQ(order_of_blocks(1000), plain);
  for (const std::uint64_t seed : {1u, 2u, 77u}) {
    emulation::shuffle_blocks(seed);
    const auto first = order_of_blocks(1000), second = order_of_blocks(1000);
    EXPECT_NE(first, plain) << seed;
    EXPECT_NE(first, second) << "another order for every launch";
    emulation::shuffle_blocks(seed);
    EXPECT_EQ(order_of_blocks(1000), first) << "the seed decides";
    emulation::use_workers(0);
    for (const std::uint32_t blocks : {1u, 2u, 3u, 4u, 6u, 30u, 97u, 210u}) order_of_blocks(blocks);
    emulation::use_workers(1);
  }
  emulation::shuffle_blocks(0);
  EXPECT_EQ(order_of_blocks(1000), plain);
  emulation::use_workers(0);
}

#if !defined(CARBONFRONT_EMULATION_THREADS)
__global__ void say_what_is_done() {
  if (threadIdx.x == 0) count_work(Work::warp_items, 1 + blockIdx.x);
  count_work(Work::lanes);
  count_most(Work::rounds, 10 * blockIdx.x + threadIdx.x);
}

TEST(DeviceLayer, CountsWhatKernelsSayWhileSomebodyCounts) {
  const Stream stream;
  const auto work = [&](std::uint64_t blocks) { launch(stream, "say_what_is_done", {blocks, 64}, say_what_is_done); };
  work(3);
  stream.synchronize();
  const emulation::Counting counting;
  work(40);
  work(1);
  EXPECT_EQ(counting.launches().size(), 0u) << "nothing is done yet";
  stream.synchronize();
  const auto launches = counting.launches();
  ASSERT_EQ(launches.size(), 2u);
  const auto of = [&](std::size_t launch, Work what) { return launches[launch].work[static_cast<std::size_t>(what)]; };
  EXPECT_STREQ(launches[0].name, "say_what_is_done");
  EXPECT_EQ(launches[0].blocks, 40u);
  EXPECT_EQ(of(0, Work::warp_items), 40u * 41 / 2);
  EXPECT_EQ(of(0, Work::lanes), 40u * 64);
  EXPECT_EQ(of(0, Work::rounds), 390u + 63) << "the most of the launch";
  EXPECT_EQ(of(1, Work::rounds), 63u);
  EXPECT_EQ(of(1, Work::levels), 0u);
}
#endif

TEST(DeviceLayer, DoesNothingBeforeSomebodyWaits) {
  const Stream stream;
  const DeviceArray<std::uint32_t> there(stream, 8);
  const PinnedArray<std::uint32_t> pinned(stream, 8);
  pinned[0] = 7;
  fill_bytes(stream, there.data(), 0, 8);
  copy_down(stream, there.data(), pinned.data(), 8);
  EXPECT_EQ(pinned[0], 7u);
  stream.synchronize();
  EXPECT_EQ(pinned[0], 0u);
}

TEST(DeviceLayer, RefusesCopiesBeyondAnAllocationAndFromUnpinnedMemory) {
  const Stream stream;
  const DeviceArray<std::uint32_t> there(stream, 8);
  const PinnedArray<std::uint32_t> pinned(stream, 9);
  std::uint32_t unpinned[8] = {};
  EXPECT_THROW(copy_up(stream, pinned.data(), there.data(), 9), DeviceError);
  EXPECT_THROW(copy_up(stream, unpinned, there.data(), 8), DeviceError);
  for (const Shape shape : {Shape{0, 256},
                            {1, 1056},
                            {1, 33},
                            {1, 256, most_shared_bytes() - kMostStaticBytes + 1},
                            {std::uint64_t{1} << 31, 32}})
    EXPECT_THROW(launch(
                     stream, "indices", shape, +[](std::uint32_t*) {}, nullptr),
                 DeviceError);
}
#endif

}  // namespace
}  // namespace carbonfront::test
