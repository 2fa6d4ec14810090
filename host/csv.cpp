#include "host/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "carbonfront/errors.hpp"

namespace carbonfront {

namespace {

/// Splits one text; a record that is not complete is taken back.
struct Splitter {
  std::string_view text;
  bool last;
  char separator;
  const std::string& path;
  std::uint64_t& line;
  CsvRecords& records;
  std::size_t at = 0;

  [[noreturn]] void fail(std::uint64_t where, const std::string& problem, const std::string& why) const {
    throw InputError(fmt::format("'{}', line {}: {}", path, where, problem), why,
                     "quote the whole field and double each quote inside, as RFC 4180 says");
  }

  bool ends_field(std::size_t i) const {
    return i == text.size() || text[i] == separator || text[i] == '\n' || text[i] == '\r';
  }

  /// Takes a field up to its separator or line end; false where the text ends before it is clear that the field does.
  bool plain_field() {
    std::size_t begin = at;
    while (!ends_field(at)) {
      if (text[at] == '"')
        fail(line, fmt::format("a quote inside the field '{}'", text.substr(begin, std::min<std::size_t>(at - begin, 40))),
             "a field with quotes begins with one");
      ++at;
    }
    if (at == text.size() && !last) return false;
    records.fields.push_back(text.substr(begin, at - begin));
    return true;
  }

  bool quoted_field() {
    std::uint64_t began = line;
    std::size_t begin = ++at;
    std::string own;  // where doubled quotes make the field differ from the text
    bool doubled = false;
    for (;; at += 2) {
      std::size_t quote = text.find('"', at);
      for (std::size_t end = std::min(quote, text.size()), i = at; i < end; ++i) {
        const void* next = std::memchr(text.data() + i, '\n', end - i);
        if (!next) break;
        ++line;
        i = static_cast<std::size_t>(static_cast<const char*>(next) - text.data());
      }
      if (quote == std::string_view::npos) {
        if (last) fail(began, "a quote is never closed", "the table ends inside the field");
        return false;
      }
      at = quote;
      if (at + 1 == text.size() && !last) return false;
      if (at + 1 == text.size() || text[at + 1] != '"') break;
      own.append(text, begin, at + 1 - begin);
      doubled = true;
      begin = at + 2;
    }
    if (doubled) {
      own.append(text, begin, at - begin);
      records.unquoted.push_back(std::move(own));
      records.fields.push_back(records.unquoted.back());
    } else {
      records.fields.push_back(text.substr(begin, at - begin));
    }
    ++at;
    if (!ends_field(at)) fail(began, "text after a quoted field", "a closing quote ends the field");
    return at < text.size() || last;
  }

  /// Takes the end of a line; false where it cannot be seen yet.
  bool line_end() {
    if (at == text.size()) return last;
    if (text[at] == '\r') {
      if (at + 1 == text.size()) {
        if (!last) return false;
        ++at;
        return true;
      }
      if (text[at + 1] != '\n') fail(line, "a carriage return without a line feed", "lines end with LF or CRLF");
      ++at;
    }
    ++at;
    ++line;
    return true;
  }

  bool record() {
    for (;;) {
      bool taken = at < text.size() && text[at] == '"' ? quoted_field() : plain_field();
      if (!taken) return false;
      if (at == text.size() || text[at] != separator) return line_end();
      if (++at == text.size() && !last) return false;
    }
  }
};

}  // namespace

std::size_t split_records(std::string_view text, bool last, char separator, const std::string& path, std::uint64_t& line,
                          CsvRecords& records) {
  Splitter in{text, last, separator, path, line, records};
  while (in.at < text.size()) {
    std::size_t begin = in.at, fields = records.fields.size(), unquoted = records.unquoted.size();
    std::uint64_t began = line;
    bool quoted = text[begin] == '"';
    if (!in.record()) {
      records.fields.resize(fields);
      records.unquoted.resize(unquoted);
      in.at = begin;
      line = began;
      break;
    }
    if (records.fields.size() == fields + 1 && records.fields.back().empty() && !quoted) {
      records.fields.pop_back();  // an empty line
      continue;
    }
    records.first_field.push_back(records.fields.size());
    records.line.push_back(began);
  }
  return in.at;
}

CsvName parse_header_field(std::string_view field) {
  auto trimmed = [](std::string_view text) {
    std::size_t begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
    return begin == std::string_view::npos ? std::string() : std::string(text.substr(begin, end + 1 - begin));
  };
  std::string whole = trimmed(field);
  std::size_t open = whole.rfind('[');
  if (whole.empty() || whole.back() != ']' || open == std::string::npos || open == 0) return {whole, ""};
  return {trimmed(std::string_view(whole).substr(0, open)),
          trimmed(std::string_view(whole).substr(open + 1, whole.size() - open - 2))};
}

}  // namespace carbonfront
