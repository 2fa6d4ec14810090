// One column: what its dataset says about it, and its values.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <type_traits>

#include "host/errors.hpp"
#include "host/sweep/library_call.hpp"
#include "host/sweep/sweep.hpp"

namespace carbonfront {

namespace {

constexpr std::size_t kMostTextBytes = 1 << 20;  // no honest file declares wider texts of fixed length

/// A boolean as h5py writes it: an enumeration of FALSE = 0 and TRUE = 1 over one byte. PyTables writes a bit field.
bool is_boolean(hid_t type) {
  if (H5Tget_class(type) == H5T_BITFIELD) return H5Tget_size(type) == 1;
  if (H5Tget_class(type) != H5T_ENUM || H5Tget_size(type) != 1 || H5Tget_nmembers(type) != 2) return false;
  for (const char* name : {"FALSE", "TRUE"}) {
    signed char value = -1;
    if (H5Tenum_valueof(type, name, &value) < 0 || value != (name[0] == 'T')) return H5Eclear2(H5E_DEFAULT), false;
  }
  return true;
}

ValueType integer_type(hid_t type) {
  std::size_t size = H5Tget_size(type);
  bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
  if (size == 1) return is_signed ? ValueType::int8 : ValueType::uint8;
  if (size == 2) return is_signed ? ValueType::int16 : ValueType::uint16;
  if (size <= 4) return is_signed ? ValueType::int32 : ValueType::uint32;
  return is_signed ? ValueType::int64 : ValueType::uint64;
}

std::optional<ValueType> value_type(hid_t type) {
  if (is_boolean(type)) return ValueType::boolean;
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      if (H5Tget_size(type) > 8) return {};
      return integer_type(type);
    case H5T_ENUM: {
      h5::Handle base(H5Tget_super(type));
      return H5Tget_size(base) > 8 ? std::optional<ValueType>() : integer_type(base);
    }
    case H5T_FLOAT:  // float16 widens to float32 exactly
      if (H5Tget_size(type) <= 4) return ValueType::float32;
      if (H5Tget_size(type) == 8) return ValueType::float64;
      return {};
    case H5T_STRING:
      return ValueType::string;
    default:
      return {};
  }
}

std::string type_name(hid_t type, ValueType value) {
  if (value != ValueType::string) return name_of(value);
  return H5Tis_variable_str(type) > 0 ? "utf8[*]" : fmt::format("utf8[{}]", H5Tget_size(type));
}

bool is_unsigned_type(ValueType type) {
  return type == ValueType::boolean || (type >= ValueType::uint8 && type <= ValueType::uint64);
}

/// Values of a numeric attribute as the doubles they are or round to.
std::vector<double> real_values(hid_t attribute, std::size_t count) {
  std::vector<double> values(count);
  if (H5Aread(attribute, H5T_NATIVE_DOUBLE, values.data()) < 0) return H5Eclear2(H5E_DEFAULT), std::vector<double>();
  return values;
}

/// Values of an attribute that a column of integers can equal, widened to 64 bits: exact, in the column's own sign.
std::vector<std::uint64_t> integer_values(hid_t attribute, hid_t type, std::size_t count, bool column_is_unsigned) {
  std::vector<std::uint64_t> values;
  if (H5Tget_class(type) == H5T_FLOAT) {
    for (double real : real_values(attribute, count))  // a float that is no integer of 64 bits equals none of the column's
      if (real == std::trunc(real) && real < (column_is_unsigned ? 0x1p64 : 0x1p63) &&
          real >= (column_is_unsigned ? 0 : -0x1p63))
        values.push_back(real < 0 ? static_cast<std::uint64_t>(static_cast<std::int64_t>(real))
                                  : static_cast<std::uint64_t>(real));
    return values;
  }
  std::vector<std::int64_t> integers(count);
  bool is_enum = H5Tget_class(type) == H5T_ENUM, is_unsigned = !is_enum && H5Tget_sign(type) == H5T_SGN_NONE;
  h5::Handle native(H5Tget_native_type(type, H5T_DIR_ASCEND));
  if (H5Tget_size(native) > sizeof(std::int64_t)) return values;
  hid_t memory = is_unsigned ? H5T_NATIVE_UINT64 : H5T_NATIVE_INT64;
  if (H5Aread(attribute, is_enum ? static_cast<hid_t>(native) : memory, integers.data()) < 0)
    return H5Eclear2(H5E_DEFAULT), values;
  if (is_enum) H5Tconvert(h5::Handle(H5Tget_super(native)), memory, count, integers.data(), nullptr, H5P_DEFAULT);
  for (std::int64_t value : integers)  // a negative value never equals an unsigned one, nor one past 2^63 a signed one
    if (value >= 0 || is_unsigned == column_is_unsigned) values.push_back(static_cast<std::uint64_t>(value));
  return values;
}

/// Adds the values of one attribute to what counts as missing. Integers are taken exactly, floats in the column's precision.
void add_missing(hid_t dataset, const char* attribute_name, ColumnInfo& info) {
  if (!h5::has_attribute(dataset, attribute_name)) return;
  h5::Handle attribute(H5Aopen(dataset, attribute_name, H5P_DEFAULT));
  h5::Handle type(H5Aget_type(attribute)), space(H5Aget_space(attribute));
  H5T_class_t kind = H5Tget_class(type);
  if (info.type == ValueType::string) {
    if (kind == H5T_STRING) info.missing_texts.push_back(h5::text_attribute(dataset, attribute_name));
    return;
  }
  hssize_t count = H5Sget_simple_extent_npoints(space);
  if (count <= 0 || count > 1000 || (kind != H5T_INTEGER && kind != H5T_FLOAT && kind != H5T_ENUM)) return;
  if (info.type != ValueType::float32 && info.type != ValueType::float64) {
    for (std::uint64_t value : integer_values(attribute, type, static_cast<std::size_t>(count), is_unsigned_type(info.type)))
      info.more_missing.push_back(value);
  } else if (kind != H5T_ENUM) {
    for (double value : real_values(attribute, static_cast<std::size_t>(count))) {
      if (info.type == ValueType::float32) value = static_cast<float>(value);
      if (!std::isnan(value)) info.missing_reals.push_back(value);
    }
  }
}

/// The name of a column's attribute: a member of a compound has its own, "accuracy_units" (as PyTables and pandas name
/// theirs); the columns of a matrix share those of the dataset.
std::string attribute_name(const Field& field, const char* what) {
  return field.members.empty() ? what : field.name + "_" + what;
}

void find_missing_values(hid_t dataset, const Field& field, ColumnInfo& info) {
  if (field.members.empty()) add_missing(dataset, "_FillValue", info);
  add_missing(dataset, attribute_name(field, "missing_value").c_str(), info);
  if (!info.more_missing.empty()) info.missing_value = info.more_missing.front();
}

void describe_attributes(hid_t dataset, const Field& field, ColumnInfo& info) {
  const std::string units = attribute_name(field, "units");
  if (h5::has_attribute(dataset, units.c_str())) {
    std::vector<std::string> texts = h5::text_attributes(dataset, units.c_str());
    std::size_t index = texts.size() > 1 && field.column >= 0 ? static_cast<std::size_t>(field.column) : 0;
    info.units = index < texts.size() ? texts[index] : "";
  }
  for (const char* what : {"long_name", "description"})
    if (info.description.empty() && field.column < 0)
      info.description = h5::text_attribute(dataset, attribute_name(field, what).c_str());
}

}  // namespace

