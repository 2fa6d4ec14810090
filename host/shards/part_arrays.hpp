#pragma once
// One-dimensional arrays in part files: written whole and uncompressed, read whole or by rows.

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "host/errors.hpp"
#include "host/sweep/external.hpp"
#include "host/sweep/hdf5.hpp"

namespace carbonfront {

template <class T>
hid_t array_type() {
  if constexpr (std::is_same_v<T, double>)
    return H5T_NATIVE_DOUBLE;
  else if constexpr (sizeof(T) == 8)
    return H5T_NATIVE_UINT64;
  else if constexpr (sizeof(T) == 4)
    return H5T_NATIVE_UINT32;
  else
    return H5T_NATIVE_UINT8;
}

/// Writes an array. Throws OutputError.
template <class T>
void write_array(hid_t group, const char* name, const std::vector<T>& values) {
  constexpr h5::Storage plain{.contiguous = true};
  h5::Handle dataset = h5::create_dataset(group, name, array_type<T>(), {values.size()}, plain);
  h5::write_rows(dataset, 0, values.size(), array_type<T>(), values.data());
}

/// A part file being read. All throw InputError.
struct PartReader {
  hid_t file;
  std::string path;

  [[noreturn]] void damaged(const std::string& why) const {
    throw InputError("the part '" + path + "' is damaged", why, "remove it and run its shard again");
  }

  /// An entry of an array that is only there when the file is whole.
  template <class T>
  T checked(const std::vector<T>& values, std::size_t at) const {
    if (at >= values.size()) damaged("an array of it is cut off");
    return values[at];
  }

  /// The number of a dataset's rows.
  std::uint64_t count(const std::string& name) const {
    h5::Handle dataset = open(name), space(H5Dget_space(dataset));
    return static_cast<std::uint64_t>(H5Sget_simple_extent_npoints(space));
  }

  /// Opens a dataset.
  h5::Handle open(const std::string& name) const {
    h5::Handle dataset(h5::exists(file, name) ? H5Dopen2(file, name.c_str(), H5P_DEFAULT) : H5I_INVALID_HID);
    if (!dataset) damaged("'" + name + "' is missing");
    require_own_values(dataset, name);
    return dataset;
  }

  /// Reads a whole array of the group /part.
  template <class T>
  std::vector<T> array(const std::string& name) const {
    return rows<T>("/part/" + name, 0, ~std::uint64_t{0});
  }

  /// Reads rows [begin, begin + count) of a dataset, or all where `count` is larger than it.
  template <class T>
  std::vector<T> rows(const std::string& name, std::uint64_t begin, std::uint64_t count) const {
    std::vector<T> values;
    read_rows(name, begin, count, values);
    return values;
  }

  /// The same into a vector that is there.
  template <class T>
  void read_rows(const std::string& name, std::uint64_t begin, std::uint64_t count, std::vector<T>& values) const {
    h5::Handle dataset = open(name), space(H5Dget_space(dataset));
    auto stored = static_cast<std::uint64_t>(H5Sget_simple_extent_npoints(space));
    hsize_t first = begin, size = count == ~std::uint64_t{0} ? stored : count;
    if (begin + size > stored) damaged(fmt::format("'{}' has {} rows", name, stored));
    values.resize(size);
    if (size == 0) return;
    h5::Handle memory(H5Screate_simple(1, &size, nullptr));
    H5Sselect_hyperslab(space, H5S_SELECT_SET, &first, nullptr, &size, nullptr);
    if (H5Dread(dataset, array_type<T>(), memory, space, H5P_DEFAULT, values.data()) < 0) damaged(h5::last_reason());
  }
};

}  // namespace carbonfront
