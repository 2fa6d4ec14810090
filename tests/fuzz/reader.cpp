// Fuzzes the way from a file's bytes to values that does without HDF5: object header, chunk index, filters, heap of texts.
// Input: 16 bytes that say what HDF5 would (address of the object header, rows, rows a chunk, element bytes, filters, where
// texts lie), then the file.

#include <sys/mman.h>
#include <tbb/global_control.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

#include "carbonfront/errors.hpp"
#include "host/sweep/fast_reader.hpp"
#include "host/sweep/fields.hpp"
#include "host/sweep/text_heap.hpp"

using namespace carbonfront;

namespace {

struct Head {
  std::uint32_t header;  // address
  std::uint16_t rows, chunk_rows;
  std::uint8_t element_bytes, filters;
  std::uint16_t offset;  // of the field within the element
  std::uint32_t texts;   // address of references to texts
};
static_assert(sizeof(Head) == 16);

/// A file that exists in memory only.
std::shared_ptr<const RawFile> file_of(const std::uint8_t* bytes, std::size_t size) {
  int descriptor = ::memfd_create("fuzz", MFD_CLOEXEC);
  for (std::size_t done = 0; done < size;) {
    ssize_t written = ::write(descriptor, bytes + done, size - done);
    if (written <= 0) throw std::runtime_error("no room for the input");
    done += static_cast<std::size_t>(written);
  }
  return std::make_shared<RawFile>("fuzz", descriptor);
}

void read_column(const Head& head, std::shared_ptr<const RawFile> file) {
  StoredDataset dataset;
  dataset.file = file;
  ChunkShape& shape = dataset.shape;
  shape.rows = 1 + head.rows, shape.chunk_rows = 1 + head.chunk_rows, shape.element_bytes = 1 + head.element_bytes % 64;
  if (head.filters & 1) dataset.pipeline.push_back(Filter::shuffle);
  if (head.filters & 2) dataset.pipeline.push_back(Filter::deflate);
  if (head.filters & 4) dataset.pipeline.push_back(Filter::fletcher32);
  shape.filtered = !dataset.pipeline.empty();
  dataset.fill.resize(shape.element_bytes, std::byte{7});
  auto places = read_chunk_map(*file, head.header, shape);
  if (!places) return;
  dataset.places = std::move(*places);
  StoredField field;
  field.offset = head.offset % shape.element_bytes;
  field.width = shape.element_bytes - field.offset;
  std::vector<std::byte> values(shape.rows * field.width);
  for (std::uint64_t step : {shape.rows, shape.rows / 3 + 1})
    for (std::uint64_t begin = 0; begin < shape.rows; begin += step) {
      StoredRequest request{&dataset, field, begin, std::min(step, shape.rows - begin), values.data(), "x"};
      try {
        read_stored({&request, 1});
      } catch (const InputError&) {
      }
    }
}

void read_texts(const Head& head, const RawFile& file) {
  check_collections(file, 0, file.size());
  TextHeap heap(file);
  for (std::uint64_t i = 0; i < 64; ++i) {
    std::byte reference[kTextReferenceBytes];
    std::string_view text;
    if (file.read(head.texts + i * sizeof reference, sizeof reference, reference)) return;
    heap.find(reference, text);
    volatile char sum = 0;
    for (char letter : text) sum = static_cast<char>(sum + letter);  // every byte is there
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  Head head;
  if (size < sizeof head) return 0;
  std::memcpy(&head, data, sizeof head);
  auto file = file_of(data + sizeof head, size - sizeof head);
  read_column(head, file);
  read_texts(head, *file);
  pickled_names(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
