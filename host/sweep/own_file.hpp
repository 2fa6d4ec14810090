#pragma once
// Files that this program wrote, being read: results, parts, counts and checkpoints. Everything that is read is checked:
// that HDF5 could, that types and sizes are what they should be, and the checksums that the file carries.
//
// Metadata has HDF5's own checksums, rows have fletcher32. Nothing covers HDF5's global heap, where texts and lists of
// variable length lie, and large attributes: for these the file keeps a table, /provenance/checksums, with a line for each
// object: the XXH3-128 of what is not covered of it, by what it means; a space; its path.

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "host/sweep/content.hpp"
#include "host/sweep/stored_dataset.hpp"

namespace carbonfront {

/// HDF5's type in memory of a number.
template <class T>
hid_t type_in_memory() {
  static_assert(std::is_arithmetic_v<T> || std::is_same_v<T, std::byte>);
  if constexpr (std::is_same_v<T, double>)
    return H5T_NATIVE_DOUBLE;
  else if constexpr (sizeof(T) == 8)
    return std::is_signed_v<T> ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64;
  else if constexpr (sizeof(T) == 4)
    return H5T_NATIVE_UINT32;
  else
    return H5T_NATIVE_UINT8;
}

/// Owns an open file. All functions throw InputError that names file and object, and says what to do. One thread.
class OwnFile {
 public:
  /// Opens a file, after trying it once (host/sweep/trial.hpp). `advice`: what to do where it is damaged.
  OwnFile(std::string path, std::string advice);

  operator hid_t() const { return file_; }
  const std::string& path() const { return path_; }
  /// Tells whether checksums cover all that it holds; version 0.1.0 wrote none, and other programs copy without them.
  bool is_checked() const { return checked_; }
  /// Compares what no checksum of HDF5 covers with the file's table, once an object. Cost: the first describes all
  /// datasets and reads all that is no row.
  void verify(const std::string& object) const;
  [[noreturn]] void damaged(const std::string& object, const std::string& why) const;

  bool has(const std::string& object) const;
  /// Names of a group's members, in order.
  std::vector<std::string> members(const std::string& group) const;
  char kind_of(const std::string& object) const;
  const Content& content() const;

  /// Attributes that must be there. Texts may be of fixed or variable length.
  std::string text(const std::string& object, const char* attribute) const;
  std::vector<std::string> texts(const std::string& object, const char* attribute) const;
  std::int64_t integer(const std::string& object, const char* attribute) const;

  /// How many values a dataset has.
  std::uint64_t size(const std::string& dataset) const;

  /// Reads values [begin, begin + count) of a dataset of exactly the type of T.
  template <class T>
  void read(const std::string& dataset, std::uint64_t begin, std::uint64_t count, std::vector<T>& values) const {
    check_range(dataset, type_in_memory<T>(), begin, count);
    values.resize(count);
    read_values(dataset, type_in_memory<T>(), begin, count, values.data());
  }
  template <class T>
  std::vector<T> all(const std::string& dataset) const {
    std::vector<T> values;
    read(dataset, 0, size(dataset), values);
    return values;
  }
  /// The same where it must have that many.
  template <class T>
  std::vector<T> all(const std::string& dataset, std::uint64_t expected) const {
    std::uint64_t stored = size(dataset);
    if (stored != expected) damaged(dataset, fmt::format("it has {} values where {} are expected", stored, expected));
    return all<T>(dataset);
  }

  /// Opens a dataset or group for what else is to be known of it.
  h5::Handle open(const std::string& object) const;

 private:
  struct Dataset {
    h5::Handle dataset, type;
    std::uint64_t values = 0;
    int dimensions = 0;
    std::shared_ptr<const StoredDataset> stored;  // null where only HDF5 can read it
  };
  const Dataset& dataset(const std::string& name) const;
  void check_range(const std::string& name, hid_t type, std::uint64_t begin, std::uint64_t count) const;
  void read_values(const std::string& name, hid_t type, std::uint64_t begin, std::uint64_t count, void* out) const;
  void read_table();
  /// Checks, once, the sizes in the global heaps, where texts of variable length lie: HDF5 has no checksum for them, trusts
  /// them, and would overwrite memory. Does nothing where the file carries no checksums.
  void check_heaps() const;

  std::string path_, advice_;
  h5::Handle file_;
  std::shared_ptr<const RawFile> raw_;
  bool checked_ = false;
  std::map<std::string, std::string> checksums_;  // by object
  mutable bool heaps_checked_ = false;
  mutable std::set<std::string> verified_;
  mutable std::map<std::string, Dataset> datasets_;
  mutable std::optional<Content> content_;
};

/// Writes the table of checksums of all that a file holds by now. Throws OutputError.
void write_checksums(hid_t file);

}  // namespace carbonfront
