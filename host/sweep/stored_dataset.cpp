#include "host/sweep/stored_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "carbonfront/errors.hpp"
#include "host/sweep/hdf5.hpp"
#include "host/sweep/text_heap.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

/// The filters of a dataset, if this program can undo them.
std::optional<Pipeline> pipeline_of(hid_t list, std::uint64_t element_bytes) {
  Pipeline pipeline;
  for (int i = 0; i < H5Pget_nfilters(list); ++i) {
    unsigned flags = 0, config = 0, values[8] = {};
    std::size_t count = 8;
    switch (H5Pget_filter2(list, static_cast<unsigned>(i), &flags, &count, values, 0, nullptr, &config)) {
      case H5Z_FILTER_SHUFFLE:
        if (count < 1 || values[0] != element_bytes) return {};
        pipeline.push_back(Filter::shuffle);
        break;
      case H5Z_FILTER_DEFLATE:
        pipeline.push_back(Filter::deflate);
        break;
      case H5Z_FILTER_FLETCHER32:
        pipeline.push_back(Filter::fletcher32);
        break;
      default:
        return {};
    }
  }
  if (!is_supported(pipeline)) return {};
  return pipeline;
}

/// Tells whether a value's size in the file is not its size in memory: a part of it is of variable length.
bool has_variable_parts(hid_t type) {
  if (H5Tget_class(type) == H5T_VLEN || H5Tis_variable_str(type) > 0) return true;
  if (H5Tget_class(type) == H5T_ARRAY) return has_variable_parts(h5::Handle(H5Tget_super(type)));
  if (H5Tget_class(type) != H5T_COMPOUND) return false;
  for (int i = 0; i < H5Tget_nmembers(type); ++i)
    if (has_variable_parts(h5::Handle(H5Tget_member_type(type, static_cast<unsigned>(i))))) return true;
  return false;
}

/// Bytes of an element in the file; 0 where they are not known.
std::uint64_t stored_bytes(hid_t type) {
  if (H5Tis_variable_str(type) > 0) return kTextReferenceBytes;
  return has_variable_parts(type) ? 0 : H5Tget_size(type);
}

/// One element of the creation-time fill value, in the file's type. Nothing where HDF5 leaves unwritten values undefined.
std::optional<std::vector<std::byte>> fill_of(hid_t list, hid_t type, std::size_t bytes) {
  H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
  H5D_fill_time_t time = H5D_FILL_TIME_NEVER;
  if (H5Pfill_value_defined(list, &defined) < 0 || H5Pget_fill_time(list, &time) < 0) return {};
  if (defined == H5D_FILL_VALUE_UNDEFINED || time == H5D_FILL_TIME_NEVER) return {};
  std::vector<std::byte> fill(bytes);
  if (defined == H5D_FILL_VALUE_USER_DEFINED && has_variable_parts(type)) return {};
  if (defined == H5D_FILL_VALUE_USER_DEFINED && H5Pget_fill_value(list, type, fill.data()) < 0)
    return H5Eclear2(H5E_DEFAULT), std::nullopt;
  return fill;
}

/// Tells whether HDF5's addresses of this dataset are offsets in `file`: the same file, and nothing before its superblock.
bool is_in_file(hid_t dataset, const RawFile& file) {
  char name[4096] = "";
  h5::Handle own(H5Iget_file_id(dataset));
  if (H5Fget_name(own, name, sizeof name) < 0 || file.path() != name) return false;
  h5::Handle creation(H5Fget_create_plist(own));
  hsize_t before = 1;
  std::size_t address_bytes = 0, length_bytes = 0;
  return H5Pget_userblock(creation, &before) >= 0 && before == 0 &&
         H5Pget_sizes(creation, &address_bytes, &length_bytes) >= 0 && address_bytes == 8 && length_bytes == 8;
}

std::uint64_t product(const hsize_t* extent, int rank) {
  std::uint64_t product = 1;
  for (int i = 0; i < rank; ++i)
    if (__builtin_mul_overflow(product, extent[i], &product)) return ~std::uint64_t{0};
  return product;
}

}  // namespace

