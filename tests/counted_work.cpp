// The CPU engine takes no quadratic path: four times the rows are about four times the work. Work is what is executed, in
// basic blocks: the same on every machine with the same instruction set, however busy it is.

#include <gtest/gtest.h>
#include <tbb/task_arena.h>

#include "tests/points.hpp"

namespace carbonfront::test {
namespace {

std::uint64_t work = 0;  // of one thread

}  // namespace

// The compiler puts a call of the first into every basic block of the engine; the linker puts the others before the library's.
extern "C" {
void __sanitizer_cov_trace_pc() { ++work; }

void* __real_memset(void* to, int value, std::size_t bytes);
void* __real_memcpy(void* to, const void* from, std::size_t bytes);
void* __real_memmove(void* to, const void* from, std::size_t bytes);

void* __wrap_memset(void* to, int value, std::size_t bytes) {
  work += bytes / 64;
  return __real_memset(to, value, bytes);
}
void* __wrap_memcpy(void* to, const void* from, std::size_t bytes) {
  work += bytes / 64;
  return __real_memcpy(to, from, bytes);
}
void* __wrap_memmove(void* to, const void* from, std::size_t bytes) {
  work += bytes / 64;
  return __real_memmove(to, from, bytes);
}
}

namespace {

/// The work of an evaluation that is cut for four threads and done by this one alone.
std::uint64_t work_of(Table& table, VerdictRequest wanted) {
  tbb::task_arena arena(4, 4);
  const std::uint64_t before = work;
  arena.execute([&] { by_cpu(table, wanted); });
  return work - before;
}

/// Compares the work of a table with that of one of four times as many rows: 4 times as much where it is linear, 5 with a
/// logarithm squared, 16 where it is quadratic.
void expect_no_quadratic_path(Table few, Table many, VerdictRequest wanted, const std::string& what) {
  ASSERT_EQ(many.size, 4 * few.size);
  const std::uint64_t of_few = work_of(few, wanted), of_many = work_of(many, wanted);
  EXPECT_GT(of_few, few.size) << "nothing is counted";
  EXPECT_LT(of_many, 6 * of_few) << what;
}

constexpr std::uint32_t kFew = 20000, kMany = 80000;

TEST(Cpu, TakesNoQuadraticPathWithTwoObjectives) {
  for (const Distribution distribution : kDistributions) {
    const auto drawn = [&](std::uint32_t size) { return table_of(draw(distribution, size, 2, 13)); };
    expect_no_quadratic_path(drawn(kFew), drawn(kMany), kEverything, name_of(distribution));
  }
  // Half of the rows are a front, the others each have all of it before them but one as their witness.
  const auto stairs = [](std::uint32_t size) {
    Columns columns(2, std::vector<double>(size));
    const std::uint32_t front = size / 2;
    for (std::uint32_t i = 0; i < front; ++i) {
      columns[0][i] = columns[0][i + front] = i;
      columns[1][i] = front - i;
      columns[1][i + front] = front + 0.5 - i;
    }
    return table_of(columns);
  };
  expect_no_quadratic_path(stairs(kFew), stairs(kMany), kEverything, "stairs");
}

TEST(Cpu, TakesNoQuadraticPathWithOneObjectiveOrManyGroups) {
  const auto chain = [](std::uint32_t size) { return table_of(draw(Distribution::independent, size, 1, 14)); };
  expect_no_quadratic_path(chain(kFew), chain(kMany), kEverything, "chain");
  const auto grouped = [](std::uint32_t size) {
    Table table = table_of(draw(Distribution::independent, size, 3, 15));
    table.group = draw_groups(size, size / 4, 16);
    return table;
  };
  expect_no_quadratic_path(grouped(kFew), grouped(kMany), kEverything, "many groups");
}

TEST(Counts, TakeNoQuadraticPathWithUpToThreeObjectives) {
  for (const std::uint32_t objectives : {1, 2, 3}) {
    const std::vector<Columns> few = hard_columns(2 * kFew, objectives), many = hard_columns(2 * kMany, objectives);
    for (std::size_t i = 0; i < few.size(); ++i) {
      const std::string what = std::to_string(objectives) + " objectives, hard columns " + std::to_string(i);
      expect_no_quadratic_path(table_of(few[i]), table_of(many[i]), {.dominated_by = true}, what);
    }
  }
}

/// Every part of the places begins with what was met before: nothing is left of it but the front, here all rows.
TEST(Witnesses, OfAFrontOfAllRowsTakeNoQuadraticPath) {
  const auto all_front = [](std::uint32_t size) {
    Columns columns(2, std::vector<double>(size));
    for (std::uint32_t i = 0; i < size; ++i) columns[0][i] = i, columns[1][i] = size - i;
    return table_of(columns);
  };
  expect_no_quadratic_path(all_front(10 * kFew), all_front(10 * kMany), {.witness = true}, "all on the front");
}

/// Chains as long as the table, and many groups: what peeling and sweeps front by front are slow at.
TEST(Ranks, OfLongChainsAndManyGroupsAreQuick) {
  for (const std::uint32_t objectives : {2, 3, 5}) {
    const auto chain = [&](std::uint32_t size, std::uint32_t groups) {
      Columns columns(objectives, std::vector<double>(size));
      for (auto& column : columns) std::iota(column.begin(), column.end(), 0.0);
      Table table = table_of(columns);
      if (groups > 1) table.group = draw_groups(size, groups, 9);
      return table;
    };
    const std::string what = std::to_string(objectives) + " objectives";
    expect_no_quadratic_path(chain(kFew, 1), chain(kMany, 1), {.rank = true}, what);
    expect_no_quadratic_path(chain(kFew, kFew / 3), chain(kMany, kMany / 3), {.rank = true}, what + ", many groups");
  }
}

}  // namespace
}  // namespace carbonfront::test
