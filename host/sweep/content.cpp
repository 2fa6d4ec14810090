#include "host/sweep/content.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "carbonfront/errors.hpp"
#include "host/sweep/hash.hpp"
#include "host/sweep/library_call.hpp"
#include "host/sweep/stored_dataset.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

constexpr int kMostLevels = 64;                                        // of nested groups
constexpr std::uint64_t kMostUnwritten = std::uint64_t{1} << 35;       // bytes of a dataset that was never written
constexpr std::uint64_t kStepValues = 1 << 20, kStepBytes = 64 << 20;  // read at a time
constexpr std::uint64_t kMostAttributeBytes = std::uint64_t{1} << 30;
constexpr std::size_t kMostLinkBytes = 65536;
constexpr std::uint64_t kMostTexts = 65536;   // of an attribute, however large the file that they may all lead into
constexpr std::uint64_t kMostCovered = 4096;  // bytes of an attribute in a fractal heap's blocks, which have checksums
constexpr const char* kAdvice = "copy the file again from its source, or make it again";

bool is_variable(hid_t type) {
  return H5Tdetect_class(type, H5T_VLEN) > 0 || H5Tis_variable_str(type) > 0 ||
         (H5Tget_class(type) == H5T_COMPOUND && H5Tdetect_class(type, H5T_STRING) > 0);
}

void add_type(Hash& hash, hid_t type) {
  H5T_class_t kind = H5Tget_class(type);
  hash.number(kind);
  if (kind == H5T_STRING) {
    bool variable = H5Tis_variable_str(type) > 0;
    hash.number(variable ? 0 : H5Tget_size(type));
    hash.number(H5Tget_cset(type));
  } else if (kind == H5T_COMPOUND) {
    hash.number(H5Tget_nmembers(type));
  } else if (kind != H5T_VLEN) {
    hash.number(H5Tget_size(type));
    if (kind == H5T_INTEGER) hash.number(H5Tget_sign(type));
  }
}

bool is_plain(hid_t type) {
  H5T_class_t kind = H5Tget_class(type);
  return kind == H5T_INTEGER || kind == H5T_FLOAT || kind == H5T_ENUM || kind == H5T_BITFIELD;
}

/// Memory for what is of variable length in one dataset: a small file must not unfold into all of it.
struct Room {
  std::uint64_t left;
  bool exceeded = false;

  static void* take(std::size_t size, void* room) {
    auto& own = *static_cast<Room*>(room);
    if (size > own.left) return own.exceeded = true, nullptr;
    own.left -= size;
    return std::malloc(size);
  }
  static void give(void* value, void*) { std::free(value); }
};

std::uint64_t limit_for(std::uint64_t file_bytes) {
  std::uint64_t limit = 0;
  if (__builtin_mul_overflow(file_bytes, kMostExpansion, &limit)) limit = ~std::uint64_t{0};
  return std::max(limit, kMostChunkBytes);
}

}  // namespace

Content::Content(hid_t file, std::string path) : file_(file), path_(std::move(path)) {
  Subject subject(path_);
  hsize_t bytes = 0;
  {
    LibraryCall call;
    if (H5Fget_filesize(file_, &bytes) < 0) unreadable("/", h5::last_reason());
  }
  bytes_ = bytes;
  list("/", 0);
}

void Content::unreadable(const std::string& object, const std::string& why) const {
  throw InputError(fmt::format("'{}' of '{}' is damaged", object, path_), why, kAdvice);
}

