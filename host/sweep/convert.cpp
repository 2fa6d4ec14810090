#include "host/sweep/convert.hpp"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "carbonfront/errors.hpp"
#include "host/sweep/csv_column.hpp"
#include "host/sweep/csv_file.hpp"
#include "host/sweep/output_file.hpp"
#include "host/sweep/sweep.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

constexpr std::size_t kWidestFixedText = 128;  // bytes; longer texts are stored with variable length
constexpr std::size_t kLongestText = 4096;     // bytes of a column's name and of its unit
constexpr hsize_t kChunkRows = 65536;

/// A column on its way into the file.
struct TableColumn {
  std::string name, units;
  ValueType type = ValueType::float64;
  CsvGuess guess;
  std::size_t width = 0;  // bytes of a value; 0: text of variable length
  h5::Handle dataset, stored;
  std::vector<char> waiting;            // values that no full chunk has taken yet
  std::vector<std::size_t> text_begin;  // of variable length: where each begins in `waiting`, ended by a zero
  hsize_t written = 0;
  std::uint64_t bad_line = 0;  // of the first value that is not of the type
  std::string bad_text;

  hsize_t waiting_rows() const { return width ? waiting.size() / width : text_begin.size(); }
};

std::string known_columns(const std::vector<TableColumn>& columns, const std::string& name) {
  std::vector<std::string> names;
  for (const TableColumn& column : columns) names.push_back(column.name);
  return "the table's columns are " + join(names, ", ") + did_you_mean(name, names);
}

/// Refuses a column whose place in the file is one that the reader does not list.
void check_place(const std::string& name, const std::string& path) {
  auto fail = [&](const std::string& why) {
    throw InputError(fmt::format("'{}', line 1: the name '{}{}'", path, name.substr(0, 60), name.size() > 60 ? "..." : ""),
                     why, "give the column another name in the header");
  };
  if (name.size() > kLongestText) fail(fmt::format("it has {} bytes; {} is the limit", name.size(), kLongestText));
  const std::string within = "/" + name + "/";
  if (within.find("//") != std::string::npos || within.find("/./") != std::string::npos)
    fail("/ leads into a group, whose name is empty or a dot here");
  auto levels = std::count(name.begin(), name.end(), '/');
  if (levels > kMostLevels) fail(fmt::format("it leads through {} groups; {} is the limit", levels, kMostLevels));
  if (auto at = within.find("/_i_"); at != std::string::npos && within.find('/', at + 1) + 1 < within.size())
    fail("groups named _i_... are PyTables' own, and their datasets no columns");
}

/// Refuses names that cannot all be datasets of one file: "a" and "a/b" would need a dataset and a group of one name.
void check_together(std::vector<std::string> names, const std::string& path) {
  auto fail = [&](const std::string& problem, const std::string& why) {
    throw InputError(fmt::format("'{}', line 1: {}", path, problem), why,
                     "give each column a name of its own in the header");
  };
  std::sort(names.begin(), names.end());
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0 && names[i - 1] == names[i])
      fail(fmt::format("two columns are named '{}'", names[i]), "a column is found by its name");
    for (std::size_t end = names[i].find('/'); end != std::string::npos; end = names[i].find('/', end + 1))
      if (std::string group = names[i].substr(0, end); std::binary_search(names.begin(), names.end(), group))
        fail(fmt::format("the columns '{}' and '{}'", group, names[i]),
             "the second leads through another column, as / stands for a group");
  }
}

void check_names(const std::vector<TableColumn>& columns, const std::string& path) {
  auto fail = [&](const std::string& problem, const std::string& why, const std::string& advice) {
    throw InputError(fmt::format("'{}', line 1: {}", path, problem), why, advice);
  };
  if (columns.size() > kMostColumns)
    fail(fmt::format("{} columns", grouped_digits(columns.size())),
         fmt::format("a sweep has at most {}", grouped_digits(kMostColumns)), "split the table");
  std::vector<std::string> names;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string &name = columns[i].name, &units = columns[i].units;
    if (name.empty())
      fail(fmt::format("column {} has no name", i + 1), "a column is found by its name",
           "give each column a name of its own in the header");
    if (!is_plain_utf8(name) || !is_plain_utf8(units))
      fail(fmt::format("the name of column {}", i + 1), "it is not UTF-8",
           "convert the table, such as with iconv -f LATIN1 -t UTF-8");
    check_place(name, path);
    names.push_back(name);
  }
  check_together(std::move(names), path);
}

