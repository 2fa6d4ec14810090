#include "host/shards/collect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <optional>

#include "carbonfront/errors.hpp"
#include "host/shards/part_arrays.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

/// The shard that a name ends with: "….part-3-of-16".
std::optional<Shard> shard_in_name(const std::string& path) {
  std::size_t at = path.rfind(".part-"), of = path.rfind("-of-");
  if (at == std::string::npos || of == std::string::npos || of < at) return std::nullopt;
  Shard shard;
  const char *index = path.data() + at + 6, *count = path.data() + of + 4, *end = path.data() + path.size();
  if (std::from_chars(index, path.data() + of, shard.index).ptr != path.data() + of) return std::nullopt;
  if (std::from_chars(count, end, shard.count).ptr == count) return std::nullopt;
  return shard;
}

/// The files that a part was made from: the paths as they were given, where these still lead there from this folder, else
/// absolute ones.
std::vector<std::string> inputs_of(const PartInfo& part) {
  std::vector<std::string> paths;
  for (const InputIdentity& input : part.inputs) {
    bool leads_there = std::filesystem::absolute(input.path).string() == input.absolute_path;
    paths.push_back(leads_there ? input.path : input.absolute_path);
  }
  return paths;
}

/// Shares must lie end to end.
void check_ranges(Collection& collection) {
  std::uint64_t row = 0;
  for (const PartFile& part : collection.parts) {
    bool follows = part.info.shard.index == 0 || collection.parts.size() < collection.shards || part.info.range.first == row;
    if (!follows)
      collection.problems.push_back(
          fmt::format("'{}' begins at row {} where row {} is next", part.path, part.info.range.first, row));
    row = part.info.range.end;
  }
  if (collection.parts.size() == collection.shards && row != collection.parts.back().info.rows)
    collection.problems.push_back(
        fmt::format("'{}' ends at row {} of {}", collection.parts.back().path, row, collection.parts.back().info.rows));
}

}  // namespace

Collection collect_parts(const std::vector<std::string>& paths) {
  Collection collection;
  std::map<std::uint32_t, PartFile> by_shard;
  std::optional<PartFile> first;
  for (const std::string& path : paths) {
    if (path.ends_with(".counts") || path.ends_with(".checkpoint")) continue;  // what a pattern may catch beside the parts
    PartFile part{path, {}};
    try {
      part.info = read_part_info(open_part(path));
    } catch (const InputError& error) {
      collection.problems.push_back(error.what());
      if (auto shard = shard_in_name(path)) collection.shards = std::max(collection.shards, shard->count);
      continue;
    }
    if (!first) first = part;
    std::string why = difference(first->info, part.info);
    if (!why.empty())
      collection.problems.push_back(fmt::format("'{}' does not belong to '{}' ({})", path, first->path, why));
    else if (!part.info.complete())
      collection.problems.push_back(
          fmt::format("'{}' has {} of its {} rows", path, part.info.done, part.info.range.end - part.info.range.first));
    else if (auto [at, added] = by_shard.try_emplace(part.info.shard.index, part); !added)
      collection.problems.push_back(
          fmt::format("'{}' is shard {} once more, beside '{}'", path, part.info.shard.index, at->second.path));
  }
  if (first) collection.shards = first->info.shard.count;
  if (collection.shards == 0)
    throw InputError("none of the files is a part", collection.problems.empty() ? "none was given" : collection.problems[0],
                     "give files that `carbonfront score --shard` wrote");
  for (std::uint32_t shard = 0; shard < collection.shards; ++shard) {
    auto at = by_shard.find(shard);
    if (at == by_shard.end())
      collection.run_again.push_back(shard);
    else
      collection.parts.push_back(at->second);
  }
  check_ranges(collection);
  return collection;
}

void require_all(const Collection& collection) {
  if (collection.problems.empty() && collection.run_again.empty()) return;
  std::vector<std::string> problems = collection.problems;
  if (!collection.run_again.empty())
    problems.push_back(fmt::format("{} of {} shards have no part: {}", collection.run_again.size(), collection.shards,
                                   array_spec(collection.run_again)));
  throw InputError("the parts cannot be merged", join(problems, "; "),
                   collection.run_again.empty() ? "leave out the files that do not belong"
                                                : "run shards " + array_spec(collection.run_again) + " again");
}

std::string array_spec(const std::vector<std::uint32_t>& shards) {
  std::string text;
  for (std::size_t begin = 0, end = 0; begin < shards.size(); begin = end) {
    for (end = begin + 1; end < shards.size() && shards[end] == shards[end - 1] + 1;) ++end;
    text += (text.empty() ? "" : ",") + std::to_string(shards[begin]);
    if (end - begin > 1) text += "-" + std::to_string(shards[end - 1]);
  }
  return text;
}

Plan plan_of_parts(const Collection& collection, const std::vector<std::string>& sweep, bool whole_inputs,
                   const ReadingOptions& reading, const Progress& progress) {
  const PartFile& part = collection.parts.front();
  Spec spec = parse_spec(part.info.spec, part.path);
  check_spec(spec);
  Plan plan = make_plan(spec, sweep.empty() ? inputs_of(part.info) : sweep, reading);
  std::string why = difference(part_of(plan, part.info.shard, part.info.range, whole_inputs, progress), part.info);
  if (!why.empty())
    throw InputError("the parts do not fit the sweep", why, "give the sweep they were made from, or run all shards again");
  return plan;
}

}  // namespace carbonfront
