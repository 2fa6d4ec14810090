// A device and the CPU share the work by a table: the same answers, each from where the table says.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "carbonfront/errors.hpp"
#include "host/backend.hpp"
#include "host/emissions/evaluate.hpp"
#include "host/placement.hpp"
#include "kernels/emulation/runtime.hpp"
#include "tests/points.hpp"

namespace carbonfront::test {
namespace {

/// How often the functions of a backend were called, and what was asked for last.
struct Calls {
  int evaluate = 0, count_against = 0, find_front = 0, emissions = 0, bring_up = 0;
  bool fails = false;
  VerdictRequest wanted;
};

/// A session whose calls are counted.
class CountedSession : public Session {
 public:
  CountedSession(std::unique_ptr<Session> session, Calls& calls) : session_(std::move(session)), calls_(calls) {}

  void emissions(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out,
                 const Progress& progress) override {
    ++calls_.emissions;
    session_->emissions(steps, rows, out, progress);
  }
  Verdict evaluate(PointsView points, VerdictRequest wanted, Progress& progress) override {
    ++calls_.evaluate;
    calls_.wanted = wanted;
    if (calls_.fails) throw DeviceError("the device failed", "it is a test", "ignore it");
    return session_->evaluate(points, wanted, progress);
  }
  CrossCounts count_against(PointsView points, CrossRequest wanted, Progress& progress) override {
    ++calls_.count_against;
    return session_->count_against(points, wanted, progress);
  }
  std::vector<std::uint32_t> find_front(PointsView points, bool exactly, Progress& progress) override {
    ++calls_.find_front;
    return session_->find_front(points, exactly, progress);
  }
  void bring_up(const GrowingColumns&, const Progress&) override { ++calls_.bring_up; }

 private:
  std::unique_ptr<Session> session_;
  Calls& calls_;
};

OpenBackend counted(const char* name, Calls& calls) {
  OpenBackend backend = open_backend(name);
  backend.session = std::make_unique<CountedSession>(std::move(backend.session), calls);
  return backend;
}

/// An emulated device and the CPU that share by a table, and what they were asked.
struct SharedWork {
  Calls device, cpu;
  OpenBackend backend;

