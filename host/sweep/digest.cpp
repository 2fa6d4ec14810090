// The digest of a result: a hash of what its datasets and attributes mean, not of how they lie in the file.

#include <algorithm>

#include "host/errors.hpp"
#include "host/progress.hpp"
#include "host/sweep/external.hpp"
#include "host/sweep/fingerprint.hpp"
#include "host/sweep/hash.hpp"

namespace carbonfront {

namespace {

std::string reference_name(hid_t file, const void* reference) {
  h5::Handle target(H5Rdereference2(file, H5P_DEFAULT, H5R_OBJECT, reference));
  char name[4096] = "";
  if (target) H5Iget_name(target, name, sizeof name);
  H5Eclear2(H5E_DEFAULT);
  return name;
}

void add_type(Hash& hash, hid_t type) {
  H5T_class_t kind = H5Tget_class(type);
  hash.number(kind);
  if (kind == H5T_STRING) {
    bool variable = H5Tis_variable_str(type) > 0;
    hash.number(variable ? 0 : H5Tget_size(type));
    hash.number(H5Tget_cset(type));
  } else if (kind == H5T_COMPOUND) {
    hash.number(H5Tget_nmembers(type));
  } else if (kind != H5T_VLEN) {
    hash.number(H5Tget_size(type));
    if (kind == H5T_INTEGER) hash.number(H5Tget_sign(type));
  }
}

/// Hashes one value in memory by its native type, following strings, lists and references to what they mean.
void add_value(Hash& hash, hid_t file, hid_t type, const std::byte* value) {
  switch (H5Tget_class(type)) {
    case H5T_STRING:
      if (H5Tis_variable_str(type) > 0) {
        const char* text = *reinterpret_cast<const char* const*>(value);
        return hash.text(text ? text : "");
      }
      return hash.bytes(value, H5Tget_size(type));
    case H5T_REFERENCE:
      return hash.text(reference_name(file, value));
    case H5T_VLEN: {
      const hvl_t& list = *reinterpret_cast<const hvl_t*>(value);
      h5::Handle item(H5Tget_super(type));
      hash.number(list.len);
      for (std::size_t i = 0; i < list.len; ++i)
        add_value(hash, file, item, static_cast<const std::byte*>(list.p) + i * H5Tget_size(item));
      return;
    }
    case H5T_COMPOUND:
      for (int i = 0; i < H5Tget_nmembers(type); ++i)
        add_value(hash, file, h5::Handle(H5Tget_member_type(type, i)), value + H5Tget_member_offset(type, i));
      return;
    default:
      return hash.bytes(value, H5Tget_size(type));
  }
}

bool is_plain(hid_t type) {
  H5T_class_t kind = H5Tget_class(type);
  return kind == H5T_INTEGER || kind == H5T_FLOAT || kind == H5T_ENUM || kind == H5T_BITFIELD;
}

void add_values(Hash& hash, hid_t file, hid_t type, hid_t space, const std::vector<std::byte>& values, std::size_t count) {
  std::size_t size = H5Tget_size(type);
  if (is_plain(type)) return hash.bytes(values.data(), count * size);
  for (std::size_t i = 0; i < count; ++i) add_value(hash, file, type, values.data() + i * size);
  H5Dvlen_reclaim(type, space, H5P_DEFAULT, const_cast<std::byte*>(values.data()));
}

void add_attributes(Hash& hash, hid_t file, hid_t object) {
  std::vector<std::string> names;
  auto add = [](hid_t, const char* name, const H5A_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &names);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    h5::Handle attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT));
    h5::Handle type(H5Aget_type(attribute)), space(H5Aget_space(attribute)),
        native(H5Tget_native_type(type, H5T_DIR_ASCEND));
    std::size_t count = H5Sget_simple_extent_npoints(space);
    std::vector<std::byte> values(count * H5Tget_size(native));
    hash.text(name);
    add_type(hash, type);
    hash.number(count);
    if (count == 0) continue;
    if (H5Aread(attribute, native, values.data()) < 0)
      throw InputError("cannot read attribute '" + name + "'", h5::last_reason(), "the file may be damaged");
    add_values(hash, file, native, space, values, count);
  }
}

void add_dataset(Hash& hash, hid_t file, hid_t dataset, const std::string& path) {
  h5::Handle type(H5Dget_type(dataset)), space(H5Dget_space(dataset)), native(H5Tget_native_type(type, H5T_DIR_ASCEND));
  add_type(hash, type);
  int dimensions = H5Sget_simple_extent_ndims(space);
  std::vector<hsize_t> shape(std::max(dimensions, 1));
  H5Sget_simple_extent_dims(space, shape.data(), nullptr);
  hash.number(dimensions);
  for (hsize_t extent : shape) hash.number(extent);
  hsize_t elements = H5Sget_simple_extent_npoints(space);
  if (elements == 0) return;
  hsize_t row_elements = dimensions ? elements / shape[0] : 1;
  hsize_t rows = dimensions ? shape[0] : 1, step = std::max<hsize_t>(1, (hsize_t{1} << 20) / row_elements);
  std::vector<std::byte> values;
  for (hsize_t begin = 0; begin < rows; begin += step) {
    throw_if_stopped();
    hsize_t count = std::min(step, rows - begin);
    h5::Handle part(H5Scopy(space));
    if (dimensions) {
      std::vector<hsize_t> start(dimensions, 0), extent = shape;
      start[0] = begin, extent[0] = count;
      H5Sselect_hyperslab(part, H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr);
    }
    hsize_t part_elements = count * row_elements;
    h5::Handle memory(H5Screate_simple(1, &part_elements, nullptr));
    values.resize(part_elements * H5Tget_size(native));
    if (H5Dread(dataset, native, memory, part, H5P_DEFAULT, values.data()) < 0)
      throw InputError("cannot read '" + path + "'", h5::last_reason(), "the file may be damaged");
    add_values(hash, file, native, memory, values, part_elements);
  }
}

using Hashes = std::vector<std::pair<std::string, std::string>>;

void add_group(hid_t file, hid_t group, const std::string& path, Hashes& hashes) {
  Hash own;
  own.number('g');
  add_attributes(own, file, group);
  hashes.emplace_back(path.empty() ? "/" : path, own.hex());
  for (const std::string& name : h5::members(group)) {
    std::string full = path + "/" + name;
    char kind = h5::kind_of(group, name);
    if (full == "/provenance") continue;
    if (kind == 'g') {
      add_group(file, h5::Handle(H5Gopen2(group, name.c_str(), H5P_DEFAULT)), full, hashes);
      continue;
    }
    Hash hash;
    hash.number(static_cast<std::uint64_t>(kind));
    if (kind == 'd') {
      h5::Handle dataset(H5Dopen2(group, name.c_str(), H5P_DEFAULT));
      require_own_values(dataset, full);
      add_dataset(hash, file, dataset, full);
      add_attributes(hash, file, dataset);
    }
    hashes.emplace_back(full, hash.hex());
  }
}

}  // namespace

Hashes content_hashes(hid_t file) {
  Hashes hashes;
  add_group(file, h5::Handle(H5Gopen2(file, "/", H5P_DEFAULT)), "", hashes);
  return hashes;
}

std::string digest(const std::string& path) {
  h5::Handle file = h5::open_for_reading(path);
  Hash hash;
  for (const auto& [name, content] : content_hashes(file)) hash.text(name), hash.text(content);
  return hash.hex();
}

}  // namespace carbonfront