std::optional<std::vector<ChunkPlace>> chunk_places(hid_t dataset, const ChunkShape& shape, const RawFile& file) {
  H5O_info_t info;
  if (!is_in_file(dataset, file) || H5Oget_info2(dataset, &info, H5O_INFO_BASIC) < 0 || shape.chunks() > kMostChunks)
    return {};
  return read_chunk_map(file, info.addr, shape);
}

void check_declared_size(hid_t dataset, const std::string& name, const std::string& path, std::uint64_t file_bytes) {
  h5::Handle space(H5Dget_space(dataset)), type(H5Dget_type(dataset)), list(H5Dget_create_plist(dataset));
  int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 1 || rank > 2) return;
  hsize_t extent[2] = {1, 1}, chunk[2] = {1, 1};
  H5Sget_simple_extent_dims(space, extent, nullptr);
  std::uint64_t bytes = 0, element = H5Tget_size(type), limit = 0;
  bool overflow = __builtin_mul_overflow(product(extent, rank), element, &bytes);
  if (__builtin_mul_overflow(file_bytes, kMostExpansion, &limit)) limit = ~std::uint64_t{0};
  limit = std::max(limit, kMostChunkBytes);
  const std::string problem = fmt::format("cannot read '{}' of '{}'", name, path);
  if (overflow || bytes > limit)
    throw InputError(problem,
                     fmt::format("it declares {} × {} values of {} bytes; {} bytes is the limit for a file of {}", extent[0],
                                 extent[1], element, limit, file_bytes),
                     "the file is damaged or made to deceive; get it again from its source");
  if (H5Pget_layout(list) != H5D_CHUNKED || H5Pget_chunk(list, rank, chunk) < 0) return;
  if (__builtin_mul_overflow(product(chunk, rank), element, &bytes) || bytes > kMostChunkBytes)
    throw InputError(problem,
                     fmt::format("its chunks have {} × {} values of {} bytes; {} bytes a chunk is the limit", chunk[0],
                                 chunk[1], element, kMostChunkBytes),
                     "store it in smaller chunks");
}

std::shared_ptr<const StoredDataset> describe_storage(hid_t dataset, const std::string& name,
                                                      std::shared_ptr<const RawFile> file) {
  h5::Handle space(H5Dget_space(dataset)), type(H5Dget_type(dataset)), list(H5Dget_create_plist(dataset));
  auto stored = std::make_shared<StoredDataset>();
  stored->name = name;
  stored->file = std::move(file);
  ChunkShape& shape = stored->shape;
  shape.rank = H5Sget_simple_extent_ndims(space);
  hsize_t extent[2] = {0, 1}, chunk[2] = {1, 1};
  if (shape.rank < 1 || shape.rank > 2 || !is_in_file(dataset, *stored->file)) return nullptr;
  H5Sget_simple_extent_dims(space, extent, nullptr);
  shape.rows = extent[0], shape.columns = extent[1], shape.element_bytes = stored_bytes(type);
  if (shape.rows == 0 || shape.columns == 0 || shape.element_bytes == 0) return nullptr;
  auto fill = fill_of(list, type, shape.element_bytes);
  if (!fill) return nullptr;
  stored->fill = std::move(*fill);
  H5D_layout_t layout = H5Pget_layout(list);
  if (layout == H5D_CONTIGUOUS && H5Pget_external_count(list) == 0) {
    stored->contiguous = true;
    shape.chunk_rows = shape.rows, shape.chunk_columns = shape.columns;
    haddr_t address = H5Dget_offset(dataset);
    stored->places = {{address == HADDR_UNDEF ? kNoAddress : address, 0, 0}};
    return stored;
  }
  unsigned partial = 0;
  if (layout != H5D_CHUNKED || H5Pget_chunk(list, shape.rank, chunk) != shape.rank ||
      H5Pget_chunk_opts(list, &partial) < 0 || partial != 0)
    return nullptr;
  shape.chunk_rows = chunk[0], shape.chunk_columns = chunk[1], shape.filtered = H5Pget_nfilters(list) > 0;
  auto pipeline = pipeline_of(list, shape.element_bytes);
  if (!pipeline) return nullptr;
  auto places = chunk_places(dataset, shape, *stored->file);
  if (!places) return nullptr;
  stored->places = std::move(*places);
  stored->pipeline = std::move(*pipeline);
  return stored;
}

}  // namespace carbonfront
