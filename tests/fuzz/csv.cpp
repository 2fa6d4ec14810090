// A table: split the same however it is cut, every field of the type that was found for its column; or refused with an
// InputError.

#include "host/csv.hpp"

#include <algorithm>
#include <cstdlib>

#include "carbonfront/errors.hpp"
#include "host/sweep/csv_column.hpp"

namespace {

using namespace carbonfront;

/// Fields and lines of a text that comes in blocks, and the last error.
struct Splitted {
  std::vector<std::string> fields;
  std::vector<std::uint64_t> lines;
  std::string error;
};

Splitted split(const std::string& text, std::size_t block) {
  Splitted out;
  std::string waiting;
  std::uint64_t line = 1;
  try {
    for (std::size_t at = 0; at < text.size(); at += block) {
      CsvRecords records;
      waiting += text.substr(at, block);
      std::size_t used = split_records(waiting, at + block >= text.size(), ',', "table.csv", line, records);
      for (std::string_view field : records.fields) out.fields.emplace_back(field);
      out.lines.insert(out.lines.end(), records.line.begin(), records.line.end());
      waiting.erase(0, used);
    }
    if (!waiting.empty()) std::abort();
  } catch (const InputError& error) {
    out.error = error.what();
  }
  return out;
}

bool is_of(ValueType type, const std::string& field) {
  switch (type) {
    case ValueType::boolean:
    case ValueType::int8:
      return parse_truth(field).has_value();
    case ValueType::int64:
      return parse_int64(field).has_value();
    case ValueType::uint64:
      return parse_uint64(field).has_value();
    case ValueType::float64:
      return parse_real(field).has_value();
    default:
      return true;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  Splitted whole = split(text, text.size() + 1), parts = split(text, 1 + data[0] % 16);
  if (whole.error != parts.error) std::abort();
  if (whole.error.empty() && (whole.fields != parts.fields || whole.lines != parts.lines)) std::abort();
  CsvBlanks blank{{"NA"}};
  CsvGuess guess;
  for (const std::string& field : whole.fields) {
    guess.add(field, 1, blank);
    is_plain_utf8(field);
    parse_header_field(field);
  }
  if (guess.unrepresentable > 0) return 0;
  for (const std::string& field : whole.fields)
    if (!blank(field) && !is_of(guess.type(), field)) std::abort();
  return 0;
}
