// Packed columns (netCDF's scale_factor and add_offset): float64 everywhere, missing values compared before they are
// unpacked.

#include <cmath>
#include <limits>

#include "tests/program.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

using Rows = std::vector<std::int64_t>;
using Texts = std::vector<std::string>;

/// Both readers' values of column `x`, copied for the rows of a front that has every row.
std::vector<double> as_read(const Scratch& folder, const Arguments& sweeps, const Arguments& more = {}) {
  std::vector<std::vector<double>> read;
  for (const char* reader : {"fast", "plain"}) {
    Arguments arguments = {"score",     "-o", folder / "r.h5", "--force", "--view", "v=same:min",
                           "--columns", "x",  "--reader",      reader};
    arguments.insert(arguments.end(), sweeps.begin(), sweeps.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    Outcome done = run(arguments);
    EXPECT_EQ(done.code, 0) << done.err;
    Reading result(folder / "r.h5");
    EXPECT_TRUE(result.is<double>("/views/v/front_columns/x")) << reader;
    read.push_back(result.reals("/views/v/front_columns/x"));
  }
  EXPECT_EQ(read[0].size(), read[1].size());
  EXPECT_EQ(std::memcmp(read[0].data(), read[1].data(), read[0].size() * sizeof(double)), 0) << "the readers differ";
  return read[0];
}

std::vector<double> zeros(std::size_t count) { return std::vector<double>(count); }

/// The definition: first the product, then the sum, each rounded.
double unpacked(double raw, double scale, double offset) {
  volatile double product = raw * scale;
  return product + offset;
}

template <class T>
struct PackedColumn : ::testing::Test {};
using Types = ::testing::Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                               std::uint32_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(PackedColumn, Types);

TYPED_TEST(PackedColumn, IsUnpackedInFloat64FromEitherByteOrderAndLayout) {
  using T = TypeParam;
  const std::vector<T> raw = {T(7), std::numeric_limits<T>::max(), T(0), std::numeric_limits<T>::lowest(), T(100), T(3)};
  const double scale = 0.01, offset = 273.15;
  for (H5T_order_t order : {H5T_ORDER_LE, H5T_ORDER_BE})
    for (hsize_t chunk : {0, 4}) {
      Scratch folder;
      h5::Handle type(H5Tcopy(hdf5_type<T>()));
      H5Tset_order(type, order);
      std::string sweep =
          Sweeping(folder / "s.h5")
              .column("same", zeros(raw.size()))
              .column("x", raw, {.type = type, .chunk = chunk, .deflate = chunk ? 1 : 0, .shuffle = chunk > 0})
              .attribute("scale_factor", scale)
              .attribute("add_offset", offset)
              .attribute("_FillValue", T(100))
              .attribute("missing_value", T(3))
              .close();
      std::vector<double> values = as_read(folder, {sweep}, {"--batch-rows", "5"});
      ASSERT_EQ(values.size(), raw.size());
      for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(values[i], unpacked(static_cast<double>(raw[i]), scale, offset)) << i;
      EXPECT_TRUE(std::isnan(values[4]) && std::isnan(values[5])) << "missing values are those of the packed type";
    }
}

TEST(Packing, OfFloat32IsComputedInFloat64) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column("same", zeros(3))
                          .column<float>("x", {0.1f, 16777216.0f, std::numeric_limits<float>::quiet_NaN()})
                          .attribute("scale_factor", 1.1f)
                          .attribute<std::int32_t>("add_offset", 1)
                          .close();
  std::vector<double> values = as_read(folder, {sweep});
  EXPECT_EQ(values[0], unpacked(static_cast<double>(0.1f), static_cast<double>(1.1f), 1));
  EXPECT_EQ(values[1], unpacked(16777216.0, static_cast<double>(1.1f), 1));
  EXPECT_TRUE(std::isnan(values[2]));
}

TEST(Packing, MayHaveOneAttributeAlone) {
  Scratch folder;
  std::string scaled = Sweeping(folder / "a.h5")
                           .column("same", zeros(2))
                           .column<std::int16_t>("x", {1, -3})
                           .attribute("scale_factor", 0.1)
                           .close();
  EXPECT_EQ(as_read(folder, {scaled}), (std::vector<double>{0.1, unpacked(-3, 0.1, 0)}));
  std::string moved = Sweeping(folder / "b.h5")
                          .column("same", zeros(2))
                          .column<std::int16_t>("x", {1, -3})
                          .attribute("add_offset", 0.1)
                          .close();
  EXPECT_EQ(as_read(folder, {moved}), (std::vector<double>{1.1, -3 + 0.1}));
}

