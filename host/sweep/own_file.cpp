#include "host/sweep/own_file.hpp"

#include <hdf5_hl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <tuple>

#include "carbonfront/errors.hpp"
#include "host/sweep/external.hpp"
#include "host/sweep/fast_reader.hpp"
#include "host/sweep/hash.hpp"
#include "host/sweep/library_call.hpp"
#include "host/sweep/text_heap.hpp"
#include "host/sweep/trial.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

constexpr const char* kTable = "/provenance/checksums";
constexpr std::size_t kHashDigits = 32;
constexpr unsigned kCheckedSuperblock = 3;  // from this version on HDF5 covers all metadata with checksums

/// Reads what a crash may come from: the structure, all attributes, and where the rows lie.
void look_at(const std::string& path) {
  h5::Handle file = h5::open_for_reading(path);
  auto raw = std::make_shared<RawFile>(path);
  Content content(file, path);
  for (const FileObject& object : content.objects()) {
    if (object.kind != 'g' && object.kind != 'd') continue;
    Hash unused;
    content.add_attributes(unused, object.path);
    if (object.kind == 'g') continue;
    h5::Handle dataset(H5Dopen2(file, object.path.c_str(), H5P_DEFAULT));
    if (dataset && !lies_in_other_files(dataset)) describe_storage(dataset, object.path, raw);
  }
}

void try_once(const std::string& path) {
  using Identity = std::tuple<std::string, dev_t, ino_t, off_t, time_t, long>;
  static std::set<Identity> tried;
  struct stat status {};
  if (!files_are_tried() || ::stat(path.c_str(), &status) != 0) return;
  Identity identity{path, status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  if (tried.contains(identity)) return;
  try_first({path}, [&] { look_at(path); });
  tried.insert(identity);
}

std::string checksum_of(const Content& content, const FileObject& object) {
  Hash hash;
  content.add_uncovered(hash, object);
  return hash.hex();
}

bool same_type(hid_t stored, hid_t memory) {
  H5T_class_t kind = H5Tget_class(stored);
  if (kind != H5Tget_class(memory) || H5Tget_size(stored) != H5Tget_size(memory)) return false;
  return kind != H5T_INTEGER || H5Tget_sign(stored) == H5Tget_sign(memory);
}

}  // namespace

OwnFile::OwnFile(std::string path, std::string advice) : path_(std::move(path)), advice_(std::move(advice)) {
  try_once(path_);
  file_ = h5::open_for_reading(path_, advice_.c_str());
  raw_ = std::make_shared<RawFile>(path_);
  Subject subject(path_);
  H5F_info2_t info{};
  {
    LibraryCall call;
    if (H5Fget_info2(file_, &info) < 0) damaged("/", h5::last_reason());
  }
  if (!has(kTable)) return;
  read_table();
  checked_ = info.super.version >= kCheckedSuperblock;
}

void OwnFile::damaged(const std::string& object, const std::string& why) const {
  throw InputError(fmt::format("'{}' of '{}' is damaged", object, path_), why, advice_);
}

bool OwnFile::has(const std::string& object) const {
  Subject subject(path_, object);
  LibraryCall call;
  for (std::size_t at = 1; at <= object.size() && object != "/"; ++at) {
    if (at < object.size() && object[at] != '/') continue;
    const std::string part = object.substr(0, at);
    H5L_info_t link{};
    htri_t there = H5Lexists(file_, part.c_str(), H5P_DEFAULT);
    if (there == 0) return false;
    if (there < 0 || H5Lget_info(file_, part.c_str(), &link, H5P_DEFAULT) < 0) damaged(part, h5::last_reason());
    if (link.type != H5L_TYPE_HARD) damaged(part, "it is a link to somewhere else");
  }
  return true;
}

h5::Handle OwnFile::open(const std::string& object) const {
  if (!has(object)) damaged(object, "it is missing");
  Subject subject(path_, object);
  LibraryCall call;
  h5::Handle opened(H5Oopen(file_, object.c_str(), H5P_DEFAULT));
  if (!opened) damaged(object, h5::last_reason());
  return opened;
}

