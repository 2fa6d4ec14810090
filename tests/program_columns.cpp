// Sweeps as people store them: every type, layout and filter reads as the same values.

#include <array>
#include <bit>
#include <limits>
#include <set>

#include "tests/program.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

using Texts = std::vector<std::string>;

/// Reads column `x` back as the program reads it: grouped by it, the result holds its distinct values in their own type.
template <class T>
std::vector<T> as_read(const std::string& sweep, const std::string& column = "x", const Arguments& more = {}) {
  Scratch folder;
  Arguments arguments = {"--view", "v=id:min", "--group-by", column};
  arguments.insert(arguments.end(), more.begin(), more.end());
  Reading result(scored(folder, sweep, arguments));
  std::vector<T> keys, values;
  if constexpr (std::is_same_v<T, std::string>) {
    keys = result.texts("/views/v/groups/keys/" + column);
  } else {
    EXPECT_TRUE(result.is<T>("/views/v/groups/keys/" + column));
    keys = result.values<T>("/views/v/groups/keys/" + column);
  }
  for (std::int64_t group : result.integers("/views/v/group")) values.push_back(keys.at(static_cast<std::size_t>(group)));
  return values;
}

std::vector<std::int32_t> ids(std::size_t count) {
  std::vector<std::int32_t> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(static_cast<std::int32_t>(i));
  return ids;
}

template <class T>
struct IntegerColumn : ::testing::Test {};
using Integers = ::testing::Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                                  std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(IntegerColumn, Integers);

template <class T>
std::vector<T> telling_values() {
  return {T(7), std::numeric_limits<T>::max(), T(0), std::numeric_limits<T>::min(), T(std::numeric_limits<T>::max() - 1)};
}

TYPED_TEST(IntegerColumn, IsReadAndComparedOverItsWholeRange) {
  Scratch folder;
  std::vector<TypeParam> values = telling_values<TypeParam>();
  std::string sweep = Sweeping(folder / "s.h5").column("id", ids(5)).column("x", values).close();
  EXPECT_EQ(as_read<TypeParam>(sweep), values);
  Reading result(scored(folder, sweep, {"--view", "up=x:max", "--view", "down=x:min", "--outputs", "rank"}));
  EXPECT_EQ(result.integers("/views/up/front"), std::vector<std::int64_t>{1});
  auto ranks = result.integers("/views/up/rank");
  EXPECT_EQ(ranks[1], 0);
  EXPECT_EQ(ranks[4], 1);
  EXPECT_EQ(ranks[0], 2);
  EXPECT_EQ(result.integers("/views/down/rank")[3], 0);
}

TYPED_TEST(IntegerColumn, IsReadFromEitherByteOrder) {
  Scratch folder;
  std::vector<TypeParam> values = telling_values<TypeParam>();
  for (H5T_order_t order : {H5T_ORDER_LE, H5T_ORDER_BE}) {
    h5::Handle type(H5Tcopy(hdf5_type<TypeParam>()));
    H5Tset_order(type, order);
    std::string sweep = Sweeping(folder / "s.h5").column("id", ids(5)).column("x", values, {.type = type}).close();
    EXPECT_EQ(as_read<TypeParam>(sweep), values);
  }
}

TYPED_TEST(IntegerColumn, MissesTheValuesThatItsAttributesName) {
  Scratch folder;
  std::vector<TypeParam> values = telling_values<TypeParam>();
  std::string sweep = Sweeping(folder / "s.h5")
                          .column("x", values)
                          .attribute("_FillValue", std::numeric_limits<TypeParam>::max())
                          .attribute("missing_value", TypeParam(7))
                          .close();
  Reading result(scored(folder, sweep, {"--view", "v=x:max"}));
  EXPECT_EQ(result.integers("/views/v/state"), (std::vector<std::int64_t>{1, 1, 2, 2, 2}));
  EXPECT_EQ(result.integers("/views/v/front"), std::vector<std::int64_t>{4});
  EXPECT_EQ(result.text_attributes("/views/v", "missing_columns"), Texts{"x"});
  EXPECT_EQ(result.integer_attributes("/views/v", "missing_rows"), std::vector<std::int64_t>{2});
}

TEST(Column, OfFloat64IsReadBitForBitFromEitherByteOrder) {
  Scratch folder;
  const std::vector<double> values = {0.1, -1e308, 5e-324, std::numeric_limits<double>::infinity(), -2.5};
  for (hid_t type : {H5T_IEEE_F64LE, H5T_IEEE_F64BE}) {
    std::string sweep = Sweeping(folder / "s.h5").column("id", ids(5)).column("x", values, {.type = type}).close();
    EXPECT_EQ(as_read<double>(sweep), values);
  }
}

