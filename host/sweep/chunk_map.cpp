#include "host/sweep/chunk_map.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

namespace carbonfront {

namespace {

/// Ends the reading of an index that is not as expected; the caller leaves the dataset to HDF5.
struct NotUnderstood {};

/// The checksum of HDF5's newer metadata. Source: B. Jenkins, lookup3.c, hashlittle, 2006 (public domain).
[[maybe_unused]] std::uint32_t lookup3(const unsigned char* bytes, std::size_t count) {
  std::uint32_t a = 0xdeadbeef + static_cast<std::uint32_t>(count), b = a, c = a;
  auto word = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < std::min(at + 4, count); ++i) value |= std::uint32_t{bytes[i]} << 8 * (i - at);
    return value;
  };
  std::size_t at = 0;
  for (; count - at > 12; at += 12) {
    a += word(at), b += word(at + 4), c += word(at + 8);
    a -= c, a ^= std::rotl(c, 4), c += b;
    b -= a, b ^= std::rotl(a, 6), a += c;
    c -= b, c ^= std::rotl(b, 8), b += a;
    a -= c, a ^= std::rotl(c, 16), c += b;
    b -= a, b ^= std::rotl(a, 19), a += c;
    c -= b, c ^= std::rotl(b, 4), b += a;
  }
  if (at == count) return c;
  a += word(at), b += word(at + 4), c += word(at + 8);
  c ^= b, c -= std::rotl(b, 14);
  a ^= c, a -= std::rotl(c, 11);
  b ^= a, b -= std::rotl(a, 25);
  c ^= b, c -= std::rotl(b, 16);
  a ^= c, a -= std::rotl(c, 4);
  b ^= a, b -= std::rotl(a, 14);
  c ^= b, c -= std::rotl(b, 24);
  return c;
}

/// Bytes of the file, read from left to right; little-endian.
class Block {
 public:
  Block(const RawFile& file, std::uint64_t address, std::uint64_t bytes) {
    constexpr std::uint64_t most = 64 << 20;  // of metadata in one piece: an index of 4 million chunks
    if (bytes > most || !file.holds(address, bytes)) throw NotUnderstood();
    bytes_.resize(bytes);
    if (file.read(address, bytes, bytes_.data())) throw NotUnderstood();
  }
  /// Reads a block that ends with the checksum of what is before.
  static Block checked(const RawFile& file, std::uint64_t address, std::uint64_t bytes) {
    Block block(file, address, bytes + 4);
    block.at_ = bytes;
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION  // a fuzzer would never get past it
    if (block.number(4) != lookup3(block.bytes_.data(), bytes)) throw NotUnderstood();
#endif
    block.bytes_.resize(bytes);
    block.at_ = 0;
    return block;
  }
  std::uint64_t number(std::size_t width) {
    if (width > 8 || width > left()) throw NotUnderstood();
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value |= std::uint64_t{bytes_[at_ + i]} << 8 * i;
    at_ += width;
    return value;
  }
  void skip(std::uint64_t count) {
    if (count > left()) throw NotUnderstood();
    at_ += count;
  }
  void expect(std::string_view signature) {
    if (left() < signature.size() || std::memcmp(&bytes_[at_], signature.data(), signature.size()) != 0)
      throw NotUnderstood();
    at_ += signature.size();
  }
  std::size_t at() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }
  bool bit(std::size_t byte, std::size_t index) const { return bytes_[byte + index / 8] >> (7 - index % 8) & 1; }

 private:
  std::vector<unsigned char> bytes_;
  std::size_t at_ = 0;
};

/// The message of an object header that says how data is laid out: where, and the bytes that follow.
struct Message {
  std::uint64_t address = 0, bytes = 0;
};

constexpr unsigned kLayoutMessage = 8, kContinuationMessage = 16;

/// Looks through one block of messages; continuations are added to `blocks`.
void scan_messages(const RawFile& file, Message block, int version, bool ordered, std::vector<Message>& blocks,
                   std::optional<Message>& found) {
  Block in(file, block.address, block.bytes);
  const std::size_t head = version == 1 ? 8 : ordered ? 6 : 4;
  while (in.left() >= head) {
    std::uint64_t type = in.number(version == 1 ? 2 : 1), size = in.number(2), flags = in.number(1);
    if (version == 1) in.skip(3);
    if (version == 2 && ordered) in.skip(2);
    std::size_t begin = in.at();
    if (size > in.left()) throw NotUnderstood();
    if (type == kLayoutMessage && !(flags & 2)) found = Message{block.address + begin, size};
    if (type == kContinuationMessage) {
      std::uint64_t address = in.number(8), bytes = in.number(8);
      if (version == 2) {  // a signature before the messages, a checksum behind
        if (bytes < 8) throw NotUnderstood();
        address += 4, bytes -= 8;
      }
      blocks.push_back({address, bytes});
    }
    in.skip(begin + size - in.at());
  }
}

