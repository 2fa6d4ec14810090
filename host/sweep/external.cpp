#include "host/sweep/external.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "host/errors.hpp"
#include "host/sweep/hdf5.hpp"

namespace carbonfront {

namespace {

namespace fs = std::filesystem;

constexpr int kMostLevels = 8;  // of virtual datasets over virtual datasets
constexpr const char* kAdvice = "give --allow-external if you trust the file, or put all files into one folder";

std::atomic<bool> links_allowed{false};
thread_local std::optional<InputError> refused_link;
std::mutex led_to_lock;
std::set<fs::path> led_to;

void note_file(const fs::path& file) {
  std::lock_guard lock(led_to_lock);
  led_to.insert(file);
}

fs::path folder_of(const fs::path& file) {
  fs::path folder = file.parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

/// The file that a name in `holder` means: relative names count from the holder's folder.
fs::path resolved(const std::string& name, const fs::path& holder) {
  fs::path path(name);
  return path.is_absolute() ? path : folder_of(holder) / path;
}

/// Tells whether a file lies in a folder or below, with symbolic links followed.
bool is_inside(const fs::path& file, const fs::path& folder) {
  std::error_code error;
  fs::path inner = fs::weakly_canonical(file, error), outer = fs::canonical(folder, error);
  if (error) return false;
  auto [end, rest] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return end == outer.end();
}

std::string file_of(hid_t object) {
  h5::Handle file(H5Iget_file_id(object));
  char name[4096] = "";
  return H5Fget_name(file, name, sizeof name) < 0 ? std::string() : std::string(name);
}

/// Follows an external link, or notes why not. HDF5 calls this; nothing may be thrown through it.
hid_t traverse(const char* link, hid_t group, const void* value, std::size_t bytes, hid_t access, hid_t) {
  try {
    unsigned flags = 0;
    const char *file_name = nullptr, *object = nullptr;
    if (H5Lunpack_elink_val(value, bytes, &flags, &file_name, &object) < 0) return H5I_INVALID_HID;
    fs::path holder = file_of(group), target = resolved(file_name, holder);
    if (!links_allowed && !is_inside(target, folder_of(holder))) {
      refused_link.emplace("'" + std::string(link) + "' of '" + holder.string() + "' is in another file",
                           "its link leads to '" + std::string(file_name) + "', outside the input's folder", kAdvice);
      return H5I_INVALID_HID;
    }
    note_file(target);
    h5::Handle list(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_file_locking(list, false, true);
    h5::Handle file(H5Fopen(target.c_str(), H5F_ACC_RDONLY, list));
    return file ? H5Oopen(file, object, access) : H5I_INVALID_HID;
  } catch (...) {
    return H5I_INVALID_HID;
  }
}

ssize_t query(const char*, const void* value, std::size_t bytes, void* out, std::size_t room) {
  if (out) std::memcpy(out, value, std::min(bytes, room));
  return static_cast<ssize_t>(bytes);
}

struct Sources {
  std::string name, path;  // of the dataset asked for
  fs::path folder;
  bool allow;
  std::set<fs::path> files;
  std::set<std::pair<fs::path, std::string>> seen, above;  // virtual sources; those that lead to the current one
};

void check_file(const Sources& sources, const std::string& file, const fs::path& holder) {
  const std::string problem = "'" + sources.name + "' of '" + sources.path + "' has values in another file";
  fs::path target = resolved(file, holder);
  if (!sources.allow && !is_inside(target, sources.folder))
    throw InputError(problem, "it is '" + file + "', outside the input's folder", kAdvice);
  std::error_code ignored;
  if (file.find('%') == std::string::npos && !fs::is_regular_file(target, ignored))
    throw InputError(problem, "there is no '" + target.string() + "'", "put the file there");
}

void check_dataset(Sources& sources, hid_t dataset, const fs::path& holder, int level);

std::string virtual_text(hid_t list, std::size_t i, ssize_t (*get)(hid_t, std::size_t, char*, std::size_t)) {
  ssize_t size = get(list, i, nullptr, 0);
  if (size < 0 || size > 1 << 20) return {};
  std::string text(static_cast<std::size_t>(size) + 1, '\0');
  get(list, i, text.data(), text.size());
  text.resize(static_cast<std::size_t>(size));
  return text;
}

void check_virtual(Sources& sources, hid_t list, const fs::path& holder, int level) {
  std::size_t count = 0;
  H5Pget_virtual_count(list, &count);
  for (std::size_t i = 0; i < count; ++i) {
    std::string file = virtual_text(list, i, H5Pget_virtual_filename),
                dataset = virtual_text(list, i, H5Pget_virtual_dsetname);
    fs::path target = file == "." ? holder : resolved(file, holder);
    if (level >= kMostLevels || sources.above.contains({target, dataset}))
      throw InputError("cannot read '" + sources.name + "' of '" + sources.path + "'",
                       "its virtual datasets lead through more than 8 others, or in a circle",
                       "read the sources themselves");
    if (!sources.seen.insert({target, dataset}).second) continue;
    if (file != ".") check_file(sources, file, holder);
    sources.files.insert(target);
    if (file.find('%') != std::string::npos || dataset.find('%') != std::string::npos) continue;
    h5::Handle access(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_file_locking(access, false, true);
    h5::Handle source(H5Fopen(target.c_str(), H5F_ACC_RDONLY, access));
    h5::Handle inner(source ? H5Dopen2(source, dataset.c_str(), H5P_DEFAULT) : H5I_INVALID_HID);
    throw_if_link_refused();
    if (!inner)
      throw InputError("cannot read '" + sources.name + "' of '" + sources.path + "'",
                       "its source '" + dataset + "' of '" + target.string() + "' cannot be opened: " + h5::last_reason(),
                       "check that file");
    sources.above.insert({target, dataset});
    check_dataset(sources, inner, target, level + 1);
    sources.above.erase({target, dataset});
  }
}

void check_dataset(Sources& sources, hid_t dataset, const fs::path& holder, int level) {
  h5::Handle list(H5Dget_create_plist(dataset));
  for (int i = 0; i < H5Pget_external_count(list); ++i) {
    char name[4096] = "";
    off_t offset = 0;
    hsize_t size = 0;
    H5Pget_external(list, static_cast<unsigned>(i), sizeof name - 1, name, &offset, &size);
    check_file(sources, name, holder);
    sources.files.insert(resolved(name, holder));
  }
  if (H5Pget_layout(list) == H5D_VIRTUAL) check_virtual(sources, list, holder, level);
}

}  // namespace

void guard_external_links(bool allow) {
  links_allowed = allow;
  static const bool registered = [] {
    H5L_class_t own{};
    own.version = H5L_LINK_CLASS_T_VERS;
    own.id = H5L_TYPE_EXTERNAL;
    own.comment = "external, within its folder";
    own.trav_func = traverse;
    own.query_func = query;
    return H5Lregister(&own) >= 0;
  }();
  if (!registered) throw InputError("HDF5 refuses to guard external links", h5::last_reason(), "report it");
}

void throw_if_link_refused() {
  if (refused_link) throw *std::exchange(refused_link, std::nullopt);
}

std::uint64_t check_sources(hid_t dataset, const std::string& name, const std::string& path, bool allow) {
  std::string holder = file_of(dataset);
  Sources sources{name, path, folder_of(path), allow, {holder}, {}, {}};
  check_dataset(sources, dataset, holder, 0);
  std::uint64_t bytes = 0;
  for (const fs::path& file : sources.files) {
    note_file(file);
    std::error_code error;
    std::uint64_t size = fs::file_size(file, error);
    bytes += error ? 0 : size;
  }
  return bytes;
}

std::vector<std::string> files_led_to() {
  std::lock_guard lock(led_to_lock);
  return {led_to.begin(), led_to.end()};
}

}  // namespace carbonfront
