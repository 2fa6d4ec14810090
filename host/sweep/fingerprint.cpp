#include "host/sweep/fingerprint.hpp"

#include <openssl/evp.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include "carbonfront/errors.hpp"
#include "carbonfront/progress.hpp"
#include "host/sweep/external.hpp"
#include "host/sweep/hash.hpp"
#include "host/sweep/library_call.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

constexpr std::uint64_t kSampled = 16;                            // chunks, or blocks of rows, of a column
constexpr std::uint64_t kSampledBytes = std::uint64_t{64} << 20;  // of a column's chunks, where two are no more
constexpr std::uint64_t kBlockRows = 4096, kBlockTexts = 1024;    // of a block
constexpr const char* kMeaningful[] = {"units", "_FillValue", "missing_value", "scale_factor", "add_offset"};

/// Up to `most` numbers spread evenly over [0, size), the first and the last among them.
std::vector<std::uint64_t> spread(std::uint64_t size, std::uint64_t most) {
  std::vector<std::uint64_t> places;
  for (std::uint64_t i = 0; i < most && size > 0; ++i) {
    std::uint64_t place = i * (size - 1) / (most - 1);
    if (places.empty() || place != places.back()) places.push_back(place);
  }
  return places;
}

void add_type(Hash& hash, const ColumnPart& part, const ColumnInfo& info) {
  h5::Handle type = stored_type(part.dataset(), part.field);
  hash.text(info.type_name), hash.number(part.rows);
  for (int property :
       {static_cast<int>(H5Tget_class(type)), static_cast<int>(H5Tget_size(type)), static_cast<int>(H5Tget_order(type))})
    hash.number(static_cast<std::uint64_t>(property));
  H5Eclear2(H5E_DEFAULT);  // texts have no order
  hash.number(part.field.offset), hash.number(static_cast<std::uint64_t>(part.field.column));
}

void add_attribute(Hash& hash, hid_t dataset, const std::string& name) {
  if (!h5::has_attribute(dataset, name.c_str())) return;
  hash.text(name);
  for (const std::string& text : h5::text_attributes(dataset, name.c_str())) hash.text(text);
  h5::Handle attribute(H5Aopen(dataset, name.c_str(), H5P_DEFAULT));
  h5::Handle type(H5Aget_type(attribute)), native(H5Tget_native_type(type, H5T_DIR_ASCEND)), space(H5Aget_space(attribute));
  H5T_class_t kind = H5Tget_class(type);
  hssize_t count = H5Sget_simple_extent_npoints(space);
  hash.number(static_cast<std::uint64_t>(kind)), hash.number(static_cast<std::uint64_t>(count));
  if ((kind != H5T_INTEGER && kind != H5T_FLOAT && kind != H5T_ENUM) || count <= 0 || count > 1000) return;
  std::vector<std::byte> values(static_cast<std::size_t>(count) * H5Tget_size(native));
  if (H5Aread(attribute, native, values.data()) >= 0)
    hash.number(H5Tget_size(native)), hash.bytes(values.data(), values.size());
}

/// What the column's values mean, by its attributes: a dataset's, and those that a compound has of a member.
void add_attributes(Hash& hash, const ColumnPart& part) {
  for (const char* what : kMeaningful) {
    add_attribute(hash, part.dataset(), what);
    if (!part.field.name.empty()) add_attribute(hash, part.dataset(), part.field.name + "_" + what);
  }
}

