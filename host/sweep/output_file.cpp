#include "host/sweep/output_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

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

}  // namespace

void check_output(const std::string& path, bool force) {
  std::error_code ignored;
  fs::path folder = folder_of(path);
  if (!fs::is_directory(folder, ignored))
    throw OutputError("cannot write '" + path + "'", "there is no folder '" + folder.string() + "'", "create it first");
  if (::access(folder.c_str(), W_OK | X_OK) != 0) fail(path, errno);
  if (fs::is_directory(path, ignored))
    throw SpecError("cannot write '" + path + "'", "it is a folder", "give a file name");
  if (!force && fs::exists(path, ignored))
    throw SpecError("'" + path + "' exists", "an existing output is never overwritten silently", "add --force, or choose another name");
}

OutputFile::OutputFile(std::string path) : path_(std::move(path)) {
  temporary_ = (folder_of(path_) / ("." + fs::path(path_).filename().string() + "." + std::to_string(::getpid()) + ".tmp")).string();
  ::unlink(temporary_.c_str());  // a leftover of a killed process that had this number
  file_ = h5::create_file(temporary_);
}

OutputFile::~OutputFile() {
  if (temporary_.empty()) return;
  file_.reset();
  ::unlink(temporary_.c_str());
}

void OutputFile::commit() {
  write([](hid_t file) { h5::written(H5Fflush(file, H5F_SCOPE_GLOBAL), "its last blocks"); });
  file_.reset();
  int descriptor = ::open(temporary_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail(path_, errno);
  int synced = ::fsync(descriptor);
  int error = errno;
  ::close(descriptor);
  if (synced != 0) fail(path_, error);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, errno);
  temporary_.clear();
}

}  // namespace carbonfront
