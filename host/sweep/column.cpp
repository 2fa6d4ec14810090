// One column: what its dataset says about it, and its values.

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "carbonfront/errors.hpp"
#include "host/sweep/library_call.hpp"
#include "host/sweep/missing_values.hpp"
#include "host/sweep/sweep.hpp"

namespace carbonfront {

namespace {

constexpr std::size_t kWidestText = 1 << 20;  // no honest file declares wider texts of fixed length

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

void find_missing_values(hid_t dataset, const Field& field, hid_t type, const std::string& path, ColumnInfo& info) {
  MissingValues missing;
  if (field.members.empty()) add_missing_values(dataset, "_FillValue", type, info.type, path, missing);
  add_missing_values(dataset, attribute_name(field, "missing_value"), type, info.type, path, missing);
  info.more_missing = std::move(missing.integers), info.missing_reals = std::move(missing.reals);
  info.missing_texts = std::move(missing.texts);
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
  if (*value == ValueType::string && H5Tis_variable_str(type) <= 0 && H5Tget_size(type) > kWidestText)
    throw InputError(fmt::format("cannot read column '{}' of '{}'", name, path),
                     fmt::format("it declares texts of {} bytes; {} is the limit", H5Tget_size(type), kWidestText),
                     "store texts of that size with variable length");
  info.type = *value;
  info.type_name = type_name(type, *value);
  find_missing_values(dataset, field, type, path, info);
  info.packing = find_packing(dataset, field, type, *value, name, path);
  hsize_t extent[2] = {0, 0};
  H5Sget_simple_extent_dims(space, extent, nullptr);
  info.rows = extent[0];
  info.bytes_per_value =
      *value == ValueType::string ? (H5Tis_variable_str(type) > 0 ? 0 : H5Tget_size(type)) : size_of(*value);
  describe_attributes(dataset, field, info);
  if (info.packing && !info.packing->widens_only()) unpack_to_float64(info);
  return info;
}

void unpack_to_float64(ColumnInfo& info) {
  if (!info.packing) info.packing = Packing{info.type};
  info.packing->missing = {std::move(info.more_missing), std::move(info.missing_reals), {}};
  info.missing_value.reset(), info.more_missing.clear(), info.missing_reals.clear();
  info.type = ValueType::float64;
  info.type_name = name_of(info.type);
  info.bytes_per_value = size_of(info.type);
}

ColumnView view_of(const ColumnInfo& info, const void* values) {
  return {values, info.missing_value.value_or(0), info.type, info.missing_value.has_value()};
}

bool is_missing_text(const ColumnInfo& info, std::string_view text) {
  return std::find(info.missing_texts.begin(), info.missing_texts.end(), text) != info.missing_texts.end();
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