/// The shape of a chunked dataset of one or two dimensions; nothing for others.
std::optional<ChunkShape> chunk_shape(hid_t dataset) {
  h5::Handle list(H5Dget_create_plist(dataset)), space(H5Dget_space(dataset)), type(H5Dget_type(dataset));
  hsize_t extent[2] = {0, 1}, chunk[2] = {1, 1};
  ChunkShape shape;
  shape.rank = H5Sget_simple_extent_ndims(space);
  if (shape.rank < 1 || shape.rank > 2 || H5Pget_layout(list) != H5D_CHUNKED || H5Pget_chunk(list, 2, chunk) < 0) return {};
  H5Sget_simple_extent_dims(space, extent, nullptr);
  shape.rows = extent[0], shape.columns = extent[1], shape.chunk_rows = chunk[0], shape.chunk_columns = chunk[1];
  shape.element_bytes = H5Tget_size(type), shape.filtered = H5Pget_nfilters(list) > 0;
  return shape;
}

/// The chunk table: places and sizes of all chunks, of those that only HDF5 finds the sizes.
std::vector<ChunkPlace> chunk_table(const OpenDataset& source, const ChunkShape& shape, const RawFile& file) {
  if (source.stored) return source.stored->places;
  if (auto places = chunk_places(source.dataset, shape, file)) return std::move(*places);
  std::vector<ChunkPlace> places;
  for (std::uint64_t i = 0; i < shape.chunks(); ++i) {
    hsize_t offset[2] = {i / shape.across() * shape.chunk_rows, i % shape.across() * shape.chunk_columns}, size = 0;
    if (H5Dget_chunk_storage_size(source.dataset, offset, &size) < 0) H5Eclear2(H5E_DEFAULT), size = 0;
    places.push_back({kNoAddress, static_cast<std::uint32_t>(size), 0});
  }
  return places;
}

void add_chunks(Hash& hash, const OpenDataset& source, const ChunkShape& shape, const RawFile& file) {
  LibraryCall call;
  const std::vector<ChunkPlace> places = chunk_table(source, shape, file);
  hash.number(places.size());
  for (const ChunkPlace& place : places) hash.number(place.address), hash.number(place.bytes), hash.number(place.mask);
  const std::uint64_t most = kSampledBytes / std::max<std::uint64_t>(1, shape.chunk_bytes());
  std::vector<std::byte> raw;
  for (std::uint64_t i : spread(places.size(), std::clamp<std::uint64_t>(most, 2, kSampled))) {
    hsize_t offset[2] = {i / shape.across() * shape.chunk_rows, i % shape.across() * shape.chunk_columns}, size = 0;
    std::uint32_t mask = 0;
    if (H5Dget_chunk_storage_size(source.dataset, offset, &size) < 0 || size == 0 || size > kMostChunkBytes) {
      H5Eclear2(H5E_DEFAULT);
      continue;
    }
    raw.resize(size);
    if (H5Dread_chunk(source.dataset, H5P_DEFAULT, offset, &mask, raw.data()) >= 0)
      hash.bytes(raw.data(), raw.size());
    else
      H5Eclear2(H5E_DEFAULT);
  }
}

/// Blocks of values as they are read.
void add_values(Hash& hash, const Column& column, const ColumnPart& part) {
  const bool texts = column.info.type == ValueType::string;
  const std::uint64_t block = std::min<std::uint64_t>(part.rows, texts ? kBlockTexts : kBlockRows);
  for (std::uint64_t begin : spread(part.rows - block + 1, kSampled)) {
    if (texts) {
      for_texts(column, part.begin + begin, block, [&](std::uint64_t, const Strings& strings) {
        for (std::size_t i = 0; i < strings.size(); ++i) hash.text(strings[i]);
      });
    } else {
      std::vector<std::byte> values(block * size_of(column.info.type));
      std::vector<std::uint8_t> unchecked(block, 0);  // whether they are used is not known yet
      NumbersRequest request{&column, values.data(), unchecked.data()};
      read_numbers({&request, 1}, part.begin + begin, block);
      hash.bytes(values.data(), values.size());
    }
  }
}

