#pragma once
// Writes small sweeps straight through HDF5's C API, and reads results back the same way: the program's reader and writer
// are not their own judges.

#include <gtest/gtest.h>
#include <hdf5.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "host/sweep/hdf5.hpp"
#include "host/sweep/own_file.hpp"

namespace carbonfront {

using Reals = std::vector<double>;
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// 0, 1, 2 and so on.
inline std::vector<std::int32_t> ids(std::size_t count) {
  std::vector<std::int32_t> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(static_cast<std::int32_t>(i));
  return ids;
}

/// Compares numbers, of which NaNs are equal.
inline void expect_equal(const Reals& found, const Reals& expected, const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_TRUE(found[i] == expected[i] || (std::isnan(found[i]) && std::isnan(expected[i])))
        << what << ", row " << i << ": " << found[i];
}

template <class T>
hid_t hdf5_type() {
  if constexpr (std::is_same_v<T, std::int8_t>) return H5T_NATIVE_INT8;
  if constexpr (std::is_same_v<T, std::int16_t>) return H5T_NATIVE_INT16;
  if constexpr (std::is_same_v<T, std::int32_t>) return H5T_NATIVE_INT32;
  if constexpr (std::is_same_v<T, std::int64_t>) return H5T_NATIVE_INT64;
  if constexpr (std::is_same_v<T, std::uint8_t>) return H5T_NATIVE_UINT8;
  if constexpr (std::is_same_v<T, std::uint16_t>) return H5T_NATIVE_UINT16;
  if constexpr (std::is_same_v<T, std::uint32_t>) return H5T_NATIVE_UINT32;
  if constexpr (std::is_same_v<T, std::uint64_t>) return H5T_NATIVE_UINT64;
  if constexpr (std::is_same_v<T, float>) return H5T_NATIVE_FLOAT;
  if constexpr (std::is_same_v<T, double>) return H5T_NATIVE_DOUBLE;
}

/// h5py's boolean: an enumeration of FALSE and TRUE over int8.
inline h5::Handle boolean_type() {
  h5::Handle type(H5Tenum_create(H5T_NATIVE_INT8));
  std::int8_t value = 0;
  H5Tenum_insert(type, "FALSE", &value);
  value = 1;
  H5Tenum_insert(type, "TRUE", &value);
  return type;
}

/// The bytes of an integer in either byte order.
template <class T>
std::vector<unsigned char> in_byte_order(T value, H5T_order_t order) {
  std::vector<unsigned char> bytes(sizeof(T));
  for (std::size_t i = 0; i < sizeof(T); ++i)
    bytes[order == H5T_ORDER_LE ? i : sizeof(T) - 1 - i] =
        static_cast<unsigned char>(static_cast<std::uint64_t>(value) >> 8 * i);
  return bytes;
}

/// IEEE 754's binary16.
inline h5::Handle float16_type() {
  h5::Handle type(H5Tcopy(H5T_IEEE_F32LE));
  H5Tset_fields(type, 15, 10, 5, 0, 10);
  H5Tset_size(type, 2);
  H5Tset_ebias(type, 15);
  return type;
}

inline h5::Handle text_type(std::size_t bytes, H5T_str_t padding) {
  h5::Handle type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type, bytes);
  H5Tset_strpad(type, padding);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

/// How the next column is stored.
struct Stored {
  hid_t type = H5I_INVALID_HID;  // in the file; the values' own unless given
  hsize_t chunk = 0;             // 0: contiguous
  int deflate = 0;
  bool shuffle = false, fletcher32 = false, compact = false;
};

/// A sweep under construction; attributes go to the last column. `close` returns the path.
class Sweeping {
 public:
  explicit Sweeping(std::string path, const std::string& group = "/configs") : path_(std::move(path)) {
    h5::silence();
    h5::Handle access(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    file_ = h5::Handle(H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access));
    group_ = h5::Handle(group == "/" ? H5Gopen2(file_, "/", H5P_DEFAULT)
                                     : H5Gcreate2(file_, group.c_str(), intermediate(), H5P_DEFAULT, H5P_DEFAULT));
    EXPECT_TRUE(group_) << path_;
  }

