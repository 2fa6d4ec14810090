#include "host/sweep/text_heap.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

namespace carbonfront {

namespace {

constexpr std::uint64_t kMostCollectionBytes = std::uint64_t{1} << 30;
constexpr std::size_t kHeadBytes = 16;   // of a collection, and of an object
constexpr std::size_t kEntryBytes = 64;  // of an object's entry in memory

static_assert(std::endian::native == std::endian::little, "numbers are read from the file as they lie there");

template <class Number>
Number number_at(const void* bytes, std::size_t offset) {
  Number value;
  std::memcpy(&value, static_cast<const char*>(bytes) + offset, sizeof value);
  return value;
}

constexpr std::string_view kSign("GCOL\1\0\0\0", 8);  // and version, at the beginning of a collection

/// Reads the collection at an address.
const char* read_collection(const RawFile& file, std::uint64_t address, std::vector<char>& bytes) {
  char head[kHeadBytes];
  if (const char* why = file.read(address, sizeof head, head)) return why;
  auto size = number_at<std::uint64_t>(head, 8);
  if (std::memcmp(head, kSign.data(), 5) != 0) return "a text's address leads to no heap";
  if (size < kHeadBytes || size > kMostCollectionBytes || !file.holds(address, size)) return "a heap's size cannot be";
  bytes.resize(size);
  return file.read(address, size, bytes.data());
}

/// An object of a collection. Index 0 is the free space behind the last, head included.
struct HeapObject {
  std::uint16_t index;
  std::uint32_t reserved;
  std::uint64_t length;
  const char* bytes;
};

/// Calls `use(object)`, which tells what is wrong or null, for the objects of a collection up to its free space or its end.
template <class Use>
const char* for_objects(const std::vector<char>& collection, Use use) {
  const std::size_t size = collection.size();
  for (std::size_t at = kHeadBytes; at + kHeadBytes <= size;) {
    const char* head = collection.data() + at;
    const HeapObject object{number_at<std::uint16_t>(head, 0), number_at<std::uint32_t>(head, 4),
                            number_at<std::uint64_t>(head, 8), head + kHeadBytes};
    if (object.index != 0 && object.length > size - at - kHeadBytes) return "a text reaches beyond its heap";
    const char* why = use(object);
    if (why || object.index == 0) return why;
    at += kHeadBytes + (object.length + 7) / 8 * 8;
  }
  return nullptr;
}

/// Tells what is wrong with a collection that HDF5 wrote, null where nothing is.
const char* check_collection(const std::vector<char>& collection) {
  std::vector<bool> seen(65536);
  const char* end = collection.data() + collection.size();
  return for_objects(collection, [&](const HeapObject& object) -> const char* {
    if (object.index == 0)
      return object.length == static_cast<std::uint64_t>(end - object.bytes) + kHeadBytes
                 ? nullptr
                 : "the free space of a heap does not end where it ends";
    if (object.reserved != 0 || seen[object.index]) return "the objects of a heap do not hold together";
    seen[object.index] = true;
    return nullptr;
  });
}

}  // namespace

const char* check_collections(const RawFile& file, std::uint64_t begin, std::uint64_t end) {
  constexpr std::uint64_t kPieceBytes = 16 << 20;  // looked through at a time
  std::string piece;
  std::vector<char> collection;
  while (begin < end) {
    piece.resize(std::min(kPieceBytes, end - begin));
    if (const char* why = file.read(begin, piece.size(), piece.data())) return why;
    std::size_t next = 0;  // behind the last collection, whose texts may look like another
    for (std::size_t at = piece.find(kSign); at != std::string::npos; at = piece.find(kSign, next)) {
      if (end - begin - at < kHeadBytes) return nullptr;
      if (const char* why = read_collection(file, begin + at, collection)) return why;
      if (collection.size() > end - begin - at) return "a heap's size cannot be";
      if (const char* why = check_collection(collection)) return why;
      next = at + collection.size();
    }
    if (piece.size() == end - begin) return nullptr;
    begin += std::max(next, piece.size() - (kSign.size() - 1));
  }
  return nullptr;
}

const char* TextHeap::load(std::uint64_t address, Collection& collection) const {
  if (const char* why = read_collection(file_, address, collection.bytes)) return why;
  return for_objects(collection.bytes, [&](const HeapObject& object) -> const char* {
    if (object.index != 0) collection.objects[object.index] = {object.bytes, object.length};
    return nullptr;
  });
}

const char* TextHeap::find(const std::byte* reference, std::string_view& text) {
  auto length = number_at<std::uint32_t>(reference, 0), index = number_at<std::uint32_t>(reference, 12);
  auto address = number_at<std::uint64_t>(reference, 4);
  text = {};
  if (address == 0 || length == 0) return nullptr;  // no text
  auto at = collections_.find(address);
  if (at == collections_.end()) {
    if (bytes_ > kTextHeapBytes) collections_.clear(), bytes_ = 0;
    Collection collection;
    if (const char* why = load(address, collection)) return why;
    bytes_ += collection.bytes.size() + collection.objects.size() * kEntryBytes;
    at = collections_.emplace(address, std::move(collection)).first;
  }
  auto object = at->second.objects.find(index);
  if (object == at->second.objects.end()) return "a text is not in its heap";
  if (length > object->second.size()) return "a text is longer than what its heap holds";
  text = object->second.substr(0, length);
  text = text.substr(0, text.find('\0'));
  return nullptr;
}

}  // namespace carbonfront
