#include "host/sweep/output_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace carbonfront {

namespace fs = std::filesystem;

namespace {

fs::path folder_of(const std::string& path) {
  fs::path folder = fs::path(path).parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

[[noreturn]] void fail(const std::string& path, int error) {
  throw OutputError("cannot write '" + path + "'", std::strerror(error), "check the folder, its permissions and free space");
}

/// The temporary name of the output being written, for a signal handler; empty when there is none.
char unfinished[4096] = "";

std::string temporary_name(const std::string& path) {
  return (folder_of(path) / ("." + fs::path(path).filename().string() + "." + std::to_string(::getpid()) + ".tmp")).string();
}

void remember_unfinished(const std::string& path) {
  unfinished[0] = '\0';
  if (path.size() < sizeof unfinished) std::strcpy(unfinished, path.c_str());
}

}  // namespace

void remove_unfinished_output() noexcept {
  if (unfinished[0]) ::unlink(unfinished);
}

void check_output(const std::string& path, bool force, const std::vector<std::string>& others) {
  std::error_code ignored;
  if (path.empty()) throw SpecError("the output has no name", "-o is empty", "give a file name");
  fs::path folder = folder_of(path);
  for (const std::string& other : others)
    if (path == other || fs::equivalent(path, other, ignored))
      throw SpecError("cannot write '" + path + "'", "it is '" + other + "', which this command reads or writes",
                      "choose another name");
  if (!fs::is_directory(folder, ignored))
    throw OutputError("cannot write '" + path + "'", "there is no folder '" + folder.string() + "'", "create it first");
  if (::access(folder.c_str(), W_OK | X_OK) != 0) fail(path, errno);
  if (!fs::exists(path, ignored)) return;
  if (!fs::is_regular_file(path, ignored))
    throw SpecError("cannot write '" + path + "'",
                    fs::is_directory(path, ignored) ? "it is a folder" : "it is no ordinary file", "give a file name");
  if (!force)
    throw SpecError("'" + path + "' exists", "an existing output is never overwritten silently",
                    "add --force, or choose another name");
}

void write_text_file(const std::string& path, const std::string& text) {
  std::string temporary = temporary_name(path);
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  int error = errno;
  if (file && ::rename(temporary.c_str(), path.c_str()) == 0) return;
  if (file) error = errno;
  ::unlink(temporary.c_str());
  fail(path, error);
}

OutputFile::OutputFile(std::string path) : path_(std::move(path)) {
  temporary_ = temporary_name(path_);
  ::unlink(temporary_.c_str());  // a leftover of a killed process that had this number
  file_ = h5::create_file(temporary_);
  remember_unfinished(temporary_);
}

OutputFile::~OutputFile() {
  if (temporary_.empty()) return;
  file_.reset();
  ::unlink(temporary_.c_str());
  remember_unfinished("");
}

void OutputFile::commit_as(const std::string& path) {
  write([](hid_t file) { h5::written(H5Fflush(file, H5F_SCOPE_GLOBAL), "its last blocks"); });
  file_.reset();
  int descriptor = ::open(temporary_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail(path, errno);
  int synced = ::fsync(descriptor);
  int error = errno;
  ::close(descriptor);
  if (synced != 0) fail(path, error);
  if (::rename(temporary_.c_str(), path.c_str()) != 0) fail(path, errno);
  temporary_.clear();
  remember_unfinished("");
}

}  // namespace carbonfront
