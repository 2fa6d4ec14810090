#include "host/sweep/hdf5.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "carbonfront/errors.hpp"
#include "host/sweep/external.hpp"
#include "host/sweep/library_call.hpp"
#include "host/sweep/raw_file.hpp"

namespace carbonfront::h5 {

namespace {

constexpr hssize_t kMostAttributeTexts = 65536;
constexpr std::size_t kMostAttributeBytes = 64 << 20;

herr_t collect(unsigned, const H5E_error2_t* error, void* out) {
  auto& text = *static_cast<std::string*>(out);
  if (error->desc && *error->desc) text = error->desc;  // walking upwards ends at the innermost
  return 0;
}

/// Says why a file that HDF5 refused cannot be read, looking at the file itself, and what to do.
InputError unreadable(const std::string& path, const std::string& reason, const char* advice) {
  const std::string problem = "cannot read '" + path + "'";
  if (reason.find("already open for") != std::string::npos)
    return {problem, "the file is marked as being written, or its writer crashed: " + reason,
            "wait until its writer has closed it; if none is left, run `h5clear -s` on a copy and see that it is whole"};
  std::string why = "not an HDF5 file";
  char magic[8] = {};
  if (int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC); fd >= 0) {
    ssize_t got = ::read(fd, magic, sizeof magic);
    ::close(fd);
    if (got == 8 && std::memcmp(magic, "\x89HDF\r\n\x1a\n", 8) == 0) why = "the file is damaged: " + reason;
  }
  if (reason.find("truncated") != std::string::npos) why = "the file is truncated: " + reason;
  return {problem, why, advice ? advice : "give an intact HDF5 file, or copy it again from its source"};
}

}  // namespace

void Handle::reset() noexcept {
  if (id_ < 0) return;
  LibraryCall call;
  H5Idec_ref(std::exchange(id_, H5I_INVALID_HID));
}

void silence() {
  look_beside_the_file();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

std::string last_reason() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, collect, &text);
  H5Eclear2(H5E_DEFAULT);
  const std::string_view mark = "error message = '";  // of the operating system, inside HDF5's
  if (auto at = text.find(mark); at != std::string::npos) {
    text.erase(0, at + mark.size());
    text.erase(std::min(text.size(), text.find('\'')));
  }
  return text.empty() ? "HDF5 gives no reason" : text;
}

Handle open_for_reading(const std::string& path, const char* damage_advice) {
  struct stat status {};
  const char* advice = "give the path of an HDF5 sweep";
  if (::stat(path.c_str(), &status) != 0) throw InputError("cannot open '" + path + "'", std::strerror(errno), advice);
  if (S_ISDIR(status.st_mode)) throw InputError("cannot open '" + path + "'", "it is a folder", advice);
  if (!S_ISREG(status.st_mode)) throw InputError("cannot open '" + path + "'", "it is no ordinary file", advice);
  if (::access(path.c_str(), R_OK) != 0) throw InputError("cannot open '" + path + "'", std::strerror(errno), advice);
  if (status.st_size == 0) throw InputError("cannot read '" + path + "'", "the file is empty", advice);
  Subject subject(path);
  guard_external_links();
  note_name(path);
  LibraryCall call;
  Handle access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_file_locking(access, false, true);
  Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access));
  if (!file) {
    const std::string reason = last_reason();
    if (reason == std::strerror(EMFILE)) throw InputError("cannot open '" + path + "'", reason, advice_on_opening(EMFILE));
    throw unreadable(path, reason, damage_advice);
  }
  return file;
}

Handle create_file(const std::string& path, Format format) {
  Handle access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_file_locking(access, false, true);
  if (format == Format::checked) H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110);
  Handle creation = untimed(H5P_FILE_CREATE);
  Handle file(H5Fcreate(path.c_str(), H5F_ACC_EXCL, creation, access));
  if (!file) throw OutputError("cannot create '" + path + "'", last_reason(), "check the folder and its free space");
  return file;
}

Handle create_file_in_memory() {
  Handle access(H5Pcreate(H5P_FILE_ACCESS)), creation = untimed(H5P_FILE_CREATE);
  H5Pset_fapl_core(access, std::size_t{1} << 22, false);
  H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110);  // as results: attributes may be large
  Handle file(H5Fcreate("in memory", H5F_ACC_TRUNC, creation, access));
  written(file, "a file in memory");
  return file;
}

