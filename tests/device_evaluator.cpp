// Devices at work through the host's backend: blocks, several devices, emissions, and every call failing in turn.

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <optional>

#include "host/backend.hpp"
#include "host/emissions/evaluate.hpp"
#include "host/errors.hpp"
#include "kernels/emulation/runtime.hpp"
#include "kernels/evaluator/state.hpp"
#include "tests/points.hpp"

namespace carbonfront::test {
namespace {

/// Other emulated devices for the length of a test.
struct Machine {
  Machine(int devices, std::size_t bytes) { emulation::set_devices(devices, bytes); }
  ~Machine() {
    emulation::fail_call(0);
    emulation::set_devices(1, std::size_t{1} << 32);
  }
};

Verdict evaluated(Table& table, const DeviceChoice& choice, VerdictRequest wanted = kEverything) {
  Progress progress;
  return choose_backend(CARBONFRONT_TEST_BACKEND, choice).evaluate(table.view(), wanted, progress);
}

std::vector<Table> some_tables() {
  std::vector<Table> tables;
  for (const std::uint32_t objectives : {1, 2, 3, 6}) {
    tables.push_back(table_of(draw(Distribution::independent, 700, objectives, 1)));
    tables.push_back(table_of(draw(Distribution::three_values, 650, objectives, 2)));
    tables.back().group = draw_groups(650, 3, 3);
  }
  return tables;
}

TEST(Devices, TakeBlocksWhereRowsDoNotFit) {
  for (Table& table : some_tables()) {
    const Verdict expected = by_reference(table);
    for (const std::size_t bytes : {20000, 33000, 60000}) {
      const Machine machine(1, bytes);
      EXPECT_EQ(difference(expected, evaluated(table, {})), "") << bytes << " bytes, " << table.objectives.size();
    }
    EXPECT_EQ(difference(expected, evaluated(table, {"", 25000})), "") << "memory limit";
    const Machine machine(1, 25000);
    for (const VerdictRequest wanted :
         {VerdictRequest{}, VerdictRequest{.witness = true}, VerdictRequest{.rank = true, .max_rank = 3}})
      EXPECT_EQ(difference(by_reference(table, wanted), evaluated(table, {}, wanted)), "") << "parts of the answers";
  }
}

/// Rows that strong rows drop are never ordered, whether the rest fits or not.
TEST(Devices, FindFrontsOfBlocksWithoutWhatStrongRowsDrop) {
  for (const auto& [distribution, bytes] : {std::pair{Distribution::independent, 60000},
                                            {Distribution::correlated, 30000},
                                            {Distribution::anti_correlated, 40000},
                                            {Distribution::all_nondominated, 40000}}) {
    for (const std::uint32_t objectives : {1, 2, 3, 6}) {
      Table table = table_of(draw(distribution, 1300, objectives, 2));
      if (objectives == 2) table.group = draw_groups(1300, 3, 3);
      const Machine machine(2, bytes);
      for (const char* device : {"0", "all"})
        EXPECT_EQ(difference(by_reference(table, {}), evaluated(table, {device}, {})), "") << objectives << ' ' << device;
    }
  }
}

TEST(Devices, TakeBlocksWithTheKernelsForManyRows) {
  for (const std::uint32_t objectives : {1, 2, 3, 6}) {
    Table table = table_of(draw(Distribution::quantised, 1300, objectives, 2));
    table.group = draw_groups(1300, 2, 3);
    const Machine machine(1, 110000);
    EXPECT_EQ(difference(by_reference(table), evaluated(table, {"", 0, true})), "") << objectives;
  }
}

/// What says whether rows fit is an upper bound of what the kernels for many rows take: a device that has just that is
/// enough.
TEST(Devices, NeedNoMoreMemoryThanIsPlanned) {
  constexpr std::uint32_t kRows = 4200;
  for (const std::uint32_t objectives : {2, 3, 4, 8, 32}) {
    Table table = table_of(draw(Distribution::correlated, kRows, objectives, 2));
    table.group = draw_groups(kRows, 2, 3);
    for (const VerdictRequest wanted : {VerdictRequest{}, VerdictRequest{true, true}, VerdictRequest{.witness = true}}) {
      const Machine machine(1, kRows * device::bytes_per_row(objectives) * 20 / 19 + 20);
      EXPECT_NO_THROW(evaluated(table, {}, wanted)) << objectives << " objectives, counts: " << wanted.dominates;
    }
  }
}

TEST(Devices, RefuseBlocksOfNextToNothing) {
  Table table = table_of(draw(Distribution::independent, 700, 3, 1));
  const Machine machine(1, 3000);
  EXPECT_THROW(evaluated(table, {}), DeviceError);
}

TEST(Devices, ShareRows) {
  for (Table& table : some_tables()) {
    const Verdict expected = by_reference(table);
    for (const int devices : {2, 3}) {
      for (const std::size_t bytes : {std::size_t{40000}, std::size_t{1} << 24}) {
        const Machine machine(devices, bytes);
        EXPECT_EQ(difference(expected, evaluated(table, {"all"})), "") << devices << " devices";
        EXPECT_EQ(difference(expected, evaluated(table, {"all", 0, bytes > 40000})), "") << devices << " devices, tiles";
        EXPECT_EQ(difference(expected, evaluated(table, {"1"})), "") << "device 1";
        EXPECT_EQ(evaluated(table, {"all"}, {}).nondominated, expected.nondominated);
      }
    }
  }
}

/// Three columns of different types and directions, with missing and equal values.
Table mixed_table(std::uint32_t rows) {
  Table table;
  add_column(table, draw(Distribution::three_values, rows, 1, 1)[0]);
  std::vector<float> ratios(rows);
  std::vector<std::int16_t> counts(rows);
  for (std::uint32_t i = 0; i < rows; ++i) ratios[i] = i % 7 == 0 ? std::nanf("") : static_cast<float>(i * 37 % 101);
  for (std::uint32_t i = 0; i < rows; ++i) counts[i] = static_cast<std::int16_t>(i * 13 % 50 - 20);
  add_column(table, ratios, true);
  add_column_with_missing<std::int16_t>(table, counts, 3, false);
  return table;
}

/// Keeps the table's columns, in batches of a size.
void bring_up(const Backend& backend, Table& table, std::uint32_t batch_rows) {
  const PointsView points = table.view();
  const std::uint32_t rows = static_cast<std::uint32_t>(table.columns[0].size() / sizeof(double));
  ASSERT_TRUE(backend.columns.keep(points.objective_count, rows + 5, points.objective_count));
  for (std::uint32_t begin = 0; begin < rows; begin += batch_rows) {
    for (std::uint32_t k = 0; k < points.objective_count; ++k) {
      Objective objective = points.objectives[k];
      objective.kept = static_cast<int>(k);
      objective.column.values = table.columns[k].data() + begin * (table.columns[k].size() / rows);
      backend.columns.bring_up(objective, begin, std::min(batch_rows, rows - begin));
    }
  }
  for (std::uint32_t k = 0; k < points.objective_count; ++k) table.objectives[k].kept = static_cast<int>(k);
}

TEST(Devices, TakeColumnsUpOnceThatTheyKeep) {
  constexpr std::uint32_t kRows = 900;
  const Machine machine(2, 1 << 24);
  for (const char* device : {"0", "all"}) {
    const std::uint64_t devices = device[0] == 'a' ? 2 : 1;
    for (const std::uint32_t batch_rows : {1u, 99u, 900u}) {
      const Backend backend = choose_backend(CARBONFRONT_TEST_BACKEND, {device});
      Table table = mixed_table(kRows);
      const std::uint64_t before = emulation::bytes_up();
      bring_up(backend, table, batch_rows);
      EXPECT_EQ(emulation::bytes_up() - before, kRows * (8 + 4 + 2) * devices) << "each value once, as it is stored";
      for (const bool some : {false, true}) {
        for (std::uint32_t row = 1; some && row < kRows; row += 1 + row % 3) table.rows.push_back(row);
        if (some) table.size = static_cast<std::uint32_t>(table.rows.size());
        table.group = some ? draw_groups(table.size, 3, 1) : std::vector<std::uint32_t>{};
        for (const VerdictRequest wanted : {kEverything, VerdictRequest{}}) {
          Progress progress;
          const std::uint64_t up = emulation::bytes_up();
          EXPECT_EQ(difference(by_reference(table, wanted), backend.evaluate(table.view(), wanted, progress)), "");
          EXPECT_EQ(emulation::bytes_up() - up, some ? 8 * table.size * devices : 0) << "numbers of rows and groups alone";
        }
      }
    }
  }
}

TEST(Devices, KeepTheEmissionsThatTheyCompute) {
  constexpr std::uint32_t kRows = 700;
  std::vector<double> hours = draw(Distribution::quantised, kRows, 1, 3)[0],
                      quality = draw(Distribution::three_values, kRows, 1, 4)[0], energy(kRows), co2e(kRows);
  hours[5] = std::numeric_limits<double>::quiet_NaN();
  const Machine machine(2, 1 << 24);
  for (const char* device : {"0", "all"}) {
    const Backend backend = choose_backend(CARBONFRONT_TEST_BACKEND, {device});
    ASSERT_TRUE(backend.columns.keep(1, kRows, 2));
    for (std::uint32_t begin = 0; begin < kRows; begin += 150) {
      const std::uint32_t rows = std::min(150u, kRows - begin);
      EmissionStep step{DevicePower{}, {}, Combine::set};
      step.factors[2] = {hours.data() + begin, 1};
      KeptEmissions kept;
      kept.co2e.kept = 0;
      kept.begin = begin;
      backend.columns.emissions({&step, 1}, rows, {energy.data() + begin, co2e.data() + begin, nullptr}, kept);
    }
    Table table = table_of({co2e, quality});
    const Verdict expected = by_reference(table);
    table.objectives[0].kept = 0;
    std::fill(table.columns[0].begin(), table.columns[0].end(), 0);  // the device has no need of it
    Progress progress;
    EXPECT_EQ(difference(expected, backend.evaluate(table.view(), kEverything, progress)), "") << device;
  }
}

TEST(Devices, KeepNothingThatDoesNotFitBesideTheWork) {
  const Machine machine(1, 60000);
  const Backend backend = choose_backend(CARBONFRONT_TEST_BACKEND);
  EXPECT_FALSE(backend.columns.keep(3, 700, 3));
  EXPECT_TRUE(backend.columns.keep(3, 300, 3));
  EXPECT_FALSE(choose_backend(CARBONFRONT_TEST_BACKEND, {"", 30000}).columns.keep(3, 300, 3)) << "memory limit";
}

TEST(Devices, CountBetweenTwoSets) {
  for (Table& table : some_tables()) {
    std::vector<std::uint8_t> is_source(table.size);
    for (std::uint32_t i = 0; i < table.size; ++i) is_source[i] = i % 5 < 2;
    Progress progress;
    const CrossCounts expected = count_against_reference(table.view(), is_source, true, true, progress);
    for (const std::size_t bytes : {std::size_t{40000}, std::size_t{1} << 24}) {
      const Machine machine(2, bytes);
      for (const DeviceChoice& choice : {DeviceChoice{"0"}, {"all"}, {"0", 0, bytes > 40000}, {"all", 0, bytes > 40000}}) {
        const CrossCounts found =
            choose_backend(CARBONFRONT_TEST_BACKEND, choice).count_against(table.view(), is_source, true, true, progress);
        EXPECT_EQ(found.dominated_by, expected.dominated_by) << bytes << ' ' << choice.device << ' ' << choice.as_for_many;
        EXPECT_EQ(found.dominates, expected.dominates) << bytes << ' ' << choice.device << ' ' << choice.as_for_many;
      }
    }
  }
}

TEST(Devices, AreChosenByNumber) {
  const Machine machine(2, 1 << 20);
  EXPECT_THROW(choose_backend(CARBONFRONT_TEST_BACKEND, {"2"}), DeviceError);
  EXPECT_THROW(choose_backend(CARBONFRONT_TEST_BACKEND, {"-1"}), SpecError);
  EXPECT_THROW(choose_backend(CARBONFRONT_TEST_BACKEND, {"two"}), SpecError);
  EXPECT_THROW(choose_backend("cpu", {"0"}), SpecError);
  EXPECT_EQ(choose_backend("auto", {"0"}).name, CARBONFRONT_TEST_BACKEND);
  EXPECT_EQ(choose_backend("auto").name, "cpu");
  const Machine none(0, 0);
  EXPECT_THROW(choose_backend(CARBONFRONT_TEST_BACKEND), DeviceError);
  EXPECT_THROW(choose_backend("auto", {"0"}), DeviceError);
}

TEST(Devices, FailEveryCallInTurnWithoutALeak) {
  const Machine machine(2, 24000);
  Table table = table_of(draw(Distribution::quantised, 150, 3, 4));
  table.group = draw_groups(150, 2, 5);
  const Verdict expected = by_reference(table);
  std::vector<double> factors(300, 2), energy(300), co2e(300);
  for (int k = 0; k < 3; ++k) table.objectives[k].kept = k;
  const auto work = [&] {
    const Backend backend = choose_backend(CARBONFRONT_TEST_BACKEND, {"all"});
    EmissionStep step{DevicePower{}, {}, Combine::set};
    step.factors[0] = step.factors[1] = {factors.data(), 1};
    backend.emissions({&step, 1}, 300, {energy.data(), co2e.data(), nullptr});
    bring_up(backend, table, 80);
    Progress progress;
    return backend.evaluate(table.view(), kEverything, progress);
  };
  emulation::fail_call(0);
  const std::uint64_t before = emulation::live_objects();
  EXPECT_EQ(difference(expected, work()), "");
  const std::uint64_t calls = emulation::calls();
  ASSERT_GT(calls, 100u);
  EXPECT_EQ(emulation::live_objects(), before);
  std::uint64_t failed = 0;
  for (std::uint64_t call = 1; call <= calls; ++call) {
    emulation::fail_call(call);
    try {
      EXPECT_EQ(difference(expected, work()), "") << "call " << call;  // waited for the last time by a destructor
    } catch (const DeviceError& error) {
      ++failed;
      EXPECT_NE(std::string(error.what()).find("cuda"), std::string::npos) << error.what();
    }
    EXPECT_EQ(emulation::live_objects(), before) << "call " << call;
  }
  emulation::fail_call(0);
  EXPECT_GT(failed, calls * 9 / 10);
}

/// Models of few and of many factors, whose columns are partly the same, joined in every way.
std::vector<EmissionStep> joined_steps(const std::vector<std::vector<double>>& columns, int constants) {
  const EmissionModel models[] = {MeasuredEnergy{{1, 3600000}, {1, 1}},
                                  DevicePower{{7, 60000}, {3, 1000}},
                                  GreenAlgorithms{{1, 1}, {1000, 1}, {1, 1}, {1, 60000}, {1, 1000}},
                                  Flops{{{6e18, 1}, {1e12, 1}}, {1, 3600000}, {1000, 1}},
                                  Embodied{{1, 8760}},
                                  EmbodiedOfWork{{{1e18, 1}, {1e12, 1}}, {1, 31536000}},
                                  Lifetime{{1000, 1}}};
  std::vector<EmissionStep> steps;
  for (const EmissionModel& model : models) {
    const std::size_t s = steps.size();
    EmissionStep step{model, {}, s == 0 ? Combine::set : s < 4 ? Combine::missing : Combine::add};
    for (std::size_t k = 0; k < kMostFactors; ++k)
      step.factors[k] = {constants >> (k % 5) & 1 ? nullptr : columns[(k + s) % columns.size()].data(),
                         1.1 + static_cast<double>(k)};
    steps.push_back(step);
  }
  return steps;
}

struct FoundEmissions {
  std::vector<double> values;  // energy, then CO2e
  std::vector<std::uint8_t> source;

