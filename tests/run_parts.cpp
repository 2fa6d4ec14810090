// Parts that are missing, damaged, foreign, twice or overlapping are told apart, and which shards to run again is said.

#include "host/sweep/own_file.hpp"
#include "tests/program.hpp"
#include "tests/shards.hpp"

namespace carbonfront {
namespace {

namespace fs = std::filesystem;

/// Four parts of a small sweep, each counted.
struct Parts : ::testing::Test {
  Scratch folder;
  Sharing work{folder,
               {generated(folder, "s.h5", {"--rows", "1000", "--missing", "0.05", "--chunk-rows", "50"})},
               {"--view", "v=accuracy:max,params:min", "--group-by", "gpu"},
               4};

  void SetUp() override { work.score_all(); }

  /// Expects that merging is refused and leaves nothing, and what is to run again.
  void expect_no_merge(const std::vector<std::string>& words, const std::string& run_again) {
    expect_refused(work.merge(), 3, words);
    EXPECT_FALSE(fs::exists(work.result()));
    Outcome missing = run(joined(joined({"merge"}, present()), {"--print-missing"}));
    EXPECT_EQ(missing.code, 0) << missing.err;
    EXPECT_EQ(missing.out, run_again + "\n") << missing.err;
  }

  /// Runs shards again and expects the digest of one run.
  void expect_whole_after(const std::vector<int>& shards) {
    for (int shard : shards) EXPECT_EQ(work.score(shard, {"--force"}).code, 0);
    EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
  }

  std::vector<std::string> present() const {
    std::vector<std::string> paths;
    for (const std::string& path : work.parts())
      if (fs::exists(path)) paths.push_back(path);
    return paths;
  }

  void cut(const std::string& path, std::uintmax_t bytes) { fs::resize_file(path, bytes); }

  /// Overwrites one of the numbers that a part has of itself: rows, shard, shards, first, end, done.
  void set_number(int shard, std::size_t index, std::uint64_t value) {
    patch<std::uint64_t>(work.part(shard), "part/numbers", index, value);
  }

