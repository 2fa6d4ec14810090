#include "host/sweep/condition.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <compare>
#include <limits>
#include <utility>

#include "carbonfront/errors.hpp"

namespace carbonfront {

namespace {

/// Reads a condition from left to right; `at` is the place an error points to.
struct Parser {
  const std::string& text;
  std::size_t at = 0;

  [[noreturn]] void fail(const std::string& why) const {
    throw SpecError(fmt::format("where \"{}\"", text), fmt::format("{} at character {}", why, at + 1),
                    "write `column op literal`, such as \"accuracy >= 0.9\" or \"dataset == 'cifar100'\"");
  }

  void skip_spaces() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
  }

  /// Reads up to the closing quote; a doubled one inside stands for one.
  std::string quoted(char quote) {
    std::string out;
    for (++at; at < text.size(); ++at) {
      if (text[at] == quote) {
        if (at + 1 >= text.size() || text[at + 1] != quote) return ++at, out;
        ++at;
      }
      out += text[at];
    }
    fail(std::string("a closing ") + quote + " is missing");
  }

  std::string column() {
    skip_spaces();
    if (at < text.size() && text[at] == '`') {
      std::string name = quoted('`');
      if (name.empty()) fail("the column's name is empty");
      return name;
    }
    std::size_t begin = at;
    auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
    auto is_more = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '/'; };
    if (at < text.size() && is_letter(text[at]))
      while (at < text.size() && is_more(text[at])) ++at;
    if (at == begin) fail("a column name is expected (put an unusual one in backquotes)");
    return text.substr(begin, at - begin);
  }

  Comparison comparison() {
    skip_spaces();
    constexpr std::pair<const char*, Comparison> operators[] = {
        {"==", Comparison::equal},         {"!=", Comparison::not_equal}, {"<=", Comparison::less_equal},
        {">=", Comparison::greater_equal}, {"<", Comparison::less},       {">", Comparison::greater}};
    for (auto [symbol, comparison] : operators)
      if (text.compare(at, std::char_traits<char>::length(symbol), symbol) == 0) {
        at += std::char_traits<char>::length(symbol);
        return comparison;
      }
    fail("one of == != < <= > >= is expected");
  }

  Literal number() {
    std::size_t begin = at;
    while (at < text.size() && text[at] != ' ' && text[at] != '\t') ++at;
    std::string_view word = std::string_view(text).substr(begin, at - begin);
    bool plus = word.starts_with('+') && !word.starts_with("+-");
    if (plus) word.remove_prefix(1);
    const char *first = word.data(), *last = word.data() + word.size();
    bool digits_only = word.find_first_not_of("-0123456789") == std::string_view::npos;
    if (std::int64_t value = 0; digits_only) {
      if (auto [end, error] = std::from_chars(first, last, value); error == std::errc() && end == last) return value;
      std::uint64_t large = 0;
      if (auto [end, error] = std::from_chars(first, last, large); error == std::errc() && end == last) return large;
    }
    double real = 0;
    auto [end, error] = std::from_chars(first, last, real);
    at = begin;
    if (word.empty() || end != last || error == std::errc::invalid_argument || std::isnan(real))
      fail("a number, true, false or a quoted text is expected");
    if (error == std::errc::result_out_of_range) fail("the number is out of float64's range");
    if (digits_only) fail("the integer is past 64 bits (write it as a float)");
    at = begin + plus + word.size();
    return real;
  }

  Literal literal() {
    skip_spaces();
    if (at < text.size() && (text[at] == '\'' || text[at] == '"')) return quoted(text[at]);
    for (auto [word, value] : {std::pair("true", true), std::pair("false", false)}) {
      std::size_t size = std::char_traits<char>::length(word);
      bool ends = at + size >= text.size() || text[at + size] == ' ';
      if (text.compare(at, size, word) == 0 && ends) return at += size, Literal(value);
    }
    return number();
  }
};

