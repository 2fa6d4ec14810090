// Sweeps as people store them: every type, layout and filter reads as the same values.

#include <array>
#include <limits>

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
