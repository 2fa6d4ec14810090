#include "host/sweep/external.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "carbonfront/errors.hpp"
#include "host/sweep/hdf5.hpp"

namespace carbonfront {

namespace {

namespace fs = std::filesystem;

constexpr int kMostLevels = 8;                  // of virtual datasets over virtual datasets
constexpr int kMostLinks = 16;                  // external links that lead through each other
constexpr std::uint64_t kMostBlocks = 1 << 20;  // sources of one pattern
constexpr const char* kAdvice = "give --allow-external if you trust the file, or put all files into one folder";

std::atomic<bool> links_allowed{false};
thread_local std::optional<InputError> refused_link;
thread_local int links_under_way = 0;
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

/// The folders, symbolic links resolved, from which each file was named when it was opened. Relative names in a file count
/// from one of them, for HDF5 from the first while it stays open. Links of both kinds give a file several names.
using FileId = std::pair<dev_t, ino_t>;
struct NamedFrom {
  std::mutex mutex;
  std::map<FileId, std::set<fs::path>> folders;
};
NamedFrom named_from;

std::optional<FileId> id_of(const fs::path& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 ? std::optional<FileId>({status.st_dev, status.st_ino}) : std::nullopt;
}

bool is_named_from_two_folders(const fs::path& file) {
  auto id = id_of(file);
  std::lock_guard lock(named_from.mutex);
  return id && named_from.folders[*id].size() > 1;
}

/// Opens a file that another one names: an ordinary one, as others may wait for ever or do something when opened.
h5::Handle open_named(const fs::path& file) {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) return {};
  note_name(file);
  h5::Handle access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_file_locking(access, false, true);
  return h5::Handle(H5Fopen(file.c_str(), H5F_ACC_RDONLY, access));
}

/// Follows an external link, or notes why not. HDF5 calls this; nothing may be thrown through it.
hid_t traverse(const char* link, hid_t group, const void* value, std::size_t bytes, hid_t access, hid_t) {
  struct Level {
    Level() { ++links_under_way; }
    ~Level() { --links_under_way; }
  } level;
  try {
    unsigned flags = 0;
    const char *file_name = nullptr, *object = nullptr;
    if (H5Lunpack_elink_val(value, bytes, &flags, &file_name, &object) < 0) return H5I_INVALID_HID;
    fs::path holder = file_of(group), target = resolved(file_name, holder);
    auto refuse = [&](const std::string& why, const char* advice) {
      if (!refused_link)
        refused_link.emplace("'" + std::string(link) + "' of '" + holder.string() + "' is in another file", why, advice);
      return hid_t{H5I_INVALID_HID};
    };
    if (!links_allowed && !is_inside(target, folder_of(holder)))
      return refuse("its link leads to '" + std::string(file_name) + "', outside the input's folder", kAdvice);
    std::error_code ignored;
    if (fs::exists(target, ignored) && !fs::is_regular_file(target, ignored))
      return refuse("its link leads to '" + target.string() + "', which is no ordinary file", "link to an HDF5 file");
    if (links_under_way > kMostLinks)
      return refuse("its link leads through more than 16 others, or in a circle", "link to the data itself");
    note_file(target);
    h5::Handle file = open_named(target);
    return file ? H5Oopen(file, object, access) : H5I_INVALID_HID;
  } catch (...) {
    return H5I_INVALID_HID;
  }
}

ssize_t query(const char*, const void* value, std::size_t bytes, void* out, std::size_t room) {
  if (out) std::memcpy(out, value, std::min(bytes, room));
  return static_cast<ssize_t>(bytes);
}

/// Where one dataset's values lie, as far as it has been followed.
struct Sources {
  const std::string &name, &path;  // of the dataset asked for
  bool allow;
  std::set<fs::path> files;
  std::set<std::pair<fs::path, std::string>> seen, above;  // virtual sources; those that lead to the current one

