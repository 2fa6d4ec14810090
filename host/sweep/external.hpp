#pragma once
// Files that a file points to: external links, external storage, and the sources of virtual datasets. A sweep from a
// stranger must not read other files of the user: only those in its own folder, unless the user allows more.

#include <hdf5.h>

#include <cstdint>
#include <string>
#include <vector>

namespace carbonfront {

/// Replaces HDF5's external links by ones that stay in the folder of the file that holds them, unless `allow`. For the whole
/// process; call before files are opened.
void guard_external_links(bool allow);

/// Throws InputError if a link was refused on this thread since the last call.
void throw_if_link_refused();

/// Refuses a dataset whose values lie in files outside the folder of `path`, unless `allow`, or in files that are not there:
/// HDF5 would make values up. Looks through virtual datasets of virtual datasets. Returns the size of the files its values
/// lie in. Throws InputError.
std::uint64_t check_sources(hid_t dataset, const std::string& name, const std::string& path, bool allow);

/// Every file that links and datasets of this process have led to so far; those that HDF5 makes names of (a virtual source
/// with a %) are not among them. An output must not be one of them.
std::vector<std::string> files_led_to();

}  // namespace carbonfront
