#pragma once
// Tables for a terminal. Cells are escaped: a line break or an escape sequence in a name does not break the table.

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "host/text.hpp"

namespace carbonfront {

/// Columns of text, each as wide as its widest cell.
struct Table {
  std::vector<std::vector<std::string>> rows;

  /// Characters of a UTF-8 text, not bytes.
  static std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  }

  /// The lines, without spaces at their ends.
  std::string text(const std::string& indent, const std::set<std::size_t>& right_aligned) const {
    std::vector<std::size_t> widths;
    std::vector<std::vector<std::string>> shown = rows;
    for (auto& row : shown)
      for (std::size_t i = 0; i < row.size(); ++i) {
        row[i] = escaped(row[i]);
        if (widths.size() <= i) widths.push_back(0);
        widths[i] = std::max(widths[i], width(row[i]));
      }
    std::string out;
    for (const auto& row : shown) {
      std::string line = indent;
      for (std::size_t i = 0; i < row.size(); ++i) {
        std::string pad(widths[i] - width(row[i]), ' ');
        line += (i ? "  " : "") + (right_aligned.contains(i) ? pad + row[i] : row[i] + pad);
      }
      out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return out;
  }
};

}  // namespace carbonfront
