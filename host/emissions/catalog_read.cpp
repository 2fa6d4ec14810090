// Catalogues read from CSV and checked.

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "carbonfront/errors.hpp"
#include "host/csv.hpp"
#include "host/emissions/catalog.hpp"
#include "host/emissions/units.hpp"
#include "host/text.hpp"

namespace carbonfront {

extern const char* const kHardwareCsv;
extern const char* const kCarbonCsv;

namespace {

using Member = std::string CatalogEntry::*;

/// The columns that are texts; `value` is the other one.
const std::map<std::string, Member>& text_columns() {
  static const std::map<std::string, Member> columns = {
      {"scope", &CatalogEntry::scope},       {"name", &CatalogEntry::name},           {"code", &CatalogEntry::code},
      {"quantity", &CatalogEntry::quantity}, {"unit", &CatalogEntry::unit},           {"year", &CatalogEntry::year},
      {"source", &CatalogEntry::source},     {"reference", &CatalogEntry::reference}, {"note", &CatalogEntry::note},
      {"same_as", &CatalogEntry::same_as}};
  return columns;
}

/// The quantity whose units and limits an entry has.
std::string spec_quantity(const std::string& quantity) { return quantity.starts_with("peak_") ? "peak" : quantity; }

const std::vector<std::string> known_quantities = {"max_power", "peak_fp64",        "peak_fp32", "peak_tf32",
                                                   "peak_fp16", "peak_tensor_fp16", "memory",    "carbon_intensity"};

/// One line of a catalogue, or more where a cell has line ends.
struct Line {
  std::vector<std::string> cells;
  std::uint64_t number = 0;  // where it begins, from 1
};

std::vector<Line> split_lines(std::string_view text, const std::string& file) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::uint64_t number = 1;
  CsvRecords records;
  split_records(text, true, ',', file, number, records);
  std::vector<Line> lines;
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto cell = [&](std::size_t at) { return records.fields.begin() + static_cast<std::ptrdiff_t>(at); };
    lines.push_back({{cell(records.first_field[i]), cell(records.first_field[i + 1])}, records.line[i]});
  }
  return lines;
}

std::vector<std::string> check_header(const Line& header, const std::string& file) {
  std::vector<std::string> known = {"value"};
  for (const auto& [name, member] : text_columns()) known.push_back(name);
  for (const std::string& name : header.cells)
    if (std::ranges::count(known, name) == 0)
      throw InputError(fmt::format("'{}', line {}: unknown column '{}'", file, header.number, name),
                       "columns are " + join(known, ", ") + did_you_mean(name, known), "correct the header");
  for (const char* needed : {"name", "quantity", "value", "unit"})
    if (std::ranges::count(header.cells, needed) != 1)
      throw InputError(
          fmt::format("'{}', line {}: the header has no column '{}', or has it twice", file, header.number, needed),
          "an entry is a name, a quantity, a value and its unit", "correct the header");
  return header.cells;
}

[[noreturn]] void refuse(const std::string& file, std::uint64_t line, const std::string& problem, const std::string& why) {
  throw InputError(fmt::format("'{}', line {}: {}", file, line, problem), why, "correct the entry");
}

CatalogEntry parse_entry(const Line& row, const std::vector<std::string>& header, const std::string& file) {
  if (row.cells.size() != header.size())
    refuse(file, row.number, fmt::format("it has {} cells", row.cells.size()),
           fmt::format("the header has {}", header.size()));
  CatalogEntry entry;
  std::string value;
  for (std::size_t k = 0; k < header.size(); ++k) {
    auto text = text_columns().find(header[k]);
    (text == text_columns().end() ? value : entry.*(text->second)) = row.cells[k];
  }
  entry.words = name_words(entry.name);
  if (entry.name.empty()) refuse(file, row.number, "it has no name", "entries are found by name");
  if (!entry.same_as.empty()) {
    if (!value.empty()) refuse(file, row.number, "it has a value and same_as", "only one of them can hold");
    return entry;
  }
  if (std::ranges::count(known_quantities, entry.quantity) == 0)
    refuse(file, row.number, fmt::format("unknown quantity '{}'", entry.quantity),
           "quantities are " + join(known_quantities, ", ") + did_you_mean(entry.quantity, known_quantities));
  std::string quantity = spec_quantity(entry.quantity), unit = canonical_unit(quantity, entry.unit);
  if (unit.empty())
    refuse(file, row.number, fmt::format("unknown unit '{}' of {}", entry.unit, entry.quantity),
           "it must be " + accepted_units(quantity));
  entry.unit = unit;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), entry.value);
  if (error != std::errc() || end != value.data() + value.size() || std::isnan(entry.value))
    refuse(file, row.number, fmt::format("'{}' is not a number", value), "a value is one");
  if (const char* wrong = what_is_wrong(quantity, entry.value))
    refuse(file, row.number, fmt::format("{} = {}", entry.quantity, entry.value), wrong);
  return entry;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Refuses names that stand for each other without end.
void check_circles(const Catalog& catalog, const std::string& file) {
  std::map<std::string, std::string> other;
  for (const CatalogEntry& entry : catalog.entries)
    if (!entry.same_as.empty()) other[lower(entry.name)] = lower(entry.same_as);
  for (const auto& [name, target] : other) {
    std::vector<std::string> path = {name};
    for (auto at = other.find(name); at != other.end(); at = other.find(at->second)) {
      path.push_back(at->second);
      if (at->second == name)
        throw InputError(fmt::format("'{}': '{}' is the same as itself", file, name), join(path, " is "),
                         "give one of them a value");
      if (path.size() > other.size() + 1) break;  // a circle further on, reported for its own names
    }
  }
}

}  // namespace

Catalog parse_catalog(const std::string& csv, const std::string& file) {
  std::vector<Line> rows = split_lines(csv, file);
  if (rows.empty())
    throw InputError(fmt::format("'{}' is empty", file), "a catalogue has a header and entries",
                     "begin it with name,quantity,value,unit");
  std::vector<std::string> header = check_header(rows[0], file);
  Catalog catalog;
  std::set<std::vector<std::string>> seen;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    CatalogEntry entry = parse_entry(rows[i], header, file);
    if (!seen.insert({lower(entry.scope), lower(entry.name), lower(entry.code), entry.quantity, entry.source, entry.year})
             .second)
      refuse(file, rows[i].number, fmt::format("'{}' is there twice", entry.name), "an entry overrides others by its name");
    catalog.entries.push_back(std::move(entry));
  }
  check_circles(catalog, file);
  return catalog;
}

Catalog read_catalog(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  if (!in && text.empty())
    throw InputError("cannot read the catalogue '" + path + "'", std::strerror(errno), "give the path of a CSV file");
  Catalog catalog = parse_catalog(text, path);
  for (CatalogEntry& entry : catalog.entries) entry.user = true;
  return catalog;
}

const Catalog& builtin_catalog(const std::string& name) {
  static const Catalog hardware = parse_catalog(kHardwareCsv, "data/catalog/hardware.csv");
  static const Catalog carbon = parse_catalog(kCarbonCsv, "data/catalog/carbon.csv");
  return name == "hardware" ? hardware : carbon;
}

}  // namespace carbonfront