/// The columns of a header, with the units and types that are asked for.
std::vector<TableColumn> columns_of(const CsvFile& table, const ConvertOptions& options) {
  std::vector<TableColumn> columns(table.header().size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    CsvName parsed = parse_header_field(table.header()[c]);
    columns[c].name = parsed.name, columns[c].units = parsed.units;
  }
  check_names(columns, options.input);
  auto find = [&](const std::string& name, const char* flag) {
    auto at = std::find_if(columns.begin(), columns.end(), [&](const TableColumn& column) { return column.name == name; });
    if (at == columns.end())
      throw SpecError(fmt::format("{} names the column '{}'", flag, name), known_columns(columns, name), "correct the name");
    return at;
  };
  for (const auto& [name, units] : options.units) {
    auto column = find(name, "--units");
    if (!column->units.empty() && column->units != units)
      throw SpecError(fmt::format("column '{}' is in '{}' by the header and in '{}' by --units", name, column->units, units),
                      "they must be the same unit", "correct one of them");
    column->units = units;
  }
  for (const auto& [name, type] : options.types) find(name, "--type");
  for (const TableColumn& column : columns)
    if (column.units.size() > kLongestText)
      throw InputError(fmt::format("the unit of column '{}' of '{}'", column.name, options.input),
                       fmt::format("it has {} bytes; {} is the limit", column.units.size(), kLongestText), "shorten it");
  return columns;
}

std::string_view field(const CsvRecords& records, std::size_t row, std::size_t column) {
  return records.fields[records.first_field[row] + column];
}

/// Runs `work(column index)` for all columns, on all threads.
template <class Work>
void for_columns(std::vector<TableColumn>& columns, Work work) {
  tbb::parallel_for(std::size_t{0}, columns.size(), work);
}

/// Reads the whole table for its types; returns the number of rows.
std::uint64_t find_types(CsvFile& table, const ConvertOptions& options, std::vector<TableColumn>& columns,
                         Progress& progress) {
  CsvBlanks blank{options.missing_texts};
  CsvRecords records;
  std::uint64_t rows = 0;
  progress.begin("types", table.bytes(), 1);
  while (table.next(records)) {
    progress.throw_if_stopped();
    for_columns(columns, [&](std::size_t c) {
      for (std::size_t r = 0; r < records.size(); ++r) columns[c].guess.add(field(records, r, c), records.line[r], blank);
    });
    rows += records.size();
    progress.add(std::min<std::uint64_t>(options.block_bytes, table.bytes()));
  }
  if (rows == 0)
    throw InputError("'" + options.input + "' has no rows", "there is a header and nothing below it",
                     "give a table with configurations");
  for (TableColumn& column : columns) {
    auto wanted = options.types.find(column.name);
    const CsvGuess& guess = column.guess;
    column.type = wanted != options.types.end() ? wanted->second : guess.type();
    auto fail = [&](const std::string& where, const std::string& why) {
      throw InputError(fmt::format("'{}', {}column '{}'", options.input, where, column.name), why,
                       fmt::format("correct the table, or store the column as text with --type {}=string", column.name));
    };
    if (column.type == ValueType::boolean && guess.blanks > 0) column.type = ValueType::int8;
    if (column.type == ValueType::float64 && guess.unrepresentable > 0)
      fail(fmt::format("line {}, ", guess.unrepresentable),
           fmt::format("the number '{}' is beyond the range of float64", guess.unrepresentable_text));
    bool filled =
        (column.type == ValueType::int64 && guess.fills_int64) || (column.type == ValueType::uint64 && guess.fills_uint64);
    if (filled && guess.blanks > 0)
      fail("", fmt::format("it has missing values, and also the integer {} that stands for them",
                           column.type == ValueType::int64 ? fmt::to_string(kBlankInt64) : fmt::to_string(kBlankUint64)));
  }
  return rows;
}

