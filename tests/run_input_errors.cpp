// Input that cannot be scored: the message names file, column, row and value, and says what to do; nothing is written.

#include <limits>

#include "tests/program.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

const Arguments kView = {"--view", "v=x:min"};

std::string good_sweep(const Scratch& folder) {
  return Sweeping(folder / "s.h5")
      .column<double>("x", {1, 2})
      .column<double>("accuracy", {1, 2})
      .texts("t", {"a", "b"})
      .close();
}

TEST(InputFile, ThatIsMissingEmptyOrAFolderIsRefused) {
  Scratch folder;
  expect_refused(score(folder, folder / "none.h5", kView), 3, {"none.h5", "No such file"}, folder, {});
  folder.write("empty.h5", "");
  expect_refused(score(folder, folder / "empty.h5", kView), 3, {"empty.h5", "empty"}, folder, {"empty.h5"});
  std::filesystem::create_directory(folder / "sub");
  expect_refused(score(folder, folder / "sub", kView), 3, {"sub", "folder"}, folder, {"empty.h5", "sub"});
}

TEST(InputFile, ThatIsNotHdf5IsRefused) {
  Scratch folder;
  folder.write("text.h5", "model,accuracy\na,0.5\n");
  expect_refused(program(score_command(folder, folder / "text.h5", kView)), 3, {"text.h5", "not an HDF5 file"}, folder,
                 {"text.h5"});
  for (const Arguments& arguments : {Arguments{"inspect", folder / "text.h5"}, {"inspect", folder / "text.h5", "--digest"}})
    expect_refused(program(arguments), 3, {"text.h5", "not an HDF5 file"});
}

TEST(InputFile, ThatIsTruncatedIsRefused) {
  Scratch folder;
  ASSERT_EQ(run({"generate", "--rows", "5000", "-o", folder / "s.h5"}).code, 0);
  std::filesystem::resize_file(folder / "s.h5", std::filesystem::file_size(folder / "s.h5") / 2);
  expect_refused(score(folder, folder / "s.h5", {"--view", "v=accuracy:max"}), 3, {"s.h5", "truncated"}, folder, {"s.h5"});
  std::filesystem::resize_file(folder / "s.h5", 20);
  expect_refused(score(folder, folder / "s.h5", {"--view", "v=accuracy:max"}), 3, {"s.h5"}, folder, {"s.h5"});
}