  explicit FoundEmissions(std::size_t rows) : values(2 * rows), source(rows) {}
  EmissionColumns columns() { return {values.data(), values.data() + source.size(), source.data()}; }
};

void expect_same(FoundEmissions& expected, FoundEmissions& found, const std::string& what) {
  for (std::size_t i = 0; i < expected.values.size(); ++i)
    if (std::isnan(expected.values[i])) expected.values[i] = found.values[i] = std::isnan(found.values[i]) ? 0 : 1;
  const std::size_t bytes = expected.values.size() * sizeof(double);
  EXPECT_EQ(bytes == 0 ? 0 : std::memcmp(expected.values.data(), found.values.data(), bytes), 0) << what;
  EXPECT_EQ(expected.source, found.source) << what;
}

TEST(DeviceEmissions, AreTheReferencesBits) {
  std::mt19937_64 random(6);
  std::uniform_real_distribution<double> uniform(0, 1e3);
  for (const std::size_t rows : {0u, 1u, 2u, 511u, 3001u}) {
    std::vector<std::vector<double>> columns(5, std::vector<double>(rows));
    for (auto& column : columns)
      for (double& value : column) value = random() % 10 ? uniform(random) : std::numeric_limits<double>::quiet_NaN();
    for (const int constants : {0, 5, 26, 31}) {
      for (const std::size_t bytes : {std::size_t{3000}, std::size_t{1} << 24}) {
        const Machine machine(1, bytes);
        const Backend backend = choose_backend(CARBONFRONT_TEST_BACKEND);
        const std::vector<EmissionStep> steps = joined_steps(columns, constants);
        auto compare = [&](std::span<const EmissionStep> some, bool sources, const std::string& what) {
          FoundEmissions expected(rows), found(rows);
          EmissionColumns wanted = expected.columns(), got = found.columns();
          if (!sources) wanted.source = got.source = nullptr;
          emissions_reference(some, rows, wanted);
          backend.emissions(some, rows, got);
          expect_same(expected, found, what + ", " + std::to_string(rows) + " rows, constants " + std::to_string(constants));
        };
        compare(steps, true, "all joined");
        std::vector<std::uint8_t> chosen(rows);
        for (std::uint8_t& source : chosen)
          source = random() % 5 ? static_cast<std::uint8_t>(random() % steps.size()) : kNoSource;
        FoundEmissions expected(rows), found(rows);
        EmissionColumns wanted = expected.columns(), got = found.columns();
        wanted.source = got.source = nullptr;
        wanted.chosen = got.chosen = chosen.data();
        emissions_reference(steps, rows, wanted);
        backend.emissions(steps, rows, got);
        expect_same(expected, found, "chosen, " + std::to_string(rows) + " rows");
        for (EmissionStep step : steps) {
          step.how = Combine::set;
          compare({&step, 1}, false, "model " + std::to_string(step.model.index()));
        }
      }
    }
  }
}

}  // namespace
}  // namespace carbonfront::test
