// The same input and spec give the same bytes, and a result that was changed is found out.

#include <cmath>
#include <limits>

#include "tests/program.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

const Arguments kWork = {"--emissions", "devices=n_gpus,max_power=tdp,time=train_time",
                         "--view",      "t=accuracy:max,co2e_kg:min,params:min",
                         "--view",      "i=accuracy:max,params:min",
                         "--outputs",   "dominated_by,dominates,rank,witness",
                         "--where",     "accuracy >= 42",
                         "--group-by",  "dataset,gpu"};

std::string generated(const Scratch& folder, const char* rows, const char* seed = "1") {
  return generated(folder, "s.h5", {"--rows", rows, "--missing", "0.05", "--seed", seed, "--chunk-rows", "500", "--force"});
}

std::string digest_with(const Scratch& folder, const std::string& sweep, const Arguments& more, Arguments work = kWork) {
  return digest_of(scored(folder, sweep, joined(joined(work, more), {"--force"})));
}

TEST(Result, HasTheSameBytesWhateverBackendThreadsAndBatches) {
  Scratch folder;
  std::string sweep = generated(folder, "2500");
  std::string expected = digest_with(folder, sweep, {"--backend", "cpu"});
  EXPECT_EQ(expected.size(), 32u);
  const Arguments variations[] = {{"--backend", "reference"},
                                  {"--backend", "auto"},
                                  {"--threads", "1"},
                                  {"--threads", "2"},
                                  {"--threads", "3"},
                                  {"--batch-rows", "1"},
                                  {"--batch-rows", "7"},
                                  {"--batch-rows", "1000"},
                                  {"--batch-rows", "2500"},
                                  {"--batch-rows", "999999"},
                                  {"--backend", "reference", "--batch-rows", "333", "--threads", "1"}};
  for (const Arguments& variation : variations)
    EXPECT_EQ(digest_with(folder, sweep, variation), expected) << ::testing::PrintToString(variation);
}

TEST(Result, HasTheSameBytesWithoutGroupsToo) {
  Scratch folder;
  std::string sweep = generated(folder, "4000");
  const Arguments work = {"--view",    "t=accuracy:max,params:min,train_time:min",
                          "--outputs", "dominated_by,dominates,rank,witness",
                          "--missing", "worst"};
  std::string expected = digest_with(folder, sweep, {"--backend", "cpu"}, work);
  EXPECT_EQ(digest_with(folder, sweep, {"--backend", "reference"}, work), expected);
  EXPECT_EQ(digest_with(folder, sweep, {"--backend", "cpu", "--threads", "1", "--batch-rows", "7"}, work), expected);
}

TEST(Result, DoesNotDependOnTheOutputsNameOrThePathOfTheSweep) {
  Scratch folder, elsewhere;
  std::string sweep = generated(folder, "500");
  std::filesystem::copy_file(sweep, elsewhere / "other.h5");
  std::string expected = digest_with(folder, sweep, {});
  EXPECT_EQ(digest_with(elsewhere, elsewhere / "other.h5", {}), expected);
}

TEST(Result, DiffersWhenOneValueDoes) {
  Scratch folder;
  std::string sweep = generated(folder, "500");
  std::string before = digest_with(folder, sweep, {});
  patch<double>(sweep, "/configs/accuracy", 123, 97.999);
  EXPECT_NE(digest_with(folder, sweep, {}), before);
}

TEST(Digest, SeesEveryDatasetAndAttributeOutsideProvenance) {
  Scratch folder;
  std::string sweep = generated(folder, "100");
  std::string result = scored(folder, sweep, kWork), before = digest_of(result);
  auto changed = [&](auto change) {
    std::string copy = folder / "copy.h5";
    std::filesystem::copy_file(result, copy, std::filesystem::copy_options::overwrite_existing);
    change(copy);
    return digest_of(copy) != before;
  };
  EXPECT_FALSE(changed([](const std::string&) {}));
  EXPECT_TRUE(changed([](const std::string& copy) { patch<std::uint32_t>(copy, "/views/i/rank", 5, 77); }));
  EXPECT_TRUE(changed([](const std::string& copy) { patch<double>(copy, "/emissions/co2e_kg", 5, 77); }));
  EXPECT_TRUE(changed([](const std::string& copy) { patch<double>(copy, "/views/t/groups/nadir", 0, 77); }));
  auto add_attribute = [&](const char* object) {
    return changed([object](const std::string& copy) {
      {
        h5::Handle file(H5Fopen(copy.c_str(), H5F_ACC_RDWR, H5P_DEFAULT)), opened(H5Oopen(file, object, H5P_DEFAULT));
        h5::write_attribute(opened, "note", std::int64_t{1});
      }
      renew_checksums(copy);
    });
  };
  EXPECT_TRUE(add_attribute("/"));
  EXPECT_TRUE(add_attribute("/views/t"));
  EXPECT_TRUE(add_attribute("/views/t/groups/keys/dataset"));
  EXPECT_FALSE(add_attribute("/provenance"));
}

