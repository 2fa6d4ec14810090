#pragma once
// Column and point views: trivially copyable, passed by value, owning nothing.

#include <cstddef>
#include <cstdint>
#include <span>

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

/// Bytes of a value in memory; 0 for strings.
inline std::size_t size_of(ValueType type) {
  return type == ValueType::string ? 0 : visit_type(type, [](auto value) { return sizeof value; });
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

/// One objective: a column and the sense in which it is good.
struct Objective {
  ColumnView column;
  bool maximise = false;
};

/// The most objectives of a view, and the most points that are compared with each other.
inline constexpr std::uint32_t kMostObjectives = 32;
inline constexpr std::uint32_t kMostPoints = 0x7FFFFFFFu;

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

/// Columns in memory that stay, of which `rows` rows are there, and which verdicts will be asked about once all are.
struct GrowingColumns {
  std::span<const Objective> columns;  // the same ones from call to call; their values may move between calls
  std::uint32_t rows = 0;
  std::uint32_t most_rows = 0;        // that may come
  std::uint32_t most_objectives = 0;  // of one verdict
};

/// Throws SpecError where points have no objective or more than kMostObjectives, DeviceError where they are more than
/// kMostPoints. Every engine's answers begin with it.
void check_points(const PointsView& points);

}  // namespace carbonfront
