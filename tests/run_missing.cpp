// Missing values: NaN of every kind, and what a column's attributes name, in the type that the column is stored in.

#include <bit>
#include <cmath>
#include <limits>
#include <set>

#include "tests/program.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

using Texts = std::vector<std::string>;

TEST(MissingValue, OfBooleansMayBeNeitherTrueNorFalse) {
  for (const char* reader : {"fast", "plain"}) {
    Scratch folder;
    const std::int8_t neither = -1;
    std::string sweep = Sweeping(folder / "s.h5")
                            .column("id", ids(4))
                            .booleans("x", {0, 1, neither, 1})
                            .attribute("_FillValue", boolean_type(), &neither)
                            .close();
    Reading result(
        scored(folder, sweep,
               {"--view", "v=x:max", "--view", "w=id:min", "--group-by", "x", "--columns", "x", "--reader", reader}));
    EXPECT_EQ(result.integers("/views/v/state"), (std::vector<std::int64_t>{2, 2, 1, 2}));
    EXPECT_EQ(result.integers("/views/w/groups/keys/x_missing"), (std::vector<std::int64_t>{0, 0, 1}));
    EXPECT_EQ(result.integers("/views/w/front_columns/x"), (std::vector<std::int64_t>{0, 1, 255}));
    EXPECT_EQ(result.integer_attributes("/views/w/front_columns/x", "_FillValue"), (std::vector<std::int64_t>{255}));
    EXPECT_EQ(result.text_attribute("/views/w/front_columns/x", "dtype"), "") << "255 must not be read as true";
  }
}

template <class Real, class Bits>
void expect_payloads_missing(hid_t type, Bits quiet, Bits signalling, Bits negative) {
  const std::vector<Bits> raw = {quiet, std::bit_cast<Bits>(Real(2)), signalling, negative, std::bit_cast<Bits>(Real(1))};
  std::set<std::string> digests;
  for (H5T_order_t order : {H5T_ORDER_LE, H5T_ORDER_BE})
    for (const char* reader : {"fast", "plain"}) {
      Scratch folder;
      h5::Handle own(H5Tcopy(type));
      H5Tset_order(own, order);
      std::vector<unsigned char> bytes;
      for (Bits value : raw)
        for (unsigned char byte : in_byte_order(value, order)) bytes.push_back(byte);
      std::string sweep = Sweeping(folder / "s.h5").column<double>("id", {0, 0, 0, 0, 0}).close();
      h5::write_dataset(h5::Handle(H5Fopen(sweep.c_str(), H5F_ACC_RDWR, H5P_DEFAULT)), "/configs/x", own, {5}, bytes.data());
      std::string result =
          scored(folder, sweep,
                 {"--view", "v=x:max", "--view", "w=id:min", "--columns", "x", "--group-by", "x", "--reader", reader});
      EXPECT_EQ(Reading(result).integers("/views/v/state"), (std::vector<std::int64_t>{1, 2, 1, 1, 2})) << order << reader;
      for (Real value : Reading(result).values<Real>("/views/w/front_columns/x"))
        if (std::isnan(value)) {
          EXPECT_EQ(std::bit_cast<Bits>(value), std::bit_cast<Bits>(std::numeric_limits<Real>::quiet_NaN()));
        }
      Outcome digest = program({"inspect", "--digest", result});
      digests.insert(digest.out.substr(0, 32));
    }
  EXPECT_EQ(digests.size(), 1u);
}

TEST(MissingValue, OfFloatsIsEveryNanWhateverItsPayload) {
  expect_payloads_missing<double, std::uint64_t>(H5T_IEEE_F64LE, 0x7FF8000000001234, 0x7FF0000000000001, 0xFFF8123456789ABC);
  expect_payloads_missing<float, std::uint32_t>(H5T_IEEE_F32LE, 0x7FC01234, 0x7F800001, 0xFFC54321);
}

