// What only an emulated machine shows: several devices, memory that is really short, every call failing in turn, bytes that
// are counted.

#include "kernels/emulation/runtime.hpp"
#include "tests/backend_devices.hpp"

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

TEST(Devices, TakeBlocksWhereTheMemoryIsShort) {
  for (Table& table : some_tables()) {
    const Verdict expected = by_reference(table);
    for (const std::size_t bytes : {25000, 60000}) {
      const Machine machine(1, bytes);
      EXPECT_EQ(difference(expected, evaluated(table, {})), "") << bytes << " bytes, " << table.objectives.size();
    }
    const Machine machine(1, 60000);
    EXPECT_EQ(difference(by_reference(table, {}), evaluated(table, {}, {})), "");
    EXPECT_EQ(difference(expected, evaluated(table, {"", 0, true})), "") << "the kernels for many rows";
  }
}

TEST(Devices, ShareFrontsOfBlocks) {
  for (const Distribution distribution : {Distribution::independent, Distribution::anti_correlated}) {
    Table table = table_of(draw(distribution, 1300, 3, 2));
    const Machine machine(2, 50000);
    EXPECT_EQ(difference(by_reference(table, {}), evaluated(table, {"all"}, {})), "");
  }
}

/// The pool grows at most while a call is the first of its size: no other takes anything of the device.
TEST(Devices, AnswerAgainWithoutMoreMemory) {
  const Machine machine(1, 1 << 24);
  const OpenBackend backend = open_backend(CARBONFRONT_TEST_BACKEND);
  Table table = table_of(draw(Distribution::independent, 5000, 3, 4));
  std::vector<double> factors(5000, 2), energy(5000), co2e(5000);
  EmissionStep step{DevicePower{}, {}, Combine::set};
  step.factors[0] = {factors.data(), 1};
  Progress progress;
  std::uint64_t growths = 0, pinned = 0, objects = 0;
  for (const bool again : {false, true}) {
    for (const VerdictRequest wanted : {kEverything, VerdictRequest{}}) {
      backend.session->emissions({&step, 1}, 5000, {energy.data(), co2e.data(), nullptr}, kUnwatched);
      backend.session->evaluate(table.view(), wanted, progress);
    }
    if (again) {
      EXPECT_EQ(emulation::pool_growths(), growths);
      EXPECT_EQ(device::tally.pinned, pinned);
      EXPECT_EQ(emulation::live_objects(), objects);
    }
    growths = emulation::pool_growths();
    pinned = device::tally.pinned;
    objects = emulation::live_objects();
  }
}

TEST(Devices, TakeColumnsUpOnceThatTheyKeep) {
  constexpr std::uint32_t kRows = 900;
  const Machine machine(2, 1 << 24);
  for (const char* device : {"0", "all"}) {
    const std::uint64_t devices = device[0] == 'a' ? 2 : 1;
    for (const std::uint32_t batch_rows : {1u, 99u, 900u}) {
      const OpenBackend backend = open_backend(CARBONFRONT_TEST_BACKEND, {device});
      Table table = mixed_table(kRows);
      const std::uint64_t before = emulation::bytes_up();
      bring_up(*backend.session, table, batch_rows);
      EXPECT_EQ(emulation::bytes_up() - before, kRows * (8 + 4 + 2) * devices) << "each value once, as it is stored";
      for (const bool some : {false, true}) {
        for (std::uint32_t row = 1; some && row < kRows; row += 1 + row % 3) table.rows.push_back(row);
        if (some) table.size = static_cast<std::uint32_t>(table.rows.size());
        table.group = some ? draw_groups(table.size, 3, 1) : std::vector<std::uint32_t>{};
        for (const VerdictRequest wanted : {kEverything, VerdictRequest{}}) {
          Progress progress;
          const std::uint64_t up = emulation::bytes_up();
          EXPECT_EQ(difference(by_reference(table, wanted), backend.session->evaluate(table.view(), wanted, progress)), "");
          EXPECT_EQ(emulation::bytes_up() - up, some ? 8 * table.size * devices : 0) << "numbers of rows and groups alone";
        }
      }
    }
  }
}