std::vector<std::string> OwnFile::members(const std::string& group) const {
  h5::Handle opened = open(group);
  Subject subject(path_, group);
  std::vector<std::string> names;
  if (!h5::list_members(opened, names)) damaged(group, h5::last_reason());
  return names;
}

char OwnFile::kind_of(const std::string& object) const {
  h5::Handle opened = open(object);
  LibraryCall call;
  H5I_type_t type = H5Iget_type(opened);
  return type == H5I_DATASET ? 'd' : type == H5I_GROUP ? 'g' : 't';
}

const Content& OwnFile::content() const {
  if (!content_) content_.emplace(file_, path_);
  return *content_;
}

void OwnFile::check_heaps() const {
  if (!checked_ || heaps_checked_) return;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> rows;  // where they begin and end
  for (const FileObject& object : content().objects()) {
    if (object.kind != 'd') continue;
    const std::shared_ptr<const StoredDataset>& stored = dataset(object.path).stored;
    if (!stored || stored->contiguous) continue;
    for (const ChunkPlace& place : stored->places)
      if (place.address != kNoAddress) rows.emplace_back(place.address, place.address + place.bytes);
  }
  std::sort(rows.begin(), rows.end());
  rows.emplace_back(raw_->size(), raw_->size());
  std::uint64_t at = 0;
  for (auto [begin, end] : rows) {
    if (begin > raw_->size()) damaged("/", "rows lie behind its end");
    if (begin > at)
      if (const char* why = check_collections(*raw_, at, begin)) damaged("/", why);
    at = std::max(at, end);
  }
  heaps_checked_ = true;
}

void OwnFile::verify(const std::string& object) const {
  check_heaps();
  auto expected = checksums_.find(object);
  if (expected == checksums_.end() || verified_.contains(object)) return;
  if (checksum_of(content(), {object, kind_of(object), {}}) != expected->second)
    damaged(object, "its texts are not those that were written, by their checksum");
  verified_.insert(object);
}

std::vector<std::string> OwnFile::texts(const std::string& object, const char* attribute) const {
  verify(object);
  h5::Handle opened = open(object);
  Subject subject(path_, object);
  std::vector<std::string> texts;
  if (!h5::read_texts(opened, attribute, texts))
    damaged(object, fmt::format("its attribute '{}' is missing, or no text", attribute));
  return texts;
}

std::string OwnFile::text(const std::string& object, const char* attribute) const {
  std::vector<std::string> all = texts(object, attribute);
  if (all.size() != 1) damaged(object, fmt::format("its attribute '{}' is not one text", attribute));
  return all[0];
}

std::int64_t OwnFile::integer(const std::string& object, const char* attribute) const {
  verify(object);
  h5::Handle opened = open(object);
  Subject subject(path_, object);
  LibraryCall call;
  h5::Handle stored(H5Aopen(opened, attribute, H5P_DEFAULT)), type(stored ? H5Aget_type(stored) : H5I_INVALID_HID),
      space(stored ? H5Aget_space(stored) : H5I_INVALID_HID);
  std::int64_t value = 0;
  if (!type || H5Tget_class(type) != H5T_INTEGER || H5Sget_simple_extent_npoints(space) != 1 ||
      H5Aread(stored, H5T_NATIVE_INT64, &value) < 0) {
    H5Eclear2(H5E_DEFAULT);
    damaged(object, fmt::format("its attribute '{}' is missing, or not an integer", attribute));
  }
  return value;
}

