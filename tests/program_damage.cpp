// Results that are damaged, incomplete or forged: every command names the file and the object, and none crashes or hangs.

#include <hdf5_hl.h>

#include "host/sweep/own_file.hpp"
#include "host/sweep/text_heap.hpp"
#include "tests/outcome.hpp"
#include "tests/shards.hpp"

namespace carbonfront {
namespace {

namespace fs = std::filesystem;

const std::string kSamples = CARBONFRONT_DATA "/../tests/samples/";

/// A result with groups, intervals, emissions, texts of the front, figures, and crowding distances without ranks.
const char* const kManyKinds = R"([sweep]
label = "model"
[emissions]
devices   = { column = "n_gpus" }
max_power = { column = "tdp" }
time      = { column = "train_time" }
[[view]]
name = "all"
objectives = ["accuracy:max", "co2e_kg:min"]
group_by = ["gpu"]
outputs = ["dominated_by", "dominates", "rank", "witness", "crowding", "hypervolume"]
columns = ["model", "params"]
[[view]]
name = "sure"
objectives = ["accuracy:max", "params:min"]
intervals = { accuracy = { absolute_error = 0.5 } }
[[view]]
name = "crowd"
objectives = ["accuracy:max", "params:min"]
outputs = ["crowding"]
max_rank = 2
)";

struct Damage : ::testing::Test {
  Scratch folder;
  std::string sweep = generated(folder, "s.h5", {"--rows", "300", "--missing", "0.1"});
  std::string result = scored(folder, sweep, {"--spec", folder.write("s.toml", kManyKinds)});
  std::string whole = read_text(result);
  std::string row, other;  // two rated rows

  void SetUp() override {
    h5::silence();
    std::vector<std::int64_t> states = Reading(result).integers("views/all/state");
    for (std::size_t i = 0; i < states.size() && other.empty(); ++i)
      if (states[i] == 2) (row.empty() ? row : other) = std::to_string(i);
  }

  /// What `explain` says before it meets the damage stays said.
  void expect_explain_refused(const std::vector<std::string>& words) {
    Outcome done = run({"explain", result, row, "--against", other, "--sweep", sweep});
    EXPECT_EQ(done.code, 3) << done.err;
    for (const std::string& word : words) EXPECT_TRUE(says(done.err, word)) << "'" << word << "' is not in: " << done.err;
  }

  void expect_all_refused(const std::vector<std::string>& words) {
    expect_refused(run({"validate", result, sweep}), 3, words);
    expect_explain_refused(words);
  }

  /// Changes the result with HDF5, as another program would, and brings its checksums up to date.
  template <class Change>
  void change(Change change) {
    std::ofstream(result, std::ios::binary) << whole;
    auto opened = [&] { return h5::Handle(H5Fopen(result.c_str(), H5F_ACC_RDWR, H5P_DEFAULT)); };
    ASSERT_GE(change(static_cast<hid_t>(opened())), 0);  // HDF5 1.10 trips over what it frees and takes again at one time
    ASSERT_GE(H5Ldelete(opened(), "/provenance/checksums", H5P_DEFAULT), 0);
    write_checksums(opened());
  }