TEST(Devices, ShareCountsBetweenTwoSets) {
  for (Table& table : some_tables()) {
    std::vector<std::uint8_t> is_source(table.size);
    for (std::uint32_t i = 0; i < table.size; ++i) is_source[i] = i % 5 < 2;
    Progress progress;
    const CrossCounts expected = count_against_reference(table.view(), {is_source.data(), true, true}, progress);
    for (const std::size_t bytes : {std::size_t{44000}, std::size_t{1} << 24}) {
      const Machine machine(2, bytes);
      const CrossCounts found = open_backend(CARBONFRONT_TEST_BACKEND, {"all", 0, bytes > 44000})
                                    .session->count_against(table.view(), {is_source.data(), true, true}, progress);
      EXPECT_EQ(found.dominated_by, expected.dominated_by) << bytes;
      EXPECT_EQ(found.dominates, expected.dominates) << bytes;
    }
  }
}

TEST(Devices, BringNothingUpThatDoesNotFitBesideTheWork) {
  Table table = mixed_table(900);
  for (const auto& [bytes, fits] : {std::pair{std::size_t{64000}, false}, {std::size_t{1} << 20, true}}) {
    const OpenBackend backend = open_backend(CARBONFRONT_TEST_BACKEND, {"", bytes});
    const std::uint64_t before = emulation::bytes_up();
    bring_up(*backend.session, table, 99);
    EXPECT_EQ(emulation::bytes_up() > before, fits) << bytes;
    Progress progress;
    EXPECT_EQ(difference(by_reference(table), backend.session->evaluate(table.view(), kEverything, progress)), "");
  }
}

/// What says whether rows fit is an upper bound of what the kernels for many rows take: a device that has just that is
/// enough.
TEST(Devices, NeedNoMoreMemoryThanIsPlanned) {
  constexpr std::uint32_t kRows = 4200;
  for (const std::uint32_t objectives : {2, 3, 4, 8, 32}) {
    Table table = table_of(draw(Distribution::correlated, kRows, objectives, 2));
    table.group = draw_groups(kRows, 2, 3);
    for (const VerdictRequest wanted : {VerdictRequest{}, VerdictRequest{true, true}, VerdictRequest{.witness = true},
                                        VerdictRequest{true, false, true, false}}) {
      const Machine machine(1, (kRows * device::bytes_per_row(objectives) / device::kRowParts + 1) * 16 * 20 / 19 + 20);
      const std::uint64_t before = emulation::bytes_up();
      EXPECT_NO_THROW(evaluated(table, {}, wanted)) << objectives << " objectives, counts: " << wanted.dominates;
      EXPECT_EQ(emulation::bytes_up() - before, kRows * (8 * objectives + 4)) << "at once: every value once";
    }
  }
}

TEST(Devices, ShareRows) {
  for (Table& table : some_tables()) {
    const Verdict expected = by_reference(table);
    for (const int devices : {2, 3}) {
      for (const std::size_t bytes : {std::size_t{44000}, std::size_t{1} << 24}) {
        const Machine machine(devices, bytes);
        EXPECT_EQ(difference(expected, evaluated(table, {"all"})), "") << devices << " devices";
        EXPECT_EQ(difference(expected, evaluated(table, {"all", 0, bytes > 44000})), "") << devices << " devices, tiles";
        EXPECT_EQ(difference(expected, evaluated(table, {"1"})), "") << "device 1";
        EXPECT_EQ(evaluated(table, {"all"}, {}).nondominated, expected.nondominated);
      }
    }
  }
}

