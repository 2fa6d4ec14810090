// An input that changed between two steps of one work is noticed by what it holds, or by when it was written.

#include <fcntl.h>
#include <sys/stat.h>

#include "tests/program.hpp"
#include "tests/shards.hpp"

namespace carbonfront {
namespace {

namespace fs = std::filesystem;

/// Changes a file and gives it its modification time back, so that only its content can tell.
template <class Change>
void change_unseen_by_the_clock(const std::string& path, Change change) {
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  change();
  const timespec times[2] = {status.st_atim, status.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

/// Puts an attribute of one number in the place of what there is.
void set_number_attribute(const std::string& path, const char* column, const char* name, double value) {
  h5::Handle file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT)), dataset(H5Dopen2(file, column, H5P_DEFAULT));
  if (h5::has_attribute(dataset, name)) H5Adelete(dataset, name);
  h5::write_scalar_attribute(dataset, name, H5T_NATIVE_DOUBLE, &value);
}

void set_text_attribute(const std::string& path, const char* column, const char* name, const std::string& text) {
  h5::Handle file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT)), dataset(H5Dopen2(file, column, H5P_DEFAULT));
  if (h5::has_attribute(dataset, name)) H5Adelete(dataset, name);
  h5::write_attribute(dataset, name, std::string_view(text));
}

/// The first shard of two of a sweep of 40 uncompressed chunks; the sweep changes before the second.
struct Inputs : ::testing::Test {
  Scratch folder;
  Sharing work{folder, {}, {"--view", "v=quality:max,cost:min"}, 2};
  std::vector<double> quality, cost;

  void SetUp() override {
    for (int i = 0; i < 400; ++i) quality.push_back(i % 37), cost.push_back(i % 41);
    work.sweep = {folder / "s.h5"};
    Stored chunked{.chunk = 10};
    Sweeping(work.sweep[0])
        .column<double>("quality", quality, chunked)
        .units("W")
        .column<double>("cost", cost, {})
        .texts("name", std::vector<std::optional<std::string>>(400, "one"), chunked)
        .close();
  }

  /// Expects that a change is noticed by whoever scores the other shard and merges, its modification time put back.
  template <class Change>
  void expect_noticed(Change change) {
    ASSERT_EQ(work.score(0, {"--force"}).code, 0);
    change_unseen_by_the_clock(work.sweep[0], change);
    expect_refused(work.score(0), 3, {"m.h5.part-0-of-2", "another input", "--force"});
    ASSERT_EQ(work.score(1, {"--force"}).code, 0);
    expect_refused(work.merge(), 3, {"another input", "run shards"});
  }
};

TEST_F(Inputs, OfAnotherUnitAreNoticed) {
  expect_noticed([&] { set_text_attribute(work.sweep[0], "/configs/quality", "units", "kW"); });
}

TEST_F(Inputs, OfOtherFillValuesAreNoticed) {
  expect_noticed([&] { set_number_attribute(work.sweep[0], "/configs/cost", "_FillValue", 3); });
  expect_noticed([&] { set_number_attribute(work.sweep[0], "/configs/cost", "_FillValue", 4); });
  expect_noticed([&] { set_number_attribute(work.sweep[0], "/configs/quality", "missing_value", 4); });
}

TEST_F(Inputs, WithOtherValuesInTheMiddleOfAColumnAreNoticed) {
  expect_noticed([&] { patch<double>(work.sweep[0], "/configs/quality", 205, 99); });  // of chunk 20 of 40: 8 · 39 / 15
  expect_noticed([&] { patch<double>(work.sweep[0], "/configs/cost", 210, 99); });
}

TEST_F(Inputs, WithAnotherTextOfVariableLengthAreNoticed) {
  work.spec = {"--view", "v=quality:max", "--group-by", "name"};
  expect_noticed([&] {
    std::string bytes = read_text(work.sweep[0]);
    std::size_t at = bytes.rfind("one");
    ASSERT_NE(at, std::string::npos);
    folder.write("s.h5", bytes.replace(at, 3, "two"));
  });
}

TEST_F(Inputs, ThatWereWrittenToSinceAreNoticedByTheirTime) {
  ASSERT_EQ(work.score(0).code, 0);
  patch<double>(work.sweep[0], "/configs/quality", 15, 99);  // of chunk 1, which the sample does not have
  expect_refused(work.score(0), 3, {"s.h5' has been written to since"});
  ASSERT_EQ(work.score(1).code, 0);
  expect_refused(work.merge(), 3, {"s.h5' has been written to since"});
}

