#pragma once
// Files that appear under their final names only when they are complete. Every file that the program writes is created here,
// under a temporary name that must not be there (O_CREAT with O_EXCL: no link is followed), synced, and renamed.

#include <cstdint>
#include <string>
#include <vector>

#include "carbonfront/errors.hpp"
#include "host/sweep/hdf5.hpp"

namespace carbonfront {

/// Refuses an output that exists (unless `force`), that is one of the `others` (inputs and other outputs, by whatever name:
/// links and other spellings too) or no ordinary file, whose name is too long for a temporary one, or whose folder cannot be
/// written. Call before long work. Throws SpecError, OutputError.
void check_output(const std::string& path, bool force, const std::vector<std::string>& others = {});

/// Refuses an output that is one of the `others`, by whatever name. Throws SpecError.
void refuse_output_among(const std::string& path, const std::vector<std::string>& others);

/// An unfinished output that an earlier run of this name left: `.NAME.PID@HOST.tmp`, beside the output.
struct Leftover {
  std::string path, host;
  std::uint64_t process = 0, bytes = 0;
  bool removed = false;  // its process is of this host and has ended
};

/// Looks for what killed runs left of an output and removes it where their process has ended for certain: it is of this
/// host, no process has its number, and nobody holds the file's lock. Others are left alone. Throws nothing.
std::vector<Leftover> clean_leftovers(const std::string& path);

/// Removes the output that is being written, if any, without committing it. Async-signal-safe: for a program that must end
/// now.
void remove_unfinished_output() noexcept;

/// Writes a text file beside its name and renames it. Without `force` a file that has the name by then stays, and is a
/// SpecError. Throws OutputError.
void write_text_file(const std::string& path, const std::string& text, bool force, bool executable = false);

/// Owns an HDF5 file under a temporary name beside its final one. `commit` closes, syncs and renames it; without that the
/// destructor removes it.
class OutputFile {
 public:
  /// With `force` the file may take the place of one that has its name. Throws OutputError.
  OutputFile(std::string path, bool force, h5::Format format = h5::Format::checked);
  OutputFile(OutputFile&&) = delete;
  ~OutputFile();
  /// Runs `work(file)`; its OutputErrors name the output.
  template <class Work>
  void write(Work work) {
    try {
      work(static_cast<hid_t>(file_));
    } catch (const OutputError& error) {
      throw OutputError(path_, error);
    }
  }
  /// Closes the file and gives it its name; or another one, which is the program's own and is replaced. Throws OutputError,
  /// and SpecError where without `force` a file has the name by now; then no file is left.
  void commit() { commit(path_, force_); }
  void commit_as(const std::string& path) { commit(path, true); }

 private:
  void commit(const std::string& path, bool replace);

  std::string path_, temporary_;
  bool force_;
  h5::Handle file_;
  int descriptor_ = -1;  // HDF5's, duplicated: syncs the file, and holds its lock while it is written (see clean_leftovers)
};

}  // namespace carbonfront
