#include "host/sweep/output_file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
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

std::string host_name() {
  char name[33] = "";
  ::gethostname(name, sizeof name - 1);
  std::string text = name;
  std::replace(text.begin(), text.end(), '/', '-');
  return text;
}

std::string temporary_prefix(const std::string& path) { return "." + fs::path(path).filename().string() + "."; }

std::string temporary_name(const std::string& path) {
  return (folder_of(path) / (temporary_prefix(path) + std::to_string(::getpid()) + "@" + host_name() + ".tmp")).string();
}

/// Reads the process and the host out of a temporary name of `path`; false where it is none.
bool parse_temporary(const std::string& name, const std::string& prefix, Leftover& out) {
  const std::string suffix = ".tmp";
  if (!name.starts_with(prefix) || !name.ends_with(suffix) || name.size() < prefix.size() + suffix.size()) return false;
  const char *begin = name.data() + prefix.size(), *end = name.data() + name.size() - suffix.size();
  auto [rest, error] = std::from_chars(begin, end, out.process);
  if (error != std::errc() || rest == end || *rest != '@' || out.process == 0) return false;
  out.host.assign(rest + 1, end);
  return true;
}

/// Tells whether a leftover's writer may still be at work.
bool may_be_written(const Leftover& leftover) {
  if (leftover.host != host_name()) return true;
  if (::kill(static_cast<pid_t>(leftover.process), 0) == 0 || errno != ESRCH) return true;
  int file = ::open(leftover.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return errno != ENOENT;
  bool locked = ::flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;  // by a process of another name space
  ::close(file);
  return locked;
}

void remember_unfinished(const std::string& path) {
  unfinished[0] = '\0';
  if (path.size() < sizeof unfinished) std::strcpy(unfinished, path.c_str());
}

}  // namespace

std::vector<Leftover> clean_leftovers(const std::string& path) {
  std::vector<Leftover> leftovers;
  std::error_code error;
  const std::string prefix = temporary_prefix(path), own = temporary_name(path);
  for (fs::directory_iterator at(folder_of(path), error), end; !error && at != end; at.increment(error)) {
    Leftover leftover;
    struct stat status {};
    leftover.path = at->path().string();
    if (leftover.path == own || !parse_temporary(at->path().filename().string(), prefix, leftover)) continue;
    if (::lstat(leftover.path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    leftover.bytes = static_cast<std::uint64_t>(status.st_size);
    leftover.removed = !may_be_written(leftover) && ::unlink(leftover.path.c_str()) == 0;
    leftovers.push_back(std::move(leftover));
  }
  return leftovers;
}

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

OutputFile::OutputFile(std::string path, h5::Format format) : path_(std::move(path)) {
  temporary_ = temporary_name(path_);
  ::unlink(temporary_.c_str());  // a leftover of a killed process that had this number
  try {
    file_ = h5::create_file(temporary_, format);
  } catch (const OutputError&) {
    ::unlink(temporary_.c_str());  // a full disk has room for its name
    throw;
  }
  remember_unfinished(temporary_);
  lock_ = ::open(temporary_.c_str(), O_RDONLY | O_CLOEXEC);
  if (lock_ >= 0) ::flock(lock_, LOCK_EX | LOCK_NB);  // where the file system has no locks the process's number must do
}

OutputFile::~OutputFile() {
  if (lock_ >= 0) ::close(lock_);
  if (temporary_.empty()) return;
  file_.reset();
  ::unlink(temporary_.c_str());
  remember_unfinished("");
}

void OutputFile::commit_as(const std::string& path) {
  write([](hid_t file) { h5::written(H5Fflush(file, H5F_SCOPE_GLOBAL), "its last blocks"); });
  write([this](hid_t file) {
    H5Iinc_ref(file);  // the last reference, so that closing is seen to fail
    file_.reset();
    h5::written(H5Fclose(file), "its last blocks");
  });
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