  explicit SharedWork(std::span<const Placement> table)
      : backend(shared_backend(counted(CARBONFRONT_TEST_BACKEND, device), counted("cpu", cpu), table)) {}
};

constexpr std::uint64_t kFrom = 300;  // rows: the tests' tables below are of fewer and of more

/// As in the product, of few rows.
constexpr Placement kCounts[] = {{Answer::counts, 2, 3, kFrom, true, false}, {Answer::counts, 4, 6, kFrom, false, false}};

constexpr Placement kAll[] = {{Answer::counts, 1, 9, kFrom, false, false},
                              {Answer::front, 1, 9, kFrom, false, false},
                              {Answer::ranks, 1, 9, kFrom, false, false},
                              {Answer::witnesses, 1, 9, kFrom, false, false},
                              {Answer::emissions, 0, 0, kFrom, false, true}};

/// Rows with ties, missing values and, with more than two objectives, groups.
Table table_with_all(std::uint32_t rows, std::uint32_t objectives) {
  Columns columns = draw(Distribution::quantised, rows, objectives, rows + objectives);
  for (std::uint32_t i = 0; i < rows; i += 9) columns[i % objectives][i] = std::nan("");
  columns.back()[rows / 2] = std::numeric_limits<double>::infinity();
  Table table = table_of(columns);
  if (objectives > 2) table.group = draw_groups(rows, 3, 5);
  return table;
}

std::vector<VerdictRequest> all_requests() {
  std::vector<VerdictRequest> requests;
  for (unsigned bits = 0; bits < 16; ++bits)
    requests.push_back({(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0});
  requests.push_back({.dominated_by = true, .rank = true, .max_rank = 2});
  return requests;
}

std::string text_of(const VerdictRequest& wanted) {
  return std::string(wanted.dominated_by ? "dominated_by " : "") + (wanted.dominates ? "dominates " : "") +
         (wanted.rank ? "rank " : "") + (wanted.witness ? "witness " : "");
}

bool counts_of(const VerdictRequest& wanted) { return wanted.dominated_by || wanted.dominates; }

TEST(Placement, SharesEveryRequestAndGivesTheReferencesAnswers) {
  for (const std::uint32_t objectives : {1, 2, 3, 4, 7}) {
    for (const std::uint64_t rows : {kFrom - 1, kFrom, kFrom + 80}) {
      Table table = table_with_all(static_cast<std::uint32_t>(rows), objectives);
      SharedWork nothing({}), counts(kCounts), all(kAll);
      for (const VerdictRequest& wanted : all_requests()) {
        const Verdict expected = by_reference(table, wanted);
        Progress progress;
        for (const SharedWork* work : {&nothing, &counts, &all})
          EXPECT_EQ(difference(expected, work->backend.session->evaluate(table.view(), wanted, progress)), "")
              << rows << " rows, " << objectives << " objectives: " << text_of(wanted);
      }
      EXPECT_EQ(nothing.device.evaluate, 0);
      EXPECT_EQ(counts.device.evaluate > 0, rows >= kFrom && objectives > 1 && objectives < 7);
      EXPECT_EQ(all.device.evaluate > 0, rows >= kFrom);
      EXPECT_EQ(all.cpu.evaluate > 0, rows < kFrom);
    }
  }
}

TEST(Placement, AsksTheDeviceForCountsAloneAndTheCpuForTheRest) {
  for (const std::uint32_t objectives : {1, 2, 3, 4, 6, 7}) {
    Table table = table_with_all(400, objectives);
    for (const VerdictRequest& wanted : all_requests()) {
      SharedWork work(kCounts);
      Progress progress;
      work.backend.session->evaluate(table.view(), wanted, progress);
      const bool others = wanted.rank || wanted.witness;
      const bool fast = objectives >= 4 ? objectives <= 6 : objectives >= 2 && !others;
      const bool on_device = counts_of(wanted) && fast;
      const std::string what = std::to_string(objectives) + " objectives: " + text_of(wanted);
      EXPECT_EQ(work.device.evaluate, on_device ? 1 : 0) << what;
      EXPECT_EQ(work.cpu.evaluate, on_device && !others ? 0 : 1) << what;
      if (!on_device) continue;
      EXPECT_EQ(text_of(work.device.wanted), text_of({wanted.dominated_by, wanted.dominates})) << what;
      if (!others) continue;
      EXPECT_EQ(text_of(work.cpu.wanted), text_of({.rank = wanted.rank, .witness = wanted.witness})) << what;
      EXPECT_NE(work.cpu.wanted.known_front, nullptr) << "the front is found once";
    }
  }
}

TEST(Placement, CountsBetweenTwoSetsAndFindsFrontsByTheTable) {
  for (const std::uint32_t rows : {200u, 420u}) {
    Table table = table_with_all(rows, 3);
    std::vector<std::uint8_t> is_source(rows);
    for (std::uint32_t i = 0; i < rows; ++i) is_source[i] = i % 5 < 2;
    Progress progress;
    const CrossCounts expected = count_against_reference(table.view(), {is_source.data(), true, true}, progress);
    const std::vector<std::uint32_t> front = find_front_reference(table.view(), progress);
    for (const std::span<const Placement> placements :
         {std::span<const Placement>(kCounts), std::span<const Placement>(kAll)}) {
      SharedWork work(placements);
      const CrossCounts found = work.backend.session->count_against(table.view(), {is_source.data(), true, true}, progress);
      EXPECT_EQ(found.dominated_by, expected.dominated_by);
      EXPECT_EQ(found.dominates, expected.dominates);
      EXPECT_EQ(work.backend.session->find_front(table.view(), true, progress), front);
      EXPECT_EQ(work.device.count_against, rows < kFrom ? 0 : 1);
      EXPECT_EQ(work.cpu.count_against, rows < kFrom ? 1 : 0);
      const bool front_on_device = rows >= kFrom && placements.size() == std::size(kAll);
      EXPECT_EQ(work.device.find_front, front_on_device ? 1 : 0);
      EXPECT_EQ(work.cpu.find_front, front_on_device ? 0 : 1);
    }
  }
}

TEST(Placement, ComputesEmissionsByTheTable) {
  const std::vector<double> factors(500, 2);
  EmissionStep step{DevicePower{}, {}, Combine::set};
  step.factors[0] = step.factors[1] = {factors.data(), 1};
  for (const std::size_t rows : {std::size_t{200}, factors.size()}) {
    std::vector<double> energy(rows), co2e(rows), expected_energy(rows), expected_co2e(rows);
    emissions_reference({&step, 1}, rows, {expected_energy.data(), expected_co2e.data(), nullptr});
    for (const std::span<const Placement> placements :
         {std::span<const Placement>(kCounts), std::span<const Placement>(kAll)}) {
      SharedWork work(placements);
      work.backend.session->emissions({&step, 1}, rows, {energy.data(), co2e.data(), nullptr}, kUnwatched);
      EXPECT_EQ(energy, expected_energy);
      EXPECT_EQ(co2e, expected_co2e);
      const bool on_device = rows >= kFrom && placements.size() == std::size(kAll);
      EXPECT_EQ(work.device.emissions, on_device ? 1 : 0);
      EXPECT_EQ(work.cpu.emissions, on_device ? 0 : 1);
    }
  }
}

TEST(Placement, SaysWhatRanWhereSinceItWasLastAsked) {
  const SharedWork work(kCounts);
  EXPECT_EQ(work.backend.name, CARBONFRONT_TEST_BACKEND "+cpu");
  work.backend.session->bring_up({}, kUnwatched);
  EXPECT_EQ(work.device.bring_up, 0) << "columns go up when rows are judged";
  EXPECT_FALSE(work.backend.definition);
  const auto where = [&](std::uint32_t rows, std::uint32_t objectives, VerdictRequest wanted) {
    Table table = table_with_all(rows, objectives);
    Progress progress;
    work.backend.session->evaluate(table.view(), wanted, progress);
    return work.backend.session->ran_where();
  };
  EXPECT_EQ(work.backend.session->ran_where(), "");
  EXPECT_EQ(where(400, 4, kEverything), "counts and front on " CARBONFRONT_TEST_BACKEND "; ranks and witnesses on cpu");
  EXPECT_EQ(where(400, 2, kEverything), "counts, front, ranks and witnesses on cpu");
  EXPECT_EQ(where(400, 2, {true, true}), "counts and front on " CARBONFRONT_TEST_BACKEND);
  EXPECT_EQ(where(400, 2, {}), "front on cpu");
  EXPECT_EQ(where(200, 4, {true}), "counts and front on cpu");
  EXPECT_EQ(work.backend.session->ran_where(), "");
}

TEST(Placement, LetsTheErrorsOfTheDeviceThrough) {
  SharedWork work(kCounts);
  work.device.fails = true;
  Table table = table_with_all(400, 4);
  Progress progress;
  EXPECT_THROW(work.backend.session->evaluate(table.view(), kEverything, progress), DeviceError);
  EXPECT_EQ(work.cpu.evaluate, 0) << "no silent second try on the CPU";
  EXPECT_EQ(work.backend.session->evaluate(table.view(), {.rank = true}, progress).nondominated,
            by_reference(table, {}).nondominated);
}

TEST(Placement, LetsFailingCallsOfTheDeviceThrough) {
  const OpenBackend backend = shared_backend(open_backend(CARBONFRONT_TEST_BACKEND), open_backend("cpu"), kCounts);
  Table table = table_with_all(400, 4);
  Progress progress;
  emulation::fail_call(3);
  EXPECT_THROW(backend.session->evaluate(table.view(), kEverything, progress), DeviceError);
  emulation::fail_call(0);
}

/// Every entry is of answers that have objectives or of emissions, which have none; none shadows another.
TEST(Placement, HasASaneTable) {
  EXPECT_FALSE(std::size(kPlacements) == 0);
  for (const Placement& entry : kPlacements) {
    EXPECT_EQ(entry.answer == Answer::emissions, entry.most_objectives == 0);
    EXPECT_LE(entry.least_objectives, entry.most_objectives);
    EXPECT_GE(entry.least_rows, 10'000u) << "few rows are the CPU's";
    for (const Placement& other : kPlacements) {
      if (&other == &entry || other.answer != entry.answer) continue;
      EXPECT_TRUE(other.most_objectives < entry.least_objectives || entry.most_objectives < other.least_objectives);
    }
  }
}

TEST(Placement, IsToldInWords) {
  const OpenBackend backend = shared_backend(open_backend(CARBONFRONT_TEST_BACKEND), open_backend("cpu"));
  const std::string on_device = CARBONFRONT_TEST_BACKEND " for ";
  EXPECT_EQ(backend.shares,
            on_device +
                "counts of 2 or 3 objectives from 1,000,000 rows on where nothing is left for the cpu (predicted), " +
                on_device + "counts of 4 to 8 objectives from 300,000 rows on (predicted), " + on_device +
                "ranks of 3 to 8 objectives from 300,000 rows on (predicted), " + on_device +
                "witnesses of 2 or 3 objectives from 1,000,000 rows on where nothing is left for the cpu (predicted), " +
                on_device + "witnesses of 4 to 8 objectives from 300,000 rows on (predicted), cpu for the rest");
  EXPECT_EQ(shared_backend(open_backend(CARBONFRONT_TEST_BACKEND), open_backend("cpu"), {kAll + 4, 1}).shares,
            CARBONFRONT_TEST_BACKEND " for emissions from 300 rows on, cpu for the rest");
}

}  // namespace
}  // namespace carbonfront::test