  [[noreturn]] void fail(const std::string& why, const std::string& advice) const {
    throw InputError("cannot read '" + name + "' of '" + path + "'", why, advice);
  }
};

/// Refuses a file that `holder` names and must not, or that is not there. Returns its path.
fs::path checked_file(Sources& sources, const std::string& file, const fs::path& holder) {
  const std::string problem = "'" + sources.name + "' of '" + sources.path + "' has values in another file";
  if (fs::path(file).is_relative() && is_named_from_two_folders(holder))
    throw InputError(problem, "it is '" + file + "', and links name '" + holder.string() + "' from another folder too",
                     "give the file itself, without links to it");
  fs::path target = resolved(file, holder);
  if (!sources.allow && !is_inside(target, folder_of(holder)))
    throw InputError(problem, "it is '" + file + "', outside the input's folder", kAdvice);
  std::error_code ignored;
  if (!fs::is_regular_file(target, ignored))
    throw InputError(problem, "there is no file '" + target.string() + "'", "put the file there");
  sources.files.insert(target);
  return target;
}

void check_dataset(Sources& sources, hid_t dataset, int level);

std::string virtual_text(const Sources& sources, hid_t list, std::size_t i,
                         ssize_t (*get)(hid_t, std::size_t, char*, std::size_t)) {
  ssize_t size = get(list, i, nullptr, 0);
  if (size <= 0 || size > 1 << 16)
    sources.fail("the name of one of its sources is empty or longer than 65,536 bytes", "store it anew");
  std::string text(static_cast<std::size_t>(size) + 1, '\0');
  get(list, i, text.data(), text.size());
  text.resize(static_cast<std::size_t>(size));
  return text;
}

/// A name of a virtual dataset's source as HDF5 reads it: %b is the number of the block, %% a percent sign.
struct SourceName {
  std::vector<std::string> pieces;  // the block's number stands between two

  bool is_pattern() const { return pieces.size() > 1; }
  std::string of_block(std::uint64_t block) const {
    std::string name = pieces[0];
    for (std::size_t i = 1; i < pieces.size(); ++i) name += std::to_string(block) + pieces[i];
    return name;
  }
};

SourceName parse_source_name(const Sources& sources, const std::string& text) {
  SourceName name{{""}};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      name.pieces.back() += text[i];
      continue;
    }
    char what = ++i < text.size() ? text[i] : '\0';
    if (what == 'b')
      name.pieces.emplace_back();
    else if (what == '%')
      name.pieces.back() += '%';
    else
      sources.fail("its source '" + text + "' has a percent sign that means nothing", "write %% for a percent sign");
  }
  return name;
}

/// Checks one source; of a pattern's, false where it is not there.
bool check_source(Sources& sources, const std::string& file, const std::string& dataset, const fs::path& holder, int level,
                  bool may_lack) {
  fs::path target = file == "." ? holder : resolved(file, holder);
  if (level >= kMostLevels || sources.above.contains({target, dataset}))
    sources.fail("its virtual datasets lead through more than 8 others, or in a circle", "read the sources themselves");
  if (!sources.seen.insert({target, dataset}).second) return true;
  std::error_code ignored;
  if (may_lack && !fs::is_regular_file(target, ignored)) return false;
  if (file != ".") checked_file(sources, file, holder);
  h5::Handle source = open_named(target);
  h5::Handle inner(source ? H5Dopen2(source, dataset.c_str(), H5P_DEFAULT) : H5I_INVALID_HID);
  throw_if_link_refused();
  if (!inner) {
    std::string reason = h5::last_reason();
    if (may_lack) return false;
    sources.fail("its source '" + dataset + "' of '" + target.string() + "' cannot be opened: " + reason, "check that file");
  }
  sources.above.insert({target, dataset});
  check_dataset(sources, inner, level + 1);
  sources.above.erase({target, dataset});
  return true;
}