Message find_layout(const RawFile& file, std::uint64_t header) {
  constexpr std::size_t most_blocks = 1000;
  std::vector<Message> blocks;
  int version = 1;
  bool ordered = false;
  Block start(file, header, 16);
  if (Block(file, header, 4).number(4) == 0x5244484f) {  // "OHDR"
    version = 2;
    start.skip(4);
    if (start.number(1) != 2) throw NotUnderstood();
    std::uint64_t flags = start.number(1);
    ordered = flags & 4;
    std::uint64_t prefix = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0), width = std::uint64_t{1} << (flags & 3);
    std::uint64_t size = Block(file, header + prefix, width).number(width);
    blocks.push_back({header + prefix + width, size});
  } else {
    if (start.number(1) != 1) throw NotUnderstood();
    start.skip(7);
    blocks.push_back({header + 16, start.number(4)});
  }
  std::optional<Message> found;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (i > most_blocks) throw NotUnderstood();
    scan_messages(file, Message(blocks[i]), version, ordered, blocks, found);
  }
  if (!found) throw NotUnderstood();
  return *found;
}

/// What every kind of index fills in.
struct Map {
  const RawFile& file;
  const ChunkShape& shape;
  std::vector<ChunkPlace> places;

  void set(std::uint64_t index, ChunkPlace place) {
    if (index >= places.size() || places[index].address != kNoAddress) throw NotUnderstood();
    places[index] = place;
  }

  /// Reads an element of the arrays: an address and, with filters, the size and the mask.
  ChunkPlace element(Block& in, std::uint64_t width) const {
    ChunkPlace place{in.number(8), static_cast<std::uint32_t>(shape.chunk_bytes()), 0};
    if (!shape.filtered) return place;
    std::uint64_t bytes = in.number(width - 12);
    if (bytes > 0xffffffffu) throw NotUnderstood();
    place.bytes = static_cast<std::uint32_t>(bytes);
    place.mask = static_cast<std::uint32_t>(in.number(4));
    return place;
  }
  void check_width(std::uint64_t width, std::uint64_t client) const {
    if (client != (shape.filtered ? 1u : 0u)) throw NotUnderstood();
    if (shape.filtered ? width < 13 || width > 20 : width != 8) throw NotUnderstood();
  }
  /// Reads `count` elements of chunks from `first` on; those behind the last chunk are room to grow.
  void elements(Block& in, std::uint64_t width, std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count && first + i < places.size(); ++i) {
      ChunkPlace place = element(in, width);
      if (place.address != kNoAddress) set(first + i, place);
    }
  }
};

// ---- Version 1 B-trees: the index of files that older versions can read, the default of h5py, PyTables and netCDF-4.

void read_tree_node(Map& map, std::uint64_t address, int expected_level, std::uint64_t& nodes_left) {
  if (nodes_left-- == 0) throw NotUnderstood();
  const ChunkShape& shape = map.shape;
  const std::size_t offsets = static_cast<std::size_t>(shape.rank) + 1, key = 8 + 8 * offsets;
  Block head(map.file, address, 24);
  head.expect("TREE");
  if (head.number(1) != 1) throw NotUnderstood();
  int level = static_cast<int>(head.number(1));
  std::uint64_t entries = head.number(2);
  if (expected_level >= 0 && level != expected_level) throw NotUnderstood();
  Block in(map.file, address + 24, entries * (key + 8));
  for (std::uint64_t i = 0; i < entries; ++i) {
    ChunkPlace place;
    place.bytes = static_cast<std::uint32_t>(in.number(4));
    place.mask = static_cast<std::uint32_t>(in.number(4));
    std::uint64_t row = in.number(8), column = shape.rank == 2 ? in.number(8) : 0;
    in.skip(8);  // within the element
    place.address = in.number(8);
    if (level > 0) {
      read_tree_node(map, place.address, level - 1, nodes_left);
      continue;
    }
    if (row % shape.chunk_rows || column % shape.chunk_columns) throw NotUnderstood();
    if (row >= shape.rows || column >= shape.columns) continue;  // left from before the dataset shrank
    map.set(row / shape.chunk_rows * shape.across() + column / shape.chunk_columns, place);
  }
}

