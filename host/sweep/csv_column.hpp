#pragma once
// What the texts of one column of a table are: truth values, integers, reals or texts; and their values.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "carbonfront/points.hpp"

namespace carbonfront {

/// How blanks are written, besides empty fields.
struct CsvBlanks {
  std::vector<std::string> texts;  // such as NA; compared without the spaces around a field

  bool operator()(std::string_view field) const;
};

/// What is known of a column's fields so far. Fields in between do not matter: any order and any batches give the same.
struct CsvGuess {
  bool boolean = true, int64 = true, uint64 = true, real = true;  // every field so far can be read as one
  std::uint64_t values = 0, blanks = 0;
  std::size_t longest = 0;                         // bytes of a field
  bool fills_int64 = false, fills_uint64 = false;  // a field is the value that stands for blanks
  std::uint64_t unrepresentable = 0;               // line of the first number beyond float64; 0: none
  std::string unrepresentable_text;

  void add(std::string_view field, std::uint64_t line, const CsvBlanks& blank);

  /// The narrowest of int64, uint64, float64 and text that holds every field; truth values where all are true or false (int8
  /// with blanks). A column of blanks alone is float64.
  ValueType type() const;
};

/// Integers that stand for blanks, as the columns' _FillValue.
inline constexpr std::int64_t kBlankInt64 = INT64_MIN;
inline constexpr std::uint64_t kBlankUint64 = UINT64_MAX;
inline constexpr std::int8_t kBlankTruth = -1;

/// Reads a field: empty where the text is no such value. Spaces around it do not count; "+1" is 1; "007" is a text, not 7. A
/// real is the float64 nearest to the decimal; one beyond its range is none.
std::optional<bool> parse_truth(std::string_view field);
std::optional<std::int64_t> parse_int64(std::string_view field);
std::optional<std::uint64_t> parse_uint64(std::string_view field);
std::optional<double> parse_real(std::string_view field);

/// Tells whether a text is UTF-8 without NUL, which HDF5's texts must be.
bool is_plain_utf8(std::string_view text);

}  // namespace carbonfront
