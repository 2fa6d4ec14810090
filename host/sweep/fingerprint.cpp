#include "host/sweep/fingerprint.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <memory>

#include "host/errors.hpp"
#include "host/progress.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

/// A running hash; texts and lists carry their length, so that neighbours cannot run into each other.
class Hash {
 public:
  Hash() { XXH3_128bits_reset(state_.get()); }
  void bytes(const void* data, std::size_t size) { XXH3_128bits_update(state_.get(), data, size); }
  void number(std::uint64_t value) { bytes(&value, sizeof value); }
  void text(std::string_view value) { number(value.size()), bytes(value.data(), value.size()); }
  std::string hex() const {
    XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
    return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
  }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_{XXH3_createState()};
};

// ---- fingerprint of an input ----

void add_chunk(Hash& hash, hid_t dataset, hsize_t offset, haddr_t address, hsize_t size, bool content) {
  hash.number(address), hash.number(size);
  if (!content || size > (hsize_t{1} << 30)) return;
  std::vector<std::byte> raw(size);
  std::uint32_t mask = 0;
  if (H5Dread_chunk(dataset, H5P_DEFAULT, &offset, &mask, raw.data()) >= 0) hash.bytes(raw.data(), raw.size());
}

void add_chunks(Hash& hash, hid_t dataset, hsize_t rows, hsize_t chunk_rows) {
  hsize_t count = (rows + chunk_rows - 1) / chunk_rows;
  hash.number(count);
  for (hsize_t i = 0; i < count; ++i) {
    hsize_t offset = i * chunk_rows, size = 0;
    unsigned mask = 0;
    haddr_t address = 0;
    if (H5Dget_chunk_info_by_coord(dataset, &offset, &mask, &address, &size) < 0) H5Eclear2(H5E_DEFAULT);
    add_chunk(hash, dataset, offset, address, size, (i == 0 || i + 1 == count) && size > 0);
  }
}

/// Without chunks: the address, the size, and the first and last 4,096 rows.
void add_contiguous(Hash& hash, const Column& column, std::size_t file) {
  const ColumnPart& part = column.parts[file];
  hash.number(H5Dget_offset(part.dataset));
  hash.number(H5Dget_storage_size(part.dataset));
  std::uint64_t rows = std::min<std::uint64_t>(part.rows, 4096);
  for (std::uint64_t begin : {std::uint64_t{0}, part.rows - rows}) {
    if (column.info.type == ValueType::string) {
      Strings texts;
      read_strings(column, part.begin + begin, rows, texts);
      hash.text(texts.bytes);
    } else {
      std::vector<std::byte> values(rows * size_of(column.info.type));
      read_numbers(column, part.begin + begin, rows, values.data());
      hash.bytes(values.data(), values.size());
    }
  }
}

// ---- digest of a result ----

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
    case H5T_REFERENCE: return hash.text(reference_name(file, value));
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
    default: return hash.bytes(value, H5Tget_size(type));
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
    h5::Handle type(H5Aget_type(attribute)), space(H5Aget_space(attribute)), native(H5Tget_native_type(type, H5T_DIR_ASCEND));
    std::size_t count = H5Sget_simple_extent_npoints(space);
    std::vector<std::byte> values(count * H5Tget_size(native));
    hash.text(name);
    add_type(hash, type);
    hash.number(count);
    if (count == 0) continue;
    if (H5Aread(attribute, native, values.data()) < 0) throw InputError("cannot read attribute '" + name + "'", h5::last_reason(), "the file may be damaged");
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

void add_group(Hash& hash, hid_t file, hid_t group, const std::string& path) {
  add_attributes(hash, file, group);
  for (const std::string& name : h5::members(group)) {
    std::string full = path + "/" + name;
    if (full == "/provenance") continue;
    char kind = h5::kind_of(group, name);
    hash.text(full), hash.number(kind);
    if (kind == 'g') {
      add_group(hash, file, h5::Handle(H5Gopen2(group, name.c_str(), H5P_DEFAULT)), full);
    } else if (kind == 'd') {
      h5::Handle dataset(H5Dopen2(group, name.c_str(), H5P_DEFAULT));
      add_dataset(hash, file, dataset, full);
      add_attributes(hash, file, dataset);
    }
  }
}

}  // namespace

std::string fingerprint(const std::vector<Column>& columns, std::size_t file) {
  std::vector<const Column*> sorted;
  for (const Column& column : columns) sorted.push_back(&column);
  std::sort(sorted.begin(), sorted.end(), [](const Column* a, const Column* b) { return a->info.name < b->info.name; });
  Hash hash;
  for (const Column* column : sorted) {
    const ColumnPart& part = column->parts[file];
    hash.text(column->info.name), hash.text(column->info.type_name), hash.number(part.rows);
    h5::Handle list(H5Dget_create_plist(part.dataset));
    hsize_t chunk = 0;
    if (H5Pget_layout(list) == H5D_CHUNKED && H5Pget_chunk(list, 1, &chunk) > 0)
      add_chunks(hash, part.dataset, part.rows, chunk);
    else if (part.rows > 0)
      add_contiguous(hash, *column, file);
  }
  return hash.hex();
}

std::string digest(const std::string& path) {
  h5::Handle file = h5::open_for_reading(path), root(H5Gopen2(file, "/", H5P_DEFAULT));
  Hash hash;
  add_group(hash, file, root, "");
  return hash.hex();
}

StorageInfo storage_of(hid_t dataset) {
  StorageInfo info;
  h5::Handle list(H5Dget_create_plist(dataset)), space(H5Dget_space(dataset));
  info.stored_bytes = H5Dget_storage_size(dataset);
  hsize_t chunk[32] = {};
  switch (H5Pget_layout(list)) {
    case H5D_CHUNKED: {
      H5Pget_chunk(list, 32, chunk);
      hsize_t count = 0;
      H5Dget_num_chunks(dataset, space, &count);
      info.chunks = count;
      info.layout = fmt::format("chunks of {}", grouped_digits(chunk[0]));
      break;
    }
    case H5D_CONTIGUOUS: info.layout = "contiguous"; break;
    case H5D_COMPACT: info.layout = "compact"; break;
    case H5D_VIRTUAL: info.layout = "virtual"; break;
    default: info.layout = "unknown";
  }
  std::vector<std::string> filters;
  for (int i = 0; i < H5Pget_nfilters(list); ++i) {
    unsigned flags = 0, config = 0, values[8] = {};
    std::size_t count = 8;
    char name[64] = "";
    H5Z_filter_t id = H5Pget_filter2(list, i, &flags, &count, values, sizeof name, name, &config);
    filters.push_back(id == H5Z_FILTER_DEFLATE && count ? fmt::format("deflate {}", values[0]) : *name ? name : fmt::format("filter {}", id));
  }
  info.filters = join(filters, ", ");
  return info;
}

}  // namespace carbonfront