void read_tree(Map& map, std::uint64_t address) {
  if (address == kNoAddress) return;  // nothing was written
  std::uint64_t nodes_left = 1000 + 2 * map.places.size();
  read_tree_node(map, address, -1, nodes_left);
}

// ---- Fixed arrays: datasets that cannot grow, in files of HDF5 1.10 and later.

void read_fixed_array(Map& map, std::uint64_t header) {
  if (header == kNoAddress) return;
  Block in = Block::checked(map.file, header, 24);
  in.expect("FAHD");
  if (in.number(1) != 0) throw NotUnderstood();
  std::uint64_t client = in.number(1), width = in.number(1), page_bits = in.number(1), count = in.number(8);
  std::uint64_t address = in.number(8);
  map.check_width(width, client);
  if (count < map.places.size() || page_bits > 31) throw NotUnderstood();
  if (address == kNoAddress) return;
  std::uint64_t page = std::uint64_t{1} << page_bits;
  const std::uint64_t prefix = 14;
  Block(map.file, address, prefix).expect("FADB");
  if (count <= page) {
    Block elements = Block::checked(map.file, address, prefix + count * width);
    elements.skip(prefix);
    return map.elements(elements, width, 0, count);
  }
  std::uint64_t pages = (count + page - 1) / page, bitmap = (pages + 7) / 8;
  Block used = Block::checked(map.file, address, prefix + bitmap);
  std::uint64_t at = address + prefix + bitmap + 4;
  for (std::uint64_t p = 0; p < pages && p * page < map.places.size(); ++p, at += page * width + 4) {
    if (!used.bit(prefix, p)) continue;
    std::uint64_t here = std::min(page, count - p * page);
    Block elements = Block::checked(map.file, at, here * width);
    map.elements(elements, width, p * page, here);
  }
}

// ---- Extensible arrays: datasets that can grow in one dimension, in files of HDF5 1.10 and later.

struct ExtensibleArray {
  std::uint64_t width, bits, in_index, least, pointers, page;
  std::uint64_t offset_bytes() const { return (bits + 7) / 8; }
  std::uint64_t blocks_of(std::uint64_t super) const { return std::uint64_t{1} << super / 2; }
  std::uint64_t block_elements(std::uint64_t super) const { return (std::uint64_t{1} << (super + 1) / 2) * least; }
};

void read_array_block(Map& map, const ExtensibleArray& array, std::uint64_t address, std::uint64_t first,
                      std::uint64_t count, const Block* used, std::size_t used_at) {
  if (address == kNoAddress || first >= map.places.size()) return;
  std::uint64_t prefix = 14 + array.offset_bytes();
  Block(map.file, address, prefix).expect("EADB");
  if (count <= array.page) {
    Block elements = Block::checked(map.file, address, prefix + count * array.width);
    elements.skip(prefix);
    return map.elements(elements, array.width, first, count);
  }
  if (!used) throw NotUnderstood();
  std::uint64_t at = address + prefix + 4;
  for (std::uint64_t p = 0; p < count / array.page; ++p, at += array.page * array.width + 4) {
    if (first + p * array.page >= map.places.size()) return;
    if (!used->bit(used_at, p)) continue;
    Block elements = Block::checked(map.file, at, array.page * array.width);
    map.elements(elements, array.width, first + p * array.page, array.page);
  }
}

void read_super_block(Map& map, const ExtensibleArray& array, std::uint64_t address, std::uint64_t super,
                      std::uint64_t first) {
  if (address == kNoAddress) return;
  std::uint64_t blocks = array.blocks_of(super), elements = array.block_elements(super);
  std::uint64_t bitmap = elements > array.page ? (elements / array.page + 7) / 8 : 0;
  if (blocks > map.places.size() + 1) throw NotUnderstood();
  Block in = Block::checked(map.file, address, 14 + array.offset_bytes() + blocks * (bitmap + 8));
  in.expect("EASB");
  in.skip(10 + array.offset_bytes());
  std::size_t bitmaps = in.at();
  in.skip(blocks * bitmap);
  for (std::uint64_t i = 0; i < blocks; ++i)
    read_array_block(map, array, in.number(8), first + i * elements, elements, &in, bitmaps + i * bitmap);
}

