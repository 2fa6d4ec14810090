#pragma once
// Lines for people, on standard error.

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

namespace carbonfront {

/// Writes to standard error. What cannot be written there, on a full disk for one, is no reason to end the work.
template <class... Values>
void say(fmt::format_string<Values...> format, Values&&... values) {
  std::string text = fmt::format(format, std::forward<Values>(values)...);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace carbonfront
