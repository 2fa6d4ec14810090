#include "host/sweep/raw_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "carbonfront/errors.hpp"

namespace carbonfront {

const char* advice_on_opening(int error) noexcept {
  bool too_many = error == EMFILE || error == ENFILE;  // each file is open twice: for its structure, and for its rows
  return too_many ? "let more files be open at once (`ulimit -Hn`), or give fewer" : "give the path of an HDF5 sweep";
}

RawFile::RawFile(std::string path) : RawFile(path, ::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}

RawFile::RawFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {
  struct stat status {};
  if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0)
    throw InputError("cannot open '" + path_ + "'", std::strerror(errno), advice_on_opening(errno));
  size_ = static_cast<std::uint64_t>(status.st_size);
}

RawFile::~RawFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

const char* RawFile::read(std::uint64_t offset, std::size_t bytes, void* out) const noexcept {
  if (!holds(offset, bytes)) return "the file ends before";
  constexpr std::size_t most = std::size_t{1} << 30;  // of one call; Linux takes 2 GiB
  for (std::size_t done = 0; done < bytes;) {
    ssize_t got = ::pread(descriptor_, static_cast<char*>(out) + done, std::min(bytes - done, most),
                          static_cast<off_t>(offset + done));
    if (got == 0) return "the file was cut while it was read";
    if (got < 0 && errno != EINTR) return std::strerror(errno);
    if (got > 0) done += static_cast<std::size_t>(got);
  }
  return nullptr;
}

}  // namespace carbonfront