TEST(Packing, DecidesAsItsUnpackedValuesDo) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<std::int16_t>("x", {100, 300, -1, 200})
                          .attribute("scale_factor", -0.5)
                          .attribute("add_offset", 210.0)
                          .attribute<std::int16_t>("_FillValue", -1)
                          .units("h")
                          .column<double>("y", {1, 1, 1, 1})
                          .close();
  Reading result(
      scored(folder, sweep,
             {"--view", "v=x:max", "--view", "e=co2e_kg:min", "--group-by", "x", "--emissions",
              "devices=y,max_power=2W,time=x,carbon_intensity=1kg/kWh", "--where", "x <= 160", "--where", "y == 1"}));
  EXPECT_EQ(result.integers("/views/v/state"), (Rows{2, 2, 0, 2})) << "unpacked: 160, 60, missing, 110";
  EXPECT_TRUE(result.is<double>("/views/v/groups/keys/x"));
  EXPECT_EQ(result.reals("/views/v/groups/keys/x"), (std::vector<double>{60, 110, 160}));
  EXPECT_EQ(result.reals("/emissions/energy_kwh")[1], 60 * 2.0 / 1000);
  Reading ungrouped(scored(folder, sweep, {"--view", "v=x:max", "--force"}));
  EXPECT_EQ(ungrouped.integers("/views/v/front"), Rows{0}) << "a negative scale turns the order";
  EXPECT_EQ(ungrouped.reals("/views/v/groups/ideal"), std::vector<double>{160});
  EXPECT_EQ(ungrouped.integers("/views/v/state"), (Rows{2, 2, 1, 2}));
}

TEST(Packing, IsShownByInspect) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<std::int16_t>("x", {1, 2})
                          .attribute("scale_factor", 0.5)
                          .attribute("add_offset", 3.0)
                          .close();
  Outcome shown = program({"inspect", sweep});
  EXPECT_TRUE(says(shown.out, "float64")) << shown.out;
  EXPECT_TRUE(says(shown.out, "packed int16 · 0.5 + 3")) << shown.out;
}

TEST(Packing, OfScaleOneAndOffsetZeroLeavesTheColumnAsItIs) {
  Scratch folder;
  const std::int64_t big = 9007199254740993;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<std::int64_t>("x", {big, big - 1, big})
                          .attribute("scale_factor", 1.0)
                          .attribute<std::int32_t>("add_offset", 0)
                          .booleans("t", {1, 0, 1})
                          .attribute("scale_factor", 1.0f)
                          .close();
  Reading result(scored(folder, sweep, {"--view", "v=x:max", "--columns", "x", "--where", "t == true"}));
  EXPECT_EQ(result.integers("/views/v/front"), (Rows{0, 2}));
  EXPECT_TRUE(result.is<std::int64_t>("/views/v/front_columns/x"));
  EXPECT_EQ(result.integers("/views/v/front_columns/x"), (Rows{big, big}));
}

TEST(Packing, OfSeveralFilesIsEachFilesOwn) {
  Scratch folder;
  std::string a = Sweeping(folder / "a.h5")
                      .column("same", zeros(2))
                      .column<std::int16_t>("x", {1, -9})
                      .attribute("scale_factor", 0.5)
                      .attribute<std::int16_t>("_FillValue", -9)
                      .close();
  std::string b = Sweeping(folder / "b.h5")
                      .column("same", zeros(2))
                      .column<std::uint32_t>("x", {1, 5})
                      .attribute("scale_factor", 2.0)
                      .attribute("add_offset", 100.0)
                      .attribute<std::uint32_t>("_FillValue", 5)
                      .close();
  std::string c = Sweeping(folder / "c.h5")
                      .column("same", zeros(2))
                      .column<std::int8_t>("x", {7, -9})
                      .attribute("scale_factor", 1.0)
                      .attribute("add_offset", 0.0)
                      .close();
  std::string d = Sweeping(folder / "d.h5")
                      .column("same", zeros(2))
                      .column<double>("x", {0.25, -7})
                      .attribute("_FillValue", -7.0)
                      .close();
  for (const Arguments& order : {Arguments{a, b, c, d}, Arguments{d, c, b, a}}) {
    std::vector<double> values = as_read(folder, order, {"--batch-rows", "3"});
    std::vector<double> expected = {0.5, kNan, 102, kNan, 7, -9, 0.25, kNan};
    ASSERT_EQ(values.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      double wanted = expected[order[0] == a ? i : (3 - i / 2) * 2 + i % 2];
      EXPECT_TRUE(values[i] == wanted || (std::isnan(values[i]) && std::isnan(wanted))) << i << ": " << values[i];
    }
  }
  std::string plain = Sweeping(folder / "e.h5").column("same", zeros(2)).column<std::int16_t>("x", {1, 2}).close();
  expect_refused(run({"score", a, plain, "-o", folder / "n.h5", "--view", "v=x:min"}), 3,
                 {"'x'", "a.h5", "e.h5", "type", "float64", "int16"});
}