TEST(Output, ThatExistsIsKeptWithoutForce) {
  Scratch folder;
  std::string sweep = generated(folder, "100");
  folder.write("r.h5", "precious");
  expect_refused(score(folder, sweep, kWork), 2, {"r.h5", "exists", "--force"}, folder, {"s.h5", "r.h5"});
  EXPECT_EQ(read_text(folder / "r.h5"), "precious");
  Arguments forced = kWork;
  forced.push_back("--force");
  EXPECT_EQ(score(folder, sweep, forced).code, 0);
  EXPECT_EQ(digest_of(folder / "r.h5").size(), 32u);
  expect_refused(run({"generate", "--rows", "10", "-o", sweep}), 2, {"s.h5", "exists", "--force"});
}

TEST(Output, IsKeptWhenAForcedRunFails) {
  Scratch folder;
  std::string sweep = generated(folder, "100");
  folder.write("r.h5", "precious");
  EXPECT_EQ(score(folder, sweep, {"--view", "v=nothing:min", "--force"}).code, 3);
  EXPECT_EQ(read_text(folder / "r.h5"), "precious");
}

TEST(Validation, OfAllRowsPasses) {
  Scratch folder;
  std::string sweep = generated(folder, "1500");
  for (const char* rows : {"all", "100"}) {
    Arguments arguments = kWork;
    arguments.insert(arguments.end(), {"--validate", rows, "--force"});
    Outcome done = program(score_command(folder, sweep, arguments));
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_TRUE(says(done.err, "validated")) << done.err;
  }
  for (const char* rows : {"all", "10"}) EXPECT_EQ(program({"validate", folder / "r.h5", sweep, "--rows", rows}).code, 0);
}

/// Seven rows: the first three are the front, the next three are beaten, the last is unrated.
struct Tampered : ::testing::Test {
  Scratch folder;
  std::string sweep, result;

  void SetUp() override {
    sweep = Sweeping(folder / "s.h5")
                .column<double>("quality", {1, 2, 3, 0, 1, 2, std::numeric_limits<double>::quiet_NaN()})
                .column<double>("t", {1, 2, 3, 4, 5, 6, 7})
                .units("h")
                .texts("task", {"a", "a", "a", "a", "a", "a", "b"})
                .close();
    result = scored(folder, sweep,
                    {"--emissions", "devices=1,max_power=1kW,time=t", "--view", "v=quality:max,energy_kwh:min", "--outputs",
                     "dominated_by,dominates,rank,witness", "--group-by", "task"});
    ASSERT_EQ(program({"validate", result, sweep}).code, 0);
  }

  void expect_found(const std::vector<std::string>& words) {
    Outcome done = program({"validate", result, sweep});
    EXPECT_EQ(done.code, 1) << done.out << done.err;
    for (const std::string& word : words) EXPECT_TRUE(says(done.err, word)) << "'" << word << "' is not in: " << done.err;
  }
};

using TamperedResult = Tampered;

