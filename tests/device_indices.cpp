// Row numbers and counts past 2³¹: types that hold them, and sweeps of more rows than any memory, of which few are touched.

#include <sys/mman.h>

#include <limits>
#include <type_traits>

#include "host/pareto/reference.hpp"
#include "kernels/device/launch.hpp"
#include "kernels/evaluator/joint.hpp"
#include "tests/device.hpp"

namespace carbonfront::test {
namespace {

constexpr std::uint32_t kMostRows = std::numeric_limits<std::uint32_t>::max();

// A row has 32 bits, without sign; whatever counts rows × columns, threads or bytes has 64.
static_assert(std::is_same_v<decltype(PointsView::size), std::uint32_t>);
static_assert(std::is_same_v<decltype(device::OrderView::size), std::uint32_t>);
static_assert(std::is_same_v<decltype(device::Shape::blocks), std::uint64_t>);
static_assert(std::is_same_v<decltype(device::global_thread()), std::uint64_t>);
static_assert(std::is_same_v<decltype(device::bytes_per_row(1)), std::uint64_t>);
static_assert(std::is_same_v<decltype(device::DeviceArray<double>().size()), std::size_t> && sizeof(std::size_t) == 8);
static_assert(std::is_same_v<device::Positions::value_type, std::uint32_t>);
static_assert(kNone == kMostRows, "no row has this number");

TEST(DeviceIndices, GiveEveryRowAThread) {
  const device::Shape shape = device::one_thread_each(kMostRows);
  EXPECT_EQ(shape.blocks, std::uint64_t{1} << 24);
  EXPECT_LT(shape.blocks, std::uint64_t{1} << 31) << "the most that a grid can have";
  emulation::Place last{};
  last.thread.x = shape.threads - 1;
  last.threads.x = shape.threads;
  last.block.x = static_cast<unsigned>(shape.blocks - 1);
  const emulation::Place* before = std::exchange(emulation::place, &last);
  EXPECT_EQ(device::global_thread(), kMostRows);
  emulation::place = before;
}

TEST(DeviceIndices, ReachTheLastRankOfTheLastColumn) {
  const std::uint64_t bytes = 31 * std::uint64_t{kMostRows} * sizeof(std::uint32_t);  // addresses only
  void* space = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(space, MAP_FAILED);
  device::OrderView order;
  order.size = kMostRows;
  order.columns = 31;
  order.ranks = static_cast<const std::uint32_t*>(space);
  EXPECT_EQ(order.column(30) - order.ranks, 30 * std::ptrdiff_t{kMostRows});
  EXPECT_EQ(order.column(30)[kMostRows - 1], 0u);
  munmap(space, bytes);
}

TEST(DeviceIndices, AnswerForRowsOfASweepOfFourThousandMillion) {
  constexpr std::uint64_t kRows = std::uint64_t{1} << 32;
  const std::size_t bytes = kRows * sizeof(std::int16_t);
  void* spaces[2];
  Table table;
  table.objectives.resize(2);
  for (int k = 0; k < 2; ++k) {
    spaces[k] = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT_NE(spaces[k], MAP_FAILED);
    table.objectives[k].column = {spaces[k], 0, ValueType::int16, false};
  }
  std::vector<std::uint32_t> rows;
  std::mt19937 random(5);
  for (std::uint64_t row = 7; row < kRows - 1; row += kRows / 300) rows.push_back(static_cast<std::uint32_t>(row));
  rows.push_back(kMostRows - 1);
  ASSERT_GT(rows[rows.size() / 2 + 2], 1u << 31);
  for (const std::uint32_t row : rows)
    for (void* space : spaces) static_cast<std::int16_t*>(space)[row] = static_cast<std::int16_t>(random() % 40);
  const PointsView points{table.objectives.data(), 2, static_cast<std::uint32_t>(rows.size()), rows.data(), nullptr};
  Progress progress;
  const Verdict expected = evaluate_reference(points, {.dominated_by = true, .dominates = true, .witness = true}, progress);
  for (const std::size_t budget : {std::size_t{1} << 24, std::size_t{20000}}) {  // at once, and in blocks of small tiles
    device::Host host = plain_host();
    host.lexicographic_positions = [&] {
      std::vector<std::uint32_t> positions(rows.size());
      for (std::uint32_t i = 0; i < positions.size(); ++i) positions[i] = i;
      std::stable_sort(positions.begin(), positions.end(), [&](std::uint32_t a, std::uint32_t b) {
        const auto at = [&](int k, std::uint32_t i) { return static_cast<std::int16_t*>(spaces[k])[rows[i]]; };
        return std::pair(at(0, a), at(1, a)) < std::pair(at(0, b), at(1, b));
      });
      return positions;
    };
    device::Evaluator evaluator(0, budget);
    const Verdict found = evaluator.evaluate(points, {.dominated_by = true, .dominates = true, .witness = true}, host);
    EXPECT_EQ(found.nondominated, expected.nondominated) << budget;
    EXPECT_EQ(found.dominated_by, expected.dominated_by) << budget;
    EXPECT_EQ(found.dominates, expected.dominates) << budget;
    EXPECT_EQ(found.witness, expected.witness) << budget;
  }
  for (void* space : spaces) munmap(space, bytes);
}

}  // namespace
}  // namespace carbonfront::test