/// Compares exactly, whatever the types: an integer and a float meet without rounding.
template <class A, class B>
std::partial_ordering exact_order(A a, B b) {
  if constexpr (std::is_floating_point_v<A> && std::is_floating_point_v<B>) {
    return static_cast<double>(a) <=> static_cast<double>(b);
  } else if constexpr (std::is_floating_point_v<A>) {
    auto mirrored = exact_order(b, a);
    return mirrored < 0 ? std::partial_ordering::greater : mirrored > 0 ? std::partial_ordering::less : mirrored;
  } else if constexpr (std::is_floating_point_v<B>) {
    double real = b;
    if (std::isnan(real)) return std::partial_ordering::unordered;
    if (real >= (std::is_signed_v<A> ? 0x1p63 : 0x1p64)) return std::partial_ordering::less;
    if (real < (std::is_signed_v<A> ? -0x1p63 : 0.0)) return std::partial_ordering::greater;
    double whole = std::trunc(real);
    using Wide = std::conditional_t<std::is_signed_v<A>, std::int64_t, std::uint64_t>;
    auto order = static_cast<Wide>(a) <=> static_cast<Wide>(whole);
    return order != 0 ? std::partial_ordering(order) : 0.0 <=> (real - whole);
  } else {
    return std::cmp_less(a, b)   ? std::partial_ordering::less
           : std::cmp_less(b, a) ? std::partial_ordering::greater
                                 : std::partial_ordering::equivalent;
  }
}

bool holds(Comparison comparison, std::partial_ordering order) {
  switch (comparison) {
    case Comparison::equal:
      return order == 0;
    case Comparison::not_equal:
      return order < 0 || order > 0;
    case Comparison::less:
      return order < 0;
    case Comparison::less_equal:
      return order <= 0;
    case Comparison::greater:
      return order > 0;
    case Comparison::greater_equal:
      return order >= 0;
  }
  return false;
}

template <class T, class L>
void apply_typed(const Condition& condition, const ColumnInfo& column, const T* values, L literal, std::size_t count,
                 std::uint8_t* keep) {
  for (std::size_t i = 0; i < count; ++i) {
    bool missing =
        std::is_integral_v<T> && column.missing_value && static_cast<std::uint64_t>(values[i]) == *column.missing_value;
    keep[i] = keep[i] && !missing && holds(condition.comparison, exact_order(values[i], literal));
  }
}

template <class T>
void apply_typed(const Condition& condition, const ColumnInfo& column, const void* values, std::size_t count,
                 std::uint8_t* keep) {
  std::visit(
      [&](const auto& literal) {
        using L = std::decay_t<decltype(literal)>;
        if constexpr (std::is_same_v<L, bool>)
          apply_typed(condition, column, static_cast<const T*>(values), static_cast<std::int64_t>(literal), count, keep);
        else if constexpr (!std::is_same_v<L, std::string>)
          apply_typed(condition, column, static_cast<const T*>(values), literal, count, keep);
      },
      condition.literal);
}

}  // namespace

Condition parse_condition(const std::string& text) {
  Parser parser{text};
  Condition condition;
  condition.column = parser.column();
  condition.comparison = parser.comparison();
  condition.literal = parser.literal();
  condition.text = text;
  parser.skip_spaces();
  if (parser.at < text.size()) parser.fail("something is left over");
  return condition;
}

void check_condition(const Condition& condition, const ColumnInfo& column) {
  bool text = std::holds_alternative<std::string>(condition.literal);
  bool truth = std::holds_alternative<bool>(condition.literal);
  bool fits = text == (column.type == ValueType::string) && (!truth || column.type == ValueType::boolean);
  if (fits) return;
  throw InputError(fmt::format("where \"{}\"", condition.text),
                   fmt::format("column '{}' is {} and the literal is a {}", condition.column, column.type_name,
                               text    ? "text"
                               : truth ? "boolean"
                                       : "number"),
                   column.type == ValueType::string ? "put the literal in quotes" : "compare it with a number");
}

void apply_condition(const Condition& condition, const ColumnInfo& column, const void* values, std::size_t count,
                     std::uint8_t* keep) {
  visit_type(column.type, [&](auto type) { apply_typed<decltype(type)>(condition, column, values, count, keep); });
}

void apply_condition(const Condition& condition, const ColumnInfo& column, const Strings& values, std::uint8_t* keep) {
  const std::string& literal = std::get<std::string>(condition.literal);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::string_view text = values[i];
    keep[i] = keep[i] && !is_missing_text(column, text) && holds(condition.comparison, text.compare(literal) <=> 0);
  }
}

}  // namespace carbonfront