const OwnFile::Dataset& OwnFile::dataset(const std::string& name) const {
  auto known = datasets_.find(name);
  if (known != datasets_.end()) return known->second;
  Dataset found;
  found.dataset = open(name);
  Subject subject(path_, name);
  LibraryCall call;
  if (H5Iget_type(found.dataset) != H5I_DATASET) damaged(name, "it is no dataset");
  found.type = h5::Handle(H5Dget_type(found.dataset));
  h5::Handle space(H5Dget_space(found.dataset)), list(H5Dget_create_plist(found.dataset));
  found.dimensions = H5Sget_simple_extent_ndims(space);
  hssize_t values = H5Sget_simple_extent_npoints(space);
  if (!found.type || !list || found.dimensions < 0 || values < 0) damaged(name, h5::last_reason());
  if (H5Pget_layout(list) == H5D_VIRTUAL || H5Pget_external_count(list) != 0)
    damaged(name, "its values lie in another file");
  found.values = static_cast<std::uint64_t>(values);
  check_declared_size(found.dataset, name, path_, raw_->size());
  found.stored = describe_storage(found.dataset, name, raw_);
  return datasets_.emplace(name, std::move(found)).first->second;
}

std::uint64_t OwnFile::size(const std::string& name) const { return dataset(name).values; }

void OwnFile::check_range(const std::string& name, hid_t type, std::uint64_t begin, std::uint64_t count) const {
  const Dataset& found = dataset(name);
  if (!same_type(found.type, type)) damaged(name, "its values are of another type");
  if (begin > found.values || count > found.values - begin)
    damaged(name, fmt::format("it has {} values where {} are expected", found.values, begin + count));
}

void OwnFile::read_values(const std::string& name, hid_t type, std::uint64_t begin, std::uint64_t count, void* out) const {
  const Dataset& found = dataset(name);
  if (count == 0) return;
  Subject subject(path_, name);
  if (found.dimensions == 1 && found.stored && H5Tequal(found.type, type) > 0) {
    StoredRequest request{
        found.stored.get(), {0, H5Tget_size(type), 0}, begin, count, static_cast<std::byte*>(out), name.c_str(),
        advice_.c_str()};
    return read_stored({&request, 1});
  }
  LibraryCall call;
  hsize_t first = begin, size = count;
  h5::Handle space(H5Dget_space(found.dataset)), memory(H5Screate_simple(1, &size, nullptr));
  bool all = begin == 0 && count == found.values;
  bool selected =
      all || (found.dimensions == 1 && H5Sselect_hyperslab(space, H5S_SELECT_SET, &first, nullptr, &size, nullptr) >= 0);
  if (!selected || H5Dread(found.dataset, type, memory, space, H5P_DEFAULT, out) < 0) damaged(name, h5::last_reason());
}

void OwnFile::read_table() {
  const Dataset& table = dataset(kTable);
  std::size_t width = H5Tget_size(table.type);
  if (H5Tget_class(table.type) != H5T_STRING || H5Tis_variable_str(table.type) > 0 || width <= kHashDigits + 1)
    damaged(kTable, "it is no table of checksums");
  std::string lines(width * table.values, '\0');
  read_values(kTable, table.type, 0, table.values, lines.data());
  for (std::size_t at = 0; at < lines.size(); at += width) {
    std::string line = lines.substr(at, width);
    line.resize(std::min(line.size(), line.find('\0')));
    if (line.size() <= kHashDigits + 1 || line[kHashDigits] != ' ') damaged(kTable, "it is no table of checksums");
    checksums_[line.substr(kHashDigits + 1)] = line.substr(0, kHashDigits);
  }
}

void write_checksums(hid_t file) {
  try {
    std::vector<std::string> lines;
    std::size_t width = 0;
    {
      Content content(file, "the output");
      for (const FileObject& object : content.objects())
        if (object.kind == 'g' || object.kind == 'd') {
          lines.push_back(checksum_of(content, object) + " " + object.path);
          width = std::max(width, lines.back().size());
        }
    }
    std::string all(width * lines.size(), '\0');
    for (std::size_t i = 0; i < lines.size(); ++i) lines[i].copy(all.data() + i * width, width);
    h5::Handle table = h5::write_dataset(file, kTable, h5::fixed_text_type(width), {lines.size()}, all.data());
    h5::written(H5DSset_scale(table, "checksums"), kTable);  // its own dimension, as netCDF-4 readers want one
  } catch (const InputError& error) {
    throw OutputError("cannot write its checksums", error.what(), "check the folder and its free space");
  }
}

}  // namespace carbonfront