bool exists(hid_t where, const std::string& path) {
  LibraryCall call;
  if (path == "/" || path == ".") return true;
  for (std::size_t at = 1; at <= path.size(); ++at) {
    if (at < path.size() && path[at] != '/') continue;
    std::string part = path.substr(0, at);
    bool there = H5Lexists(where, part.c_str(), H5P_DEFAULT) > 0;
    throw_if_link_refused();
    if (!there) return H5Eclear2(H5E_DEFAULT), false;
  }
  bool leads = H5Oexists_by_name(where, path.c_str(), H5P_DEFAULT) > 0;
  H5Eclear2(H5E_DEFAULT);
  throw_if_link_refused();
  return leads;
}

bool list_members(hid_t group, std::vector<std::string>& names) {
  LibraryCall call;
  auto add = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  hsize_t index = 0;
  return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &index, add, &names) >= 0;
}

std::vector<std::string> members(hid_t group) {
  std::vector<std::string> names;
  if (!list_members(group, names)) H5Eclear2(H5E_DEFAULT);
  return names;
}

char kind_of(hid_t group, const std::string& name) {
  LibraryCall call;
  H5O_info_t info{};
  bool found = H5Oget_info_by_name2(group, name.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0;
  throw_if_link_refused();
  if (!found) return H5Eclear2(H5E_DEFAULT), '?';
  return info.type == H5O_TYPE_DATASET ? 'd' : info.type == H5O_TYPE_GROUP ? 'g' : 't';
}

bool is_external_link(hid_t group, const std::string& name) {
  LibraryCall call;
  H5L_info_t info{};
  if (H5Lget_info(group, name.c_str(), &info, H5P_DEFAULT) < 0) return H5Eclear2(H5E_DEFAULT), false;
  return info.type == H5L_TYPE_EXTERNAL;
}

bool has_attribute(hid_t object, const char* name) {
  LibraryCall call;
  return H5Aexists(object, name) > 0;
}

std::int64_t integer_attribute(hid_t object, const char* name, std::int64_t otherwise) {
  std::int64_t value = otherwise;
  Handle attribute(H5Aopen(object, name, H5P_DEFAULT));
  if (attribute) H5Aread(attribute, H5T_NATIVE_INT64, &value);
  return value;
}

bool read_texts(hid_t object, const char* name, std::vector<std::string>& texts) {
  LibraryCall call;
  texts.clear();
  auto fail = [] { return H5Eclear2(H5E_DEFAULT), false; };
  if (object < 0 || H5Aexists(object, name) <= 0) return fail();
  Handle attribute(H5Aopen(object, name, H5P_DEFAULT));
  Handle type(attribute ? H5Aget_type(attribute) : H5I_INVALID_HID),
      space(attribute ? H5Aget_space(attribute) : H5I_INVALID_HID);
  hssize_t count = H5Sget_simple_extent_npoints(space);
  if (!type || H5Tget_class(type) != H5T_STRING || count < 0 || count > kMostAttributeTexts) return fail();
  if (count == 0) return true;
  if (H5Tis_variable_str(type) > 0) {
    Handle memory(H5Tcopy(H5T_C_S1));
    H5Tset_size(memory, H5T_VARIABLE);
    H5Tset_cset(memory, H5Tget_cset(type));
    std::vector<char*> pointers(static_cast<std::size_t>(count));
    if (H5Aread(attribute, memory, pointers.data()) < 0) return fail();
    for (char* text : pointers) texts.emplace_back(text ? text : "");
    H5Dvlen_reclaim(memory, space, H5P_DEFAULT, pointers.data());
    return true;
  }
  std::size_t size = H5Tget_size(type);
  if (size > kMostAttributeBytes / static_cast<std::size_t>(count)) return fail();
  std::string raw(size * static_cast<std::size_t>(count), '\0');
  if (H5Aread(attribute, type, raw.data()) < 0) return fail();
  for (hssize_t i = 0; i < count; ++i) {
    std::string text = raw.substr(static_cast<std::size_t>(i) * size, size);
    text.resize(std::min(text.size(), text.find('\0')));
    if (H5Tget_strpad(type) == H5T_STR_SPACEPAD) text.erase(text.find_last_not_of(' ') + 1);
    texts.push_back(std::move(text));
  }
  return true;
}

std::vector<std::string> text_attributes(hid_t object, const char* name) {
  std::vector<std::string> texts;
  read_texts(object, name, texts);
  return texts;
}

std::string text_attribute(hid_t object, const char* name) {
  std::vector<std::string> texts = text_attributes(object, name);
  return texts.size() == 1 ? texts[0] : std::string();
}

Handle untimed(hid_t list_class) {
  Handle list(H5Pcreate(list_class));
  H5Pset_obj_track_times(list, false);
  return list;
}

void create_groups_above(hid_t parent, const std::string& name) {
  for (std::size_t at = name.find('/', 1); at != std::string::npos; at = name.find('/', at + 1)) {
    const std::string above = name.substr(0, at);
    if (exists(parent, above)) continue;
    Handle group(H5Gcreate2(parent, above.c_str(), H5P_DEFAULT, untimed(H5P_GROUP_CREATE), H5P_DEFAULT));
    written(group, above.c_str());
  }
}

void written(std::int64_t status, const char* what) {
  if (status < 0)
    throw OutputError(std::string("cannot write ") + what, last_reason(), "check the folder and its free space");
}

Handle create_dataset(hid_t parent, const char* name, hid_t type, const std::vector<hsize_t>& shape, Storage storage) {
  Handle list = untimed(H5P_DATASET_CREATE);
  hsize_t elements = 1;
  for (hsize_t extent : shape) elements *= extent;
  if (elements > 0) {
    std::vector<hsize_t> chunk = shape;
    chunk[0] = std::min<hsize_t>(shape[0], storage.chunk_rows ? storage.chunk_rows : 65536);
    H5Pset_chunk(list, static_cast<int>(chunk.size()), chunk.data());
    if (storage.shuffle && storage.deflate > 0) H5Pset_shuffle(list);
    if (storage.deflate > 0) H5Pset_deflate(list, static_cast<unsigned>(storage.deflate));
    bool variable = H5Tis_variable_str(type) > 0 || H5Tdetect_class(type, H5T_VLEN) > 0;  // HDF5 filters none of these
    if (storage.fletcher32 && !variable) H5Pset_fletcher32(list);
  }
  Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr));
  create_groups_above(parent, name);
  Handle dataset(H5Dcreate2(parent, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT));
  written(dataset, name);
  return dataset;
}