/// h5py's truth value: an enumeration of FALSE and TRUE.
h5::Handle truth_type() {
  h5::Handle type(H5Tenum_create(H5T_NATIVE_INT8));
  for (const char* name : {"FALSE", "TRUE"}) {
    std::int8_t value = name[0] == 'T';
    H5Tenum_insert(type, name, &value);
  }
  return type;
}

void create_dataset(hid_t group, std::uint64_t rows, TableColumn& column) {
  bool text = column.type == ValueType::string;
  bool fixed = text && column.guess.longest <= kWidestFixedText;
  column.width = !text ? size_of(column.type) : fixed ? std::max<std::size_t>(1, column.guess.longest) : 0;
  column.stored = column.type == ValueType::boolean ? truth_type()
                  : !text                           ? h5::Handle(H5Tcopy(memory_type(column.type)))
                  : fixed                           ? h5::fixed_text_type(column.width)
                                                    : h5::utf8_type();
  h5::Storage storage{kChunkRows, column.width ? 1 : 0, true, false};
  storage.chunk_rows = std::min<hsize_t>(kChunkRows, rows);
  column.dataset = h5::create_dataset(group, column.name.c_str(), column.stored, {rows}, storage);
  if (!column.units.empty()) h5::write_attribute(column.dataset, "units", std::string_view(column.units));
  if (column.guess.blanks == 0) return;
  if (column.type == ValueType::int8)
    h5::write_scalar_attribute(column.dataset, "_FillValue", H5T_NATIVE_INT8, &kBlankTruth);
  if (column.type == ValueType::int64)
    h5::write_scalar_attribute(column.dataset, "_FillValue", H5T_NATIVE_INT64, &kBlankInt64);
  if (column.type == ValueType::uint64)
    h5::write_scalar_attribute(column.dataset, "_FillValue", H5T_NATIVE_UINT64, &kBlankUint64);
}

void append_value(TableColumn& column, const auto& value) {
  const char* bytes = reinterpret_cast<const char*>(&value);
  column.waiting.insert(column.waiting.end(), bytes, bytes + sizeof value);
}

template <class Value, class Parse>
bool append_parsed(TableColumn& column, std::string_view text, bool missing, Value blank, Parse parse) {
  if (missing) return append_value(column, blank), true;
  auto value = parse(text);
  if (value) append_value(column, static_cast<Value>(*value));
  return value.has_value();
}

bool append_text(TableColumn& column, std::string_view text) {
  if (!is_plain_utf8(text)) return false;
  if (column.width == 0) column.text_begin.push_back(column.waiting.size());
  column.waiting.insert(column.waiting.end(), text.begin(), text.end());
  column.waiting.resize(column.waiting.size() + (column.width ? column.width - text.size() : 1));
  return true;
}

/// Appends one field's value; false where it is not of the column's type.
bool append_field(TableColumn& column, std::string_view text, bool missing) {
  switch (column.type) {
    case ValueType::boolean:
    case ValueType::int8:
      return append_parsed(column, text, missing, kBlankTruth, parse_truth);
    case ValueType::int64:
      return append_parsed(column, text, missing, kBlankInt64, parse_int64);
    case ValueType::uint64:
      return append_parsed(column, text, missing, kBlankUint64, parse_uint64);
    case ValueType::float64:
      return append_parsed(column, text, missing, std::numeric_limits<double>::quiet_NaN(), parse_real);
    default:
      return append_text(column, missing ? std::string_view() : text);
  }
}

void append_block(const CsvRecords& records, const CsvBlanks& blank, std::size_t index, TableColumn& column) {
  for (std::size_t r = 0; r < records.size() && column.bad_line == 0; ++r) {
    std::string_view text = field(records, r, index);
    if (append_field(column, text, blank(text))) continue;
    column.bad_line = records.line[r];
    column.bad_text = std::string(text.substr(0, 60));
  }
}

