#pragma once
// Text tables as RFC 4180 describes them, split into records and fields.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace carbonfront {

/// Some records of a table. Fields view the text they were split from, or `unquoted`. Record i has the fields
/// [first_field[i], first_field[i + 1]).
struct CsvRecords {
  std::vector<std::string_view> fields;
  std::vector<std::size_t> first_field{0};
  std::vector<std::uint64_t> line;   // where each record begins, from 1
  std::deque<std::string> unquoted;  // texts of fields with doubled quotes

  std::size_t size() const { return line.size(); }
  void clear() { fields.clear(), first_field.assign(1, 0), line.clear(), unquoted.clear(); }
};

/// Splits the complete records at the head of `text` and appends them to `records`; returns the bytes they take. Lines end
/// with LF or CRLF; a quoted field may hold separators, line ends and doubled quotes; empty lines are left out. With `last`
/// the text ends the table, so that its last line needs no end. `line` is the number of the first line, and of the first
/// line of what is left. Throws InputError, with `path` and line: a quote inside or after a field's text, or one that is
/// never closed.
std::size_t split_records(std::string_view text, bool last, char separator, const std::string& path, std::uint64_t& line,
                          CsvRecords& records);

/// A column's name in a header, and the unit in brackets behind it: "train_time [h]".
struct CsvName {
  std::string name, units;
};
CsvName parse_header_field(std::string_view field);

}  // namespace carbonfront
