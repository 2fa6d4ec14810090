// Views of the front alone: found while the sweep is read, in memory bounded by the front, with the same bytes as ever.

#include "tests/program.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

const Arguments kEmissions = {"--emissions", "devices=n_gpus,max_power=tdp,time=train_time"};

std::string generated(const Scratch& folder, const Arguments& more) {
  return generated(folder, "s.h5", joined({"--force"}, more));
}

std::string digest_with(const Scratch& folder, const std::string& sweep, Arguments work, const Arguments& more) {
  return digest_of(scored(folder, sweep, joined(joined(work, more), {"--force"})));
}

Arguments with_emissions(Arguments work) {
  work.insert(work.begin(), kEmissions.begin(), kEmissions.end());
  return work;
}

/// Scores the same work with rows kept (as the reference needs them) and passing by in batches of several sizes.
void expect_same_bytes(const Scratch& folder, const std::string& sweep, const Arguments& work) {
  std::string expected = digest_with(folder, sweep, work, {"--backend", "reference"});
  EXPECT_EQ(digest_with(folder, sweep, work, {"--validate", "all"}), expected) << ::testing::PrintToString(work);
  for (const char* rows : {"1", "7", "1000", "3000"}) {
    if (std::string(rows) == "1" && work.size() > 8) continue;
    EXPECT_EQ(digest_with(folder, sweep, work, {"--batch-rows", rows}), expected) << rows << ::testing::PrintToString(work);
  }
}

TEST(FrontAlone, HasTheSameBytesAsAFrontOfRowsThatAreKept) {
  Scratch folder;
  std::string sweep = generated(folder, {"--rows", "3000", "--missing", "0.05"});
  for (const char* missing : {"exclude", "worst"}) {
    expect_same_bytes(folder, sweep, {"--view", "v=accuracy:max,params:min", "--outputs", "", "--missing", missing});
    expect_same_bytes(folder, sweep,
                      with_emissions({"--view", "v=accuracy:max,co2e_kg:min,params:min", "--outputs", "", "--missing",
                                      missing, "--where", "accuracy >= 42", "--group-by", "dataset,gpu"}));
  }
}

TEST(FrontAlone, MayStandBesideViewsThatKeepTheirRows) {
  Scratch folder;
  std::string sweep = generated(folder, {"--rows", "3000", "--missing", "0.05"});
  std::string spec = folder.write("spec.toml", R"(
[sweep]
where = ["accuracy >= 42"]
[emissions]
devices   = { column = "n_gpus" }
max_power = { column = "tdp" }
time      = { column = "train_time" }
[[view]]
name = "front"
objectives = ["accuracy:max", "energy_kwh:min"]
outputs = ["hypervolume", "contributions"]
group_by = ["gpu"]
[[view]]
name = "counts"
objectives = ["accuracy:max", "params:min", "co2e_kg:min"]
[[view]]
name = "another"
objectives = ["params:min", "co2e_kg:min", "energy_kwh:min"]
outputs = []
)");
  expect_same_bytes(folder, sweep, {"--spec", spec});
}

TEST(FrontAlone, IsEmptyWhereNoRowIsSelectedOrRated) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("a", {1, 2}).column<double>("b", {NAN, NAN}).close();
  for (const Arguments& where : {Arguments{}, Arguments{"--where", "a > 5"}}) {
    Arguments work = {"--view", "v=a:min,b:min", "--outputs", "hypervolume"};
    work.insert(work.end(), where.begin(), where.end());
    expect_same_bytes(folder, sweep, work);
  }
}

TEST(FrontAlone, RefusesTheFirstMissingRowWhateverTheBatches) {
  Scratch folder;
  std::vector<double> values(100, 1);
  values[37] = values[90] = NAN;
  std::vector<double> power(100, 2);
  power[61] = NAN;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("a", values)
                          .column<double>("n_gpus", std::vector<double>(100, 1))
                          .column<double>("tdp", power)
                          .units("W")
                          .column<double>("train_time", std::vector<double>(100, 3))
                          .units("h")
                          .close();
  for (const char* rows : {"1", "10", "100"}) {
    expect_refused(score(folder, sweep, {"--view", "v=a:min", "--outputs", "", "--missing", "error", "--batch-rows", rows}),
                   3, {"column 'a'", "row 37"}, folder, {"s.h5"});
    expect_refused(score(folder, sweep,
                         with_emissions({"--view", "v=co2e_kg:min,a:min", "--where", "a > 0", "--outputs", "", "--missing",
                                         "error", "--batch-rows", rows})),
                   3, {"max_power (column 'tdp')", "row 61"}, folder, {"s.h5"});
  }
}

TEST(FrontAlone, SaysThatOnlyTheFrontStays) {
  Scratch folder;
  std::string sweep = generated(folder, {"--rows", "1000"});
  Outcome done = program(score_command(folder, sweep, {"--view", "v=accuracy:max,params:min", "--outputs", ""}));
  EXPECT_TRUE(says(done.err, "of view v only the front stays")) << done.err;
  EXPECT_TRUE(says(done.out, "worth it")) << done.out;
}

TEST(FrontAlone, NeedsMemoryForTheFrontAndABatchOnly) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's own memory counts";
#endif
  Scratch folder;
  std::string sweep = generated(folder, {"--plain", "--objectives", "3", "--rows", "1e7"});  // 240 MB of values
  Outcome done = program(
      score_command(folder, sweep, {"--view", "v=f1:min,f2:min,f3:min", "--outputs", "", "--memory-limit", "150MiB"}));
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_LE(done.peak_kilobytes, 150 * 1024);
}

TEST(FrontAlone, IsRefusedWhenTheFrontItselfOutgrowsTheLimit) {
  Scratch folder;
  std::string sweep = generated(folder, {"--plain", "--objectives", "2", "--rows", "3e6", "--distribution", "nondominated"});
  expect_refused(score(folder, sweep, {"--view", "v=f1:min,f2:min", "--outputs", "", "--memory-limit", "150MiB"}), 4,
                 {"front of view 'v'", "--memory-limit"}, folder, {"s.h5"});
}

}  // namespace
}  // namespace carbonfront
