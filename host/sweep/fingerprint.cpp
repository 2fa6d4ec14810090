#include "host/sweep/fingerprint.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>

#include "host/errors.hpp"
#include "host/progress.hpp"
#include "host/sweep/hash.hpp"
#include "host/sweep/library_call.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

constexpr std::uint64_t kMostLookups =
    4096;  // of chunks that only HDF5 finds: each takes it time proportional to their number

void add_chunk_content(Hash& hash, hid_t dataset, const ChunkShape& shape, std::uint64_t chunk) {
  hsize_t offset[2] = {chunk / shape.across() * shape.chunk_rows, chunk % shape.across() * shape.chunk_columns}, size = 0;
  std::uint32_t mask = 0;
  if (H5Dget_chunk_storage_size(dataset, offset, &size) < 0 || size == 0 || size > kMostChunkBytes)
    return static_cast<void>(H5Eclear2(H5E_DEFAULT));
  std::vector<std::byte> raw(size);
  if (H5Dread_chunk(dataset, H5P_DEFAULT, offset, &mask, raw.data()) >= 0) hash.bytes(raw.data(), raw.size());
}

/// The shape of a chunked dataset of one or two dimensions; nothing for others.
std::optional<ChunkShape> chunk_shape(hid_t dataset) {
  h5::Handle list(H5Dget_create_plist(dataset)), space(H5Dget_space(dataset));
  hsize_t extent[2] = {0, 1}, chunk[2] = {1, 1};
  ChunkShape shape;
  shape.rank = H5Sget_simple_extent_ndims(space);
  if (shape.rank < 1 || shape.rank > 2 || H5Pget_layout(list) != H5D_CHUNKED || H5Pget_chunk(list, 2, chunk) < 0) return {};
  H5Sget_simple_extent_dims(space, extent, nullptr);
  shape.rows = extent[0], shape.columns = extent[1], shape.chunk_rows = chunk[0], shape.chunk_columns = chunk[1];
  return shape;
}

/// The chunk table, and the content of the first and the last chunk. Of a long table that only HDF5 can read, the total.
void add_chunks(Hash& hash, const OpenDataset& source, const ChunkShape& shape) {
  LibraryCall call;
  const std::uint64_t count = shape.chunks();
  hash.number(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    hsize_t offset[2] = {i / shape.across() * shape.chunk_rows, i % shape.across() * shape.chunk_columns}, size = 0;
    haddr_t address = 0;
    unsigned mask = 0;
    if (source.stored) {
      const ChunkPlace& place = source.stored->places[i];
      address = place.address, size = place.bytes;
    } else if (count > kMostLookups) {
      hash.number(H5Dget_storage_size(source.dataset));
      break;
    } else if (H5Dget_chunk_info_by_coord(source.dataset, offset, &mask, &address, &size) < 0) {
      H5Eclear2(H5E_DEFAULT);
    }
    hash.number(address), hash.number(size);
  }
  if (count > 0) add_chunk_content(hash, source.dataset, shape, 0);
  if (count > 1) add_chunk_content(hash, source.dataset, shape, count - 1);
}

/// Without chunks: the address, the size, and the first and last 4,096 rows.
void add_contiguous(Hash& hash, const Column& column, std::size_t file) {
  const ColumnPart& part = column.parts[file];
  hash.number(H5Dget_offset(part.dataset()));
  hash.number(H5Dget_storage_size(part.dataset()));
  std::uint64_t rows = std::min<std::uint64_t>(part.rows, 4096);
  for (std::uint64_t begin : {std::uint64_t{0}, part.rows - rows}) {
    if (column.info.type == ValueType::string) {
      for_texts(column, part.begin + begin, rows, [&](std::uint64_t, const Strings& texts) { hash.text(texts.bytes); });
    } else {
      std::vector<std::byte> values(rows * size_of(column.info.type));
      std::vector<std::uint8_t> unchecked(rows, 0);  // whether they are used is not known yet
      NumbersRequest request{&column, values.data(), unchecked.data()};
      read_numbers({&request, 1}, part.begin + begin, rows);
      hash.bytes(values.data(), values.size());
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
    if (part.packing) hash.text(packing_text(*part.packing));
    Subject subject(part.path, column->info.name);
    if (auto shape = chunk_shape(part.dataset()))
      add_chunks(hash, *part.source, *shape);
    else if (part.rows > 0)
      add_contiguous(hash, *column, file);
  }
  return hash.hex();
}

std::string sha256_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::vector<char> buffer(1 << 20);
  while (file) {
    throw_if_stopped();
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
