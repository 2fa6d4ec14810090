// Columns copied for the rows of a front: a front is readable by itself.

#include <cmath>

#include "tests/outcome.hpp"
#include "tests/shards.hpp"

namespace carbonfront {
namespace {

/// Seven rows, four on the front of a and b; every other column has a missing value on it.
std::string small_sweep(const Scratch& folder) {
  Sweeping sweep(folder / "s.h5");
  sweep.column<double>("a", {1, 2, 3, 4, 9, 9, 9}).column<double>("b", {4, 3, 2, 1, 9, 9, 9});
  sweep.texts("name", {"zeta", "ä", "", "none", "x", "y", "z"}).attribute_text("_FillValue", "none");
  sweep.fixed_texts("place", {"FRA", "DEU", "SWE", "POL", "x", "y", "z"}, 8, H5T_STR_SPACEPAD);
  sweep.column<std::int64_t>("params", {9007199254740993, 2, -5, 4, 5, 6, 7})
      .units("1")
      .attribute<std::int64_t>("_FillValue", -5);
  sweep.column<float>("share", {0.1f, 2, 3, -1, 5, 6, 7})
      .attribute<float>("missing_value", -1)
      .attribute_text("long_name", "a share");
  sweep.booleans("pruned", {1, 0, 0, 1, 0, 0, 0});
  sweep.column<std::int32_t>("train/epochs", {10, 20, 30, 40, 50, 60, 70}).units("epochs");
  return sweep.close();
}

const std::string kPlace = "/views/v/front_columns/";

TEST(FrontColumns, KeepTypesUnitsAndMissingValues) {
  Scratch folder;
  Reading result(scored(folder, small_sweep(folder),
                        {"--view", "v=a:min,b:min", "--columns", "name,place,params,share,pruned,train/epochs,a"}));
  EXPECT_EQ(result.integers("/views/v/front"), (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(result.texts(kPlace + "name"), (std::vector<std::string>{"zeta", "ä", "", ""})) << "a missing text is empty";
  EXPECT_EQ(result.texts(kPlace + "place"), (std::vector<std::string>{"FRA", "DEU", "SWE", "POL"}));
  EXPECT_TRUE(result.is<std::int64_t>(kPlace + "params"));
  EXPECT_EQ(result.integers(kPlace + "params"), (std::vector<std::int64_t>{9007199254740993, 2, -5, 4}));
  EXPECT_EQ(result.integer_attribute(kPlace + "params", "_FillValue"), -5);
  EXPECT_EQ(result.text_attribute(kPlace + "params", "units"), "1");
  EXPECT_TRUE(result.is<float>(kPlace + "share"));
  EXPECT_EQ(result.text_attribute(kPlace + "share", "long_name"), "a share");
  std::vector<double> shares = result.reals(kPlace + "share");
  EXPECT_EQ(shares[0], static_cast<double>(0.1f));
  EXPECT_TRUE(std::isnan(shares[3]));
  EXPECT_EQ(result.integers(kPlace + "pruned"), (std::vector<std::int64_t>{1, 0, 0, 1}));
  EXPECT_EQ(result.text_attribute(kPlace + "pruned", "dtype"), "bool");
  EXPECT_EQ(result.integers(kPlace + "train/epochs"), (std::vector<std::int64_t>{10, 20, 30, 40}));
  EXPECT_EQ(result.text_attribute(kPlace + "train/epochs", "units"), "epochs");
  EXPECT_EQ(result.reals(kPlace + "a"), (std::vector<double>{1, 2, 3, 4}));
}

TEST(FrontColumns, KeepTheNamesOfAnEnumeration) {
  Scratch folder;
  Sweeping sweep(folder / "s.h5");
  h5::Handle type(H5Tenum_create(H5T_STD_I16BE));
  short low = 0x0100, high = 0x0200;  // 1 and 2, big-endian
  H5Tenum_insert(type, "LOW", &low), H5Tenum_insert(type, "HIGH", &high);
  sweep.column<double>("a", {2, 1}).column<std::int16_t>("level", {0, 0});
  {
    h5::Handle native(H5Tget_native_type(type, H5T_DIR_ASCEND));
    hsize_t two = 2;
    h5::Handle space(H5Screate_simple(1, &two, nullptr));
    h5::Handle dataset(H5Dcreate2(sweep.group(), "grade", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    std::int16_t values[] = {1, 2};
    ASSERT_GE(H5Dwrite(dataset, native, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
  }
  std::string result = scored(folder, sweep.close(), {"--view", "v=a:min", "--columns", "grade"});
  h5::Handle file = h5::open_for_reading(result), dataset(H5Dopen2(file, (kPlace + "grade").c_str(), H5P_DEFAULT));
  h5::Handle stored(H5Dget_type(dataset));
  ASSERT_EQ(H5Tget_class(stored), H5T_ENUM);
  std::int16_t value = 0;
  ASSERT_GE(H5Dread(dataset, stored, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value), 0);
  char name[16] = "";
  H5Tenum_nameof(stored, &value, name, sizeof name);
  EXPECT_STREQ(name, "HIGH");
}

TEST(FrontColumns, OfEmissionsAreThoseOfTheResult) {
  Scratch folder;
  Sweeping sweep(folder / "s.h5");
  sweep.column<double>("n", {1, 2, kNan, 4}).column<double>("q", {1, 2, 3, 0});
  for (const char* outputs : {"dominated_by", ""}) {  // emissions that stay, and emissions that pass by
    std::string result = scored(folder, sweep.close(),
                                {"--view", "v=q:max,co2e_kg:min", "--emissions", "devices=n,max_power=1000W,time=1h",
                                 "--outputs", outputs, "--columns", "co2e_kg,energy_kwh,q", "--force"});
    Reading reading(result);
    EXPECT_EQ(reading.integers("/views/v/front"), (std::vector<std::int64_t>{0, 1}));
    EXPECT_EQ(reading.reals(kPlace + "energy_kwh"), (std::vector<double>{1, 2}));
    EXPECT_EQ(reading.reals(kPlace + "co2e_kg"), (std::vector<double>{0.437, 0.874}));
    EXPECT_EQ(reading.text_attribute(kPlace + "co2e_kg", "units"), "kg");
  }
}

const std::string kBounded =
    "[emissions]\ndevices = { column = \"n\" }\nmax_power = { value = 1, unit = \"kW\", error = 0.5 }\n"
    "time = { value = 1, unit = \"h\" }\ncarbon_intensity = { value = 1, unit = \"kg/kWh\" }\n"
    "inference = \"energy-per-sample\"\nenergy_per_sample = { value = 1, unit = \"kWh\" }\nqueries = { value = 10 }\n";

TEST(FrontColumns, OfEveryComputedColumnAreThoseOfTheResult) {
  Scratch folder;
  Sweeping sweep(folder / "s.h5");
  sweep.column<double>("n", {1, 2, kNan, 4}, {.chunk = 1}).column<double>("q", {1, 2, 3, 0}, {.chunk = 1});
  std::string path = sweep.close(), names;
  std::vector<std::string> all;
  for (const char* value :
       {"energy_kwh", "co2e_kg", "inference_kwh", "inference_co2e_kg", "lifetime_kwh", "lifetime_co2e_kg"})
    for (const char* bound : {"", "_low", "_high"}) {
      all.push_back(std::string(value) + bound);
      names += (names.empty() ? "\"" : ", \"") + all.back() + "\"";
    }
  for (const char* outputs : {"\"dominated_by\"", ""}) {  // emissions that stay, and emissions that pass by
    std::string spec = folder.write("s.toml", kBounded +
                                                  "[[view]]\nname = \"v\"\nobjectives = [\"q:max\", "
                                                  "\"n:min\"]\noutputs = [" +
                                                  std::string(outputs) + "]\ncolumns = [" + names + "]\n");
    Reading result(scored(folder, path, {"--spec", spec, "--force"}));
    ASSERT_EQ(result.integers("/views/v/front"), (std::vector<std::int64_t>{0, 1}));
    EXPECT_EQ(result.reals(kPlace + "co2e_kg_high"), (std::vector<double>{1.5, 3}));
    EXPECT_EQ(result.reals(kPlace + "lifetime_co2e_kg"), (std::vector<double>{11, 12}));
    for (const std::string& name : all) {
      std::vector<double> stored = result.reals("/emissions/" + name);
      stored.resize(2);
      EXPECT_EQ(result.reals(kPlace + name), stored) << name;
      EXPECT_EQ(result.text_attribute(kPlace + name, "units"), result.text_attribute("/emissions/" + name, "units"));
    }
    expect_the_bytes_of_one_run(folder, {path}, {"--spec", spec}, {1, 3});
  }
}

TEST(FrontColumns, OfEmissionsThatAreNotComputedAreRefusedWithTheReason) {
  Scratch folder;
  std::string path = Sweeping(folder / "s.h5").column<double>("n", {1, 2}).column<double>("q", {1, 2}).close();
  const std::string emissions = "devices=n,max_power=1000W,time=1h";
  auto refused = [&](const char* column, const Arguments& more, const std::vector<std::string>& words) {
    Arguments arguments = {"--view", "v=q:max", "--columns", column};
    arguments.insert(arguments.end(), more.begin(), more.end());
    expect_refused(score(folder, path, arguments), 2, words, folder, {"s.h5"});
  };
  refused("co2e_kg", {}, {"column 'co2e_kg'", "no [emissions]"});
  refused("co2e_kg_low", {"--emissions", emissions}, {"column 'co2e_kg_low'", "it is a bound", "error = ..."});
  refused("lifetime_kwh", {"--emissions", emissions}, {"column 'lifetime_kwh'", "add `inference`"});
  refused("lifetime_kwh_high", {"--emissions", emissions}, {"column 'lifetime_kwh_high'", "add `inference`"});
}

TEST(FrontColumns, OfAnEmptyFrontAreEmpty) {
  Scratch folder;
  Reading result(
      scored(folder, small_sweep(folder), {"--view", "v=a:min", "--where", "a > 100", "--columns", "name,params"}));
  EXPECT_EQ(result.shape(kPlace + "name"), (std::vector<hsize_t>{0}));
  EXPECT_EQ(result.shape(kPlace + "params"), (std::vector<hsize_t>{0}));
}

TEST(FrontColumns, OfAGeneratedSweepEqualTheSweepsRows) {
  Scratch folder;
  ASSERT_EQ(
      run({"generate", "--rows", "200000", "--distribution", "anticorrelated", "--missing", "0.1", "-o", folder / "s.h5"})
          .code,
      0);
  Reading sweep(folder / "s.h5");
  std::vector<std::string> names = sweep.texts("/configs/model");
  std::vector<std::int64_t> params = sweep.integers("/configs/params");
  for (const char* outputs : {"witness", ""}) {
    std::string path = scored(folder, folder / "s.h5",
                              {"--view", "v=accuracy:max,params:min,train_time:min", "--columns", "model,params",
                               "--outputs", outputs, "--force"});
    Reading result(path);
    std::vector<std::int64_t> front = result.integers("/views/v/front");
    std::vector<std::string> copied = result.texts(kPlace + "model");
    std::vector<std::int64_t> copied_params = result.integers(kPlace + "params");
    ASSERT_GT(front.size(), 100u);
    ASSERT_EQ(copied_params.size(), front.size());
    for (std::size_t i = 0; i < front.size(); ++i) {
      ASSERT_EQ(copied_params[i], params[static_cast<std::size_t>(front[i])]);
      ASSERT_EQ(
          copied[i], "arch-" + [&] {
            std::string digits = std::to_string(front[i]);
            return std::string(10 - digits.size(), '0') + digits;
          }());
    }
    EXPECT_EQ(run({"validate", path, folder / "s.h5"}).code, 0);
  }
}

TEST(FrontColumns, ThatWereTamperedWithAreFoundByValidate) {
  Scratch folder;
  std::string sweep = small_sweep(folder),
              result = scored(folder, sweep, {"--view", "v=a:min,b:min", "--columns", "params,name"});
  EXPECT_EQ(run({"validate", result, sweep}).code, 0);
  patch<std::int64_t>(result, kPlace + "params", 1, 3);
  Outcome done = run({"validate", result, sweep});
  EXPECT_EQ(done.code, 1);
  EXPECT_TRUE(says(done.err, kPlace + "params")) << done.err;
}

TEST(FrontColumns, AreNamedInTheSpecOfAView) {
  Scratch folder;
  std::string spec = folder.write("spec.toml",
                                  "[[view]]\nname = \"v\"\nobjectives = [\"a:min\"]\ncolumns = [\"name\"]\n"
                                  "[[view]]\nname = \"w\"\nobjectives = [\"b:min\"]\n");
  Reading result(scored(folder, small_sweep(folder), {"--spec", spec}));
  EXPECT_EQ(result.texts(kPlace + "name"), (std::vector<std::string>{"zeta"}));
  EXPECT_FALSE(result.has("/views/w/front_columns"));
  EXPECT_TRUE(says(result.text_attribute("/", "spec"), "columns = [\"name\"]"));
}

TEST(FrontColumns, ThatDoNotExistOrComeTwiceAreRefused) {
  Scratch folder;
  std::string sweep = small_sweep(folder);
  expect_refused(score(folder, sweep, {"--view", "v=a:min", "--columns", "nam"}), 3,
                 {"no column 'nam'", "did you mean 'name'"}, folder, {"s.h5"});
  expect_refused(score(folder, sweep, {"--view", "v=a:min", "--columns", "name,name"}), 2, {"'name' twice"}, folder,
                 {"s.h5"});
}

}  // namespace
}  // namespace carbonfront
