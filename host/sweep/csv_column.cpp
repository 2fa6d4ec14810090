#include "host/sweep/csv_column.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace carbonfront {

namespace {

std::string_view trimmed(std::string_view text) {
  std::size_t begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin, end + 1 - begin);
}

/// A number's text without the plus sign that from_chars does not read.
std::string_view without_plus(std::string_view text) {
  return text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+' ? text.substr(1) : text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A number with a superfluous leading zero is an identifier: its zeros mean something.
bool has_leading_zero(std::string_view text) {
  if (!text.empty() && text[0] == '-') text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && is_digit(text[1]);
}

template <class Integer>
std::optional<Integer> parse_integer(std::string_view field) {
  std::string_view text = without_plus(trimmed(field));
  Integer value = 0;
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size() || has_leading_zero(text)) return {};
  return value;
}

struct Real {
  bool number = false, representable = false;
  double value = 0;
};

Real read_real(std::string_view field) {
  std::string_view text = without_plus(trimmed(field));
  if (text.empty() || has_leading_zero(text) || text.find('(') != std::string_view::npos) return {};
  Real real;
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), real.value);
  real.number = error != std::errc::invalid_argument && rest == text.data() + text.size();
  real.representable = real.number && error == std::errc();
  return real;
}

}  // namespace

bool CsvBlanks::operator()(std::string_view field) const {
  std::string_view text = trimmed(field);
  return text.empty() || std::find(texts.begin(), texts.end(), text) != texts.end();
}

void CsvGuess::add(std::string_view field, std::uint64_t line, const CsvBlanks& blank) {
  if (blank(field)) return void(++blanks);
  ++values;
  longest = std::max(longest, field.size());
  if (boolean && !parse_truth(field)) boolean = false;
  if (!int64 && !uint64 && !real) return;
  std::optional<std::int64_t> narrow = parse_int64(field);
  std::optional<std::uint64_t> wide = parse_uint64(field);
  int64 = int64 && narrow, uint64 = uint64 && wide;
  fills_int64 = fills_int64 || narrow == kBlankInt64;
  fills_uint64 = fills_uint64 || wide == kBlankUint64;
  if (narrow || wide || !real) return;
  Real number = read_real(field);
  real = number.number;
  if (number.number && !number.representable && unrepresentable == 0)
    unrepresentable = line, unrepresentable_text = std::string(trimmed(field).substr(0, 40));
}

ValueType CsvGuess::type() const {
  if (values == 0) return ValueType::float64;
  if (boolean) return blanks > 0 ? ValueType::int8 : ValueType::boolean;
  if (int64) return ValueType::int64;
  if (uint64) return ValueType::uint64;
  return real ? ValueType::float64 : ValueType::string;
}

std::optional<bool> parse_truth(std::string_view field) {
  std::string_view text = trimmed(field);
  for (std::string_view word : {"true", "True", "TRUE"})
    if (text == word) return true;
  for (std::string_view word : {"false", "False", "FALSE"})
    if (text == word) return false;
  return {};
}

std::optional<std::int64_t> parse_int64(std::string_view field) { return parse_integer<std::int64_t>(field); }

std::optional<std::uint64_t> parse_uint64(std::string_view field) { return parse_integer<std::uint64_t>(field); }

std::optional<double> parse_real(std::string_view field) {
  Real real = read_real(field);
  return real.representable ? std::optional<double>(real.value) : std::nullopt;
}

bool is_plain_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    unsigned char lead = static_cast<unsigned char>(text[i]);
    if (lead == 0) return false;
    if (lead < 0x80) {
      ++i;
      continue;
    }
    std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4 || i + more >= text.size()) return false;
    std::uint32_t point = lead & (0x3Fu >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      unsigned char next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      point = point << 6 | (next & 0x3Fu);
    }
    constexpr std::uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (point < least[more] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
    i += more + 1;
  }
  return true;
}

}  // namespace carbonfront