TEST(Column, OfFloat32IsWidenedNotRounded) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column("id", ids(3))
                          .column<float>("x", {0.1f, 0.2f, 0.3f}, {.type = H5T_IEEE_F32BE})
                          .close();
  EXPECT_EQ(as_read<float>(sweep), (std::vector<float>{0.1f, 0.2f, 0.3f}));
  Reading result(scored(folder, sweep, {"--view", "v=x:min"}));
  EXPECT_EQ(result.reals("/views/v/groups/ideal"), std::vector<double>{static_cast<double>(0.1f)});
}

TEST(Column, OfFloat16IsWidened) {
  Scratch folder;
  h5::Handle type = float16_type();
  std::string sweep = Sweeping(folder / "s.h5")
                          .column("id", ids(4))
                          .column<float>("x", {0.5f, -2.0f, 65504.0f, 0.25f}, {.type = type})
                          .close();
  EXPECT_EQ(as_read<float>(sweep), (std::vector<float>{0.5f, -2.0f, 65504.0f, 0.25f}));
}

TEST(Column, OfBooleansIsAnObjectiveAKeyAndACondition) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column("id", ids(4)).booleans("x", {0, 1, 1, 0}).close();
  EXPECT_EQ(as_read<std::uint8_t>(sweep), (std::vector<std::uint8_t>{0, 1, 1, 0}));
  EXPECT_EQ(Reading(scored(folder, sweep, {"--view", "v=x:max"})).integers("/views/v/front"),
            (std::vector<std::int64_t>{1, 2}));
  Reading selected(scored(folder, sweep, {"--view", "v=id:min", "--where", "x == true", "--force"}));
  EXPECT_EQ(selected.integers("/views/v/state"), (std::vector<std::int64_t>{0, 2, 2, 0}));
}

