// Sweeps as people store them: every type, layout and filter reads as the same values.

#include <array>
#include <limits>

#include "tests/outcome.hpp"
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

TEST(Column, OfAnEnumerationKeepsValuesThatAreNoMember) {
  const std::vector<std::int16_t> values = {500, 3, 7, -2, 500};
  for (H5T_order_t order : {H5T_ORDER_LE, H5T_ORDER_BE})
    for (bool compound : {false, true}) {
      Scratch folder;
      h5::Handle type(H5Tenum_create(order == H5T_ORDER_LE ? H5T_STD_I16LE : H5T_STD_I16BE));
      H5Tenum_insert(type, "low", in_byte_order<std::int16_t>(3, order).data());
      H5Tenum_insert(type, "high", in_byte_order<std::int16_t>(500, order).data());
      std::vector<unsigned char> raw;
      for (std::int16_t value : values)
        for (unsigned char byte : in_byte_order(value, order)) raw.push_back(byte);
      std::string sweep = Sweeping(folder / "s.h5").column("id", ids(5)).close();
      {
        h5::Handle file(H5Fopen(sweep.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
        h5::Handle table(H5Tcreate(H5T_COMPOUND, 2));
        H5Tinsert(table, "e", 0, type);
        h5::Handle written = h5::write_dataset(file, "/configs/x", compound ? table : type, {5}, raw.data());
        h5::write_scalar_attribute(written, compound ? "e_missing_value" : "_FillValue", type,
                                   in_byte_order<std::int16_t>(-2, order).data());
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
std::string untrue(const Scratch& folder, std::int8_t odd) {
  return Sweeping(folder / "s.h5").column("id", ids(4)).booleans("x", {0, 1, odd, 1}).close();
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
