// Views with group_by: rows are compared with their like only.

#include <cmath>
#include <limits>

#include "tests/outcome.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

using Texts = std::vector<std::string>;
using Rows = std::vector<std::int64_t>;

TEST(Group, OfOneTextColumnIsAFrontOfItsOwn) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .texts("task", {"speech", "image", "speech", "", "image", "", "é", "Z"})
                          .column<double>("quality", {1, 2, 3, 4, 2, kNan, 1, kNan})
                          .close();
  Reading result(scored(
      folder, sweep, {"--view", "v=quality:max", "--group-by", "task", "--outputs", "dominated_by,dominates,rank,witness"}));
  EXPECT_EQ(result.texts("/views/v/groups/keys/task"), (Texts{"Z", "image", "speech", "é", ""})) << "by bytes, missing last";
  EXPECT_EQ(result.integers("/views/v/groups/keys/task_missing"), (Rows{0, 0, 0, 0, 1}));
  EXPECT_EQ(result.integers("/views/v/group"), (Rows{2, 1, 2, 4, 1, 4, 3, 0}));
  EXPECT_EQ(result.integers("/views/v/state"), (Rows{2, 2, 2, 2, 2, 1, 2, 1}));
  EXPECT_EQ(result.integers("/views/v/front"), (Rows{1, 2, 3, 4, 6}));
  EXPECT_EQ(result.integers("/views/v/witness"), (Rows{2, -1, -1, -1, -1, -1, -1, -1}));
  EXPECT_EQ(result.integers("/views/v/groups/rows"), (Rows{1, 2, 2, 1, 2}));
  EXPECT_EQ(result.integers("/views/v/groups/rated"), (Rows{0, 2, 2, 1, 1}));
  EXPECT_EQ(result.integers("/views/v/groups/front_rows"), (Rows{0, 2, 1, 1, 1}));
  EXPECT_EQ(result.integers("/views/v/groups/front_points"), (Rows{0, 1, 1, 1, 1}));
  EXPECT_EQ(result.shape("/views/v/groups/ideal"), (std::vector<hsize_t>{5, 1}));
  std::vector<double> ideal = result.reals("/views/v/groups/ideal");
  EXPECT_TRUE(std::isnan(ideal[0]));
  EXPECT_EQ(std::vector<double>(ideal.begin() + 1, ideal.end()), (std::vector<double>{2, 3, 1, 4}));
}

TEST(Group, OfNumbersIsSortedByValueWithMissingLast) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("id", {0, 1, 2, 3, 4, 5})
                          .column<double>("f", {2.5, -0.0, kNan, -std::numeric_limits<double>::infinity(), 0.0, 10})
                          .column<std::int32_t>("i", {10, -7, 9, -7, 0, 2})
                          .attribute<std::int32_t>("_FillValue", -7)
                          .column<std::uint64_t>("u", {1, 18446744073709551615u, 9223372036854775808u, 0, 1, 2})
                          .close();
  Scratch fs, is, us;
  Reading f(scored(fs, sweep, {"--view", "v=id:min", "--group-by", "f"}));
  EXPECT_EQ(f.integers("/views/v/group"), (Rows{2, 1, 4, 0, 1, 3})) << "-0.0 and 0.0 are one group";
  EXPECT_EQ(f.integers("/views/v/groups/keys/f_missing"), (Rows{0, 0, 0, 0, 1}));
  EXPECT_FALSE(std::signbit(f.reals("/views/v/groups/keys/f")[1]));
  EXPECT_TRUE(std::isnan(f.reals("/views/v/groups/keys/f")[4]));
  Reading i(scored(is, sweep, {"--view", "v=id:min", "--group-by", "i"}));
  EXPECT_EQ(i.integers("/views/v/group"), (Rows{3, 4, 2, 4, 0, 1}));
  EXPECT_EQ(i.integers("/views/v/groups/keys/i_missing"), (Rows{0, 0, 0, 0, 1}));
  Reading u(scored(us, sweep, {"--view", "v=id:min", "--group-by", "u"}));
  EXPECT_EQ(u.values<std::uint64_t>("/views/v/groups/keys/u"),
            (std::vector<std::uint64_t>{0, 1, 2, 9223372036854775808u, 18446744073709551615u}));
}

