#pragma once
// Comma-separated values, as RFC 4180 has them.

#include <string>
#include <vector>

namespace carbonfront {

struct CsvRow {
  std::vector<std::string> cells;
  int line = 0;  // where it begins, from 1
};

/// Splits a text into rows; a cell in double quotes may hold commas, line ends and doubled quotes. Empty lines are left out.
/// Throws InputError, with `name` as the file, where a quote is not closed.
std::vector<CsvRow> parse_csv(const std::string& text, const std::string& name);

}  // namespace carbonfront