TEST(InputFile, ThatIsMarkedAsBeingWrittenIsRefusedUntilItIsClosed) {
  Scratch folder;
  std::string sweep = good_sweep(folder);
  h5::Handle access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  h5::Handle made(H5Fcreate((folder / "w.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access));
  h5::Handle from(H5Fopen(sweep.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
  ASSERT_GE(H5Ocopy(from, "/configs", made, "configs", H5P_DEFAULT, H5P_DEFAULT), 0);
  H5Fflush(made, H5F_SCOPE_GLOBAL);
  const Arguments words = {"w.h5", "being written", "wait until its writer has closed it"};
  expect_refused(program(score_command(folder, folder / "w.h5", kView)), 3, words, folder, {"s.h5", "w.h5"});
  ASSERT_GE(H5Fstart_swmr_write(made), 0);
  expect_refused(program(score_command(folder, folder / "w.h5", kView)), 3, words, folder, {"s.h5", "w.h5"});
  made.reset();
  EXPECT_EQ(program(score_command(folder, folder / "w.h5", kView)).code, 0);
}

TEST(InputFile, WithADamagedChunkIsRefused) {
  Scratch folder;
  std::vector<double> values(1000, 123456.789);
  std::string sweep = Sweeping(folder / "s.h5").column("x", values, {.chunk = 100, .fletcher32 = true}).close();
  std::string bytes = read_text(sweep);
  const double value = 123456.789;
  std::size_t at = bytes.rfind(std::string(reinterpret_cast<const char*>(&value), sizeof value));
  ASSERT_NE(at, std::string::npos);
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  folder.write("s.h5", bytes);
  expect_refused(score(folder, sweep, kView), 3, {"s.h5", "'x'", "rows"}, folder, {"s.h5"});
}

TEST(InputFile, IsNeverChanged) {
  Scratch folder;
  std::string sweep = good_sweep(folder), before = read_text(sweep);
  std::filesystem::permissions(sweep, std::filesystem::perms::owner_read);
  EXPECT_EQ(score(folder, sweep, kView).code, 0);
  EXPECT_EQ(read_text(sweep), before);
}

TEST(InputGroup, ThatIsMissingIsRefusedWithTheNearest) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5", "/runs/config").column<double>("x", {1}).close();
  expect_refused(score(folder, sweep, kView), 3, {"s.h5", "'/configs'", "/runs/config", "--group"}, folder, {"s.h5"});
  expect_refused(score(folder, sweep, {"--group", "/runs/confg", "--view", "v=x:min"}), 3,
                 {"'/runs/confg'", "did you mean '/runs/config'?"}, folder, {"s.h5"});
  expect_refused(score(folder, sweep, {"--group", "/runs/config/x", "--view", "v=x:min"}), 3,
                 {"'/runs/config/x'", "not a group"}, folder, {"s.h5"});
}

TEST(InputColumn, ThatIsMissingIsRefusedWithTheNearest) {
  Scratch folder;
  std::string sweep = good_sweep(folder);
  expect_refused(score(folder, sweep, {"--view", "v=acuracy:max"}), 3, {"s.h5", "'acuracy'", "did you mean 'accuracy'?"},
                 folder, {"s.h5"});
  expect_refused(score(folder, sweep, {"--view", "v=x:max", "--label", "q"}), 3, {"s.h5", "'q'"}, folder, {"s.h5"});
  expect_refused(score(folder, sweep, {"--view", "v=:max"}), 2, {"'v'"}, folder, {"s.h5"});
}

TEST(InputColumn, ThatIsNoListOfNumbersIsRefused) {
  Scratch folder;
  Sweeping building(folder / "s.h5");
  building.column<double>("x", {1, 2}).texts("t", {"a", "b"});
  const double square[] = {1, 2, 3, 4};
  h5::write_dataset(building.group(), "square", H5T_NATIVE_DOUBLE, {2, 2}, square);
  h5::Handle scalar(H5Dcreate2(building.group(), "scalar", H5T_NATIVE_DOUBLE, h5::Handle(H5Screate(H5S_SCALAR)), H5P_DEFAULT,
                               H5P_DEFAULT, H5P_DEFAULT));
  h5::Handle compound(H5Tcreate(H5T_COMPOUND, 16));
  H5Tinsert(compound, "re", 0, H5T_NATIVE_DOUBLE);
  H5Tinsert(compound, "im", 8, H5T_NATIVE_DOUBLE);
  h5::write_dataset(building.group(), "complex", compound, {2}, square);
  h5::Handle wide(H5Tcopy(H5T_NATIVE_LDOUBLE));
  const long double wides[] = {1, 2};
  h5::write_dataset(building.group(), "wide", wide, {2}, wides);
  h5::Handle group(H5Gcreate2(building.group(), "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  H5Lcreate_soft("/nowhere", building.group(), "dangling", H5P_DEFAULT, H5P_DEFAULT);
  scalar.reset(), group.reset();
  std::string sweep = building.close();
  for (const char* name : {"square", "scalar", "complex", "wide", "group", "dangling"})
    expect_refused(score(folder, sweep, {"--view", "v=" + std::string(name) + ":min"}), 3,
                   {"s.h5", "'" + std::string(name) + "'"}, folder, {"s.h5"});
  expect_refused(score(folder, sweep, {"--view", "v=t:max"}), 3, {"s.h5", "'t'", "strings"}, folder, {"s.h5"});
  expect_refused(score(folder, sweep, {"--emissions", "devices=t,max_power=1W,time=1h", "--view", "v=x:max"}), 3,
                 {"'t'", "strings"}, folder, {"s.h5"});
  EXPECT_EQ(score(folder, sweep, {"--view", "v=x:max"}).code, 0) << "columns that are not used do not matter";
}

TEST(InputColumn, OfAnotherLengthIsRefusedWhereItIsUsed) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("x", {1, 2}).column<double>("y", {1, 2, 3}).close();
  expect_refused(score(folder, sweep, {"--view", "v=x:min,y:max"}), 3, {"s.h5", "'x' has 2", "'y' has 3"}, folder, {"s.h5"});
  EXPECT_EQ(score(folder, sweep, kView).code, 0);
}

TEST(InputColumn, WithoutRowsIsRefused) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("x", {}).close();
  expect_refused(score(folder, sweep, kView), 3, {"s.h5", "no rows"}, folder, {"s.h5"});
}

TEST(InputColumn, OfMoreRowsThanCanBeScoredIsRefused) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").unwritten<double>("x", hsize_t{1} << 40, 1 << 16, 0, {1, 2}).close();
  expect_refused(score(folder, sweep, kView), 3, {"1099511627776"}, folder, {"s.h5"});
}

/// A filter that only this process knows: it leaves the chunk as it is.
std::size_t keep_chunk(unsigned, std::size_t, const unsigned*, std::size_t bytes, std::size_t*, void**) { return bytes; }

TEST(InputColumn, WithAFilterThatIsNotInstalledIsRefused) {
  const H5Z_class2_t filter = {H5Z_CLASS_T_VERS, 300, 1, 1, "house filter", nullptr, nullptr, keep_chunk};
  ASSERT_GE(H5Zregister(&filter), 0);
  Scratch folder;
  Sweeping building(folder / "s.h5");
  h5::Handle list(H5Pcreate(H5P_DATASET_CREATE));
  hsize_t rows = 4;
  h5::Handle space(H5Screate_simple(1, &rows, nullptr));
  H5Pset_chunk(list, 1, &rows);
  H5Pset_filter(list, 300, H5Z_FLAG_MANDATORY, 0, nullptr);
  h5::Handle dataset(H5Dcreate2(building.group(), "x", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, list, H5P_DEFAULT));
  const double values[] = {1, 2, 3, 4};
  ASSERT_GE(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
  dataset.reset();
  std::string sweep = building.close();
  expect_refused(program(score_command(folder, sweep, kView)), 3, {"s.h5", "'x'", "filter"}, folder, {"s.h5"});
  Outcome inspected = program({"inspect", sweep});
  EXPECT_EQ(inspected.code, 0) << inspected.err;
  EXPECT_TRUE(says(inspected.out, "house filter") || says(inspected.out, "cannot read")) << inspected.out;
}

TEST(InputColumn, OfTextsOfASizeThatNoHonestFileDeclaresIsRefused) {
  Scratch folder;
  Sweeping building(folder / "s.h5");
  building.unwritten<double>("x", 1000000, 1000, 0, {1, 2});
  h5::Handle list(H5Pcreate(H5P_DATASET_CREATE)), type = text_type((std::size_t{1} << 31) - 1, H5T_STR_NULLPAD);
  hsize_t rows = 1000000, chunk = 1;
  h5::Handle space(H5Screate_simple(1, &rows, nullptr));
  H5Pset_chunk(list, 1, &chunk);
  h5::Handle dataset(H5Dcreate2(building.group(), "t", type, space, H5P_DEFAULT, list, H5P_DEFAULT));
  ASSERT_TRUE(dataset);
  dataset.reset();
  expect_refused(score(folder, building.close(), {"--view", "v=x:min", "--where", "t == 'a'"}), 3, {"s.h5", "'t'"}, folder,
                 {"s.h5"});
}

}  // namespace
}  // namespace carbonfront