TEST(Group, OfTwoColumnsIsSortedByTheFirstThenTheSecond) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .fixed_texts("task", {"b", "a", "", "a", "b", "a", "", "b"}, 4, H5T_STR_NULLPAD)
                          .column<std::int64_t>("table", {10, 9, 1, 10, 9, 9, 1, 10})
                          .column<double>("x", {1, 2, 3, 4, 5, 1, 3, 2})
                          .close();
  Reading result(scored(folder, sweep, {"--view", "v=x:min", "--group-by", "task,table"}));
  EXPECT_EQ(result.texts("/views/v/groups/keys/task"), (Texts{"a", "a", "b", "b", ""}));
  EXPECT_EQ(result.integers("/views/v/groups/keys/table"), (Rows{9, 10, 9, 10, 1}));
  EXPECT_EQ(result.integers("/views/v/groups/keys/task_missing"), (Rows{0, 0, 0, 0, 1}));
  EXPECT_EQ(result.integers("/views/v/group"), (Rows{3, 0, 4, 1, 2, 0, 4, 3}));
  EXPECT_EQ(result.integers("/views/v/front"), (Rows{0, 2, 3, 4, 5, 6}));
  EXPECT_EQ(result.integers("/views/v/dominated_by"), (Rows{0, 1, 0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(result.text_attributes("/views/v", "group_by"), (Texts{"task", "table"}));
}

TEST(Group, OfTextsDoesNotMixUpColumns) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .texts("a", {"x", "xy", "x"})
                          .texts("b", {"yz", "z", "yz"})
                          .column<double>("v", {1, 2, 3})
                          .close();
  EXPECT_EQ(Reading(scored(folder, sweep, {"--view", "v=v:min", "--group-by", "a,b"})).integers("/views/v/group"),
            (Rows{0, 1, 0}));
}

TEST(Group, IsOfSelectedRowsOnly) {
  Scratch folder;
  std::string sweep =
      Sweeping(folder / "s.h5").texts("t", {"b", "a", "c", "b"}).column<double>("x", {1, 2, 3, kNan}).close();
  Reading result(scored(folder, sweep, {"--view", "v=x:min", "--group-by", "t", "--where", "t != 'a'"}));
  EXPECT_EQ(result.texts("/views/v/groups/keys/t"), (Texts{"b", "c"}));
  EXPECT_EQ(result.values<std::uint32_t>("/views/v/group"), (std::vector<std::uint32_t>{0, 0xFFFFFFFF, 1, 0}));
  EXPECT_EQ(result.integers("/views/v/groups/rows"), (Rows{2, 1})) << "rows are selected ones, rated or not";
  EXPECT_EQ(result.integers("/views/v/groups/rated"), (Rows{1, 1}));
}

TEST(Group, MayDifferBetweenViews) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .texts("t", {"b", "a", "b"})
                          .booleans("big", {1, 1, 0})
                          .column<double>("x", {1, 2, 3})
                          .close();
  std::string spec = folder.write("s.toml",
                                  "[[view]]\nname = \"all\"\nobjectives = [\"x:min\"]\n"
                                  "[[view]]\nname = \"t\"\nobjectives = [\"x:min\"]\ngroup_by = [\"t\"]\n"
                                  "[[view]]\nname = \"big\"\nobjectives = [\"x:min\"]\ngroup_by = [\"big\", \"t\"]\n");
  Reading result(scored(folder, sweep, {"--spec", spec}));
  EXPECT_EQ(result.integers("/views/all/front"), Rows{0});
  EXPECT_EQ(result.integers("/views/t/front"), (Rows{0, 1}));
  EXPECT_EQ(result.integers("/views/big/front"), (Rows{0, 1, 2}));
  EXPECT_EQ(result.integers("/views/big/groups/keys/big"), (Rows{0, 1, 1}));
}