TEST(Column, OfAnEnumerationIsReadAsItsNumbers) {
  Scratch folder;
  h5::Handle type(H5Tenum_create(H5T_STD_I16BE));
  for (std::int16_t level : {3, 500})
    H5Tenum_insert(
        type, level == 3 ? "low" : "high",
        std::array<unsigned char, 2>{static_cast<unsigned char>(level >> 8), static_cast<unsigned char>(level)}.data());
  std::string sweep = Sweeping(folder / "s.h5").column("id", ids(2)).close();
  {
    h5::Handle file(H5Fopen(sweep.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
    const unsigned char raw[] = {1, 244, 0, 3};
    h5::write_dataset(file, "/configs/x", type, {2}, raw);
  }
  EXPECT_EQ(as_read<std::int16_t>(sweep), (std::vector<std::int16_t>{500, 3}));
}

/// The bytes of an integer in either byte order.
template <class T>
std::vector<unsigned char> stored(T value, H5T_order_t order) {
  std::vector<unsigned char> bytes(sizeof(T));
  for (std::size_t i = 0; i < sizeof(T); ++i)
    bytes[order == H5T_ORDER_LE ? i : sizeof(T) - 1 - i] =
        static_cast<unsigned char>(static_cast<std::uint64_t>(value) >> 8 * i);
  return bytes;
}

TEST(Column, OfAnEnumerationKeepsValuesThatAreNoMember) {
  const std::vector<std::int16_t> values = {500, 3, 7, -2, 500};
  for (H5T_order_t order : {H5T_ORDER_LE, H5T_ORDER_BE})
    for (bool compound : {false, true}) {
      Scratch folder;
      h5::Handle type(H5Tenum_create(order == H5T_ORDER_LE ? H5T_STD_I16LE : H5T_STD_I16BE));
      H5Tenum_insert(type, "low", stored<std::int16_t>(3, order).data());
      H5Tenum_insert(type, "high", stored<std::int16_t>(500, order).data());
      std::vector<unsigned char> raw;
      for (std::int16_t value : values)
        for (unsigned char byte : stored(value, order)) raw.push_back(byte);
      std::string sweep = Sweeping(folder / "s.h5").column("id", ids(5)).close();
      {
        h5::Handle file(H5Fopen(sweep.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
        h5::Handle table(H5Tcreate(H5T_COMPOUND, 2));
        H5Tinsert(table, "e", 0, type);
        h5::Handle written = h5::write_dataset(file, "/configs/x", compound ? table : type, {5}, raw.data());
        h5::write_scalar_attribute(written, compound ? "e_missing_value" : "_FillValue", type,
                                   stored<std::int16_t>(-2, order).data());
      }
      for (const char* reader : {"fast", "plain"}) {
        const std::string column = compound ? "x/e" : "x";
        Reading result(
            scored(folder, sweep, {"--view", "v=" + column + ":max", "--columns", column, "--reader", reader, "--force"}));
        EXPECT_EQ(result.integers("/views/v/state"), (std::vector<std::int64_t>{2, 2, 2, 1, 2})) << order << reader;
        EXPECT_EQ(result.integers("/views/v/front"), (std::vector<std::int64_t>{0, 4}));
        Reading grouped(scored(folder, sweep, {"--view", "v=id:min", "--group-by", column, "--reader", reader, "--force"}));
        EXPECT_EQ(grouped.values<std::int16_t>("/views/v/groups/keys/" + column), (std::vector<std::int16_t>{3, 7, 500, 0}));
        EXPECT_EQ(grouped.integers("/views/v/groups/keys/" + column + "_missing"), (std::vector<std::int64_t>{0, 0, 0, 1}));
      }
    }
}

/// An enumeration of bool's shape whose third value is neither 0 nor 1.
std::string untrue(const Scratch& folder, std::int8_t odd, const char* attribute = nullptr) {
  Sweeping building(folder / "s.h5");
  building.column("id", ids(4)).booleans("x", {0, 1, odd, 1});
  if (attribute) building.attribute(attribute, boolean_type(), &odd);
  return building.close();
}

TEST(Column, OfBooleansRefusesWhatIsNeitherTrueNorFalse) {
  for (std::int8_t odd : {std::int8_t{2}, std::int8_t{-1}})
    for (const char* reader : {"fast", "plain"}) {
      Scratch folder;
      std::string sweep = untrue(folder, odd), number = odd == 2 ? ": 2" : ": 255";
      for (const Arguments& use : {Arguments{"--view", "v=x:max"}, Arguments{"--view", "v=id:min", "--where", "x == true"},
                                   Arguments{"--view", "v=id:max", "--group-by", "x"}}) {
        Arguments arguments = use;
        arguments.insert(arguments.end(), {"--reader", reader});
        expect_refused(score(folder, sweep, arguments), 3, {"column 'x'", "s.h5', row 2" + number, "0 or 1"}, folder,
                       {"s.h5"});
      }
      Reading other(
          scored(folder, sweep, {"--view", "v=x:max", "--columns", "x", "--where", "id != 2", "--reader", reader}));
      EXPECT_EQ(other.integers("/views/v/front"), (std::vector<std::int64_t>{1, 3})) << "rows not selected are not checked";
      EXPECT_EQ(other.text_attribute("/views/v/front_columns/x", "dtype"), "bool");
    }
}

TEST(MissingValue, OfBooleansMayBeNeitherTrueNorFalse) {
  for (const char* reader : {"fast", "plain"}) {
    Scratch folder;
    std::string sweep = untrue(folder, -1, "_FillValue");
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
        for (unsigned char byte : stored(value, order)) bytes.push_back(byte);
      std::string sweep = Sweeping(folder / "s.h5").column<double>("id", {0, 0, 0, 0, 0}).close();
      h5::write_dataset(h5::Handle(H5Fopen(sweep.c_str(), H5F_ACC_RDWR, H5P_DEFAULT)), "/configs/x", own, {5}, bytes.data());
      std::string result =
          scored(folder, sweep,
                 {"--view", "v=x:max", "--view", "w=id:min", "--columns", "x", "--group-by", "x", "--reader", reader});
      EXPECT_EQ(Reading(result).integers("/views/v/state"), (std::vector<std::int64_t>{1, 2, 1, 1, 2})) << order << reader;
      Outcome digest = run({"inspect", "--digest", result});
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

TEST(Column, OfTextIsReadWhateverItsPaddingAndLength) {
  Scratch folder;
  const Texts texts = {"résumé", "a", "", "exactly 12 b", "a"};
  for (H5T_str_t padding : {H5T_STR_NULLTERM, H5T_STR_NULLPAD, H5T_STR_SPACEPAD}) {
    std::size_t bytes = padding == H5T_STR_NULLTERM ? 13 : 12;
    std::string sweep = Sweeping(folder / "s.h5").column("id", ids(5)).fixed_texts("x", texts, bytes, padding).close();
    EXPECT_EQ(as_read<std::string>(sweep), texts);
  }
  std::string sweep = Sweeping(folder / "s.h5").column("id", ids(5)).texts("x", {texts.begin(), texts.end()}).close();
  EXPECT_EQ(as_read<std::string>(sweep), texts);
}

TEST(Column, WithANullPointerForTextIsMissingThere) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column("id", ids(3)).texts("x", {"b", std::nullopt, "a"}).close();
  Reading result(scored(folder, sweep, {"--view", "v=id:min", "--group-by", "x"}));
  EXPECT_EQ(result.texts("/views/v/groups/keys/x"), (Texts{"a", "b", ""}));
  EXPECT_EQ(result.integers("/views/v/groups/keys/x_missing"), (std::vector<std::int64_t>{0, 0, 1}));
}

TEST(Column, ReadsTheSameFromEveryLayoutAndFilter) {
  std::vector<double> values;
  std::vector<std::optional<std::string>> texts;
  Texts names;
  for (int i = 0; i < 103; ++i) {  // ends inside a chunk
    values.push_back(i * 37 % 103 / 8.0);
    names.push_back("m" + std::to_string(i * 29 % 103));
    texts.push_back(names.back());
  }
  for (const Stored& how :
       {Stored{}, Stored{.compact = true}, Stored{.chunk = 10}, Stored{.chunk = 1}, Stored{.chunk = 103},
        Stored{.chunk = 50, .deflate = 6}, Stored{.chunk = 50, .deflate = 1, .shuffle = true},
        Stored{.chunk = 16, .deflate = 9, .shuffle = true, .fletcher32 = true}, Stored{.chunk = 16, .fletcher32 = true}}) {
    Scratch folder;
    Stored for_texts = how;  // HDF5 keeps texts of variable length outside of the dataset
    for_texts.fletcher32 = false;
    std::string sweep = Sweeping(folder / "s.h5")
                            .column("id", ids(103))
                            .column("x", values, how)
                            .fixed_texts("fixed", names, 8, H5T_STR_NULLPAD, how)
                            .texts("free", texts, for_texts)
                            .close();
    EXPECT_EQ(as_read<double>(sweep, "x", {"--batch-rows", "7"}), values);
    EXPECT_EQ(as_read<std::string>(sweep, "fixed", {"--batch-rows", "33"}), names);
    EXPECT_EQ(as_read<std::string>(sweep, "free"), names);
  }
}

TEST(Column, InAGroupOfItsOwnIsNamedByPath) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("train/accuracy", {0.5, 0.9})
                          .column<double>("train/cost/hours", {1, 1})
                          .close();
  Reading result(
      scored(folder, sweep, {"--view", "v=train/accuracy:max,train/cost/hours:min", "--group-by", "train/accuracy"}));
  EXPECT_EQ(result.text_attributes("/views/v", "objectives"), (Texts{"train/accuracy", "train/cost/hours"}));
  EXPECT_EQ(result.reals("/views/v/groups/keys/train/accuracy"), (std::vector<double>{0.5, 0.9}));
}

TEST(Column, AtTheRootIsFoundInGroupSlash) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5", "/").column<double>("x", {2, 1}).close();
  EXPECT_EQ(Reading(scored(folder, sweep, {"--view", "v=x:min", "--group", "/"})).integers("/views/v/front"),
            std::vector<std::int64_t>{1});
}

TEST(Column, OfInt64BeyondTwoToThe53DecidesExactly) {
  Scratch folder;
  std::string sweep =
      Sweeping(folder / "s.h5").column<std::int64_t>("x", {9007199254740993, 9007199254740992, 9007199254740993}).close();
  Reading result(scored(folder, sweep, {"--view", "v=x:max"}));
  EXPECT_EQ(result.integers("/views/v/front"), (std::vector<std::int64_t>{0, 2}));
  EXPECT_EQ(result.integers("/views/v/dominated_by"), (std::vector<std::int64_t>{0, 2, 0}));
}

TEST(Column, OfFloat32IsEqualWhereItsWidenedValuesAre) {
  Scratch folder;
  const float same = static_cast<float>(0.1), also = static_cast<float>(0.1 + 1e-12);
  std::string sweep =
      Sweeping(folder / "s.h5").column<float>("x", {same, also}).column<double>("y", {0.1, 0.1 + 1e-12}).close();
  Reading result(scored(folder, sweep, {"--view", "narrow=x:min", "--view", "wide=y:min"}));
  EXPECT_EQ(result.integers("/views/narrow/front"), (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(result.integers("/views/narrow/groups/front_points"), std::vector<std::int64_t>{1});
  EXPECT_EQ(result.integers("/views/wide/front"), std::vector<std::int64_t>{0});
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

TEST(Units, MayBeTextOfAnyKind) {
  Scratch folder;
  for (int kind = 0; kind < 4; ++kind) {
    Sweeping building(folder / "s.h5");
    building.column<double>("x", {1});
    if (kind == 0) building.units("ms");
    if (kind == 1) building.attribute_fixed_text("units", "ms", 2, H5T_STR_NULLPAD);
    if (kind == 2) building.attribute_fixed_text("units", "ms", 8, H5T_STR_NULLTERM);
    if (kind == 3) building.attribute_fixed_text("units", "ms", 8, H5T_STR_SPACEPAD);
    Reading result(scored(folder, building.close(), {"--view", "v=x:min", "--force"}));
    EXPECT_EQ(result.text_attributes("/views/v", "objective_units"), Texts{"ms"}) << kind;
  }
}

}  // namespace
}  // namespace carbonfront
