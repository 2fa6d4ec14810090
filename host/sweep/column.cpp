// One column: what its dataset says about it, and its values.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <type_traits>

#include "host/errors.hpp"
#include "host/sweep/sweep.hpp"

namespace carbonfront {

namespace {

constexpr std::size_t kMostTextBytes = 1 << 20;  // no honest file declares wider texts of fixed length
constexpr std::size_t kPieceBytes = 16 << 20;    // of fixed-length texts in memory at a time

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

void find_missing_values(hid_t dataset, ColumnInfo& info) {
  add_missing(dataset, "_FillValue", info);
  add_missing(dataset, "missing_value", info);
  if (!info.more_missing.empty()) info.missing_value = info.more_missing.front();
}

/// Calls `use` with each part of the column that [begin, begin + count) touches: part, row within it, rows, rows done
/// before.
template <class Use>
void for_parts(const Column& column, std::uint64_t begin, std::uint64_t count, Use use) {
  for (const ColumnPart& part : column.parts) {
    std::uint64_t from = std::max(begin, part.begin), to = std::min(begin + count, part.begin + part.rows);
    if (from < to) use(part, from - part.begin, to - from, from - begin);
  }
}

struct Slab {
  h5::Handle file, memory;
};

Slab select(const ColumnPart& part, hsize_t begin, hsize_t count) {
  Slab slab{h5::Handle(H5Dget_space(part.dataset)), h5::Handle(H5Screate_simple(1, &count, nullptr))};
  H5Sselect_hyperslab(slab.file, H5S_SELECT_SET, &begin, nullptr, &count, nullptr);
  return slab;
}

[[noreturn]] void unreadable(const ColumnPart& part, const ColumnInfo& info, std::uint64_t begin, std::uint64_t count) {
  throw InputError(
      fmt::format("cannot read column '{}' of '{}', rows {} to {}", info.name, part.path, begin, begin + count - 1),
      h5::last_reason(), "the file may be damaged, or a filter plug-in missing");
}

template <class Real>
void mark_missing_reals(const std::vector<double>& missing, Real* values, std::uint64_t count) {
  for (double wanted : missing)
    for (std::uint64_t i = 0; i < count; ++i)
      if (values[i] == wanted) values[i] = std::numeric_limits<Real>::quiet_NaN();
}

template <class Integer>
void unify_missing(const ColumnInfo& info, Integer* values, std::uint64_t count) {
  for (std::size_t k = 1; k < info.more_missing.size(); ++k)
    for (std::uint64_t i = 0; i < count; ++i)
      if (static_cast<std::uint64_t>(values[i]) == info.more_missing[k])
        values[i] = static_cast<Integer>(*info.missing_value);
}

void normalise_missing(const ColumnInfo& info, void* values, std::uint64_t count) {
  visit_type(info.type, [&](auto type) {
    using T = decltype(type);
    if constexpr (std::is_floating_point_v<T>)
      mark_missing_reals(info.missing_reals, static_cast<T*>(values), count);
    else
      unify_missing(info, static_cast<T*>(values), count);
  });
}

void read_fixed_strings(const ColumnPart& part, const ColumnInfo& info, hid_t type, std::uint64_t begin, std::uint64_t count,
                        Strings& out) {
  std::size_t size = H5Tget_size(type);
  bool space_padded = H5Tget_strpad(type) == H5T_STR_SPACEPAD, terminated = H5Tget_strpad(type) == H5T_STR_NULLTERM;
  std::uint64_t step = std::max<std::uint64_t>(1, kPieceBytes / size);
  std::vector<char> raw(size * std::min(step, count));
  for (std::uint64_t end = begin + count; begin < end; begin += step) {
    std::uint64_t piece = std::min(step, end - begin);
    Slab slab = select(part, begin, piece);
    if (H5Dread(part.dataset, type, slab.memory, slab.file, H5P_DEFAULT, raw.data()) < 0)
      unreadable(part, info, begin, piece);
    for (std::uint64_t i = 0; i < piece; ++i) {
      std::string_view text(raw.data() + i * size, size);
      if (terminated) text = text.substr(0, text.find('\0'));
      text = text.substr(0, text.find_last_not_of(space_padded ? ' ' : '\0') + 1);
      out.add(text);
    }
  }
}

void read_variable_strings(const ColumnPart& part, const ColumnInfo& info, hid_t type, std::uint64_t begin,
                           std::uint64_t count, Strings& out) {
  h5::Handle memory(H5Tcopy(H5T_C_S1));
  H5Tset_size(memory, H5T_VARIABLE);
  H5Tset_cset(memory, H5Tget_cset(type));
  std::vector<char*> texts(count);
  Slab slab = select(part, begin, count);
  herr_t status = H5Dread(part.dataset, memory, slab.memory, slab.file, H5P_DEFAULT, texts.data());
  if (status < 0) unreadable(part, info, begin, count);
  for (const char* text : texts) out.add(text ? std::string_view(text) : std::string_view());
  H5Dvlen_reclaim(memory, slab.memory, H5P_DEFAULT, texts.data());
}

}  // namespace

ColumnInfo describe_column(hid_t dataset, const std::string& name, const std::string& path) {
  ColumnInfo info;
  info.name = name;
  h5::Handle type(H5Dget_type(dataset)), space(H5Dget_space(dataset));
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
  hsize_t rows = 0;
  H5Sget_simple_extent_dims(space, &rows, nullptr);
  info.rows = rows;
  info.bytes_per_value =
      *value == ValueType::string ? (H5Tis_variable_str(type) > 0 ? 0 : H5Tget_size(type)) : size_of(*value);
  if (h5::has_attribute(dataset, "units")) info.units = h5::text_attribute(dataset, "units");
  info.description = h5::text_attribute(dataset, "long_name");
  if (info.description.empty()) info.description = h5::text_attribute(dataset, "description");
  find_missing_values(dataset, info);
  return info;
}

void read_numbers(const Column& column, std::uint64_t begin, std::uint64_t count, void* values) {
  for_parts(column, begin, count, [&](const ColumnPart& part, std::uint64_t from, std::uint64_t rows, std::uint64_t done) {
    h5::Handle stored(H5Dget_type(part.dataset));
    H5T_class_t kind = H5Tget_class(stored);
    h5::Handle native;  // enumerations and bit fields are read as they are, in native byte order
    if (kind == H5T_ENUM) native = h5::Handle(H5Tget_native_type(stored, H5T_DIR_ASCEND));
    hid_t memory = kind == H5T_ENUM       ? static_cast<hid_t>(native)
                   : kind == H5T_BITFIELD ? H5T_NATIVE_B8
                                          : memory_type(column.info.type);
    char* out = static_cast<char*>(values) + done * size_of(column.info.type);
    Slab slab = select(part, from, rows);
    if (H5Dread(part.dataset, memory, slab.memory, slab.file, H5P_DEFAULT, out) < 0)
      unreadable(part, column.info, from, rows);
  });
  normalise_missing(column.info, values, count);
}

void read_strings(const Column& column, std::uint64_t begin, std::uint64_t count, Strings& values) {
  values.clear();
  for_parts(column, begin, count, [&](const ColumnPart& part, std::uint64_t from, std::uint64_t rows, std::uint64_t) {
    h5::Handle type(H5Dget_type(part.dataset));
    if (H5Tis_variable_str(type) > 0)
      read_variable_strings(part, column.info, type, from, rows, values);
    else
      read_fixed_strings(part, column.info, type, from, rows, values);
  });
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
  h5::Handle list(H5Dget_create_plist(part.dataset));
  hsize_t chunk = 1;
  return H5Pget_layout(list) == H5D_CHUNKED && H5Pget_chunk(list, 1, &chunk) > 0 ? chunk : 1;
}

}  // namespace carbonfront