  /// Flips a bit of the first place where the file has `text`.
  void flip(const std::string& text, std::size_t place = 0) {
    std::string bytes = whole;
    std::size_t at = bytes.find(text);
    ASSERT_NE(at, std::string::npos) << text;
    bytes[at + place] ^= 1;
    std::ofstream(result, std::ios::binary) << bytes;
  }
};

TEST_F(Damage, IsNotSeenInAWholeResult) {
  Outcome done = run({"validate", result, sweep});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_FALSE(says(done.err, "checksums")) << done.err;
  for (const char* any : {"0", "7", "299"}) EXPECT_EQ(run({"explain", result, any}).code, 0);
  EXPECT_EQ(run({"inspect", result}).code, 0);
}

TEST_F(Damage, OfCrowdingDistancesIsFoundWithoutRanks) {
  patch<double>(result, "views/crowd/crowding", 0, 0.25);
  Outcome done = run({"validate", result, sweep});
  EXPECT_EQ(done.code, 1) << done.err;
  EXPECT_TRUE(says(done.err, "crowding")) << done.err;
}

TEST_F(Damage, OfWhatIsNotThereIsNamed) {
  for (const char* object : {"/views/all", "/views/all/state", "/views/all/nondominated", "/views/all/dominated_by",
                             "/views/all/dominates", "/views/all/rank", "/views/all/witness", "/emissions/co2e_kg"}) {
    change([&](hid_t file) { return H5Ldelete(file, object, H5P_DEFAULT); });
    SCOPED_TRACE(object);
    expect_refused(run({"validate", result, sweep}), 3, {"r.h5", object, "is missing"});
    expect_explain_refused({"r.h5", object, "is missing"});
  }
  change([&](hid_t file) { return H5Ldelete(file, "/views/sure/certainty", H5P_DEFAULT); });
  EXPECT_TRUE(says(run({"validate", result, sweep}).err, "'/views/sure/certainty' is missing"));
  expect_explain_refused({"r.h5", "/views/sure/certainty", "is missing"});
  for (const char* object : {"/views/all/front", "/views/all/group", "/views/all/groups/rows", "/views/all/groups/ideal",
                             "/views/all/crowding", "/views/all/groups/hypervolume"}) {
    change([&](hid_t file) { return H5Ldelete(file, object, H5P_DEFAULT); });
    SCOPED_TRACE(object);
    expect_refused(run({"validate", result, sweep}), 3, {"r.h5", object, "is missing"});
  }
  for (const char* attribute : {"spec", "rows", "format_version"}) {
    change([&](hid_t file) { return H5Adelete_by_name(file, "/", attribute, H5P_DEFAULT); });
    SCOPED_TRACE(attribute);
    expect_all_refused({"r.h5", attribute, "is missing"});
    expect_refused(run({"inspect", result}), 3, {"r.h5", attribute, "is missing"});
  }
  change([&](hid_t file) { return H5Ldelete(file, "/views/all/groups", H5P_DEFAULT); });
  expect_refused(run({"inspect", result}), 3, {"r.h5", "/views/all/groups", "is missing"});
}

TEST_F(Damage, OfTypesAndLengthsIsNamed) {
  auto replace = [&](const std::string& object, hid_t type, std::vector<hsize_t> shape) {
    change([&](hid_t file) {
      if (H5Ldelete(file, object.c_str(), H5P_DEFAULT) < 0) return herr_t{-1};
      h5::create_dataset(file, object.c_str(), type, shape);
      return herr_t{0};
    });
  };
  replace("/views/all/state", H5T_NATIVE_DOUBLE, {300});
  expect_all_refused({"/views/all/state", "of another type"});
  replace("/views/all/state", H5T_NATIVE_UINT8, {5});
  expect_all_refused({"/views/all/state", "it has 5 values"});
  replace("/views/all/witness", H5T_NATIVE_UINT64, {300});
  expect_all_refused({"/views/all/witness", "of another type"});
  replace("/views/all/groups/rows", H5T_NATIVE_UINT64, {999});
  expect_refused(run({"validate", result, sweep}), 3, {"/views/all/groups/rows", "it has 999 values"});
  replace("/views/all/witness", H5T_NATIVE_INT64, {300});
  patch<std::int64_t>(result, "views/all/witness", std::stoul(row), 1000000);
  expect_explain_refused({"/views/all/witness", "there is no row 1000000"});
}

TEST_F(Damage, OfInputsThatAreNotRecordedAsksForThem) {
  change([&](hid_t file) { return H5Adelete_by_name(file, "/provenance", "input_paths", H5P_DEFAULT); });
  expect_refused(run({"explain", result, row}), 3, {"r.h5", "input_paths"});
  {
    h5::Handle file(H5Fopen(result.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
    ASSERT_GE(H5Ldelete(file, "/provenance", H5P_DEFAULT), 0);
  }
  expect_refused(run({"explain", result, row}), 3, {"r.h5", "does not say what it was made from", "--sweep"});
  Outcome done = run({"explain", result, row, "--sweep", sweep});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(says(done.err, "carries no checksums")) << done.err;
}

TEST_F(Damage, OfTextsInTheHeapIsNoticed) {  // HDF5 has no checksum for them
  std::string digest = digest_of(result);
  for (const char* text :
       {"objectives = [\"accuracy:max\"", "percent", "rows that dominate this one", "carbonfront result"}) {
    SCOPED_TRACE(text);
    flip(text, 2);
    expect_refused(run({"inspect", "--digest", result}), 3, {"r.h5", "is damaged", "checksum"});
  }
  flip("objectives = [\"accuracy:max\"", 2);
  expect_refused(run({"inspect", result}), 3, {"'/' of", "r.h5", "is damaged", "checksum"});
  expect_all_refused({"'/' of", "r.h5", "is damaged", "checksum"});
}

TEST_F(Damage, OfSizesInTheHeapIsNoticedBeforeHdf5TrustsThem) {  // it copies as many bytes as they say
  std::size_t heaps = 0;
  for (std::size_t at = whole.find("GCOL"); at != std::string::npos; at = whole.find("GCOL", at + 1), ++heaps)
    for (int bit : {0x10, 0x20, 0x40}) {
      std::string bytes = whole;
      bytes[at + 25] ^= static_cast<char>(bit);  // of the first object: some thousands of bytes more
      std::ofstream(result, std::ios::binary) << bytes;
      for (const Arguments& command :
           {Arguments{"validate", result, sweep}, {"inspect", result}, {"inspect", "--digest", result}})
        expect_refused(run(command), 3, {"r.h5"});
      expect_explain_refused({"r.h5"});
    }
  EXPECT_GT(heaps, 0u);
}

TEST_F(Damage, OfRowsIsNoticedNamingDatasetAndChunk) {
  haddr_t address = 0;
  {
    h5::Handle file = h5::open_for_reading(result), dataset(H5Dopen2(file, "/views/all/dominated_by", H5P_DEFAULT));
    h5::Handle space(H5Dget_space(dataset));
    hsize_t size = 0, offset = 0;
    unsigned mask = 0;
    ASSERT_GE(H5Dget_chunk_info(dataset, space, 0, &offset, &mask, &address, &size), 0);
  }
  std::string bytes = whole;
  bytes[address + 3] ^= 4;
  std::ofstream(result, std::ios::binary) << bytes;
  std::vector<std::string> words = {"/views/all/dominated_by", "r.h5",       "is damaged",
                                    "chunk 0 (rows 0 to 299)", "fletcher32", "score the sweep again"};
  expect_all_refused(words);
  expect_refused(run({"inspect", "--digest", result}), 3, {"/views/all/dominated_by", "r.h5", "is damaged"});
}

TEST_F(Damage, ThatLeadsInCirclesEnds) {
  change([&](hid_t file) {
    h5::Handle group(H5Gopen2(file, "/views/all", H5P_DEFAULT));
    for (const char* name : {"a", "b", "c", "d"})
      if (H5Lcreate_hard(file, "/views", group, name, H5P_DEFAULT, H5P_DEFAULT) < 0) return herr_t{-1};
    return H5Lcreate_soft("/views/all/soft", group, "soft", H5P_DEFAULT, H5P_DEFAULT);
  });
  Outcome done = run({"inspect", "--digest", result});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_NE(run({"validate", result, sweep}).code, 0);
}

TEST_F(Damage, OfSizesThatNoFileHoldsIsRefused) {
  change([&](hid_t file) {
    h5::create_dataset(file, "/views/all/huge", H5T_NATIVE_DOUBLE, {hsize_t{1} << 50});
    return herr_t{0};
  });
  expect_refused(run({"inspect", "--digest", result}), 3, {"/views/all/huge", "r.h5", "declares 1125899906842624"});
}

TEST_F(Damage, CutsAreRefusedAtWhateverLength) {
  for (std::size_t eighth = 0; eighth < 8; ++eighth) {
    std::ofstream(result, std::ios::binary) << whole.substr(0, whole.size() * eighth / 8);
    for (const Arguments& command : {Arguments{"validate", result, sweep},
                                     {"explain", result, row},
                                     {"inspect", result},
                                     {"inspect", "--digest", result}})
      expect_refused(run(command), 3, {"r.h5"});
  }
}

TEST(Heaps, AreCheckedWhereverTheyLieInAFile) {
  Scratch folder;
  auto number = [](auto value) { return std::string(reinterpret_cast<const char*>(&value), sizeof value); };
  // A collection of 64 bytes: a text of 5, and free space.
  auto heap = [&](std::uint64_t length, std::uint64_t free) {
    return std::string("GCOL\1\0\0\0", 8) + number(std::uint64_t{64}) + number(std::uint64_t{1}) + number(length) +
           std::string("GCOL\1\0\0\0", 8) + number(std::uint64_t{0}) + number(free) + std::string(8, '\0');
  };
  for (std::size_t before : {0, 1, (16 << 20) - 64, (16 << 20) - 7, (16 << 20) - 1, 16 << 20, (32 << 20) - 5}) {
    auto wrong = [&](const std::string& collection) {
      RawFile file(folder.write("heap", std::string(before, 'x') + collection));
      return check_collections(file, 0, file.size());
    };
    EXPECT_EQ(wrong(heap(5, 24)), nullptr) << before;
    EXPECT_STREQ(wrong(heap(5, 32)), "the free space of a heap does not end where it ends") << before;
    EXPECT_STREQ(wrong(heap(4101, 24)), "a text reaches beyond its heap") << before;
    EXPECT_STREQ(wrong(heap(5, 24).substr(0, 60)), "a heap's size cannot be") << before;
  }
}

TEST(Heaps, MayHoldTextsThatLookLikeOne) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("x", {1, 2})
                          .units("GCOL\1")
                          .column<double>("y", {2, 1})
                          .units("GCOL\1")
                          .close();
  std::string result = scored(folder, sweep, {"--view", "v=x:min,y:min", "--columns", "x,y"});
  for (const Arguments& command : {Arguments{"inspect", result},
                                   {"inspect", "--digest", result},
                                   {"validate", result, sweep},
                                   {"explain", result, "1"}})
    EXPECT_EQ(run(command).code, 0) << run(command).err;
}

TEST(OldResults, AreReadAndSaidToBeUnchecked) {
  std::string result = kSamples + "result_0_1_0.h5", sweep = kSamples + "result_0_1_0_sweep.h5";
  const char* words = "was written by 0.1.0 and carries no checksums: damage in it cannot be noticed";
  Outcome digest = run({"inspect", "--digest", result});
  EXPECT_TRUE(digest.out.starts_with("6c05ae2bb1de661d0c87b2c73f7a2d2a ")) << digest.out << digest.err;
  for (const Outcome& done : {digest, run({"inspect", result}), run({"validate", result, sweep}),
                              run({"explain", result, "1", "--sweep", sweep})}) {
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_TRUE(says(done.err, words)) << done.err;
  }
}

TEST(OldResults, HaveTheDigestOfNewOnes) {
  Scratch folder;
  std::string result = scored(folder, kSamples + "result_0_1_0_sweep.h5",
                              {"--label", "name", "--emissions", "devices=n,max_power=power,time=time", "--view",
                               "v=accuracy:max,co2e_kg:min", "--group-by", "team", "--columns", "name"});
  EXPECT_EQ(digest_of(result), "6c05ae2bb1de661d0c87b2c73f7a2d2a");
}

}  // namespace
}  // namespace carbonfront
