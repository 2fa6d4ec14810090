#pragma once
// Lines for people, on standard error and standard output: the only way out of the program for texts.
// The formats are ours, and so is the layout in them; texts among the values come from files, specs and command lines, and
// are escaped (host/text.hpp), so that they cannot steer a terminal or pretend to be lines of the program's.

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "host/text.hpp"

namespace carbonfront {

/// A value as it is shown: a text escaped, anything else itself.
template <class Value>
decltype(auto) shown_value(const Value& value) {
  if constexpr (std::is_same_v<Value, char>)
    return escaped({&value, 1});
  else if constexpr (std::is_convertible_v<const Value&, std::string_view>)
    return escaped(value);
  else
    return (value);
}

/// Formats with texts escaped. A text of several lines is put together from its results, and said with `..._lines`.
template <class... Values>
std::string shown(fmt::format_string<Values...> format, Values&&... values) {
  return fmt::format(fmt::runtime(fmt::string_view(format)), shown_value(values)...);
}

/// Writes lines to standard error. What cannot be written there, on a full disk for one, is no reason to end the work.
inline void say_lines(std::string_view text) {
  std::string lines = escaped_lines(text);
  std::fwrite(lines.data(), 1, lines.size(), stderr);
}

/// Writes to standard error, texts escaped.
template <class... Values>
void say(fmt::format_string<Values...> format, Values&&... values) {
  std::string text = shown(format, std::forward<Values>(values)...);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

/// Says a line that a run notes (host/run/outputs.hpp).
inline void say_note(const std::string& line) { say("{}\n", line); }

/// Writes lines to standard output. Throws std::system_error.
inline void tell_lines(std::string_view text) { fmt::print("{}", escaped_lines(text)); }

/// Writes to standard output, texts escaped. Throws std::system_error.
template <class... Values>
void tell(fmt::format_string<Values...> format, Values&&... values) {
  fmt::print("{}", shown(format, std::forward<Values>(values)...));
}

}  // namespace carbonfront
