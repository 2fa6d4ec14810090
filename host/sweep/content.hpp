#pragma once
// What the objects of an HDF5 file mean, hashed: types, shapes, values and attributes, not how they lie in the file.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "carbonfront/progress.hpp"
#include "host/sweep/hdf5.hpp"

namespace carbonfront {

class Hash;

/// One name in a file, and what it leads to.
struct FileObject {
  std::string path;      // "/" for the root
  char kind = 'g';       // 'g' group, 'd' dataset, 't' type, '=' an object that came before, '>' a soft or external link
  std::string leads_to;  // the path of the object that came before; the link's value, which is not followed
};

/// A file's objects, and their content. Every size that the file declares is checked before memory is spent. All throw
/// InputError naming file and object.
class Content {
 public:
  /// Lists the objects, groups before their members, in order of names. Each object comes once: links may lead in circles.
  /// The file stays the caller's.
  Content(hid_t file, std::string path);

  const std::vector<FileObject>& objects() const { return objects_; }

  /// Adds name, type, shape and values of all attributes of an object, in order of names; references by the name of what
  /// they lead to.
  void add_attributes(Hash& hash, const std::string& object) const;

  /// Adds type, shape and values of a dataset. Throws Stopped.
  void add_dataset(Hash& hash, const std::string& dataset, const Progress& progress) const;

  /// Adds what no checksum of HDF5 covers: attributes of variable length or above 4 KiB, and a dataset's values of variable
  /// length with its type and shape.
  void add_uncovered(Hash& hash, const FileObject& object) const;

 private:
  void list(const std::string& path, int level);
  [[noreturn]] void unreadable(const std::string& object, const std::string& why) const;
  void add_attributes(Hash& hash, const std::string& object, bool uncovered) const;
  void add_attribute(Hash& hash, const std::string& object, hid_t opened, const std::string& name, bool uncovered) const;
  void add_value(Hash& hash, hid_t type, const std::byte* value) const;
  void add_values(Hash& hash, hid_t type, const std::vector<std::byte>& values, std::size_t count) const;
  void add_rows(Hash& hash, const std::string& name, hid_t dataset, const std::vector<hsize_t>& shape, hid_t type,
                const Progress& progress) const;
  void check_size(hid_t dataset, const std::string& name) const;
  std::string name_of_reference(const void* reference) const;

  hid_t file_;
  std::string path_;
  std::uint64_t bytes_ = 0;  // of the file
  std::vector<FileObject> objects_;
  std::map<haddr_t, std::string> names_;  // of what is at an address
};

}  // namespace carbonfront
