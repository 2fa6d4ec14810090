#pragma once
// Part files: what a task found out about its share of a sweep, complete or as far as it came.

#include <cstdint>
#include <string>
#include <vector>

#include "host/scoring/load.hpp"
#include "host/scoring/result_rows.hpp"
#include "host/shards/share.hpp"
#include "host/sweep/fingerprint.hpp"
#include "host/sweep/own_file.hpp"

namespace carbonfront {

/// What the attribute `format` of a part, and of the counts beside it, says.
inline constexpr const char *kPartFormat = "carbonfront part", *kCountsFormat = "carbonfront counts";

/// The work that a part belongs to, and its share of it. Parts of one work can be put together.
struct PartInfo {
  std::string program_version, spec;
  std::vector<InputIdentity> inputs;  // the sweep's files
  std::uint64_t rows = 0;             // of the sweep
  Shard shard;
  RowRange range;
  std::uint64_t done = 0;             // rows of the range that are in it, from its first
  std::vector<std::string> catalogs;  // SHA-256 of the user's catalogues

  bool complete() const { return done == range.end - range.first; }
};

/// Describes the work of a plan. Reads what the inputs' fingerprints need, with `whole_inputs` all their bytes, and the
/// user's catalogues. Throws InputError, Stopped.
PartInfo part_of(const Plan& plan, Shard shard, RowRange range, bool whole_inputs, const Progress& progress);

/// The fingerprints of the inputs.
std::vector<std::string> fingerprints_of(const PartInfo& info);

/// Says how `found` is of other work than `wanted`: its version, spec, catalogues, input or number of rows; empty where it
/// is not.
std::string difference(const PartInfo& wanted, const PartInfo& found);

/// Writes everything that the rows so far left in memory, beside the rows that ResultRows wrote. A part is uncompressed: it
/// is read once. Ends with the checksums. Throws OutputError.
void write_part(hid_t file, const Plan& plan, PartInfo info, Data& data);

/// Opens a part, counts, or a checkpoint. Throws InputError.
OwnFile open_part(const std::string& path);

/// Writes and reads what any file of a share says of its work; `format` names the kind of file. Throw OutputError,
/// InputError.
void write_work(hid_t file, const char* format, const PartInfo& info);
PartInfo read_work(const OwnFile& file, const char* format);

/// Throws InputError, naming the difference, where a file is of other work or another share than is wanted.
void require_same_share(const PartInfo& found, const PartInfo& wanted, const std::string& path);

/// Gives the number of an encoded key.
using NumberOfKey = std::function<std::uint32_t(std::string_view)>;

/// Numbers the keys of a grouping of `data`, new ones in the order in which they are met, and throws DeviceError where they
/// take more than `data.memory` allows.
NumberOfKey numbering(const Plan& plan, Grouping& grouping, const Data& data);

/// Gives the number of each group of a part; `grouping` says of which columns they are. Throws InputError, and what
/// `number_of` throws.
std::vector<std::uint32_t> number_groups_of_part(const OwnFile& file, std::size_t index, const Grouping& grouping,
                                                 const NumberOfKey& number_of);

/// Reads the front of a part's rows in a view; its groups by `group_numbers`, null without groups. Throws InputError.
FrontRows read_front_of_part(const OwnFile& file, const PartInfo& info, std::size_t view,
                             const std::vector<Objective>& objectives, const std::vector<std::uint32_t>* group_numbers);

/// Reads what a part says of itself. Throws InputError where it is no part, or not readable.
PartInfo read_part_info(const OwnFile& file);

/// Appends a part's rows to data that ends where the part begins. What the plan keeps must be in the part: the same plan's,
/// or a plan that keeps less. `out` takes emissions and states. Throws InputError, OutputError, Stopped.
void append_part(const OwnFile& file, const Plan& plan, const PartInfo& info, const Progress& progress, ResultRows& out,
                 Data& data);

}  // namespace carbonfront