  template <class T>
  Sweeping& column(const std::string& name, const std::vector<T>& values, const Stored& how = {}) {
    create(name, how.type >= 0 ? how.type : hdf5_type<T>(), values.size(), how);
    if (!values.empty()) {
      EXPECT_GE(H5Dwrite(last_, hdf5_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0) << name;
    }
    return *this;
  }

  Sweeping& booleans(const std::string& name, const std::vector<std::int8_t>& values) {
    h5::Handle type = boolean_type();
    create(name, type, values.size(), {});
    EXPECT_GE(H5Dwrite(last_, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0) << name;
    return *this;
  }

  /// Text of variable length; a value without a text is a null pointer in the file.
  Sweeping& texts(const std::string& name, const std::vector<std::optional<std::string>>& values, const Stored& how = {}) {
    h5::Handle type = h5::utf8_type();
    create(name, type, values.size(), how);
    std::vector<const char*> pointers;
    for (const auto& value : values) pointers.push_back(value ? value->c_str() : nullptr);
    if (!values.empty()) {
      EXPECT_GE(H5Dwrite(last_, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()), 0) << name;
    }
    return *this;
  }

  /// Text of fixed length, padded by hand, so that nothing converts it.
  Sweeping& fixed_texts(const std::string& name, const std::vector<std::string>& values, std::size_t bytes,
                        H5T_str_t padding, const Stored& how = {}) {
    h5::Handle type = text_type(bytes, padding);
    create(name, type, values.size(), how);
    std::string raw(values.size() * bytes, padding == H5T_STR_SPACEPAD ? ' ' : '\0');
    for (std::size_t i = 0; i < values.size(); ++i)
      raw.replace(i * bytes, std::min(bytes, values[i].size()), values[i], 0, bytes);
    EXPECT_GE(H5Dwrite(last_, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw.data()), 0) << name;
    return *this;
  }

  /// A column of which only the first `values` are ever written; HDF5 fills the rest with its own fill value.
  template <class T>
  Sweeping& unwritten(const std::string& name, hsize_t rows, hsize_t chunk, T fill, const std::vector<T>& values) {
    h5::Handle list(H5Pcreate(H5P_DATASET_CREATE)), space(H5Screate_simple(1, &rows, nullptr));
    H5Pset_chunk(list, 1, &chunk);
    H5Pset_fill_value(list, hdf5_type<T>(), &fill);
    last_ = h5::Handle(H5Dcreate2(group_, name.c_str(), hdf5_type<T>(), space, H5P_DEFAULT, list, H5P_DEFAULT));
    if (!values.empty()) h5::write_rows(last_, 0, values.size(), hdf5_type<T>(), values.data());
    return *this;
  }

  Sweeping& units(const std::string& text) { return attribute_text("units", text); }
  Sweeping& attribute_text(const char* name, const std::string& text) {
    h5::write_attribute(last_, name, std::string_view(text));
    return *this;
  }
  Sweeping& attribute_fixed_text(const char* name, const std::string& text, std::size_t bytes, H5T_str_t padding) {
    std::string raw = text;
    raw.resize(bytes, padding == H5T_STR_SPACEPAD ? ' ' : '\0');
    h5::write_scalar_attribute(last_, name, text_type(bytes, padding), raw.data());
    return *this;
  }
  template <class T>
  Sweeping& attribute(const char* name, T value) {
    h5::write_scalar_attribute(last_, name, hdf5_type<T>(), &value);
    return *this;
  }
  Sweeping& attribute(const char* name, const h5::Handle& type, const void* value) {
    h5::write_scalar_attribute(last_, name, type, value);
    return *this;
  }
  template <class T>
  Sweeping& attribute_list(const char* name, const std::vector<T>& values) {
    hsize_t size = values.size();
    h5::Handle space(H5Screate_simple(1, &size, nullptr));
    h5::Handle attribute(H5Acreate2(last_, name, hdf5_type<T>(), space, H5P_DEFAULT, H5P_DEFAULT));
    EXPECT_GE(H5Awrite(attribute, hdf5_type<T>(), values.data()), 0) << name;
    return *this;
  }

  std::string close() {
    last_.reset(), group_.reset(), file_.reset();
    return path_;
  }

  hid_t group() const { return group_; }

 private:
  static h5::Handle intermediate() {
    h5::Handle links(H5Pcreate(H5P_LINK_CREATE));
    H5Pset_create_intermediate_group(links, 1);
    return links;
  }

  void create(const std::string& name, hid_t type, hsize_t rows, const Stored& how) {
    h5::Handle list(H5Pcreate(H5P_DATASET_CREATE)), space(H5Screate_simple(1, &rows, nullptr));
    if (how.compact) H5Pset_layout(list, H5D_COMPACT);
    if (how.chunk) H5Pset_chunk(list, 1, &how.chunk);
    if (how.shuffle) H5Pset_shuffle(list);
    if (how.deflate) H5Pset_deflate(list, static_cast<unsigned>(how.deflate));
    if (how.fletcher32) H5Pset_fletcher32(list);
    last_ = h5::Handle(H5Dcreate2(group_, name.c_str(), type, space, intermediate(), list, H5P_DEFAULT));
    EXPECT_TRUE(last_) << name;
  }

  std::string path_;
  h5::Handle file_, group_, last_;
};

/// Reads datasets and attributes of a file.
class Reading {
 public:
  /// Without locks, so that the run may read the file as well while it is open here.
  explicit Reading(const std::string& path) : path_(path) {
    h5::Handle access(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_file_locking(access, false, true);
    file_ = h5::Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access));
    EXPECT_TRUE(file_) << path << " cannot be opened";
  }

  bool has(const std::string& name) const { return h5::exists(file_, name); }

  /// All values of a dataset, converted to T.
  template <class T>
  std::vector<T> values(const std::string& name) const {
    h5::Handle dataset = open(name), space(H5Dget_space(dataset));
    std::vector<T> values(dataset ? static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)) : 0);
    if (!values.empty()) {
      EXPECT_GE(H5Dread(dataset, hdf5_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0) << name;
    }
    return values;
  }
  std::vector<std::int64_t> integers(const std::string& name) const { return values<std::int64_t>(name); }
  std::vector<double> reals(const std::string& name) const { return values<double>(name); }