TEST_F(Inputs, ThatLeadToAFileThatWasWrittenToAreNoticed) {
  {
    h5::Handle file(H5Fcreate((folder / "v.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    h5::Handle group(H5Gcreate2(file, "configs", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)),
        list(H5Pcreate(H5P_DATASET_CREATE));
    hsize_t rows = 400;
    h5::Handle space(H5Screate_simple(1, &rows, nullptr));
    ASSERT_GE(H5Pset_virtual(list, space, "s.h5", "/configs/quality", space), 0);
    h5::Handle column(H5Dcreate2(group, "quality", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, list, H5P_DEFAULT));
    ASSERT_TRUE(column);
  }
  work.sweep = {folder / "v.h5"};
  work.spec = {"--view", "v=quality:max"};
  ASSERT_EQ(work.score(0).code, 0);
  ASSERT_EQ(work.score(0).code, 0);
  fs::last_write_time(folder / "s.h5", fs::last_write_time(folder / "s.h5") + std::chrono::seconds(1));
  expect_refused(work.score(0), 3, {"v.h5' has been written to since"});
}

TEST_F(Inputs, OutsideTheSampleAreNoticedByTheirSha256Alone) {
  auto change = [&] { patch<double>(work.sweep[0], "/configs/quality", 15, 99); };
  ASSERT_EQ(work.score(0, {"--sha256"}).code, 0);
  change_unseen_by_the_clock(work.sweep[0], change);
  EXPECT_EQ(work.score(0).code, 0);  // as the schema says
  expect_refused(work.score(0, {"--sha256"}), 3, {"SHA-256", "s.h5"});
}

TEST_F(Inputs, WhoseSha256IsWantedNeedPartsThatHaveIt) {
  work.score_all();
  expect_refused(work.merge({"--sha256"}), 3, {"made without --sha256"});
  work.score_all({"--sha256", "--force"});
  EXPECT_EQ(work.merged_digest({"--sha256"}), work.digest_of_one_run());
  EXPECT_EQ(Reading(work.result()).text_attributes("/provenance", "input_sha256").at(0).size(), 64u);
}

TEST_F(Inputs, ThatWereCopiedAreTheSame) {
  work.score_all();
  ASSERT_EQ(program({"score", work.sweep[0], "-o", folder / "one.h5", "--view", "v=quality:max,cost:min"}).code, 0);
  fs::copy_file(work.sweep[0], folder / "downloaded.h5");
  fs::last_write_time(folder / "downloaded.h5", fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_EQ(work.merged_digest({"--sweep", folder / "downloaded.h5"}), digest_of(folder / "one.h5"));
  EXPECT_EQ(program({"validate", folder / "one.h5", folder / "downloaded.h5"}).code, 0);
  EXPECT_EQ(program({"explain", folder / "one.h5", "3", "--sweep", folder / "downloaded.h5"}).code, 0);
}

TEST_F(Inputs, AreRecordedHoweverManyTheyAre) {
  Sweeping(folder / "0.h5").column<double>("quality", {1}).close();
  Arguments command = {"score", folder / "0.h5"};
  for (int i = 1; i < 1200; ++i) {
    std::string copy = folder / (std::to_string(i) + ".h5");
    fs::copy_file(folder / "0.h5", copy);
    command.push_back(copy);
  }
  Outcome done = run(joined(command, {"-o", folder / "r.h5", "--view", "v=quality:max"}));
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(Reading(folder / "r.h5").text_attributes("/provenance", "input_fingerprints").size(), 1200u);
  EXPECT_EQ(digest_of(folder / "r.h5").size(), 32u);
}

TEST_F(Inputs, ThatAreReadByEitherReaderAreTheSame) {
  ASSERT_EQ(work.score(0, {"--reader", "plain"}).code, 0);
  ASSERT_EQ(work.score(1, {"--reader", "fast"}).code, 0);
  EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
}

TEST_F(Inputs, WithChunksThatOnlyHdf5FindsAreNoticedToo) {
  h5::Handle creation(H5Pcreate(H5P_FILE_CREATE));
  H5Pset_userblock(creation, 512);  // addresses are no offsets then
  {
    h5::Handle file(H5Fcreate(work.sweep[0].c_str(), H5F_ACC_TRUNC, creation, H5P_DEFAULT));
    for (const auto& [name, values] : {std::pair("configs/quality", &quality), {"configs/cost", &cost}})
      h5::write_rows(h5::create_dataset(file, name, H5T_NATIVE_DOUBLE, {400}, {.chunk_rows = 10, .deflate = 0}), 0, 400,
                     H5T_NATIVE_DOUBLE, values->data());
  }
  expect_noticed([&] { patch<double>(work.sweep[0], "/configs/quality", 205, 99); });
}

TEST_F(Inputs, OfACheckpointAreComparedTheSameWay) {
  work.sweep = {generated(folder, "g.h5", {"--rows", "60000", "--chunk-rows", "1000", "--deflate", "0"})};
  work.spec = {"--view", "v=accuracy:max"};
  Program program(joined(work.score_command(0), {"--batch-rows", "1"}));
  ASSERT_TRUE(program.wait_until([&] {
    std::set<std::string> names = folder.names();
    return std::ranges::any_of(names, [](const std::string& name) { return name.ends_with(".tmp"); });
  }));
  program.send(SIGTERM);
  ASSERT_EQ(program.wait().code, 128 + SIGTERM);
  ASSERT_TRUE(fs::exists(work.part(0) + ".checkpoint"));
  change_unseen_by_the_clock(work.sweep[0], [&] { patch<double>(work.sweep[0], "/configs/accuracy", 31500, 99); });
  expect_refused(work.score(0), 3, {"m.h5.part-0-of-2.checkpoint", "another input", "--force"});
  EXPECT_EQ(work.score(0, {"--force"}).code, 0);
}

}  // namespace
}  // namespace carbonfront
