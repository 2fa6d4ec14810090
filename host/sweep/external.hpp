#pragma once
// Files that a file points to: external links, external storage, and the sources of virtual datasets. A sweep from a
// stranger must not read other files of the user: only those in its own folder, unless the user allows more. Relative names
// count from the folder of the file that has them, whatever HDF5_VDS_PREFIX, HDF5_EXTFILE_PREFIX and HDF5_EXT_PREFIX say.

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace carbonfront {

/// Makes HDF5 look for the files that a dataset names beside the file that holds it, and nowhere else, whatever the
/// environment says. Starts HDF5: call before its first function, or relative names of external storage behind virtual
/// datasets are those of the current folder.
void look_beside_the_file();

/// Replaces HDF5's external links, for the whole process, by ones that stay in the folder of the file that holds them, until
/// others are allowed.
void guard_external_links();
void allow_external_links(bool allow);

/// Remembers by which name a file is opened: names in it count from the folder of that.
void note_name(const std::filesystem::path& file);

/// Throws InputError if a link was refused on this thread since the last call.
void throw_if_link_refused();

/// Refuses a dataset whose values lie in files outside the folder of the file that names them, or that a pattern names,
/// unless `allow`; or in files that are not there: HDF5 would make values up. Names are resolved as HDF5 does. Looks through
/// virtual datasets of virtual datasets. Reads no value. Returns the size of the files its values lie in. Throws InputError.
std::uint64_t check_sources(hid_t dataset, const std::string& name, const std::string& path, bool allow);

/// Tells whether a dataset's values lie outside its file, or are those of other datasets.
bool lies_in_other_files(hid_t dataset);

/// Every file that links and datasets have led to since forget_files_led_to(), in the whole process; those that HDF5 makes
/// names of (a virtual source with a %) are not among them.
std::vector<std::string> files_led_to();
void forget_files_led_to();

}  // namespace carbonfront