TEST(MissingValue, OfFloat16IsEveryNanWhateverItsPayload) {
  for (const char* reader : {"fast", "plain"}) {
    Scratch folder;
    std::string sweep = Sweeping(folder / "s.h5").column("id", ids(5)).close();
    const std::uint16_t raw[] = {0x7E12, 0x4000, 0x7C01, 0xFFFF, 0x3C00};
    h5::write_dataset(h5::Handle(H5Fopen(sweep.c_str(), H5F_ACC_RDWR, H5P_DEFAULT)), "/configs/x", float16_type(), {5}, raw);
    Reading result(scored(folder, sweep, {"--view", "v=x:max", "--reader", reader}));
    EXPECT_EQ(result.integers("/views/v/state"), (std::vector<std::int64_t>{1, 2, 1, 1, 2})) << reader;
  }
}

TEST(MissingValue, OfFloatsIsNanAndWhatTheAttributesName) {
  Scratch folder;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("x", {1, -999, nan, 1e20, 2})
                          .attribute("_FillValue", -999.0)
                          .attribute("missing_value", 1e20)
                          .close();
  Reading result(scored(folder, sweep, {"--view", "v=x:max"}));
  EXPECT_EQ(result.integers("/views/v/state"), (std::vector<std::int64_t>{2, 1, 1, 1, 2}));
  EXPECT_EQ(result.integer_attribute("/views/v", "unrated"), 3);
}

TEST(MissingValue, OfFloat32IsComparedInItsPrecision) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<float>("x", {0.1f, 0.2f}).attribute("_FillValue", 0.1).close();
  EXPECT_EQ(Reading(scored(folder, sweep, {"--view", "v=x:max"})).integers("/views/v/state"),
            (std::vector<std::int64_t>{1, 2}));
}

TEST(MissingValue, OfFloat16IsComparedInItsPrecision) {
  // 1e-5 is 168 · 2^-24 there, a subnormal; 0.1 is 0.0999755859375; 2049 a tie that rounds to the even 2048
  const std::vector<float> held = {168 * 0x1p-24f, 0.0999755859375f, 2048.0f, 167 * 0x1p-24f, 1.0f, -65504.0f};
  const std::vector<double> fills = {1e-5, 0.1, 2049, -65519.9};
  for (H5T_order_t order : {H5T_ORDER_LE, H5T_ORDER_BE})
    for (const char* reader : {"fast", "plain"})
      for (bool packed : {false, true}) {
        Scratch folder;
        h5::Handle type = float16_type();
        H5Tset_order(type, order);
        Sweeping building(folder / "s.h5");
        building.column("x", held, {.type = type}).attribute_list("missing_value", fills);
        if (packed) building.attribute("scale_factor", 3.0);
        Reading result(scored(folder, building.close(), {"--view", "v=x:max", "--reader", reader}));
        EXPECT_EQ(result.integers("/views/v/state"), (std::vector<std::int64_t>{1, 1, 1, 2, 2, 1}))
            << order << reader << packed;
      }
}

TEST(MissingValue, OutsideTheRangeOfIntegersEqualsNothing) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<std::int8_t>("a", {44, 5, -1, 127})
                          .attribute_list<std::int32_t>("missing_value", {300, 5, 255, -200})
                          .column<std::uint8_t>("b", {44, 255, 0, 5})
                          .attribute_list<std::int32_t>("missing_value", {300, -1, 256, 5})
                          .column<std::int64_t>("c", {-1, 0, 9223372036854775807, 7})
                          .attribute<std::uint64_t>("_FillValue", 18446744073709551615u)
                          .column<std::uint64_t>("d", {0, 18446744073709551615u, 1, 7})
                          .attribute("_FillValue", 18446744073709551616.0)
                          .column<std::int16_t>("e", {-32768, 32767, 0, 7})
                          .attribute_list<double>("missing_value", {1e20, -1e20, 7.5, 32768})
                          .close();
  for (const char* reader : {"fast", "plain"}) {
    Reading result(scored(folder, sweep,
                          {"--view", "a=a:max", "--view", "b=b:max", "--view", "c=c:max", "--view", "d=d:max", "--view",
                           "e=e:max", "--columns", "a", "--reader", reader, "--force"}));
    EXPECT_EQ(result.integers("/views/a/state"), (std::vector<std::int64_t>{2, 1, 2, 2}));
    EXPECT_EQ(result.integer_attributes("/views/a/front_columns/a", "_FillValue"), (std::vector<std::int64_t>{5}));
    EXPECT_EQ(result.integers("/views/b/state"), (std::vector<std::int64_t>{2, 2, 2, 1}));
    for (const char* view : {"c", "d", "e"})
      EXPECT_EQ(result.integers(std::string("/views/") + view + "/state"), std::vector<std::int64_t>(4, 2)) << view;
    Reading grouped(scored(folder, sweep, {"--view", "v=e:max", "--group-by", "a", "--reader", reader, "--force"}));
    EXPECT_EQ(grouped.values<std::int8_t>("/views/v/groups/keys/a"), (std::vector<std::int8_t>{-1, 44, 127, 0}));
  }
}