void Content::list(const std::string& path, int level) {
  if (level > kMostLevels) unreadable(path, fmt::format("it leads through more than {} groups", kMostLevels));
  FileObject object{path, 'g', {}};
  {
    LibraryCall call;
    H5L_info_t link{};
    H5O_info_t info{};
    if (path != "/" && H5Lget_info(file_, path.c_str(), &link, H5P_DEFAULT) < 0) unreadable(path, h5::last_reason());
    if (path != "/" && link.type != H5L_TYPE_HARD) {
      object.kind = '>', object.leads_to.resize(std::min<std::size_t>(link.u.val_size, kMostLinkBytes));
      if (H5Lget_val(file_, path.c_str(), object.leads_to.data(), object.leads_to.size(), H5P_DEFAULT) < 0)
        unreadable(path, h5::last_reason());
    } else {
      if (H5Oget_info_by_name2(file_, path.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
        unreadable(path, h5::last_reason());
      auto [at, first] = names_.try_emplace(info.addr, path);
      object.kind = !first ? '=' : info.type == H5O_TYPE_DATASET ? 'd' : info.type == H5O_TYPE_GROUP ? 'g' : 't';
      if (!first) object.leads_to = at->second;
    }
  }
  objects_.push_back(object);
  if (object.kind != 'g') return;
  std::vector<std::string> members;
  {
    LibraryCall call;
    h5::Handle group(H5Gopen2(file_, path.c_str(), H5P_DEFAULT));
    if (!group || !h5::list_members(group, members)) unreadable(path, h5::last_reason());
  }
  for (const std::string& name : members) list((path == "/" ? "/" : path + "/") + name, level + 1);
}

std::string Content::name_of_reference(const void* reference) const {
  LibraryCall call;
  h5::Handle target(H5Rdereference2(file_, H5P_DEFAULT, H5R_OBJECT, reference));
  H5O_info_t info{};
  if (!target || H5Oget_info2(target, &info, H5O_INFO_BASIC) < 0) return H5Eclear2(H5E_DEFAULT), "";
  auto at = names_.find(info.addr);
  return at == names_.end() ? "" : at->second;
}

void Content::add_value(Hash& hash, hid_t type, const std::byte* value) const {
  switch (H5Tget_class(type)) {
    case H5T_STRING:
      if (H5Tis_variable_str(type) > 0) {
        const char* text = *reinterpret_cast<const char* const*>(value);
        return hash.text(text ? text : "");
      }
      return hash.bytes(value, H5Tget_size(type));
    case H5T_REFERENCE:
      if (H5Tequal(type, H5T_STD_REF_OBJ) > 0) return hash.text(name_of_reference(value));
      return hash.bytes(value, H5Tget_size(type));
    case H5T_VLEN: {
      const hvl_t& list = *reinterpret_cast<const hvl_t*>(value);
      h5::Handle item(H5Tget_super(type));
      hash.number(list.len);
      for (std::size_t i = 0; i < list.len; ++i)
        add_value(hash, item, static_cast<const std::byte*>(list.p) + i * H5Tget_size(item));
      return;
    }
    case H5T_COMPOUND:
      for (int i = 0; i < H5Tget_nmembers(type); ++i) {
        auto member = static_cast<unsigned>(i);
        add_value(hash, h5::Handle(H5Tget_member_type(type, member)), value + H5Tget_member_offset(type, member));
      }
      return;
    default:
      return hash.bytes(value, H5Tget_size(type));
  }
}

void Content::add_values(Hash& hash, hid_t type, const std::vector<std::byte>& values, std::size_t count) const {
  std::size_t size = H5Tget_size(type);
  if (is_plain(type)) return hash.bytes(values.data(), count * size);
  for (std::size_t i = 0; i < count; ++i) add_value(hash, type, values.data() + i * size);
}

void Content::add_attribute(Hash& hash, const std::string& object, hid_t opened, const std::string& name,
                            bool uncovered) const {
  auto fail = [&](const std::string& why) { unreadable(object, "its attribute '" + name + "': " + why); };
  h5::Handle attribute, type, space, native;
  hssize_t count = 0;
  std::vector<std::byte> values;
  {
    LibraryCall call;
    attribute = h5::Handle(H5Aopen(opened, name.c_str(), H5P_DEFAULT));
    if (!attribute) fail(h5::last_reason());
    type = h5::Handle(H5Aget_type(attribute)), space = h5::Handle(H5Aget_space(attribute));
    if (!type || !space) fail(h5::last_reason());
    native = h5::Handle(H5Tget_native_type(type, H5T_DIR_ASCEND));
    count = H5Sget_simple_extent_npoints(space);
    if (!native || count < 0) fail(h5::last_reason());
    std::uint64_t size = H5Tget_size(native), most = kMostAttributeBytes;
    if (is_variable(native))
      most = std::max<std::uint64_t>(kMostTexts, kMostChunkBytes / std::max<std::uint64_t>(bytes_, 1)) * size;
    std::uint64_t bytes = 0;
    if (size == 0 || __builtin_mul_overflow(static_cast<std::uint64_t>(count), size, &bytes) || bytes > most)
      fail(fmt::format("it declares {} values of {} bytes", count, size));
    if (uncovered && !is_variable(native) && bytes <= kMostCovered) return;
    values.resize(bytes);
    if (count > 0 && H5Aread(attribute, native, values.data()) < 0) fail(h5::last_reason());
  }
  hash.text(name);
  add_type(hash, type);
  hash.number(static_cast<std::uint64_t>(count));
  if (count == 0) return;
  add_values(hash, native, values, static_cast<std::size_t>(count));
  LibraryCall call;
  if (is_variable(native)) H5Dvlen_reclaim(native, space, H5P_DEFAULT, values.data());
}

void Content::add_attributes(Hash& hash, const std::string& object) const { add_attributes(hash, object, false); }

void Content::add_attributes(Hash& hash, const std::string& object, bool uncovered) const {
  Subject subject(path_, object);
  std::vector<std::string> names;
  h5::Handle opened;
  {
    LibraryCall call;
    opened = h5::Handle(H5Oopen(file_, object.c_str(), H5P_DEFAULT));
    auto add = [](hid_t, const char* name, const H5A_info_t*, void* out) -> herr_t {
      static_cast<std::vector<std::string>*>(out)->emplace_back(name);
      return 0;
    };
    if (!opened || H5Aiterate2(opened, H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &names) < 0)
      unreadable(object, h5::last_reason());
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) add_attribute(hash, object, opened, name, uncovered);
}

void Content::check_size(hid_t dataset, const std::string& name) const {
  h5::Handle list(H5Dget_create_plist(dataset));
  H5D_space_status_t status = H5D_SPACE_STATUS_ALLOCATED;
  if (!list || H5Dget_space_status(dataset, &status) < 0) unreadable(name, h5::last_reason());
  if (H5Pget_layout(list) == H5D_VIRTUAL || H5Pget_external_count(list) != 0)
    unreadable(name, "its values lie in another file");
  bool unwritten = status == H5D_SPACE_STATUS_NOT_ALLOCATED;  // such as an axis without values
  check_declared_size(dataset, name, path_, unwritten ? kMostUnwritten / kMostExpansion : bytes_);
}

void Content::add_rows(Hash& hash, const std::string& name, hid_t dataset, const std::vector<hsize_t>& shape, hid_t type,
                       const Progress& progress) const {
  const bool scalar = shape.empty(), variable = is_variable(type);
  const std::uint64_t size = H5Tget_size(type), rows = scalar ? 1 : shape[0];
  std::uint64_t row_values = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) row_values *= shape[i];
  const std::uint64_t step = std::max<std::uint64_t>(1, std::min(kStepValues, kStepBytes / size) / row_values);
  Room room{limit_for(bytes_)};
  h5::Handle transfer(H5Pcreate(H5P_DATASET_XFER)), space(H5Dget_space(dataset));
  if (H5Pset_vlen_mem_manager(transfer, Room::take, &room, Room::give, &room) < 0 || !space)
    unreadable(name, h5::last_reason());
  std::vector<std::byte> values;
  for (std::uint64_t begin = 0; begin < rows; begin += step) {
    progress.throw_if_stopped();
    hsize_t count = std::min(step, rows - begin), part_values = count * row_values;
    h5::Handle memory(H5Screate_simple(1, &part_values, nullptr));
    values.assign(part_values * size, std::byte{0});
    {
      LibraryCall call;
      std::vector<hsize_t> start(shape.size(), 0), extent = shape;
      if (!scalar) start[0] = begin, extent[0] = count;
      bool read =
          (scalar || H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr) >= 0) &&
          H5Dread(dataset, type, memory, space, transfer, values.data()) >= 0;
      if (!read) unreadable(name, room.exceeded ? "its texts take more room than its file can hold" : h5::last_reason());
    }
    add_values(hash, type, values, part_values);
    LibraryCall call;
    if (variable) H5Dvlen_reclaim(type, memory, transfer, values.data());
  }
}