TEST(Devices, AreChosenByNumber) {
  const Machine machine(2, 1 << 20);
  EXPECT_THROW(open_backend(CARBONFRONT_TEST_BACKEND, {"2"}), DeviceError);
  EXPECT_THROW(open_backend(CARBONFRONT_TEST_BACKEND, {"-1"}), SpecError);
  EXPECT_THROW(open_backend(CARBONFRONT_TEST_BACKEND, {"two"}), SpecError);
  EXPECT_THROW(open_backend("cpu", {"0"}), SpecError);
  EXPECT_EQ(open_backend("auto", {"0"}).name, CARBONFRONT_TEST_BACKEND);
  EXPECT_EQ(open_backend("auto").name, "cpu");
  const Machine none(0, 0);
  EXPECT_THROW(open_backend(CARBONFRONT_TEST_BACKEND), DeviceError);
  EXPECT_THROW(open_backend("auto", {"0"}), DeviceError);
}

/// What failed half-way leaves a device that answers the next call, in blocks too.
TEST(Devices, AnswerAfterACallThatFailed) {
  Table table = table_of(draw(Distribution::quantised, 150, 3, 4));
  const Verdict expected = by_reference(table);
  for (const std::size_t bytes : {std::size_t{24000}, std::size_t{1} << 24}) {
    const Machine machine(1, bytes);
    const OpenBackend backend = open_backend(CARBONFRONT_TEST_BACKEND);
    Progress progress;
    const auto answer = [&] { return difference(expected, backend.session->evaluate(table.view(), kEverything, progress)); };
    ASSERT_EQ(answer(), "");
    emulation::fail_call(0);
    ASSERT_EQ(answer(), "");
    const std::uint64_t calls = emulation::calls(), objects = emulation::live_objects();
    for (std::uint64_t call = 1; call <= calls; call += 3) {
      emulation::fail_call(call);
      EXPECT_THROW(answer(), DeviceError) << call;
      emulation::fail_call(0);
      EXPECT_EQ(answer(), "") << "after call " << call;
      EXPECT_EQ(emulation::live_objects(), objects) << "after call " << call;
    }
  }
}

TEST(Devices, ComputeEmissionsAfterACallThatFailed) {
  const Machine machine(1, 30000);
  const OpenBackend backend = open_backend(CARBONFRONT_TEST_BACKEND);
  const std::vector<double> factors(2000, 2);
  EmissionStep step{DevicePower{}, {}, Combine::set};
  for (int k = 0; k < 3; ++k) step.factors[k] = {factors.data(), 1};
  const auto compute = [&] {
    std::vector<double> energy(2000, 0), co2e(2000, 0);  // gone when a call has failed
    backend.session->emissions({&step, 1}, 2000, {energy.data(), co2e.data(), nullptr}, kUnwatched);
    return energy;
  };
  const std::vector<double> expected = compute();
  emulation::fail_call(0);
  EXPECT_EQ(compute(), expected);
  const std::uint64_t calls = emulation::calls();
  for (std::uint64_t call = 1; call <= calls; ++call) {
    emulation::fail_call(call);
    EXPECT_THROW(compute(), DeviceError) << call;
    emulation::fail_call(0);
    EXPECT_EQ(compute(), expected) << "after call " << call;
  }
}

TEST(Devices, FailEveryCallInTurnWithoutALeak) {
  const Machine machine(2, 24000);
  Table table = table_of(draw(Distribution::quantised, 150, 3, 4));
  table.group = draw_groups(150, 2, 5);
  const Verdict expected = by_reference(table);
  std::vector<double> factors(300, 2), energy(300), co2e(300);
  const auto work = [&] {
    const OpenBackend backend = open_backend(CARBONFRONT_TEST_BACKEND, {"all"});
    EmissionStep step{DevicePower{}, {}, Combine::set};
    step.factors[0] = step.factors[1] = {factors.data(), 1};
    backend.session->emissions({&step, 1}, 300, {energy.data(), co2e.data(), nullptr}, kUnwatched);
    bring_up(*backend.session, table, 80);
    Progress progress;
    return backend.session->evaluate(table.view(), kEverything, progress);
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

}  // namespace
}  // namespace carbonfront::test
