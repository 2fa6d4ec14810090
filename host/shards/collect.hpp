#pragma once
// Parts brought together: checked that they are all of one work, each share once.

#include <string>
#include <vector>

#include "host/shards/part.hpp"

namespace carbonfront {

/// One file of a share.
struct PartFile {
  std::string path;
  PartInfo info;
};

/// The parts of one work in order of shards, and what is wrong with them.
struct Collection {
  std::vector<PartFile> parts;           // complete ones, each shard once
  std::vector<std::string> problems;     // a line each: damaged, unfinished, foreign, twice, overlapping
  std::vector<std::uint32_t> run_again;  // shards without a usable part, ascending
  std::uint32_t shards = 0;
};

/// Reads what the files say of themselves. Damaged files count by the shard in their name. The work is that of the first
/// readable part. Throws InputError where no file can be read.
Collection collect_parts(const std::vector<std::string>& paths);

/// Throws InputError that says what is wrong and which shards to run again, where anything is.
void require_all(const Collection& collection);

/// Writes shard numbers as sbatch's --array takes them: "3,17-19".
std::string array_spec(const std::vector<std::uint32_t>& shards);

/// Binds the parts' spec to the sweep they were made from: the files they name, or others that are given; with
/// `whole_inputs` their SHA-256 is compared too. Throws InputError, also where the sweep has changed since.
Plan plan_of_parts(const Collection& collection, const std::vector<std::string>& sweep, bool whole_inputs,
                   const ReadingOptions& reading, const Progress& progress);

}  // namespace carbonfront
