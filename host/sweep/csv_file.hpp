#pragma once
// A text table in a file, block by block.

#include <sys/stat.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "host/csv.hpp"

namespace carbonfront {

/// Owns the file while it is read from its beginning to its end.
class CsvFile {
 public:
  /// Opens a table and reads its header. Throws InputError: no ordinary file, empty, not UTF-8 by its first bytes, no
  /// header.
  CsvFile(const std::string& path, char separator, std::size_t block_bytes);

  const std::vector<std::string>& header() const { return header_; }
  std::uint64_t bytes() const { return bytes_; }

  /// Reads the next records, each with as many fields as the header; false at the table's end. The fields are good until the
  /// next call. Throws InputError with the line, also where the file was changed since it was opened.
  bool next(CsvRecords& records);

  /// Begins again with the first record after the header. Throws InputError.
  void rewind();

 private:
  void read_header();
  void read_block(CsvRecords& records);
  void check_unchanged() const;

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  char separator_;
  std::size_t block_bytes_;
  std::unique_ptr<std::FILE, Close> file_;
  struct stat status_ {};
  std::uint64_t bytes_ = 0, line_ = 1;
  std::string text_;      // of the block, after what was left of the one before
  std::size_t used_ = 0;  // of it
  bool ended_ = false, header_pending_ = true;
  std::vector<std::string> header_;
  CsvRecords first_;  // the rest of the block that the header was in
};

}  // namespace carbonfront
