#pragma once
// Small helpers for texts that a user reads or writes.

#include <string>
#include <string_view>
#include <vector>

namespace carbonfront {

/// Returns the candidate nearest to `name` by edit distance, or an empty string where none is near.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);

/// Returns ", did you mean 'x'?" or an empty string: for the end of a reason.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

/// Splits at `separator`, except inside backquotes; backquotes stay.
std::vector<std::string> split_names(std::string_view text, char separator);

/// Takes a name out of its backquotes (a doubled one inside stands for one); other text is returned as it is.
std::string unquoted(std::string_view text);

/// Joins with a separator.
std::string join(const std::vector<std::string>& texts, std::string_view separator);

/// Writes a count with thousands separators: 1,234,567.
std::string grouped_digits(unsigned long long number);

/// Tells whether a text is UTF-8 as RFC 3629 has it: no overlong forms, no surrogates.
bool is_utf8(std::string_view text);

/// Escapes what steers a terminal or the order of its text: control characters (C0, DEL, C1), line and paragraph separators,
/// marks and embeddings of direction, and bytes that are no UTF-8 become \x1b, \u202e, \xff. All other UTF-8 stays,
/// backslashes too; what is escaped once stays as it is.
std::string escaped(std::string_view text);

/// The same, line feeds kept: for texts of several lines.
std::string escaped_lines(std::string_view text);

/// Writes those characters in JSON text as \uXXXX, which parsers read back. Line feeds stay: they are its layout.
std::string escaped_json(std::string_view json);

}  // namespace carbonfront
