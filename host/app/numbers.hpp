#pragma once
// Whole numbers on the command line: decimal digits and nothing else, in a range.

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

#include "carbonfront/errors.hpp"

namespace carbonfront {

/// Reads a whole number from `least` to `most` in decimal digits: no sign, no 0x, no exponent, no spaces; leading zeros mean
/// nothing. `option` is for the message. Throws SpecError.
inline std::uint64_t parse_number(const std::string& option, const std::string& text, std::uint64_t least,
                                  std::uint64_t most, const std::string& advice) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  bool digits = error != std::errc::invalid_argument && rest == end;
  if (!digits || error == std::errc::result_out_of_range || number < least || number > most)
    throw SpecError(fmt::format("{} '{}'", option, text),
                    digits ? fmt::format("it must be from {} to {}", least, most)
                           : fmt::format("it is not a whole number in decimal digits, from {} to {}", least, most),
                    advice);
  return number;
}

/// Where a number may lie, and what to do where it does not.
struct NumberRange {
  std::uint64_t least = 0, most = std::numeric_limits<std::uint64_t>::max();
  const char* advice = "give one of these numbers";
};

inline constexpr NumberRange kThreadNumbers{1, 65536, "give how many threads to use, or leave it out for all"};
inline constexpr NumberRange kBatchRowNumbers{1, 4294967295, "give how many rows to read at a time, or leave it out"};
inline constexpr NumberRange kRowNumbers{0, std::numeric_limits<std::uint64_t>::max(), "give a row's number, from 0"};

/// Adds an option, or an argument where it has no dashes, whose value is such a number. `target` must outlive parsing, which
/// throws SpecError.
template <class Target>
CLI::Option* add_number(CLI::App& command, const std::string& option, Target& target, const std::string& help,
                        NumberRange range = {}) {
  auto take = [&target, option, range](const std::string& text) {
    target = static_cast<Target>(parse_number(option, text, range.least, range.most, range.advice));
  };
  return command.add_option_function<std::string>(option, take, help)->type_name("NUMBER");
}

}  // namespace carbonfront
