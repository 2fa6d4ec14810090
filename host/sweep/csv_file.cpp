#include "host/sweep/csv_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "carbonfront/errors.hpp"

namespace carbonfront {

namespace {

constexpr std::size_t kMostRecordBytes = std::size_t{64} << 20;

[[noreturn]] void unreadable(const std::string& path, const std::string& why, const std::string& advice) {
  throw InputError("cannot read '" + path + "'", why, advice);
}

/// Takes the first record out of the others.
std::vector<std::string> take_header(CsvRecords& records) {
  std::size_t fields = records.first_field[1];
  std::vector<std::string> header(records.fields.begin(), records.fields.begin() + static_cast<std::ptrdiff_t>(fields));
  records.fields.erase(records.fields.begin(), records.fields.begin() + static_cast<std::ptrdiff_t>(fields));
  records.line.erase(records.line.begin());
  records.first_field.erase(records.first_field.begin());
  for (std::size_t& first : records.first_field) first -= fields;
  return header;
}

}  // namespace

CsvFile::CsvFile(const std::string& path, char separator, std::size_t block_bytes)
    : path_(path), separator_(separator), block_bytes_(block_bytes), file_(std::fopen(path.c_str(), "rb")) {
  const char* advice = "give the path of a table of comma-separated values";
  if (!file_) unreadable(path, std::strerror(errno), advice);
  ::fstat(::fileno(file_.get()), &status_);
  if (S_ISDIR(status_.st_mode)) unreadable(path, "it is a folder", advice);
  if (!S_ISREG(status_.st_mode))
    unreadable(path, "it is no ordinary file, and a table is read twice", "save it in a file first");
  bytes_ = static_cast<std::uint64_t>(status_.st_size);
  if (bytes_ == 0) unreadable(path, "the file is empty", advice);
  read_header();
}

void CsvFile::read_header() {
  header_pending_ = true;
  read_block(first_);
  if (first_.size() == 0)
    unreadable(path_, "it has no line but empty ones", "give a table whose first line names the columns");
  header_ = take_header(first_);
}

void CsvFile::rewind() {
  check_unchanged();
  std::rewind(file_.get());
  text_.clear();
  used_ = 0, line_ = 1, ended_ = false;
  read_header();
}

void CsvFile::read_block(CsvRecords& records) {
  records.clear();
  while (records.size() == 0 && !(ended_ && used_ == text_.size())) {
    text_.erase(0, used_);
    used_ = 0;
    std::size_t left = text_.size(), wanted = std::max(block_bytes_, left);
    if (left > kMostRecordBytes)
      throw InputError(fmt::format("'{}', line {}: a row of more than {} bytes", path_, line_, kMostRecordBytes),
                       "no honest table has one; a quote may not be closed", "correct the line");
    text_.resize(left + wanted);
    std::size_t got = std::fread(text_.data() + left, 1, wanted, file_.get());
    if (std::ferror(file_.get())) unreadable(path_, std::strerror(errno), "check the disk");
    text_.resize(left + got);
    ended_ = got < wanted;
    std::string_view text = text_;
    if (header_pending_) {
      if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
        unreadable(path_, "it is UTF-16", "convert it: iconv -f UTF-16 -t UTF-8");
      if (text.starts_with("\xEF\xBB\xBF")) used_ = 3;
      header_pending_ = false;
    }
    used_ += split_records(text.substr(used_), ended_, separator_, path_, line_, records);
  }
}

void CsvFile::check_unchanged() const {
  struct stat now {};
  ::fstat(::fileno(file_.get()), &now);
  if (now.st_size != status_.st_size || now.st_mtim.tv_sec != status_.st_mtim.tv_sec ||
      now.st_mtim.tv_nsec != status_.st_mtim.tv_nsec)
    unreadable(path_, "it was changed while it was read", "try again when it is complete");
}

bool CsvFile::next(CsvRecords& records) {
  if (first_.size() > 0)
    std::swap(records, first_), first_.clear();
  else
    read_block(records);
  for (std::size_t i = 0; i < records.size(); ++i)
    if (std::size_t fields = records.first_field[i + 1] - records.first_field[i]; fields != header_.size())
      throw InputError(fmt::format("'{}', line {}: {} fields", path_, records.line[i], fields),
                       fmt::format("the header has {}", header_.size()),
                       fields > header_.size() ? "quote fields that hold separators, or name the separator with --separator"
                                               : "leave unknown fields empty, but keep their separators");
  if (records.size() == 0) check_unchanged();
  return records.size() > 0;
}

}  // namespace carbonfront