TEST(MissingValue, MayBeOfAnotherTypeThanTheColumn) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<std::int64_t>("i", {1, -1, 2})
                          .attribute("_FillValue", -1.0)
                          .column<std::uint8_t>("u", {255, 0, 3})
                          .attribute<std::int8_t>("_FillValue", -1)
                          .column<double>("f", {1, -1, 2})
                          .attribute<std::int64_t>("_FillValue", -1)
                          .close();
  Reading result(scored(folder, sweep, {"--view", "i=i:max", "--view", "u=u:max", "--view", "f=f:max"}));
  EXPECT_EQ(result.integers("/views/i/state"), (std::vector<std::int64_t>{2, 1, 2}));
  EXPECT_EQ(result.integers("/views/u/state"), (std::vector<std::int64_t>{2, 2, 2})) << "-1 is no value of uint8";
  EXPECT_EQ(result.integers("/views/f/state"), (std::vector<std::int64_t>{2, 1, 2}));
}

TEST(MissingValue, MayBeAListOfValues) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<std::int32_t>("x", {-1, 4, -2, 5, -3})
                          .attribute_list<std::int32_t>("missing_value", {-1, -2, -3})
                          .close();
  EXPECT_EQ(Reading(scored(folder, sweep, {"--view", "v=x:min"})).integers("/views/v/state"),
            (std::vector<std::int64_t>{1, 2, 1, 2, 1}));
}

TEST(MissingValue, OfBooleansAndEnumerationsIsOfTheirType) {
  Scratch folder;
  const std::int8_t truth = 1;
  std::string sweep =
      Sweeping(folder / "s.h5").booleans("x", {0, 1, 0}).attribute("_FillValue", boolean_type(), &truth).close();
  EXPECT_EQ(Reading(scored(folder, sweep, {"--view", "v=x:max"})).integers("/views/v/state"),
            (std::vector<std::int64_t>{2, 1, 2}));
}

TEST(MissingValue, OfTextIsEmptyOrWhatTheAttributesName) {
  Scratch folder;
  for (bool fixed : {false, true}) {
    Sweeping building(folder / "s.h5");
    building.column("id", ids(4));
    if (fixed)
      building.fixed_texts("x", {"n/a", "b", "", "a"}, 3, H5T_STR_SPACEPAD)
          .attribute_fixed_text("_FillValue", "n/a", 5, H5T_STR_NULLPAD);
    else
      building.texts("x", {"n/a", "b", "", "a"}).attribute_text("missing_value", "n/a");
    Reading result(scored(folder, building.close(), {"--view", "v=id:min", "--group-by", "x", "--force"}));
    EXPECT_EQ(result.texts("/views/v/groups/keys/x"), (Texts{"a", "b", ""}));
    EXPECT_EQ(result.integers("/views/v/group"), (std::vector<std::int64_t>{2, 1, 2, 0}));
  }
}

TEST(MissingValue, IsNotHdf5sOwnFillOfUnwrittenChunks) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").unwritten<double>("x", 6, 2, -7.0, {1, 2}).close();
  Reading result(scored(folder, sweep, {"--view", "v=x:min"}));
  EXPECT_EQ(result.integers("/views/v/state"), std::vector<std::int64_t>(6, 2));
  EXPECT_EQ(result.integers("/views/v/front"), (std::vector<std::int64_t>{2, 3, 4, 5}));
  EXPECT_EQ(result.reals("/views/v/groups/ideal"), std::vector<double>{-7});
}

}  // namespace
}  // namespace carbonfront