TEST_F(TamperedResult, CountIsFound) {
  patch<std::uint32_t>(result, "/views/v/dominated_by", 3, 2);
  expect_found({"'v'", "row 3", "dominated_by is 2", "3"});
}
TEST_F(TamperedResult, NumberOfRowsBeatenIsFound) {
  patch<std::uint32_t>(result, "/views/v/dominates", 0, 9);
  expect_found({"row 0", "dominates is 9"});
}
TEST_F(TamperedResult, RankIsFound) {
  patch<std::uint32_t>(result, "/views/v/rank", 4, 0);
  expect_found({"row 4", "rank is 0"});
}
TEST_F(TamperedResult, WitnessIsFound) {
  patch<std::int64_t>(result, "/views/v/witness", 5, 2);
  expect_found({"row 5", "witness is 2", "1"});
}
TEST_F(TamperedResult, WitnessThatIsNoRatedRowIsFound) {
  patch<std::int64_t>(result, "/views/v/witness", 5, 6);
  expect_found({"row 5", "witness 6"});
}
TEST_F(TamperedResult, WitnessBeyondTheSweepIsFound) {
  patch<std::int64_t>(result, "/views/v/witness", 5, 1ll << 40);
  expect_found({"row 5", "witness"});
}
TEST_F(TamperedResult, FrontRowIsFound) {
  patch<std::int64_t>(result, "/views/v/front", 2, 4);
  expect_found({"front"});
}
TEST_F(TamperedResult, FrontRowIsNamed) {
  patch<std::int64_t>(result, "/views/v/front", 2, 4);
  expect_found({"front", "row 4"});
}
TEST_F(TamperedResult, FlagIsFound) {
  patch<std::uint8_t>(result, "/views/v/nondominated", 1, 0);
  expect_found({"row 1", "nondominated"});
}
TEST_F(TamperedResult, StateIsFound) {
  patch<std::uint8_t>(result, "/views/v/state", 6, 2);
  expect_found({"row 6", "state is 2"});
}
TEST_F(TamperedResult, IdealIsFound) {
  patch<double>(result, "/views/v/groups/ideal", 0, 3.5);
  expect_found({"ideal", "3.5", "group 0"});
}
TEST_F(TamperedResult, NadirIsFound) {
  patch<double>(result, "/views/v/groups/nadir", 1, 0);
  expect_found({"nadir", "group 0"});
}
TEST_F(TamperedResult, GroupIsFound) {
  patch<std::uint32_t>(result, "/views/v/group", 1, 1);
  expect_found({"row 1", "group is 1"});
}
TEST_F(TamperedResult, SizeOfAGroupIsFound) {
  patch<std::uint64_t>(result, "/views/v/groups/front_points", 0, 2);
  expect_found({"front_points is 2"});
}
TEST_F(TamperedResult, EnergyIsFound) {
  patch<double>(result, "/emissions/energy_kwh", 4, std::nextafter(5.0, 6.0));
  expect_found({"row 4", "energy_kwh", "5"});
}
TEST_F(TamperedResult, EmissionsAreFound) {
  patch<double>(result, "/emissions/co2e_kg", 0, 0);
  expect_found({"row 0", "co2e_kg"});
}
TEST_F(TamperedResult, CountOfARowWithoutVerdictIsFound) {
  patch<std::uint32_t>(result, "/views/v/dominated_by", 6, 0);
  expect_found({"row 6"});
}
TEST_F(TamperedResult, WitnessOfARowWithoutVerdictIsFound) {
  patch<std::int64_t>(result, "/views/v/witness", 6, 0);
  expect_found({"row 6"});
}
TEST_F(TamperedResult, KeyOfAGroupIsFound) {
  patch<std::uint8_t>(result, "/views/v/groups/keys/task_missing", 1, 1);
  expect_found({"task"});
}

TEST(Validate, RefusesAnotherSweep) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("x", {1, 2, 3}).close();
  std::string longer = Sweeping(folder / "longer.h5").column<double>("x", {1, 2, 3, 4}).close();
  std::string unlike = Sweeping(folder / "unlike.h5").column<double>("y", {1, 2, 3}).close();
  std::string result = scored(folder, sweep, {"--view", "v=x:min"});
  expect_refused(run({"validate", result, longer}), 3, {"3", "4", "rows"});
  expect_refused(run({"validate", result, unlike}), 3, {"'x'"});
  expect_refused(run({"validate", sweep, sweep}), 3, {"s.h5", "not a result"});
  expect_refused(run({"validate", result, result}), 3, {"r.h5", "/configs"});
  expect_refused(run({"validate", folder / "none.h5", sweep}), 3, {"none.h5"});
  expect_refused(program({"validate", result, sweep, "--rows", "some"}), 2, {"--rows", "some"});
}

TEST(Validate, RefusesAResultWhoseSpecIsDamagedAsBadInput) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("x", {1, 2, 3}).close();
  std::string result = scored(folder, sweep, {"--view", "v=x:min"});
  {
    h5::Handle file(H5Fopen(result.c_str(), H5F_ACC_RDWR, H5P_DEFAULT)), root(H5Gopen2(file, "/", H5P_DEFAULT));
    H5Adelete(root, "spec");
    h5::write_attribute(root, "spec", std::string_view("[[view"));
  }
  expect_refused(run({"validate", result, sweep}), 3, {"r.h5"});
}

TEST(Validate, RefusesAResultOfAnotherVersion) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("x", {1, 2, 3}).close();
  std::string result = scored(folder, sweep, {"--view", "v=x:min"});
  {
    h5::Handle file(H5Fopen(result.c_str(), H5F_ACC_RDWR, H5P_DEFAULT)),
        attribute(H5Aopen_by_name(file, "/", "format_version", H5P_DEFAULT, H5P_DEFAULT));
    std::int64_t version = 99;
    ASSERT_GE(H5Awrite(attribute, H5T_NATIVE_INT64, &version), 0);
  }
  renew_checksums(result);
  expect_refused(run({"validate", result, sweep}), 3, {"r.h5", "version 99"});
}

}  // namespace
}  // namespace carbonfront
