#pragma once
// From a text table to a sweep.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "carbonfront/points.hpp"
#include "carbonfront/progress.hpp"

namespace carbonfront {

struct ConvertOptions {
  std::string input, output, group = "/configs";
  char separator = ',';
  std::vector<std::string> missing_texts;    // stand for a missing value, as empty fields do
  std::map<std::string, std::string> units;  // by column; the header's otherwise
  std::map<std::string, ValueType> types;    // by column; found out otherwise
  bool force = false;
  std::size_t block_bytes = std::size_t{8} << 20;  // read at a time; the file does not depend on it
};

/// What became of a column.
struct ConvertedColumn {
  std::string name, units, type;  // as stored
  std::uint64_t missing = 0;
};

struct Converted {
  std::uint64_t rows = 0;
  std::vector<ConvertedColumn> columns;
};

/// Writes a table as a sweep. It is read twice, block by block: for the types, then for the values. Memory: some blocks, and
/// for each column the chunks that are being filled. Runs on all threads; the file depends on the table and the options
/// alone. Throws SpecError; InputError with file, line, column and value; OutputError; Stopped.
Converted convert_table(const ConvertOptions& options, Progress& progress);

}  // namespace carbonfront
