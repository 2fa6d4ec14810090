// A device at work through the host's backend, on a real device as on the emulated one: blocks, columns that it keeps,
// counts between two sets, emissions.

#include "tests/backend_devices.hpp"

namespace carbonfront::test {
namespace {

TEST(Devices, TakeBlocksWhereRowsDoNotFit) {
  for (Table& table : some_tables()) {
    const Verdict expected = by_reference(table);
    for (const std::size_t bytes : {23000, 36000, 66000})
      EXPECT_EQ(difference(expected, evaluated(table, {"", bytes})), "") << bytes << " bytes, " << table.objectives.size();
    for (const VerdictRequest wanted :
         {VerdictRequest{}, VerdictRequest{.witness = true}, VerdictRequest{.rank = true, .max_rank = 3}})
      EXPECT_EQ(difference(by_reference(table, wanted), evaluated(table, {"", 28000}, wanted)), "")
          << "parts of the answers";
  }
}

/// Rows that strong rows drop are never ordered, whether the rest fits or not.
TEST(Devices, FindFrontsOfBlocksWithoutWhatStrongRowsDrop) {
  for (const auto& [distribution, bytes] : {std::pair{Distribution::independent, 66000},
                                            {Distribution::correlated, 33000},
                                            {Distribution::anti_correlated, 44000},
                                            {Distribution::all_nondominated, 44000}}) {
    for (const std::uint32_t objectives : {1, 2, 3, 6}) {
      Table table = table_of(draw(distribution, 1300, objectives, 2));
      if (objectives == 2) table.group = draw_groups(1300, 3, 3);
      const DeviceChoice choice{"", static_cast<std::size_t>(bytes)};
      EXPECT_EQ(difference(by_reference(table, {}), evaluated(table, choice, {})), "") << objectives;
    }
  }
}

TEST(Devices, TakeBlocksWithTheKernelsForManyRows) {
  for (const std::uint32_t objectives : {1, 2, 3, 6}) {
    Table table = table_of(draw(Distribution::quantised, 1300, objectives, 2));
    table.group = draw_groups(1300, 2, 3);
    EXPECT_EQ(difference(by_reference(table), evaluated(table, {"", 120000, true})), "") << objectives;
  }
}

TEST(Devices, RefuseBlocksOfNextToNothing) {
  Table table = table_of(draw(Distribution::independent, 700, 3, 1));
  EXPECT_THROW(evaluated(table, {"", 3000}), DeviceError);
  EXPECT_THROW(evaluated(table, {"", 1}), DeviceError);
}

/// The same call again takes no pinned memory, and waits no more often for many columns than for few.
TEST(Devices, AnswerAgainWithWhatTheyHave) {
  const Backend backend = choose_backend(CARBONFRONT_TEST_BACKEND);
  std::uint64_t waits = 0;
  for (const std::uint32_t objectives : {2, 8}) {
    Table table = table_of(draw(Distribution::independent, 3000, objectives, 4));
    const Verdict expected = by_reference(table);
    Progress progress;
    device::Tally first, second;
    for (device::Tally* call : {&first, &second}) {
      const device::Tally before = device::tally;
      EXPECT_EQ(difference(expected, backend.evaluate(table.view(), kEverything, progress)), "");
      call->waits = device::tally.waits - before.waits;
      call->pinned = device::tally.pinned - before.pinned;
    }
    EXPECT_EQ(second.pinned, 0u);
    EXPECT_LE(second.waits, first.waits);
    const std::uint64_t of_columns = objectives;  // one for each batch of a column that goes up
    if (waits > 0) {
      EXPECT_EQ(second.waits - of_columns, waits);
    }
    waits = second.waits - of_columns;
  }
}

TEST(Devices, AnswerFromTheColumnsThatTheyKeep) {
  constexpr std::uint32_t kRows = 900;
  for (const std::uint32_t batch_rows : {1u, 99u, 900u}) {
    const Backend backend = choose_backend(CARBONFRONT_TEST_BACKEND);
    Table table = mixed_table(kRows);
    bring_up(backend, table, batch_rows);
    for (const bool some : {false, true}) {
      for (std::uint32_t row = 1; some && row < kRows; row += 1 + row % 3) table.rows.push_back(row);
      if (some) table.size = static_cast<std::uint32_t>(table.rows.size());
      table.group = some ? draw_groups(table.size, 3, 1) : std::vector<std::uint32_t>{};
      const Verdict expected = by_reference(table);
      Table there = table;
      for (auto& column : there.columns) std::fill(column.begin(), column.end(), 0);  // the device has no need of them
      Progress progress;
      EXPECT_EQ(difference(expected, backend.evaluate(there.view(), kEverything, progress)), "") << batch_rows;
    }
  }
}

TEST(Devices, KeepTheEmissionsThatTheyCompute) {
  constexpr std::uint32_t kRows = 700;
  std::vector<double> hours = draw(Distribution::quantised, kRows, 1, 3)[0],
                      quality = draw(Distribution::three_values, kRows, 1, 4)[0], energy(kRows), co2e(kRows);
  hours[5] = std::numeric_limits<double>::quiet_NaN();
  const Backend backend = choose_backend(CARBONFRONT_TEST_BACKEND);
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
  EXPECT_EQ(difference(expected, backend.evaluate(table.view(), kEverything, progress)), "");
}

TEST(Devices, KeepNothingThatDoesNotFitBesideTheWork) {
  const Backend backend = choose_backend(CARBONFRONT_TEST_BACKEND, {"", 64000});
  EXPECT_FALSE(backend.columns.keep(3, 700, 3));
  EXPECT_TRUE(backend.columns.keep(3, 300, 3));
  EXPECT_FALSE(choose_backend(CARBONFRONT_TEST_BACKEND, {"", 30000}).columns.keep(3, 300, 3));
}

TEST(Devices, CountBetweenTwoSets) {
  for (Table& table : some_tables()) {
    std::vector<std::uint8_t> is_source(table.size);
    for (std::uint32_t i = 0; i < table.size; ++i) is_source[i] = i % 5 < 2;
    Progress progress;
    const CrossCounts expected = count_against_reference(table.view(), is_source, true, true, progress);
    for (const DeviceChoice& choice : {DeviceChoice{"0"}, {"0", 0, true}, {"0", 44000}}) {
      const CrossCounts found =
          choose_backend(CARBONFRONT_TEST_BACKEND, choice).count_against(table.view(), is_source, true, true, progress);
      EXPECT_EQ(found.dominated_by, expected.dominated_by) << choice.memory_limit << ' ' << choice.as_for_many;
      EXPECT_EQ(found.dominates, expected.dominates) << choice.memory_limit << ' ' << choice.as_for_many;
    }
  }
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
      for (const std::size_t bytes : {3300, 0}) {
        const Backend backend = choose_backend(CARBONFRONT_TEST_BACKEND, {"", bytes});
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