/// Chunks are sampled as they are stored; texts of variable length, which lie elsewhere, and all else as values.
void add_content(Hash& hash, const Column& column, const ColumnPart& part, const RawFile& file) {
  auto shape = chunk_shape(part.dataset());
  if (shape)
    add_chunks(hash, *part.source, *shape, file);
  else
    hash.number(H5Dget_offset(part.dataset())), hash.number(H5Dget_storage_size(part.dataset()));
  bool elsewhere = column.info.type == ValueType::string && column.info.bytes_per_value == 0;
  if (part.rows > 0 && (!shape || elsewhere)) add_values(hash, column, part);
}

}  // namespace

std::string fingerprint(const std::vector<Column>& columns, const SweepFile& file, std::size_t index) {
  std::vector<const Column*> sorted;
  for (const Column& column : columns) sorted.push_back(&column);
  std::sort(sorted.begin(), sorted.end(), [](const Column* a, const Column* b) { return a->info.name < b->info.name; });
  Hash hash;
  hash.number(file.raw->size());
  for (const Column* column : sorted) {
    const ColumnPart& part = column->parts[index];
    Subject subject(part.path, column->info.name);
    hash.text(column->info.name);
    add_type(hash, part, column->info);
    add_attributes(hash, part);
    add_content(hash, *column, part, *file.raw);
  }
  return hash.hex();
}

namespace {

/// When a file was last written to, in nanoseconds since 1970; 0 where there is none.
std::int64_t written_at(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return 0;
  return status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec;
}

}  // namespace

InputIdentity identity_of(const std::vector<Column>& columns, const Sweep& sweep, std::size_t index, bool whole,
                          const Progress& progress) {
  const SweepFile& file = sweep.files[index];
  InputIdentity identity;
  identity.path = file.path;
  identity.absolute_path = std::filesystem::absolute(file.path).string();
  identity.fingerprint = fingerprint(columns, file, index);
  identity.modified = written_at(file.path);
  for (const std::string& source : sweep.led_to) identity.modified = std::max(identity.modified, written_at(source));
  if (whole) identity.sha256 = sha256_of_file(file.path, progress);
  return identity;
}

std::string difference(const InputIdentity& wanted, const InputIdentity& found) {
  if (wanted.fingerprint != found.fingerprint) return "it was made from another input";
  if (!wanted.sha256.empty() && found.sha256.empty())
    return "it was made without --sha256, so that the SHA-256 of its input cannot be compared";
  if (!wanted.sha256.empty() && wanted.sha256 != found.sha256)
    return fmt::format("it was made from another input: the SHA-256 of '{}' differs", wanted.path);
  if (wanted.absolute_path == found.absolute_path && wanted.modified != found.modified)
    return fmt::format("it was made from another input: '{}' has been written to since", wanted.path);
  return "";
}

std::string sha256_of_file(const std::string& path, const Progress& progress) {
  std::ifstream file(path, std::ios::binary);
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::vector<char> buffer(1 << 20);
  while (file) {
    progress.throw_if_stopped();
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file.eof()) throw InputError("cannot read '" + path + "'", "reading it for its SHA-256 failed", "check the disk");
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(context.get(), hash, &size);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", hash[i]);
  return hex;
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
    case H5D_CONTIGUOUS:
      info.layout = "contiguous";
      break;
    case H5D_COMPACT:
      info.layout = "compact";
      break;
    case H5D_VIRTUAL:
      info.layout = "virtual";
      break;
    default:
      info.layout = "unknown";
  }
  std::vector<std::string> filters;
  for (int i = 0; i < H5Pget_nfilters(list); ++i) {
    unsigned flags = 0, config = 0, values[8] = {};
    std::size_t count = 8;
    char name[64] = "";
    H5Z_filter_t id = H5Pget_filter2(list, i, &flags, &count, values, sizeof name, name, &config);
    filters.push_back(id == H5Z_FILTER_DEFLATE && count ? fmt::format("deflate {}", values[0])
                      : *name                           ? name
                                                        : fmt::format("filter {}", id));
  }
  info.filters = join(filters, ", ");
  return info;
}

}  // namespace carbonfront
