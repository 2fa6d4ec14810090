#pragma once
// Structures of files that may make HDF5 crash are looked at where a crash does no harm, before they are opened here.

#include <functional>
#include <string>
#include <vector>

namespace carbonfront {

/// Runs `look`, which opens and reads the structure of `files`, where a crash does no harm, and throws InputError where
/// there was one. What `look` throws does not count; it will be thrown again.
using Trial = std::function<void(const std::vector<std::string>& files, const std::function<void()>& look)>;

/// Sets how files are tried, for the whole process: at its start, by one thread. Without it nothing is tried.
void try_files_with(Trial trial);

/// Tries files. Throws InputError.
void try_first(const std::vector<std::string>& files, const std::function<void()>& look);

/// Tells whether files are tried at all.
bool files_are_tried();

}  // namespace carbonfront