  std::vector<std::string> texts(const std::string& name) const {
    h5::Handle dataset = open(name), space(H5Dget_space(dataset)), type = h5::utf8_type(), stored(H5Dget_type(dataset));
    std::vector<char*> pointers(dataset ? static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)) : 0);
    if (dataset && H5Tis_variable_str(stored) <= 0) return fixed_texts(dataset, stored, pointers.size());
    if (pointers.empty() || H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()) < 0) return {};
    std::vector<std::string> values(pointers.begin(), pointers.end());
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data());
    return values;
  }

  /// Tells whether a dataset is stored as T.
  template <class T>
  bool is(const std::string& name) const {
    h5::Handle dataset = open(name), type(H5Dget_type(dataset));
    return H5Tequal(type, hdf5_type<T>()) > 0;
  }

  std::vector<hsize_t> shape(const std::string& name) const {
    h5::Handle dataset = open(name), space(H5Dget_space(dataset));
    std::vector<hsize_t> shape(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space)));
    H5Sget_simple_extent_dims(space, shape.data(), nullptr);
    return shape;
  }

  std::int64_t integer_attribute(const std::string& object, const char* name) const {
    return integer_attributes(object, name).at(0);
  }
  std::vector<std::int64_t> integer_attributes(const std::string& object, const char* name) const {
    h5::Handle attribute(H5Aopen_by_name(file_, object.c_str(), name, H5P_DEFAULT, H5P_DEFAULT));
    h5::Handle space(attribute ? H5Aget_space(attribute) : H5I_INVALID_HID);
    EXPECT_TRUE(attribute) << object << " has no attribute " << name;
    std::vector<std::int64_t> values(attribute ? static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)) : 0);
    if (!values.empty()) H5Aread(attribute, H5T_NATIVE_INT64, values.data());
    return values;
  }
  std::string text_attribute(const std::string& object, const char* name) const {
    h5::Handle opened(H5Oopen(file_, object.c_str(), H5P_DEFAULT));
    return h5::text_attribute(opened, name);
  }
  std::vector<std::string> text_attributes(const std::string& object, const char* name) const {
    h5::Handle attribute(H5Aopen_by_name(file_, object.c_str(), name, H5P_DEFAULT, H5P_DEFAULT));
    h5::Handle space(attribute ? H5Aget_space(attribute) : H5I_INVALID_HID), type = h5::utf8_type();
    EXPECT_TRUE(attribute) << object << " has no attribute " << name;
    std::vector<char*> pointers(attribute ? static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)) : 0);
    if (pointers.empty() || H5Aread(attribute, type, pointers.data()) < 0) return {};
    std::vector<std::string> values(pointers.begin(), pointers.end());
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data());
    return values;
  }

 private:
  h5::Handle open(const std::string& name) const {
    h5::Handle dataset(H5Dopen2(file_, name.c_str(), H5P_DEFAULT));
    EXPECT_TRUE(dataset) << path_ << " has no dataset " << name;
    return dataset;
  }

  /// Texts of fixed length, padded with zeros.
  static std::vector<std::string> fixed_texts(hid_t dataset, hid_t type, std::size_t count) {
    std::size_t width = H5Tget_size(type);
    std::string raw(width * count, 'x');
    std::vector<std::string> values;
    if (count == 0 || H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw.data()) < 0) return values;
    for (std::size_t i = 0; i < count; ++i) values.emplace_back(raw.substr(i * width, width).c_str());
    return values;
  }

  std::string path_;
  h5::Handle file_;
};

/// Overwrites one value of a dataset, counted in the order of storage.
template <class T>
void patch(const std::string& path, const std::string& name, std::size_t index, T value) {
  h5::Handle file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT)), dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT));
  h5::Handle space(H5Dget_space(dataset));
  std::vector<T> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  ASSERT_GE(H5Dread(dataset, hdf5_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0) << name;
  values.at(index) = value;
  ASSERT_GE(H5Dwrite(dataset, hdf5_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0) << name;
}

/// Makes the checksums of a result anew after a change of its texts or attributes, as if it had been written so.
inline void renew_checksums(const std::string& path) {
  auto opened = [&] { return h5::Handle(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT)); };
  ASSERT_GE(H5Ldelete(opened(), "/provenance/checksums", H5P_DEFAULT), 0);  // HDF5 1.10 trips over both at one time
  write_checksums(opened());
}

}  // namespace carbonfront
