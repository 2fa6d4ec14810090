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
  const OpenBackend backend = open_backend(CARBONFRONT_TEST_BACKEND);
  std::uint64_t waits = 0;
  for (const std::uint32_t objectives : {2, 8}) {
    Table table = table_of(draw(Distribution::independent, 3000, objectives, 4));
    const Verdict expected = by_reference(table);
    Progress progress;
    device::Tally first, second;
    for (device::Tally* call : {&first, &second}) {
      const device::Tally before = device::tally;
      EXPECT_EQ(difference(expected, backend.session->evaluate(table.view(), kEverything, progress)), "");
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
    const OpenBackend backend = open_backend(CARBONFRONT_TEST_BACKEND);
    Table table = mixed_table(kRows);
    bring_up(*backend.session, table, batch_rows);
    for (const bool some : {false, true}) {
      for (std::uint32_t row = 1; some && row < kRows; row += 1 + row % 3) table.rows.push_back(row);
      if (some) table.size = static_cast<std::uint32_t>(table.rows.size());
      table.group = some ? draw_groups(table.size, 3, 1) : std::vector<std::uint32_t>{};
      const Verdict expected = by_reference(table);
      const auto columns = table.columns;
      for (auto& column : table.columns) std::fill(column.begin(), column.end(), 0);  // the device has no need of them
      Progress progress;
      EXPECT_EQ(difference(expected, backend.session->evaluate(table.view(), kEverything, progress)), "") << batch_rows;
      for (std::size_t k = 0; k < columns.size(); ++k)
        std::copy(columns[k].begin(), columns[k].end(), table.columns[k].begin());
    }
  }
}

TEST(Devices, ForgetColumnsWhenOthersBegin) {
  const OpenBackend backend = open_backend(CARBONFRONT_TEST_BACKEND);
  Table table = mixed_table(900);
  bring_up(*backend.session, table, 200);
  backend.session->bring_up({}, kUnwatched);
  for (auto& column : table.columns) std::reverse(column.begin(), column.end());  // others now, where the old ones lay
  Progress progress;
  EXPECT_EQ(difference(by_reference(table), backend.session->evaluate(table.view(), kEverything, progress)), "");
}

TEST(Devices, AskForTheColumnsAgainOfRowsThatAreNotThereYetOrWereNotToldOf) {
  for (const std::uint32_t most_rows : {900u, 500u}) {
    const OpenBackend backend = open_backend(CARBONFRONT_TEST_BACKEND);
    Table table = mixed_table(900);
    const PointsView points = table.view();
    GrowingColumns growing{{points.objectives, points.objective_count}, 0, most_rows, points.objective_count};
    for (growing.rows = 0; growing.rows <= 800; growing.rows += 400) backend.session->bring_up(growing, kUnwatched);
    Progress progress;
    EXPECT_EQ(difference(by_reference(table), backend.session->evaluate(table.view(), kEverything, progress)), "");
  }
}

TEST(Devices, CountBetweenTwoSets) {
  for (Table& table : some_tables()) {
    std::vector<std::uint8_t> is_source(table.size);
    for (std::uint32_t i = 0; i < table.size; ++i) is_source[i] = i % 5 < 2;
    Progress progress;
    const CrossCounts expected = count_against_reference(table.view(), {is_source.data(), true, true}, progress);
    for (const DeviceChoice& choice : {DeviceChoice{"0"}, {"0", 0, true}, {"0", 44000}}) {
      const CrossCounts found = open_backend(CARBONFRONT_TEST_BACKEND, choice)
                                    .session->count_against(table.view(), {is_source.data(), true, true}, progress);
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
        const OpenBackend backend = open_backend(CARBONFRONT_TEST_BACKEND, {"", bytes});
        const std::vector<EmissionStep> steps = joined_steps(columns, constants);
        auto compare = [&](std::span<const EmissionStep> some, bool sources, const std::string& what) {
          FoundEmissions expected(rows), found(rows);
          EmissionColumns wanted = expected.columns(), got = found.columns();
          if (!sources) wanted.source = got.source = nullptr;
          emissions_reference(some, rows, wanted);
          backend.session->emissions(some, rows, got, kUnwatched);
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
        backend.session->emissions(steps, rows, got, kUnwatched);
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
