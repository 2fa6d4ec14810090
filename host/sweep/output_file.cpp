#include "host/sweep/output_file.hpp"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

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

/// Tells whether a process, maybe of another name space, holds a file's lock. True where that cannot be told.
bool is_locked(const std::string& path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return errno != ENOENT && errno != ELOOP;
  bool locked = ::flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(file);
  return locked;
}

/// Tells whether a leftover's writer may still be at work.
bool may_be_written(const Leftover& leftover) {
  if (leftover.host != host_name()) return true;
  if (::kill(static_cast<pid_t>(leftover.process), 0) == 0 || errno != ESRCH) return true;
  return is_locked(leftover.path);
}

/// Makes room for a new file at a temporary name of this process: what is there was left by a killed one that had its
/// number, or was planted. A link is removed, not followed. Throws OutputError where a process of another name space writes
/// there.
void make_room(const std::string& temporary) {
  struct stat status {};
  if (::lstat(temporary.c_str(), &status) != 0) return;
  if (S_ISREG(status.st_mode) && is_locked(temporary))
    throw OutputError("cannot write '" + temporary + "'", "another process writes it",
                      "wait for it, or choose another name");
  ::unlink(temporary.c_str());
}

[[noreturn]] void fail_because_it_exists(const std::string& path) {
  throw SpecError("'" + path + "' exists", "it was not there before; an existing output is never overwritten silently",
                  "add --force, or choose another name");
}

/// Gives a finished file its name; without `replace` only where nothing has it. Where the file system cannot rename so, a
/// hard link can; where it has no hard links either, a look before the rename must do. Throws SpecError, OutputError.
void give_name(const std::string& temporary, const std::string& path, bool replace) {
  const char *from = temporary.c_str(), *to = path.c_str();
  if (!replace) {
    if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return;
    if (errno == EEXIST) fail_because_it_exists(path);
    if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) fail(path, errno);
    if (::link(from, to) == 0) {
      ::unlink(from);
      return;
    }
    struct stat status {};
    if (errno == EEXIST || ::lstat(to, &status) == 0) fail_because_it_exists(path);
  }
  if (::rename(from, to) != 0) fail(path, errno);
}

/// Tells whether two names mean one file, which need not exist: links are followed, folders compared.
bool is_same_file(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  if (fs::equivalent(a, b, ignored)) return true;
  return a.filename() == b.filename() && fs::equivalent(folder_of(a), folder_of(b), ignored);
}

/// Writes all of a text and syncs it; returns 0 or the error.
int write_and_sync(int file, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    ssize_t written = ::write(file, text.data() + at, text.size() - at);
    if (written < 0 && errno != EINTR) return errno;
    at += written < 0 ? 0 : static_cast<std::size_t>(written);
  }
  return ::fsync(file) == 0 ? 0 : errno;
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

void refuse_output_among(const std::string& path, const std::vector<std::string>& others) {
  for (const std::string& other : others)
    if (is_same_file(path, other))
      throw SpecError("cannot write '" + path + "'", "it is '" + other + "', which this command reads or writes",
                      "choose another name");
}

void check_output(const std::string& path, bool force, const std::vector<std::string>& others) {
  std::error_code ignored;
  if (path.empty()) throw SpecError("the output has no name", "-o is empty", "give a file name");
  fs::path folder = folder_of(path);
  refuse_output_among(path, others);
  if (!fs::is_directory(folder, ignored))
    throw OutputError("cannot write '" + path + "'", "there is no folder '" + folder.string() + "'", "create it first");
  if (fs::path(temporary_name(path)).filename().string().size() > NAME_MAX)
    throw SpecError("cannot write '" + path + "'", "its name is too long for the temporary one that it is written under",
                    "choose a shorter name");
  if (::access(folder.c_str(), W_OK | X_OK) != 0) fail(path, errno);
  fs::file_status status = fs::status(path, ignored);
  if (status.type() == fs::file_type::not_found && fs::is_symlink(path, ignored))
    throw SpecError("cannot write '" + path + "'", "it is a link to a file that is not there",
                    "remove the link, or choose another name");
  if (status.type() == fs::file_type::not_found) return;
  if (!fs::is_regular_file(status))
    throw SpecError("cannot write '" + path + "'", fs::is_directory(status) ? "it is a folder" : "it is no ordinary file",
                    "give a file name");
  if (!force)
    throw SpecError("'" + path + "' exists", "an existing output is never overwritten silently",
                    "add --force, or choose another name");
}

void write_text_file(const std::string& path, const std::string& text, bool force, bool executable) {
  std::string temporary = temporary_name(path);
  make_room(temporary);
  int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, executable ? 0777 : 0666);
  if (file < 0) fail(path, errno);
  remember_unfinished(temporary);
  try {
    int error = write_and_sync(file, text);
    if (error != 0) fail(path, error);
    give_name(temporary, path, force);
  } catch (...) {
    ::close(file);
    ::unlink(temporary.c_str());
    remember_unfinished("");
    throw;
  }
  ::close(file);
  remember_unfinished("");
}

OutputFile::OutputFile(std::string path, bool force, h5::Format format) : path_(std::move(path)), force_(force) {
  temporary_ = temporary_name(path_);
  make_room(temporary_);
  try {
    file_ = h5::create_file(temporary_, format);
  } catch (const OutputError&) {
    ::unlink(temporary_.c_str());  // a full disk has room for its name
    throw;
  }
  remember_unfinished(temporary_);
  void* handle = nullptr;  // by name another file might be opened
  if (H5Fget_vfd_handle(file_, H5P_DEFAULT, &handle) >= 0)
    descriptor_ = ::fcntl(*static_cast<const int*>(handle), F_DUPFD_CLOEXEC, 0);
  if (descriptor_ < 0) {
    int error = errno;
    file_.reset();
    ::unlink(temporary_.c_str());
    remember_unfinished("");
    fail(path_, error);
  }
  ::flock(descriptor_, LOCK_EX | LOCK_NB);  // where the file system has no locks the process's number must do
}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) {
    file_.reset();
    ::unlink(temporary_.c_str());
    remember_unfinished("");
  }
  if (descriptor_ >= 0) ::close(descriptor_);
}

void OutputFile::commit(const std::string& path, bool replace) {
  write([](hid_t file) { h5::written(H5Fflush(file, H5F_SCOPE_GLOBAL), "its last blocks"); });
  write([this](hid_t file) {
    H5Iinc_ref(file);  // the last reference, so that closing is seen to fail
    file_.reset();
    h5::written(H5Fclose(file), "its last blocks");
  });
  if (::fsync(descriptor_) != 0) fail(path, errno);
  give_name(temporary_, path, replace);
  ::close(std::exchange(descriptor_, -1));  // whoever finds it complete finds it without a lock
  temporary_.clear();
  remember_unfinished("");
}

}  // namespace carbonfront
