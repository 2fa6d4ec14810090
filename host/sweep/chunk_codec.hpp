#pragma once
// The filters of HDF5 that this program undoes itself: shuffle, deflate and fletcher32; and the way from an unpacked chunk
// to a column's values. Knows neither HDF5 nor files.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace carbonfront {

/// Owns bytes whose old content does not matter when it grows.
class ByteBuffer {
 public:
  /// Makes room for `size` bytes; their content is undefined.
  std::byte* reserve(std::size_t size) {
    if (size > capacity_) {
      bytes_.reset();  // never both in memory
      bytes_ = std::make_unique_for_overwrite<std::byte[]>(size);
      capacity_ = size;
    }
    return bytes_.get();
  }
  std::byte* data() const { return bytes_.get(); }
  std::size_t capacity() const { return capacity_; }
  void release() { bytes_.reset(), capacity_ = 0; }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t capacity_ = 0;
};

enum class Filter { shuffle, deflate, fletcher32 };

/// The filters of a dataset in the order in which writing applied them. A chunk's mask has bit i set where filter i was
/// skipped. Shuffle comes first or not at all: it is undone last, together with picking out values.
using Pipeline = std::vector<Filter>;

/// Tells whether `pipeline` can be undone here: each filter at most once, shuffle first or not at all.
bool is_supported(const Pipeline& pipeline);

/// Undoes deflate and fletcher32. `stored` is a chunk as it lies in the file, `bytes` its size without filters; `out`
/// becomes the unpacked bytes, still shuffled, in `scratch` or in `stored` itself. Returns null, or what is wrong with the
/// chunk. deflate's own checksum (Adler-32) is compared too.
const char* unpack(const Pipeline& pipeline, std::uint32_t mask, std::span<const std::byte> stored, std::size_t bytes,
                   ByteBuffer& scratch, const std::byte*& out);

/// HDF5's Fletcher-32 checksum of [bytes].
std::uint32_t fletcher32(const std::byte* bytes, std::size_t count);

/// Which bytes of which elements of an unpacked chunk are wanted.
struct Pick {
  std::size_t elements = 0;       // of the chunk
  std::size_t element_bytes = 0;  // of each
  std::size_t offset = 0;         // of the value in the element
  std::size_t width = 0;          // of the value
  std::size_t first = 0;          // element
  std::size_t stride = 1;         // elements from one value to the next
  std::size_t count = 0;          // values
  bool shuffled = false;          // byte j of element i lies at j · elements + i
};

/// Copies the picked values, packed, to `out`. [count · width] The picked elements must lie in the chunk.
void pick(const std::byte* chunk, const Pick& wanted, std::byte* out);

}  // namespace carbonfront