TEST(Packing, OfACompoundsMembersIsNamedAfterThem) {
  Scratch folder;
  struct Row {
    std::int16_t x;
    double same;
  };
  h5::Handle type(H5Tcreate(H5T_COMPOUND, sizeof(Row)));
  H5Tinsert(type, "x", HOFFSET(Row, x), H5T_NATIVE_INT16), H5Tinsert(type, "same", HOFFSET(Row, same), H5T_NATIVE_DOUBLE);
  const Row rows[] = {{10, 0}, {-1, 0}, {30, 0}};
  const double scale = 0.1, offset = 5;
  const std::int16_t missing = -1;
  {
    h5::Handle out(H5Fcreate((folder / "s.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    h5::Handle table = h5::write_dataset(out, "configs", type, {3}, rows);
    h5::write_scalar_attribute(table, "x_scale_factor", H5T_NATIVE_DOUBLE, &scale);
    h5::write_scalar_attribute(table, "x_add_offset", H5T_NATIVE_DOUBLE, &offset);
    h5::write_scalar_attribute(table, "x_missing_value", H5T_NATIVE_INT16, &missing);
  }
  std::vector<double> values = as_read(folder, {folder / "s.h5"});
  EXPECT_EQ(values[0], unpacked(10, 0.1, 5));
  EXPECT_TRUE(std::isnan(values[1]));
  EXPECT_EQ(values[2], unpacked(30, 0.1, 5));
}

TEST(Packing, OfAMatrixIsOneForAllColumnsOrOneForEach) {
  Scratch folder;
  auto matrix = [&](const std::vector<double>& scales) {
    h5::Handle out(H5Fcreate((folder / "s.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    const std::int32_t values[] = {1, 0, 2, 0, 3, 0};
    h5::Handle table = h5::write_dataset(out, "configs", H5T_NATIVE_INT32, {3, 2}, values);
    h5::write_attribute(table, "columns", std::vector<std::string>{"x", "same"});
    hsize_t count = scales.size();
    h5::Handle space(H5Screate_simple(1, &count, nullptr));
    h5::Handle attribute(H5Acreate2(table, "scale_factor", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT));
    H5Awrite(attribute, H5T_NATIVE_DOUBLE, scales.data());
  };
  matrix({0.5, 1});
  EXPECT_EQ(as_read(folder, {folder / "s.h5"}), (std::vector<double>{0.5, 1, 1.5}));
  matrix({0.25});
  EXPECT_EQ(as_read(folder, {folder / "s.h5"}), (std::vector<double>{0.25, 0.5, 0.75}));
  matrix({1, 2, 3});
  expect_refused(run({"score", folder / "s.h5", "-o", folder / "n.h5", "--view", "v=x:min"}), 3,
                 {"'x'", "s.h5", "'scale_factor'", "3 values", "2 columns"});
}

TEST(Packing, ThatCannotBeIsRefusedByFileColumnAndAttribute) {
  Scratch folder;
  auto refused = [&](const char* attribute, auto add, const char* why) {
    Sweeping building(folder / "s.h5");
    add(building);
    expect_refused(run({"score", building.close(), "-o", folder / "r.h5", "--view", "v=x:min", "--where", "x != 1"}), 3,
                   {"'x'", "s.h5", std::string("'") + attribute + "'", why}, folder, {"s.h5"});
  };
  auto integers = [](Sweeping& building) -> Sweeping& { return building.column<std::int16_t>("x", {1, 2}); };
  refused(
      "scale_factor", [&](Sweeping& b) { integers(b).attribute("scale_factor", 0.0); }, "is 0");
  refused(
      "scale_factor", [&](Sweeping& b) { integers(b).attribute("scale_factor", kNan); }, "not finite");
  refused(
      "add_offset", [&](Sweeping& b) { integers(b).attribute("add_offset", HUGE_VAL); }, "not finite");
  refused(
      "add_offset", [&](Sweeping& b) { integers(b).attribute_text("add_offset", "0.1"); }, "no number");
  refused(
      "scale_factor",
      [&](Sweeping& b) {
        integers(b).attribute_list<double>("scale_factor", {1, 2});
      },
      "2 values");
  refused(
      "scale_factor",
      [&](Sweeping& b) {
        b.booleans("x", {0, 1}).attribute("scale_factor", 2.0);
      },
      "boolean");
  refused(
      "add_offset",
      [&](Sweeping& b) {
        b.booleans("x", {0, 1}).attribute("add_offset", 2.0);
      },
      "boolean");
  Sweeping texts(folder / "s.h5");
  texts.column<double>("y", {1, 2}).texts("x", {"a", "b"}).attribute("scale_factor", 2.0);
  expect_refused(run({"score", texts.close(), "-o", folder / "r.h5", "--view", "v=y:min", "--where", "x != 'a'"}), 3,
                 {"'x'", "s.h5", "'scale_factor'", "string"}, folder, {"s.h5"});
}

}  // namespace
}  // namespace carbonfront
