#pragma once
// Column and point views shared by host and device code: trivially copyable, passed by value, owning nothing.

#include <cstddef>
#include <cstdint>

namespace carbonfront {

/// Names how a value is stored. Objectives are compared exactly as stored (float32 widened, integers as integers).
enum class ValueType : std::uint8_t {
  boolean,  // one byte, 0 or 1
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float32,
  float64,
  string,  // never in a ColumnView
};

/// Calls `use` with a value of the type in memory, of which only the type counts; booleans are bytes. Not for strings.
template <class Use>
auto visit_type(ValueType type, Use use) {
  switch (type) {
    case ValueType::int8:
      return use(std::int8_t{});
    case ValueType::int16:
      return use(std::int16_t{});
    case ValueType::int32:
      return use(std::int32_t{});
    case ValueType::int64:
      return use(std::int64_t{});
    case ValueType::uint16:
      return use(std::uint16_t{});
    case ValueType::uint32:
      return use(std::uint32_t{});
    case ValueType::uint64:
      return use(std::uint64_t{});
    case ValueType::float32:
      return use(float{});
    case ValueType::float64:
      return use(double{});
    default:
      return use(std::uint8_t{});
  }
}

/// Views one column of numbers. [rows]; host memory unless said otherwise.
/// A float is missing when it is NaN; an integer or boolean when it equals `missing_value` (two's complement, widened to
/// 64 bits) and `has_missing_value` is set.
struct ColumnView {
  const void* values = nullptr;
  std::uint64_t missing_value = 0;
  ValueType type = ValueType::float64;
  bool has_missing_value = false;
};

inline constexpr int kNotKept = -1;

/// One objective: a column and the sense in which it is good. `kept`: the number of the column of keys that a device keeps
/// of all its rows, if it does.
struct Objective {
  ColumnView column;
  bool maximise = false;
  int kept = kNotKept;
};

/// The two columns that an emission model computes, as objectives where they are kept as keys, and the row of them that the
/// first computed one is.
struct KeptEmissions {
  Objective energy, co2e;
  std::uint32_t begin = 0;
};

/// Views the points of one view: `size` rows, each a row number of the columns, in ascending order.
/// Every row given is compared; a missing value ranks behind every value and equal to another missing one.
/// `rows` may be null: then position i is row i. `group` may be null: then all rows are one group.
struct PointsView {
  const Objective* objectives = nullptr;  // [objective_count]
  std::uint32_t objective_count = 0;
  std::uint32_t size = 0;
  const std::uint32_t* rows = nullptr;   // [size] row number in the columns of each position, ascending
  const std::uint32_t* group = nullptr;  // [size] group of each position; rows of different groups are not compared

  std::uint32_t row(std::uint32_t position) const { return rows ? rows[position] : position; }
  std::uint32_t group_of(std::uint32_t position) const { return group ? group[position] : 0; }
};

}  // namespace carbonfront