TEST(Group, NumberDoesNotDependOnBatches) {
  std::vector<std::optional<std::string>> texts;
  std::vector<double> values;
  for (int i = 0; i < 60; ++i) texts.push_back("g" + std::to_string(i * 17 % 23)), values.push_back(i);
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").texts("t", texts, {.chunk = 9}).column("x", values).close();
  Rows first;
  for (const char* batch : {"1000", "1", "7", "60"}) {
    Rows groups = Reading(scored(folder, sweep, {"--view", "v=x:min", "--group-by", "t", "--batch-rows", batch, "--force"}))
                      .integers("/views/v/group");
    if (first.empty()) first = groups;
    EXPECT_EQ(groups, first) << batch;
  }
}

TEST(Group, KeyNamedLikeAnothersMissingFlagIsKept) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("x", {1, 2})
                          .texts("t", {"a", "b"})
                          .column<std::int32_t>("t_missing", {5, 6})
                          .close();
  Outcome done = score(folder, sweep, {"--view", "v=x:min", "--group-by", "t,t_missing"});
  EXPECT_NE(done.code, 6) << "the output can be written: " << done.err;
  EXPECT_NE(done.code, 5) << done.err;
}

TEST(Group, ByAColumnThatIsNotThereNamesTheNearest) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("x", {1, 2}).texts("dataset", {"a", "b"}).close();
  expect_refused(score(folder, sweep, {"--view", "v=x:min", "--group-by", "datset"}), 3,
                 {"'datset'", "did you mean 'dataset'?"}, folder, {"s.h5"});
  expect_refused(score(folder, sweep, {"--view", "v=x:min", "--group-by", "dataset,dataset"}), 2, {"'dataset'", "twice"},
                 folder, {"s.h5"});
}

/// A table in one compound dataset, whose members may have any name.
std::string table_of(const Scratch& folder, const std::vector<std::string>& columns) {
  h5::silence();
  h5::Handle file(H5Fcreate((folder / "t.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  h5::Handle type(H5Tcreate(H5T_COMPOUND, 8 * columns.size()));
  for (std::size_t i = 0; i < columns.size(); ++i) H5Tinsert(type, columns[i].c_str(), 8 * i, H5T_NATIVE_DOUBLE);
  hsize_t rows = 2;
  h5::Handle space(H5Screate_simple(1, &rows, nullptr));
  h5::Handle dataset(H5Dcreate2(file, "configs", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  std::vector<double> values(rows * columns.size(), 1);
  H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  return folder / "t.h5";
}

TEST(NamesOfAResult, ThatCollideAreRefusedBeforeReading) {
  Scratch folder;
  std::string sweep = table_of(folder, {"x", "a", "a/b", "a_missing", "a_missing/c", "a//b", "./a", ".", "a/"});
  struct Case {
    std::string columns;
    std::vector<std::string> words;
  };
  for (const auto& [columns, words] :
       {Case{"a,a/b", {"'a' and 'a/b'", "as a dataset and as a group"}},
        Case{"a/b,a//b", {"'a/b' and 'a//b'", "the name 'a/b' for both"}},
        Case{"a,./a", {"'a' and './a'", "the name 'a' for both"}}, Case{"a,a/", {"'a' and 'a/'", "the name 'a' for both"}},
        Case{".", {"'.'", "no dataset of the result"}}})
    for (const char* option : {"--group-by", "--columns"}) {
      Outcome done = score(folder, sweep, {"--view", "v=x:min", option, columns});
      expect_refused(done, 2, words, folder, {"t.h5"});
    }
  for (const auto& [columns, words] : {Case{"a,a_missing", {"'a' and 'a_missing'", "the name 'a_missing' for both"}},
                                       Case{"a,a_missing/c", {"'a' and 'a_missing/c'", "as a dataset and as a group"}}}) {
    expect_refused(score(folder, sweep, {"--view", "v=x:min", "--group-by", columns}), 2, words, folder, {"t.h5"});
    EXPECT_EQ(score(folder, sweep, {"--view", "v=x:min", "--columns", columns}).code, 0) << "copies have no flags";
    std::filesystem::remove(folder / "r.h5");
  }
}

}  // namespace
}  // namespace carbonfront
