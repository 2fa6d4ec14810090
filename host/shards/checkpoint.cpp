#include "host/shards/checkpoint.hpp"

#include <filesystem>
#include <optional>

#include "carbonfront/errors.hpp"
#include "host/sweep/digest.hpp"

namespace carbonfront {

namespace {

/// Opens a part or checkpoint of exactly this work and range.
OwnFile open_own(const std::string& path, const PartInfo& work, PartInfo& found) {
  OwnFile file = open_part(path);
  found = read_part_info(file);
  require_same_share(found, work, path);
  return file;
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

}  // namespace

std::string checkpoint_path(const std::string& target) { return target + ".checkpoint"; }

bool has_checkpoint(const std::string& target) { return exists(checkpoint_path(target)); }

bool is_done(const std::string& target, const PartInfo& work, bool force) {
  if (force || !exists(target)) return false;
  PartInfo found;
  open_own(target, work, found);
  if (!found.complete()) throw InputError("cannot use '" + target + "'", "it is not complete", "add --force to start anew");
  return true;
}

bool resume(const std::string& target, const Plan& plan, const PartInfo& work, bool force, const Progress& progress,
            ResultRows& rows, Data& data) {
  std::string path = checkpoint_path(target);
  if (!exists(path)) return false;
  PartInfo found;
  std::optional<OwnFile> file;
  try {
    file.emplace(open_own(path, work, found));
    if (force) digest(*file, progress);  // reads all of it: what is damaged inside is begun anew as well
  } catch (const InputError&) {
    if (!force) throw;
    remove_checkpoint(target);
    return false;
  }
  append_part(*file, plan, found, progress, rows, data);
  return true;
}

void remove_checkpoint(const std::string& target) {
  std::error_code ignored;
  std::filesystem::remove(checkpoint_path(target), ignored);
}

}  // namespace carbonfront
