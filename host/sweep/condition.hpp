#pragma once
// Conditions on rows: `column op literal`.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "host/sweep/sweep.hpp"

namespace carbonfront {

/// An integer beyond int64 is kept as uint64.
using Literal = std::variant<std::int64_t, std::uint64_t, double, bool, std::string>;

enum class Comparison { equal, not_equal, less, less_equal, greater, greater_equal };

struct Condition {
  std::string column;
  Comparison comparison = Comparison::equal;
  Literal literal;
  std::string text;  // as written
};

/// Parses one condition. A column is [A-Za-z_][A-Za-z0-9_/]* or in backquotes (a backquote doubled inside); a literal is an
/// integer, a float, true, false, or a string in single or double quotes (the quote doubled inside). Throws SpecError that
/// points at the place.
Condition parse_condition(const std::string& text);

/// Refuses a comparison of a number with a text, or of a text with a number. Throws InputError.
void check_condition(const Condition& condition, const ColumnInfo& column);

/// Clears `keep[i]` where row i fails the condition. Numbers compare exactly, whatever their types; strings by bytes; a
/// missing value fails every comparison.
void apply_condition(const Condition& condition, const ColumnInfo& column, const void* values, std::size_t count,
                     std::uint8_t* keep);
void apply_condition(const Condition& condition, const ColumnInfo& column, const Strings& values, std::uint8_t* keep);

}  // namespace carbonfront
