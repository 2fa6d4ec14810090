// What must hold of verdicts whatever the points are, and how work is followed and stopped.

#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "carbonfront/errors.hpp"
#include "tests/points.hpp"

namespace carbonfront::test {
namespace {

constexpr std::uint32_t kSize = 1500;

Columns some_points(std::uint32_t objectives) { return draw(Distribution::quantised, kSize, objectives, 21); }

/// Runs a check for one to four objectives.
template <class Check>
void for_objectives(Check check) {
  for (const std::uint32_t objectives : {1, 2, 3, 4}) check(objectives);
}

TEST(Verdicts, PermuteWithTheRows) {
  for_objectives([](std::uint32_t objectives) {
    const Columns columns = some_points(objectives);
    std::vector<std::uint32_t> from(kSize);
    std::iota(from.begin(), from.end(), 0u);
    std::shuffle(from.begin(), from.end(), std::mt19937_64(22));
    Columns moved = columns;
    for (std::uint32_t k = 0; k < objectives; ++k) {
      for (std::uint32_t i = 0; i < kSize; ++i) moved[k][i] = columns[k][from[i]];
    }
    Table table = table_of(columns), moved_table = table_of(moved);
    const Verdict verdict = by_cpu(table), found = by_cpu(moved_table);
    for (std::uint32_t i = 0; i < kSize; ++i) {
      EXPECT_EQ(found.nondominated[i], verdict.nondominated[from[i]]);
      EXPECT_EQ(found.dominated_by[i], verdict.dominated_by[from[i]]);
      EXPECT_EQ(found.dominates[i], verdict.dominates[from[i]]);
      EXPECT_EQ(found.rank[i], verdict.rank[from[i]]);
      std::uint32_t lowest = 0;  // the witness is the lowest in the new order
      while (lowest < kSize &&
             !(verdict.nondominated[from[lowest]] && dominates_by_definition(table.view(), from[lowest], from[i]))) {
        ++lowest;
      }
      EXPECT_EQ(found.witness[i], lowest == kSize ? kNone : lowest);
    }
  });
}

TEST(Verdicts, DependOnTheOrderOfValuesAlone) {
  for_objectives([](std::uint32_t objectives) {
    Columns columns = some_points(objectives);
    Table table = table_of(columns);
    const Verdict verdict = by_cpu(table);
    for (auto& column : columns) {
      for (double& value : column) value = std::exp(value / 3) - 100;
    }
    Table stretched = table_of(columns);
    EXPECT_EQ(difference(verdict, by_cpu(stretched)), "");
  });
}

TEST(Verdicts, AreTheSameForTheNegativeMaximised) {
  for_objectives([](std::uint32_t objectives) {
    const Columns columns = some_points(objectives);
    Table table = table_of(columns), mirrored;
    for (auto column : columns) {
      for (double& value : column) value = -value;
      add_column(mirrored, column, true);
    }
    EXPECT_EQ(difference(by_cpu(table), by_cpu(mirrored)), "");
  });
}

TEST(Verdicts, TurnRoundWithTheDirections) {
  for_objectives([](std::uint32_t objectives) {
    Table table = table_of(some_points(objectives));
    const Verdict verdict = by_cpu(table);
    for (Objective& objective : table.objectives) objective.maximise = true;
    const Verdict turned = by_cpu(table);
    EXPECT_EQ(turned.dominated_by, verdict.dominates);
    EXPECT_EQ(turned.dominates, verdict.dominated_by);
  });
}

TEST(Verdicts, CountEveryPairOnBothSides) {
  for_objectives([](std::uint32_t objectives) {
    Table table = table_of(draw(Distribution::independent, 20000, objectives, 23));
    const Verdict verdict = by_cpu(table);
    EXPECT_EQ(std::accumulate(verdict.dominated_by.begin(), verdict.dominated_by.end(), std::uint64_t{0}),
              std::accumulate(verdict.dominates.begin(), verdict.dominates.end(), std::uint64_t{0}));
  });
}

TEST(Verdicts, CountADuplicatedRowTwice) {
  for_objectives([](std::uint32_t objectives) {
    Columns columns = some_points(objectives);
    Table table = table_of(columns);
    const Verdict verdict = by_cpu(table);
    for (const std::uint32_t twin : {0u, 700u, kSize - 1}) {
      Columns longer = columns;
      for (auto& column : longer) column.push_back(column[twin]);
      Table longer_table = table_of(longer);
      const Verdict found = by_cpu(longer_table);
      EXPECT_EQ(found.rank[kSize], verdict.rank[twin]);
      EXPECT_EQ(found.witness[kSize], verdict.witness[twin]);
      for (std::uint32_t i = 0; i < kSize; ++i) {
        EXPECT_EQ(found.rank[i], verdict.rank[i]);
        EXPECT_EQ(found.witness[i], verdict.witness[i]);
        EXPECT_EQ(found.dominated_by[i], verdict.dominated_by[i] + dominates_by_definition(table.view(), twin, i));
        EXPECT_EQ(found.dominates[i], verdict.dominates[i] + dominates_by_definition(table.view(), i, twin));
      }
    }
  });
}

TEST(Verdicts, LeaveTheirProgressComplete) {
  for (const std::uint32_t size : {1u, 5000u, 9000u, 12288u}) {
    for (const std::uint32_t objectives : {2, 3, 5}) {
      for (int answer = 0; answer < 15; ++answer) {
        const Distribution distributions[] = {Distribution::independent, Distribution::three_values,
                                              Distribution::all_nondominated};
        Table table = table_of(draw(distributions[answer / 5], size, objectives, 24));
        Progress progress;
        evaluate_cpu(table.view(), {answer % 5 == 1, answer % 5 == 2, answer % 5 == 3, answer % 5 == 4}, progress);
        EXPECT_EQ(progress.done, progress.total) << progress.phase.load() << ' ' << size << " x " << objectives;
      }
    }
  }
}

TEST(Stopping, EndsEveryCallThatHasTheFlagWithItsReason) {
  Table table = table_of(draw(Distribution::independent, 1000, 3, 25));
  StopFlag stop;
  stop.request(SIGTERM);
  const auto reason_of = [&](auto work) {
    Progress progress(&stop);
    try {
      work(progress);
    } catch (const Stopped& stopped) {
      return stopped.reason;
    }
    return kNotStopped;
  };
  const Array<std::uint32_t> ranks(1000, 0u);
  const std::vector<std::uint8_t> sources(1000, 1);
  EXPECT_EQ(reason_of([&](Progress& progress) { evaluate_cpu(table.view(), kEverything, progress); }), SIGTERM);
  EXPECT_EQ(reason_of([&](Progress& progress) { evaluate_reference(table.view(), kEverything, progress); }), SIGTERM);
  EXPECT_EQ(reason_of([&](Progress& progress) {
              count_against_cpu(table.view(), {sources.data(), true}, progress);
            }),
            SIGTERM);
  EXPECT_EQ(reason_of([&](Progress& progress) { find_front_cpu(table.view(), true, progress); }), SIGTERM);
  EXPECT_EQ(reason_of([&](Progress& progress) { reference_rank_from(table.view(), 0, ranks, progress); }), SIGTERM);
}

TEST(Stopping, IsOfOneCall) {
  Table table = table_of(draw(Distribution::independent, 2000, 4, 27));
  const Verdict expected = by_reference(table);
  StopFlag one, all, of_both(&all);
  Progress stopped(&one), goes_on(&of_both);
  one.request(1);
  EXPECT_THROW(evaluate_cpu(table.view(), kEverything, stopped), Stopped);
  EXPECT_EQ(difference(expected, evaluate_cpu(table.view(), kEverything, goes_on)), "") << "the next one runs";
  all.request(kTimeLimit);
  all.request(2);
  EXPECT_EQ(of_both.reason(), kTimeLimit) << "asked by its parent, for the first reason";
  EXPECT_THROW(evaluate_cpu(table.view(), kEverything, goes_on), Stopped);
}

TEST(Stopping, EndsWorkUnderWay) {
  // Works again and again until the phase is caught under way, so that the test does not depend on the machine's speed.
  const auto stop_in_phase = [](const char* phase, std::uint32_t objectives, VerdictRequest wanted) {
    Table table = table_of(draw(Distribution::anti_correlated, 50000, objectives, 26));
    StopFlag stop;
    Progress progress(&stop);
    std::jthread watcher([&] {
      while (std::string_view(progress.phase.load()) != phase) std::this_thread::yield();
      stop.request(SIGTERM);
    });
    while (true) evaluate_cpu(table.view(), wanted, progress);
  };
  EXPECT_THROW(stop_in_phase("order", 4, {.dominated_by = true}), Stopped);
  EXPECT_THROW(stop_in_phase("counts", 4, {.dominated_by = true}), Stopped);
  EXPECT_THROW(stop_in_phase("front", 4, {}), Stopped);
  EXPECT_THROW(stop_in_phase("rank", 4, {.rank = true}), Stopped);
  EXPECT_THROW(stop_in_phase("witness", 4, {.witness = true}), Stopped);
}

TEST(ProgressCallbacks, AreToldOfEveryPhaseUntilItsEnd) {
  Table table = table_of(draw(Distribution::independent, 20000, 4, 28));
  std::mutex lock;
  std::map<std::string, std::uint64_t> most;
  Progress progress(nullptr, [&](const Progress& now) {
    std::lock_guard locked(lock);
    std::uint64_t& done = most[now.phase.load()];
    done = std::max(done, now.done.load());
  });
  evaluate_cpu(table.view(), kEverything, progress);
  for (const char* phase : {"order", "counts", "rank", "witness"}) EXPECT_GT(most[phase], 0u) << phase;
  Progress ends(nullptr, [](const Progress&) { throw std::runtime_error("enough"); });
  EXPECT_THROW(evaluate_cpu(table.view(), kEverything, ends), std::runtime_error);
}

TEST(Limits, AreCheckedBeforeAnyWork) {
  std::vector<double> values(1, 1.0);
  std::vector<Objective> objectives(kMostObjectives + 1);
  for (Objective& objective : objectives) objective.column.values = values.data();
  const std::uint8_t source = 0;
  Progress progress;
  const auto refuses = [&](PointsView points, auto error) {
    using Refusal = decltype(error);
    EXPECT_THROW(evaluate_cpu(points, kEverything, progress), Refusal);
    EXPECT_THROW(evaluate_reference(points, kEverything, progress), Refusal);
    EXPECT_THROW(count_against_cpu(points, {&source, true}, progress), Refusal);
    EXPECT_THROW(count_against_reference(points, {&source, true}, progress), Refusal);
    EXPECT_THROW(find_front_cpu(points, false, progress), Refusal);
    EXPECT_THROW(find_front_reference(points, progress), Refusal);
  };
  refuses({objectives.data(), kMostObjectives + 1, 1}, SpecError("", "", ""));
  refuses({objectives.data(), 0, 1}, SpecError("", "", ""));
  refuses({objectives.data(), 2, kMostPoints + 1}, DeviceError("", "", ""));
  EXPECT_EQ(evaluate_cpu({objectives.data(), kMostObjectives, 1}, kEverything, progress).rank[0], 0u);
}

}  // namespace
}  // namespace carbonfront::test