void Content::add_dataset(Hash& hash, const std::string& name, const Progress& progress) const {
  Subject subject(path_, name);
  h5::Handle dataset, type, native;
  std::vector<hsize_t> shape;
  int dimensions = 0;
  hssize_t values = 0;
  {
    LibraryCall call;
    dataset = h5::Handle(H5Dopen2(file_, name.c_str(), H5P_DEFAULT));
    if (!dataset) unreadable(name, h5::last_reason());
    type = h5::Handle(H5Dget_type(dataset));
    h5::Handle space(H5Dget_space(dataset));
    native = h5::Handle(H5Tget_native_type(type, H5T_DIR_ASCEND));
    dimensions = H5Sget_simple_extent_ndims(space), values = H5Sget_simple_extent_npoints(space);
    if (!native || dimensions < 0 || values < 0 || H5Tget_size(native) == 0) unreadable(name, h5::last_reason());
    shape.resize(static_cast<std::size_t>(dimensions));
    if (H5Sget_simple_extent_dims(space, shape.data(), nullptr) < 0) unreadable(name, h5::last_reason());
    check_size(dataset, name);
  }
  add_type(hash, type);
  hash.number(static_cast<std::uint64_t>(dimensions));
  for (hsize_t extent : shape) hash.number(extent);
  if (shape.empty()) hash.number(0);  // as if it had one extent
  if (values > 0) add_rows(hash, name, dataset, shape, native, progress);
}

void Content::add_uncovered(Hash& hash, const FileObject& object) const {
  const std::string& name = object.path;
  add_attributes(hash, name, true);
  if (object.kind != 'd') return;
  {
    LibraryCall call;
    h5::Handle dataset(H5Dopen2(file_, name.c_str(), H5P_DEFAULT)), type(dataset ? H5Dget_type(dataset) : H5I_INVALID_HID);
    if (!type) unreadable(name, h5::last_reason());
    if (!is_variable(type)) return;
  }
  add_dataset(hash, name, Progress());
}

}  // namespace carbonfront
