#include "host/text.hpp"

#include <algorithm>
#include <numeric>

namespace carbonfront {

namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

/// Tells whether a character steers a terminal, breaks a line, or turns the direction of what follows.
bool steers(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

/// One character of a text, and the bytes it takes; where they are no UTF-8 the first of them alone.
struct Character {
  char32_t value = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

/// Decodes the character at the beginning of a text that is not empty.
Character first_character(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
  auto value = static_cast<char32_t>(lead & (0x7F >> bytes));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3F);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < least[bytes] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
  return {value, bytes, true};
}

std::string hexadecimal(const char* prefix, unsigned value, int digits) {
  std::string text = prefix;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 15];
  return text;
}

/// Copies a text, with `escape(character, its bytes)` for what steers a terminal or is no UTF-8.
template <class Escape>
std::string with_escapes(std::string_view text, bool keep_line_feeds, Escape escape) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    auto other = std::find_if(text.begin(), text.end(), [](char c) {
      return static_cast<signed char>(c) < ' ' || c == 0x7F;  // what is not ASCII is negative
    });
    out.append(text.begin(), other);
    text.remove_prefix(static_cast<std::size_t>(other - text.begin()));
    if (text.empty()) break;
    Character c = first_character(text);
    if (c.valid && (!steers(c.value) || (keep_line_feeds && c.value == '\n')))
      out += text.substr(0, c.bytes);
    else
      out += escape(c, text.substr(0, c.bytes));
    text.remove_prefix(c.bytes);
  }
  return out;
}

std::string shown_escape(const Character& c, std::string_view bytes) {
  if (c.valid && c.value > 0x7F) return hexadecimal("\\u", c.value, 4);
  return hexadecimal("\\x", static_cast<unsigned char>(bytes[0]), 2);
}

}  // namespace

std::string nearest(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 2) + 1;
  for (const std::string& candidate : candidates) {
    std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) best_distance = distance, best = candidate;
  }
  return best;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  std::string near = nearest(name, candidates);
  return near.empty() ? "" : ", did you mean '" + near + "'?";
}

std::vector<std::string> split_names(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (char c : text) {
    if (c == '`') quoted = !quoted;
    if (c == separator && !quoted)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '`' || text.back() != '`') return std::string(text);
  std::string name;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    name += text[i];
    if (text[i] == '`' && i + 2 < text.size() && text[i + 1] == '`') ++i;
  }
  return name;
}

std::string join(const std::vector<std::string>& texts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < texts.size(); ++i) out += (i ? std::string(separator) : "") + texts[i];
  return out;
}

std::string grouped_digits(unsigned long long number) {
  std::string digits = std::to_string(number);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(at, ",");
  return digits;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    Character c = first_character(text);
    if (!c.valid) return false;
    text.remove_prefix(c.bytes);
  }
  return true;
}

std::string escaped(std::string_view text) { return with_escapes(text, false, shown_escape); }

std::string escaped_lines(std::string_view text) { return with_escapes(text, true, shown_escape); }

std::string escaped_json(std::string_view json) {
  return with_escapes(json, true, [](const Character& c, std::string_view) {
    return hexadecimal("\\u", c.valid ? static_cast<unsigned>(c.value) : 0xFFFDu, 4);
  });
}

}  // namespace carbonfront