Handle write_dataset(hid_t parent, const char* name, hid_t type, const std::vector<hsize_t>& shape, const void* values) {
  Handle dataset = create_dataset(parent, name, type, shape);
  hsize_t elements = 1;
  for (hsize_t extent : shape) elements *= extent;
  if (elements > 0 && shape.size() == 1)
    write_rows(dataset, 0, elements, type, values);
  else if (elements > 0)
    written(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), name);
  return dataset;
}

Handle fixed_text_type(std::size_t bytes) {
  Handle type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type, bytes);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

Handle utf8_type() {
  Handle type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

namespace {

void write_typed(hid_t object, const char* name, hid_t type, hid_t space, const void* values) {
  Handle attribute(H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT));
  written(attribute, name);
  if (values) written(H5Awrite(attribute, type, values), name);  // an empty list has no values to write
}

}  // namespace

void write_scalar_attribute(hid_t object, const char* name, hid_t memory_type, const void* value) {
  write_typed(object, name, memory_type, Handle(H5Screate(H5S_SCALAR)), value);
}

void write_attribute(hid_t object, const char* name, std::string_view text) {
  std::string copy(text);
  const char* pointer = copy.c_str();
  write_typed(object, name, utf8_type(), Handle(H5Screate(H5S_SCALAR)), &pointer);
}

void write_attribute(hid_t object, const char* name, std::int64_t value) {
  write_scalar_attribute(object, name, H5T_NATIVE_INT64, &value);
}

void write_attribute(hid_t object, const char* name, const std::vector<std::string>& texts) {
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  hsize_t size = pointers.size();
  Handle space(H5Screate_simple(1, &size, nullptr));
  write_typed(object, name, utf8_type(), space, pointers.data());
}

void write_attribute(hid_t object, const char* name, const std::vector<std::uint64_t>& values) {
  hsize_t size = values.size();
  Handle space(H5Screate_simple(1, &size, nullptr));
  write_typed(object, name, H5T_NATIVE_UINT64, space, values.data());
}

}  // namespace carbonfront::h5
