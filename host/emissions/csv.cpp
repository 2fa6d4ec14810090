#include "host/emissions/csv.hpp"

#include <fmt/format.h>

#include "host/errors.hpp"

namespace carbonfront {

std::vector<CsvRow> parse_csv(const std::string& text, const std::string& name) {
  std::vector<CsvRow> rows;
  CsvRow row{{""}, 1};
  bool quoted = false;
  int line = 1;
  auto end_row = [&] {
    if (row.cells.size() > 1 || !row.cells[0].empty()) rows.push_back(row);
    row = {{""}, line};
  };
  for (std::size_t i = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; i < text.size(); ++i) {
    char c = text[i];
    line += c == '\n';
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"')
      row.cells.back() += text[++i];
    else if (c == '"')
      quoted = !quoted;
    else if (quoted)
      row.cells.back() += c;
    else if (c == ',')
      row.cells.emplace_back();
    else if (c == '\n')
      end_row();
    else if (c != '\r')
      row.cells.back() += c;
  }
  if (quoted)
    throw InputError(fmt::format("'{}', line {}: a quote is not closed", name, row.line), "the file ends inside it",
                     "close it, or double a quote that belongs to the text");
  end_row();
  return rows;
}

}  // namespace carbonfront