  /// Gives a part another text attribute.
  void set_attribute(int shard, const char* name, const std::string& text) {
    h5::Handle file(H5Fopen(work.part(shard).c_str(), H5F_ACC_RDWR, H5P_DEFAULT)), root(H5Gopen2(file, "/", H5P_DEFAULT));
    ASSERT_GE(H5Adelete(root, name), 0);
    h5::write_attribute(root, name, std::string_view(text));
    ASSERT_GE(H5Ldelete(file, "/provenance/checksums", H5P_DEFAULT), 0);
    write_checksums(file);
  }
};

TEST_F(Parts, ThatAreMissingAreNamed) {
  fs::remove(work.part(0));
  fs::remove(work.part(2));
  fs::remove(work.part(3));
  Outcome merged = program({"merge", work.part(1), "-o", work.result()});
  expect_refused(merged, 3, {"3 of 4 shards have no part: 0,2-3", "run shards 0,2-3 again"});
  Outcome missing = program({"merge", work.part(1), "--print-missing"});
  EXPECT_EQ(missing.out, "0,2-3\n");
  expect_whole_after({0, 2, 3});
}

TEST_F(Parts, ThatDoNotExistAreNamedAsTheyWereGiven) {
  fs::remove(work.part(2));
  expect_no_merge({"m.h5.part-2-of-4", "run shards 2 again"}, "2");
  expect_whole_after({2});
}

TEST_F(Parts, ThatAreAllThereNeedNoShardAgain) {
  Outcome missing = program(joined(joined({"merge"}, work.parts()), {"--print-missing"}));
  EXPECT_EQ(missing.code, 0);
  EXPECT_EQ(missing.out, "\n");
}

TEST_F(Parts, ThatAreCutOffAreRefusedAtWhateverLength) {
  std::uintmax_t size = fs::file_size(work.part(1));
  std::string whole = read_text(work.part(1));
  for (std::uintmax_t bytes : {std::uintmax_t{0}, std::uintmax_t{100}, size / 4, size / 2, size - size / 8}) {
    cut(work.part(1), bytes);
    expect_no_merge({"m.h5.part-1-of-4", "run shards 1 again"}, "1");
    folder.write("m.h5.part-1-of-4", whole);
  }
  cut(work.part(1), size / 2);
  expect_whole_after({1});
}

TEST_F(Parts, ThatAreNoPartsAreRefused) {
  folder.write("m.h5.part-2-of-4", "this is no HDF5 file");
  expect_no_merge({"m.h5.part-2-of-4", "run shards 2 again"}, "2");
  fs::copy_file(work.sweep[0], work.part(2), fs::copy_options::overwrite_existing);
  expect_no_merge({"m.h5.part-2-of-4", "carbonfront part", "run shards 2 again"}, "2");
  expect_refused(run({"merge", work.sweep[0], "-o", work.result()}), 3, {"none of the files is a part"});
  expect_whole_after({2});
}

TEST_F(Parts, OfAnotherSpecAreRefused) {
  Sharing other{folder, work.sweep, {"--view", "v=accuracy:max,params:max", "--group-by", "gpu"}, 4};
  EXPECT_EQ(other.score(3, {"--force"}).code, 0);
  expect_no_merge({"m.h5.part-3-of-4", "made with another spec", "run shards 3 again"}, "3");
  expect_refused(work.score(3), 3, {"m.h5.part-3-of-4", "made with another spec", "--force"});
  expect_whole_after({3});
}

TEST_F(Parts, OfAnotherInputAreRefused) {
  Sharing other{folder, {generated(folder, "t.h5", {"--rows", "1000", "--seed", "5", "--chunk-rows", "50"})}, work.spec, 4};
  EXPECT_EQ(other.score(1, {"--force"}).code, 0);
  expect_no_merge({"m.h5.part-1-of-4", "made from another input", "run shards 1 again"}, "1");
  expect_refused(work.score(1), 3, {"m.h5.part-1-of-4", "made from another input"});
  expect_whole_after({1});
}

TEST_F(Parts, OfAnotherVersionAreRefused) {
  set_attribute(2, "program_version", "0.0.7");
  expect_no_merge({"m.h5.part-2-of-4", "version 0.0.7", "run shards 2 again"}, "2");
  expect_refused(work.score(2), 3, {"m.h5.part-2-of-4", "version 0.0.7"});
  expect_whole_after({2});
}

TEST_F(Parts, OfAnotherNumberOfShardsAreRefused) {
  Sharing other{folder, work.sweep, work.spec, 5};
  EXPECT_EQ(other.score(2).code, 0);
  Outcome merged = run(joined(joined({"merge"}, work.parts()), {other.part(2), "-o", work.result()}));
  expect_refused(merged, 3, {"m.h5.part-2-of-5", "of 5 shards, not of 4", "leave out the files that do not belong"});
  EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
}

TEST_F(Parts, ThatComeTwiceAreRefused) {
  fs::copy_file(work.part(1), folder / "copy");
  Outcome merged = run(joined(joined({"merge"}, work.parts()), {folder / "copy", "-o", work.result()}));
  expect_refused(merged, 3, {"copy' is shard 1 once more", "m.h5.part-1-of-4", "leave out"});
  fs::copy_file(work.part(1), work.part(3), fs::copy_options::overwrite_existing);
  expect_no_merge({"m.h5.part-3-of-4' is shard 1 once more", "run shards 3 again"}, "3");
  expect_whole_after({3});
}

TEST_F(Parts, ThatOverlapAreRefused) {
  set_number(2, 3, 400);  // its first row
  set_number(2, 5, 350);
  expect_refused(work.merge(), 3, {"m.h5.part-2-of-4' begins at row 400 where row 500 is next"});
  EXPECT_FALSE(fs::exists(work.result()));
  expect_whole_after({2});
}

TEST_F(Parts, ThatAreUnfinishedAreRefused) {
  set_number(1, 5, 200);
  expect_no_merge({"m.h5.part-1-of-4' has 200 of its 250 rows", "run shards 1 again"}, "1");
  expect_whole_after({1});
}

TEST_F(Parts, WithImpossibleNumbersAreRefused) {
  set_number(1, 4, 5000);  // its end
  expect_no_merge({"m.h5.part-1-of-4", "range of rows cannot be"}, "1");
  set_number(1, 4, 500);
  set_number(1, 1, 9);  // its shard
  expect_no_merge({"m.h5.part-1-of-4", "no such shard"}, "1");
}

TEST_F(Parts, DoNotFitASweepThatHasChangedSince) {
  Sweeping(work.sweep[0])
      .column<double>("accuracy", {1, 2})
      .column<double>("params", {1, 2})
      .fixed_texts("gpu", {"a", "b"}, 1, H5T_STR_NULLPAD);
  expect_refused(work.merge(), 3, {"the parts do not fit the sweep", "another input"});
  expect_refused(work.count(0), 3, {"the parts do not fit the sweep", "another input"});
}

TEST_F(Parts, FindTheirSweepWhereItIsSaidToBe) {
  std::string expected = work.digest_of_one_run();
  fs::rename(work.sweep[0], folder / "moved.h5");
  expect_refused(work.merge(), 3, {"s.h5"});
  EXPECT_EQ(work.merged_digest({"--sweep", folder / "moved.h5"}), expected);
}

TEST_F(Parts, ThatAreCountedInPartAreRefused) {
  for (int shard : {0, 2}) EXPECT_EQ(work.count(shard).code, 0);
  expect_refused(work.merge(), 3, {"shards 1,3 have not been counted", "carbonfront count"});
  for (int shard : {1, 3}) EXPECT_EQ(work.count(shard).code, 0);
  EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
}

TEST_F(Parts, WithDamagedCountsAreRefusedUntilTheyAreCountedAgain) {
  work.count_all();
  std::string counts = work.part(2) + ".counts";
  cut(counts, fs::file_size(counts) / 2);
  expect_refused(work.merge(), 3, {"m.h5.part-2-of-4.counts"});
  EXPECT_FALSE(fs::exists(work.result()));
  EXPECT_EQ(work.count(2, {"--force"}).code, 0);
  EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
}

TEST_F(Parts, WithCountsOfAnotherSpecAreRefused) {
  work.count_all();
  Sharing other{folder, work.sweep, {"--view", "v=accuracy:max,params:max", "--group-by", "gpu", "--force"}, 4};
  other.score_all();
  expect_refused(other.merge(), 3, {"m.h5.part-0-of-4.counts", "made with another spec"});
  EXPECT_FALSE(fs::exists(work.result()));
  other.count_all({"--force"});
  EXPECT_EQ(other.merged_digest(), other.digest_of_one_run());
}

TEST_F(Parts, ThatAreDamagedInOneByteAreNoticedWhereverItIs) {
  work.run = program;  // HDF5 may crash over them: the program looks at files in a process of its own first
  const std::string whole = read_text(work.part(1)), expected = work.digest_of_one_run();
  for (std::size_t place = 0; place < 60; ++place) {
    std::string bytes = whole;
    bytes[(2 * place + 1) * whole.size() / 120] ^= 1 << place % 8;
    folder.write("m.h5.part-1-of-4", bytes);
    Outcome merged = work.merge({"--force"});
    if (merged.code == 0) {
      EXPECT_EQ(digest_of(work.result()), expected) << place;  // the byte was of no use
      fs::remove(work.result());
      continue;
    }
    expect_refused(merged, 3, {"m.h5.part-1-of-4"});
    EXPECT_FALSE(fs::exists(work.result())) << place;
  }
}

TEST_F(Parts, OfAnotherVersionOfTheFormatAreRefused) {
  {
    h5::Handle file(H5Fopen(work.part(2).c_str(), H5F_ACC_RDWR, H5P_DEFAULT)), root(H5Gopen2(file, "/", H5P_DEFAULT));
    ASSERT_GE(H5Adelete(root, "format_version"), 0);
    h5::write_attribute(root, "format_version", std::int64_t{1});
    ASSERT_GE(H5Ldelete(file, "/provenance", H5P_DEFAULT), 0);
  }
  expect_no_merge({"m.h5.part-2-of-4", "format has version 1", "run shards 2 again"}, "2");
}

TEST_F(Parts, WithRowsOrGroupsOutOfRangeAreRefused) {
  Sharing some{folder, work.sweep, joined(work.spec, {"--where", "accuracy >= 50"}), 4};
  some.score_all({"--force"});
  patch<std::uint32_t>(work.part(1), "part/selected", 3, 4000000);
  expect_refused(some.merge(), 3, {"m.h5.part-1-of-4", "selected rows are out of range"});
  work.score_all({"--force"});
  patch<std::uint32_t>(work.part(1), "part/grouping-0/group", 3, 4000000);
  expect_refused(work.merge(), 3, {"m.h5.part-1-of-4", "cut off"});
  expect_refused(work.count(0), 3, {"m.h5.part-1-of-4", "cut off"});
  EXPECT_FALSE(fs::exists(work.result()));
}

TEST_F(Parts, AreShownByInspect) {
  Outcome part = program({"inspect", work.part(1)});
  EXPECT_EQ(part.code, 0) << part.err;
  EXPECT_TRUE(says(part.out, "a part of shard 1 of 4, rows 250 to 500 of 1,000: complete")) << part.out;
  EXPECT_TRUE(says(part.out, "made by carbonfront ")) << part.out;
  EXPECT_TRUE(says(part.out, "objectives = [\"accuracy:max\"")) << part.out;
  set_number(1, 5, 200);
  EXPECT_TRUE(says(program({"inspect", work.part(1)}).out, "200 of its 250 rows"));
  EXPECT_EQ(work.count(0).code, 3);
  EXPECT_EQ(work.score(1, {"--force"}).code, 0);
  EXPECT_EQ(work.count(0).code, 0);
  Outcome counts = program({"inspect", work.part(0) + ".counts"});
  EXPECT_TRUE(says(counts.out, "counts of shard 0 of 4, rows 0 to 250 of 1,000: complete")) << counts.out << counts.err;
}

TEST_F(Parts, AreNeverOverwrittenByTheResult) {
  expect_refused(run(joined(joined({"merge"}, work.parts()), {"-o", work.part(0), "--force"})), 2, {"m.h5.part-0-of-4"});
  EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
  expect_refused(work.merge(), 2, {"m.h5", "--force"});
}

}  // namespace
}  // namespace carbonfront
