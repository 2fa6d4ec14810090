#include "host/sweep/text_heap.hpp"

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

}  // namespace

const char* check_collection(const char* bytes, std::uint64_t size) {
  std::vector<bool> seen(65536);
  for (std::uint64_t at = kHeadBytes; at + kHeadBytes <= size;) {
    auto index = number_at<std::uint16_t>(bytes, at);
    auto reserved = number_at<std::uint32_t>(bytes, at + 4);
    auto length = number_at<std::uint64_t>(bytes, at + 8);
    if (index == 0) return length == size - at ? nullptr : "the free space of a heap does not end where it ends";
    if (length > size - at - kHeadBytes || reserved != 0 || seen[index]) return "the objects of a heap do not hold together";
    seen[index] = true;
    at += kHeadBytes + (length + 7) / 8 * 8;
  }
  return nullptr;
}

const char* check_collections(const RawFile& file, std::uint64_t begin, std::uint64_t end) {
  constexpr std::string_view sign("GCOL\1\0\0\0", 8);
  if (end - begin < kHeadBytes || end - begin > kMostCollectionBytes) return nullptr;
  std::string bytes(end - begin, '\0');
  if (const char* why = file.read(begin, bytes.size(), bytes.data())) return why;
  for (std::size_t at = bytes.find(sign); at != std::string::npos; at = bytes.find(sign, at + 1)) {
    if (bytes.size() - at < kHeadBytes) break;
    auto size = number_at<std::uint64_t>(bytes.data(), at + 8);
    if (size < kHeadBytes || size > bytes.size() - at) return "a heap's size cannot be";
    if (const char* why = check_collection(bytes.data() + at, size)) return why;
  }
  return nullptr;
}

const char* TextHeap::load(std::uint64_t address, Collection& collection) const {
  char head[kHeadBytes];
  if (const char* why = file_.read(address, sizeof head, head)) return why;
  auto size = number_at<std::uint64_t>(head, 8);
  if (std::memcmp(head, "GCOL\1", 5) != 0) return "a text's address leads to no heap";
  if (size < kHeadBytes || size > kMostCollectionBytes || !file_.holds(address, size)) return "a heap's size cannot be";
  collection.bytes.resize(size);
  if (const char* why = file_.read(address, size, collection.bytes.data())) return why;
  for (std::size_t at = kHeadBytes; at + kHeadBytes <= size;) {
    const char* object = collection.bytes.data() + at;
    auto index = number_at<std::uint16_t>(object, 0);
    auto length = number_at<std::uint64_t>(object, 8);
    if (index == 0) break;  // free space to the end
    if (length > size - at - kHeadBytes) return "a text reaches beyond its heap";
    collection.objects[index] = {object + kHeadBytes, length};
    at += kHeadBytes + (length + 7) / 8 * 8;
  }
  return nullptr;
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