void check_virtual(Sources& sources, hid_t list, const fs::path& holder, int level) {
  std::size_t count = 0;
  H5Pget_virtual_count(list, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string file_text = virtual_text(sources, list, i, H5Pget_virtual_filename),
                      dataset_text = virtual_text(sources, list, i, H5Pget_virtual_dsetname);
    SourceName file = parse_source_name(sources, file_text), dataset = parse_source_name(sources, dataset_text);
    bool pattern = file.is_pattern() || dataset.is_pattern();
    if (pattern && !sources.allow)
      sources.fail(
          "its sources are a pattern, '" + file_text + "', '" + dataset_text + "', which leads to any number of them",
          "give --allow-external if you trust the file");
    std::uint64_t block = 0;
    while (check_source(sources, file.of_block(block), dataset.of_block(block), holder, level, pattern) && pattern)
      if (++block == kMostBlocks)
        sources.fail("the pattern of its sources leads to more than 1,048,576", "read the sources themselves");
  }
}

void check_dataset(Sources& sources, hid_t dataset, int level) {
  const fs::path holder = file_of(dataset);  // links may have led out of the file that was named
  sources.files.insert(holder);
  h5::Handle list(H5Dget_create_plist(dataset));
  for (int i = 0; i < H5Pget_external_count(list); ++i) {
    char name[4096] = "";
    off_t offset = 0;
    hsize_t size = 0;
    H5Pget_external(list, static_cast<unsigned>(i), sizeof name - 1, name, &offset, &size);
    checked_file(sources, name, holder);
  }
  if (H5Pget_layout(list) == H5D_VIRTUAL) check_virtual(sources, list, holder, level);
}

}  // namespace

void look_beside_the_file() {
  static const bool started = [] {
    // Sources of virtual datasets HDF5 looks for there first, unless the environment says otherwise. Of external storage it
    // takes it from a property that sources do not inherit, or from the environment, once, when it starts.
    static char beside[] = "HDF5_EXTFILE_PREFIX=${ORIGIN}";  // HDF5 keeps the address
    ::putenv(beside);
    ::unsetenv("HDF5_VDS_PREFIX"), ::unsetenv("HDF5_EXT_PREFIX");
    bool opened = H5open() >= 0;
    ::unsetenv("HDF5_EXTFILE_PREFIX");  // programs that this one starts are not concerned
    return opened;
  }();
  if (!started) throw InputError("HDF5 cannot be started", h5::last_reason(), "report it");
}

void note_name(const fs::path& file) {
  auto id = id_of(file);
  std::error_code ignored;
  fs::path folder = fs::canonical(folder_of(file), ignored);
  std::lock_guard lock(named_from.mutex);
  if (id) named_from.folders[*id].insert(folder);
}

void guard_external_links() {
  look_beside_the_file();
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

void allow_external_links(bool allow) { links_allowed = allow; }

void throw_if_link_refused() {
  if (refused_link) throw *std::exchange(refused_link, std::nullopt);
}

std::uint64_t check_sources(hid_t dataset, const std::string& name, const std::string& path, bool allow) {
  Sources sources{name, path, allow, {}, {}, {}};
  check_dataset(sources, dataset, 0);
  std::uint64_t bytes = 0;
  for (const fs::path& file : sources.files) {
    note_file(file);
    std::error_code error;
    std::uint64_t size = fs::file_size(file, error);
    bytes += error ? 0 : size;
  }
  return bytes;
}

bool lies_in_other_files(hid_t dataset) {
  h5::Handle list(H5Dget_create_plist(dataset));
  return H5Pget_external_count(list) != 0 || H5Pget_layout(list) == H5D_VIRTUAL;
}

std::vector<std::string> files_led_to() {
  std::lock_guard lock(led_to_lock);
  return {led_to.begin(), led_to.end()};
}

void forget_files_led_to() {
  std::lock_guard lock(led_to_lock);
  led_to.clear();
}

}  // namespace carbonfront