ColumnInfo describe_column(hid_t dataset, const Field& field, const std::string& name, const std::string& path) {
  Subject subject(path, name);
  LibraryCall call;
  ColumnInfo info;
  info.name = name;
  h5::Handle type = stored_type(dataset, field), space(H5Dget_space(dataset));
  auto value = value_type(type);
  if (!value)
    throw InputError(fmt::format("cannot read column '{}' of '{}'", name, path),
                     "its type is no integer, float32, float64, boolean or string", "convert the column");
  if (*value == ValueType::string && H5Tis_variable_str(type) <= 0 && H5Tget_size(type) > kMostTextBytes)
    throw InputError(fmt::format("cannot read column '{}' of '{}'", name, path),
                     fmt::format("it declares texts of {} bytes; {} is the limit", H5Tget_size(type), kMostTextBytes),
                     "store texts of that size with variable length");
  info.type = *value;
  info.type_name = type_name(type, *value);
  hsize_t extent[2] = {0, 0};
  H5Sget_simple_extent_dims(space, extent, nullptr);
  info.rows = extent[0];
  info.bytes_per_value =
      *value == ValueType::string ? (H5Tis_variable_str(type) > 0 ? 0 : H5Tget_size(type)) : size_of(*value);
  describe_attributes(dataset, field, info);
  find_missing_values(dataset, field, info);
  return info;
}

ColumnView view_of(const ColumnInfo& info, const void* values) {
  return {values, info.missing_value.value_or(0), info.type, info.missing_value.has_value()};
}

bool is_missing_text(const ColumnInfo& info, std::string_view text) {
  return std::find(info.missing_texts.begin(), info.missing_texts.end(), text) != info.missing_texts.end();
}

std::size_t size_of(ValueType type) {
  switch (type) {
    case ValueType::boolean:
    case ValueType::int8:
    case ValueType::uint8:
      return 1;
    case ValueType::int16:
    case ValueType::uint16:
      return 2;
    case ValueType::int32:
    case ValueType::uint32:
    case ValueType::float32:
      return 4;
    case ValueType::int64:
    case ValueType::uint64:
    case ValueType::float64:
      return 8;
    case ValueType::string:
      break;
  }
  return 0;
}

const char* name_of(ValueType type) {
  constexpr const char* names[] = {"boolean", "int8",   "int16",  "int32",   "int64",   "uint8",
                                   "uint16",  "uint32", "uint64", "float32", "float64", "string"};
  return names[static_cast<int>(type)];
}

hid_t memory_type(ValueType type) {
  switch (type) {
    case ValueType::int8:
      return H5T_NATIVE_INT8;
    case ValueType::int16:
      return H5T_NATIVE_INT16;
    case ValueType::int32:
      return H5T_NATIVE_INT32;
    case ValueType::int64:
      return H5T_NATIVE_INT64;
    case ValueType::boolean:
    case ValueType::uint8:
      return H5T_NATIVE_UINT8;
    case ValueType::uint16:
      return H5T_NATIVE_UINT16;
    case ValueType::uint32:
      return H5T_NATIVE_UINT32;
    case ValueType::uint64:
      return H5T_NATIVE_UINT64;
    case ValueType::float32:
      return H5T_NATIVE_FLOAT;
    case ValueType::float64:
      return H5T_NATIVE_DOUBLE;
    case ValueType::string:
      break;
  }
  return H5I_INVALID_HID;
}

std::uint64_t chunk_rows_of(const ColumnPart& part) {
  h5::Handle list(H5Dget_create_plist(part.dataset()));
  hsize_t chunk[2] = {1, 1};
  return H5Pget_layout(list) == H5D_CHUNKED && H5Pget_chunk(list, 2, chunk) > 0 ? chunk[0] : 1;
}

}  // namespace carbonfront