void read_extensible_array(Map& map, std::uint64_t header) {
  if (header == kNoAddress) return;
  Block in = Block::checked(map.file, header, 68);
  in.expect("EAHD");
  if (in.number(1) != 0) throw NotUnderstood();
  std::uint64_t client = in.number(1);
  ExtensibleArray array{};
  array.width = in.number(1), array.bits = in.number(1), array.in_index = in.number(1), array.least = in.number(1);
  array.pointers = in.number(1);
  std::uint64_t page_bits = in.number(1);
  in.skip(48);
  std::uint64_t address = in.number(8);
  map.check_width(array.width, client);
  if (page_bits > 31 || array.bits > 64 || !std::has_single_bit(array.least) || !std::has_single_bit(array.pointers) ||
      array.pointers < 2)
    throw NotUnderstood();
  array.page = std::uint64_t{1} << page_bits;
  if (address == kNoAddress) return;
  std::uint64_t supers = 1 + array.bits - static_cast<std::uint64_t>(std::countr_zero(array.least));
  std::uint64_t direct = 2 * static_cast<std::uint64_t>(std::countr_zero(array.pointers));  // super blocks without a block
  if (supers > 64 || direct > supers) throw NotUnderstood();
  std::uint64_t blocks = 2 * (array.pointers - 1);
  Block index = Block::checked(map.file, address, 14 + array.in_index * array.width + 8 * (blocks + supers - direct));
  index.expect("EAIB");
  index.skip(10);
  std::size_t begin = index.at();
  map.elements(index, array.width, 0, array.in_index);
  index.skip(begin + array.in_index * array.width - index.at());
  std::uint64_t first = array.in_index;
  for (std::uint64_t super = 0; super < supers; ++super) {
    if (first >= map.places.size()) return;
    std::uint64_t here = array.blocks_of(super), elements = array.block_elements(super);
    if (super < direct)
      for (std::uint64_t i = 0; i < here; ++i)
        read_array_block(map, array, index.number(8), first + i * elements, elements, nullptr, 0);
    else
      read_super_block(map, array, index.number(8), super, first);
    first += here * elements;
  }
}

// ----

void check_extents(Block& in, std::uint64_t dimensions, std::size_t width, const ChunkShape& shape) {
  if (dimensions != static_cast<std::uint64_t>(shape.rank) + 1) throw NotUnderstood();
  if (in.number(width) != shape.chunk_rows) throw NotUnderstood();
  if (shape.rank == 2 && in.number(width) != shape.chunk_columns) throw NotUnderstood();
  if (in.number(width) != shape.element_bytes) throw NotUnderstood();
}

void read_index(Map& map, Message layout) {
  Block in(map.file, layout.address, layout.bytes);
  std::uint64_t version = in.number(1);
  if (in.number(1) != 2) throw NotUnderstood();  // not chunked
  if (version == 3) {
    std::uint64_t dimensions = in.number(1), tree = in.number(8);
    check_extents(in, dimensions, 4, map.shape);
    return read_tree(map, tree);
  }
  if (version != 4 || map.shape.rank != 1) throw NotUnderstood();
  std::uint64_t flags = in.number(1), dimensions = in.number(1), width = in.number(1);
  check_extents(in, dimensions, width, map.shape);
  switch (in.number(1)) {
    case 1: {  // one chunk
      ChunkPlace place{kNoAddress, static_cast<std::uint32_t>(map.shape.chunk_bytes()), 0};
      if (((flags & 2) != 0) != map.shape.filtered) throw NotUnderstood();
      if (flags & 2)
        place.bytes = static_cast<std::uint32_t>(in.number(8)), place.mask = static_cast<std::uint32_t>(in.number(4));
      place.address = in.number(8);
      return map.set(0, place);
    }
    case 3:
      in.skip(1);
      return read_fixed_array(map, in.number(8));
    case 4:
      in.skip(5);
      return read_extensible_array(map, in.number(8));
    default:
      throw NotUnderstood();
  }
}

}  // namespace

std::optional<std::vector<ChunkPlace>> read_chunk_map(const RawFile& file, std::uint64_t header, const ChunkShape& shape) {
  try {
    Map map{file, shape, std::vector<ChunkPlace>(shape.chunks())};
    read_index(map, find_layout(file, header));
    return std::move(map.places);
  } catch (const NotUnderstood&) {
    return {};
  }
}

}  // namespace carbonfront