/// Refuses the first value, by line and column, that is not of its column's type.
void check_values(const std::vector<TableColumn>& columns, const std::string& path) {
  const TableColumn* first = nullptr;
  for (const TableColumn& column : columns)
    if (column.bad_line > 0 && (!first || column.bad_line < first->bad_line)) first = &column;
  if (!first) return;
  if (first->type == ValueType::string)
    throw InputError(fmt::format("'{}', line {}, column '{}': a text that is not UTF-8", path, first->bad_line, first->name),
                     "texts in HDF5 are UTF-8 without zero bytes",
                     "convert the table, such as with iconv -f LATIN1 -t UTF-8");
  throw InputError(
      fmt::format("'{}', line {}, column '{}': '{}'", path, first->bad_line, first->name, first->bad_text),
      fmt::format("it is no {}", first->type == ValueType::int8 ? "boolean" : name_of(first->type)),
      fmt::format("correct it, name a text for missing values with --missing-text, or drop --type {}=...", first->name));
}

/// Writes the first `rows` of the waiting values.
void write_waiting(TableColumn& column, hsize_t rows) {
  if (rows == 0) return;
  if (column.width) {
    h5::write_rows(column.dataset, column.written, rows, column.stored, column.waiting.data());
    column.waiting.erase(column.waiting.begin(), column.waiting.begin() + static_cast<std::ptrdiff_t>(rows * column.width));
  } else {
    std::vector<const char*> texts;
    for (hsize_t i = 0; i < rows; ++i) texts.push_back(column.waiting.data() + column.text_begin[i]);
    h5::write_rows(column.dataset, column.written, rows, column.stored, texts.data());
    std::size_t end = rows < column.text_begin.size() ? column.text_begin[rows] : column.waiting.size();
    column.waiting.erase(column.waiting.begin(), column.waiting.begin() + static_cast<std::ptrdiff_t>(end));
    column.text_begin.erase(column.text_begin.begin(), column.text_begin.begin() + static_cast<std::ptrdiff_t>(rows));
    for (std::size_t& begin : column.text_begin) begin -= end;
  }
  column.written += rows;
}

/// Writes all values into the file.
void write_values(CsvFile& table, const ConvertOptions& options, std::uint64_t rows, std::vector<TableColumn>& columns,
                  hid_t file, Progress& progress) {
  h5::Handle links(H5Pcreate(H5P_LINK_CREATE)), creation = h5::untimed(H5P_GROUP_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  h5::Handle group(options.group == "/" ? H5Gopen2(file, "/", H5P_DEFAULT)
                                        : H5Gcreate2(file, options.group.c_str(), links, creation, H5P_DEFAULT));
  h5::written(group, options.group.c_str());
  for (TableColumn& column : columns) create_dataset(group, rows, column);
  CsvBlanks blank{options.missing_texts};
  CsvRecords records;
  progress.begin("values", table.bytes(), 1);
  table.rewind();
  while (table.next(records)) {
    progress.throw_if_stopped();
    for_columns(columns, [&](std::size_t c) { append_block(records, blank, c, columns[c]); });
    check_values(columns, options.input);
    for (TableColumn& column : columns) write_waiting(column, column.waiting_rows() / kChunkRows * kChunkRows);
    progress.add(std::min<std::uint64_t>(options.block_bytes, table.bytes()));
  }
  for (TableColumn& column : columns) write_waiting(column, column.waiting_rows());
}

}  // namespace

Converted convert_table(const ConvertOptions& options, Progress& progress) {
  if (options.separator == '"' || options.separator == '\n' || options.separator == '\r' || options.separator == '\0')
    throw SpecError("the separator is a quote or a line end", "they have another meaning",
                    "give --separator such as ';' or tab");
  if (options.group.empty() || options.group[0] != '/')
    throw SpecError("the group '" + options.group + "' is no path", "a group's path begins with /",
                    "give --group such as /configs");
  check_output(options.output, options.force, {options.input});
  CsvFile table(options.input, options.separator, options.block_bytes);
  std::vector<TableColumn> columns = columns_of(table, options);
  Converted converted;
  converted.rows = find_types(table, options, columns, progress);
  OutputFile output(options.output, options.force, h5::Format::compatible);
  output.write([&](hid_t file) { write_values(table, options, converted.rows, columns, file, progress); });
  for (const TableColumn& column : columns) {
    ColumnInfo info = describe_column(column.dataset, Field{}, column.name, options.output);
    converted.columns.push_back({column.name, column.units, info.type_name, column.guess.blanks});
  }
  columns.clear();  // closes the datasets, so that the file can be
  output.commit();
  return converted;
}

}  // namespace carbonfront
