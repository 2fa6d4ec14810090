#pragma once
// The digest of a result: one hash of all that it means.

#include <string>
#include <utility>
#include <vector>

#include "host/sweep/own_file.hpp"

namespace carbonfront {

/// Hashes the content of a file outside /provenance: type, shape and values of every dataset, and every attribute;
/// references by the name of what they point to. Independent of how the file is laid out. What the file has checksums for
/// is compared with them. Throws InputError, Stopped.
std::string digest(const OwnFile& file, const Progress& progress);

/// The same, object by object: path and hash of every object outside /provenance, in order of names; `checked`, where not
/// null, is the file that the content is of.
std::vector<std::pair<std::string, std::string>> content_hashes(const Content& content, const OwnFile* checked,
                                                                const Progress& progress);

}  // namespace carbonfront
