#pragma once
// HDF5's C API behind one owner and a handful of functions. All of them throw; none prints.

#include <hdf5.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carbonfront::h5 {

/// Owns any HDF5 identifier; move-only.
class Handle {
 public:
  Handle() = default;
  explicit Handle(hid_t id) : id_(id) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      reset();
      id_ = std::exchange(other.id_, H5I_INVALID_HID);
    }
    return *this;
  }
  ~Handle() { reset(); }
  /// Another owner of the same identifier.
  Handle share() const {
    if (id_ >= 0) H5Iinc_ref(id_);
    return Handle(id_);
  }
  operator hid_t() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }
  void reset() noexcept;

 private:
  hid_t id_ = H5I_INVALID_HID;
};

/// Turns off HDF5's own printing, and makes it find files as host/sweep/external.hpp says. Call once before anything else.
void silence();

/// Returns the library's innermost explanation of its last failure, on one line, and clears it.
std::string last_reason();

/// Opens a file read-only and without HDF5's file locks. Throws InputError that says which of missing, unreadable, empty,
/// not HDF5, truncated, or being written it is; `damage_advice`, where not null, is what to do about a damaged one. External
/// links lead only where host/sweep/external.hpp lets them.
Handle open_for_reading(const std::string& path, const char* damage_advice = nullptr);

/// `checked`: HDF5's structures of 1.10, which have checksums; `compatible`: the oldest, for other people's programs.
enum class Format { checked, compatible };

/// Creates a file that must not exist yet. Throws OutputError.
Handle create_file(const std::string& path, Format format = Format::checked);

/// Creates a file that lives in memory only.
Handle create_file_in_memory();

/// Tells whether `path` (absolute or relative to `where`, several levels allowed) leads to an object.
bool exists(hid_t where, const std::string& path);

/// Names the members of a group, sorted by name; false where HDF5 cannot.
bool list_members(hid_t group, std::vector<std::string>& names);

/// The same of a group that may be damaged: what can be read of it.
std::vector<std::string> members(hid_t group);

/// Tells an object's type without opening it for good: 'd' dataset, 'g' group, 't' named type, '?' a broken link.
char kind_of(hid_t group, const std::string& name);

/// Tells whether a name is a link to another file, without following it.
bool is_external_link(hid_t group, const std::string& name);

/// Reads a text attribute, fixed or variable length; empty when it is absent or not text.
std::string text_attribute(hid_t object, const char* name);
bool has_attribute(hid_t object, const char* name);

/// Reads an attribute that is a text or a list of them, fixed or variable length; false when it is absent or not that.
bool read_texts(hid_t object, const char* name, std::vector<std::string>& texts);

/// The same; empty when it is absent or not that.
std::vector<std::string> text_attributes(hid_t object, const char* name);

/// Reads an integer attribute; `otherwise` where it is absent.
std::int64_t integer_attribute(hid_t object, const char* name, std::int64_t otherwise = 0);

/// Creates the groups that the name of a new object leads through, where they are not there. Throws OutputError.
void create_groups_above(hid_t parent, const std::string& name);

/// Property list for a new dataset or group without object times, so that equal content gives equal files.
Handle untimed(hid_t list_class);

/// Writes attributes; existing ones are an error. Scalars, except the vectors. Throw OutputError.
void write_attribute(hid_t object, const char* name, std::string_view text);
void write_attribute(hid_t object, const char* name, const std::vector<std::string>& texts);
void write_attribute(hid_t object, const char* name, std::int64_t value);
void write_attribute(hid_t object, const char* name, const std::vector<std::uint64_t>& values);
void write_scalar_attribute(hid_t object, const char* name, hid_t memory_type, const void* value);

/// Says how a new dataset is stored. Chunk shapes depend on the row count only, so that equal content gives equal files.
struct Storage {
  hsize_t chunk_rows = 0;  // 0: min(rows, 65,536); whole rows for two dimensions
  int deflate = 1;         // 0: uncompressed
  bool shuffle = true;
  bool fletcher32 = true;  // a checksum of every chunk; values of variable length have no filters
};

/// Creates a dataset of one or two dimensions, and the groups its name leads through; contiguous when it has no elements.
/// Throws OutputError.
Handle create_dataset(hid_t parent, const char* name, hid_t type, const std::vector<hsize_t>& shape, Storage storage = {});

/// Writes `count` rows from `begin` on of a one-dimensional dataset. Where they are whole chunks (or end with the dataset)
/// of the memory's own type, with filters, the chunks are encoded on all threads and written by this one. HDF5 1.10 reads
/// a dataset of one such chunk wrongly until it has been closed and opened again. Throws OutputError.
void write_rows(hid_t dataset, hsize_t begin, hsize_t count, hid_t memory_type, const void* values);

/// Makes the values of `count` rows from `begin` on, in the memory's type. Several threads may call it at once.
using MakeRows = std::function<void(hsize_t begin, hsize_t count, void* values)>;

/// The same for rows that are made where they are encoded, a chunk at a time on every thread, so that they are in its cache.
void write_rows(hid_t dataset, hsize_t begin, hsize_t count, hid_t memory_type, const MakeRows& make);

/// Creates and fills a dataset in one go. Throws OutputError.
Handle write_dataset(hid_t parent, const char* name, hid_t type, const std::vector<hsize_t>& shape, const void* values);

/// Variable-length UTF-8 string type, and one of `bytes` > 0, padded with zeros.
Handle utf8_type();
Handle fixed_text_type(std::size_t bytes);

/// Throws OutputError with the library's reason when `status` is negative.
void written(std::int64_t status, const char* what);

}  // namespace carbonfront::h5
