#include "host/shards/part.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "carbonfront/errors.hpp"
#include "host/scoring/batch.hpp"
#include "host/scoring/result_parts.hpp"
#include "host/shards/part_arrays.hpp"
#include "host/shards/part_emissions.hpp"
#include "host/sweep/fingerprint.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

constexpr std::int64_t kPartVersion = 2;

/// Writes a text of fixed length: what is read of a part does not lie in HDF5's heap.
void write_text(hid_t object, const char* name, const std::string& text) {
  h5::write_scalar_attribute(object, name, h5::fixed_text_type(std::max<std::size_t>(1, text.size())), text.c_str());
}

/// Writes of every input its path as given, absolute, fingerprint and SHA-256, each ended by a zero, and its modification
/// time.
void write_inputs(hid_t part, const std::vector<InputIdentity>& inputs) {
  std::vector<std::uint8_t> texts;
  std::vector<std::uint64_t> modified;
  for (const InputIdentity& input : inputs) {
    for (const std::string* text : {&input.path, &input.absolute_path, &input.fingerprint, &input.sha256})
      texts.insert(texts.end(), text->c_str(), text->c_str() + text->size() + 1);
    modified.push_back(static_cast<std::uint64_t>(input.modified));
  }
  write_array(part, "inputs", texts);
  write_array(part, "inputs_modified", modified);
}

std::vector<InputIdentity> read_inputs(const PartReader& part) {
  auto bytes = part.array<std::uint8_t>("inputs");
  auto modified = part.array<std::uint64_t>("inputs_modified");
  std::vector<std::string> texts;
  for (auto at = bytes.begin(); at != bytes.end();) {
    auto end = std::find(at, bytes.end(), std::uint8_t{0});
    texts.emplace_back(at, end);
    at = end == bytes.end() ? end : end + 1;
  }
  if (texts.size() != 4 * modified.size()) part.damaged("what it says of its inputs is cut off");
  std::vector<InputIdentity> inputs;
  for (std::size_t i = 0; i < modified.size(); ++i)
    inputs.push_back(
        {texts[4 * i], texts[4 * i + 1], texts[4 * i + 2], static_cast<std::int64_t>(modified[i]), texts[4 * i + 3]});
  return inputs;
}

std::string column_name(std::size_t index) { return fmt::format("values-{}", index); }

constexpr std::size_t kKeysTogether = 65536;  // in memory once more while they are written or read

/// One piece of an array that is written piece by piece.
template <class T>
void write_piece(hid_t group, const char* name, std::size_t begin, const std::vector<T>& values) {
  h5::Handle dataset(H5Dopen2(group, name, H5P_DEFAULT));
  h5::write_rows(dataset, begin, values.size(), type_in_memory<T>(), values.data());
}

/// Writes keys as three arrays: missing flags, bits, and texts one after the other with their ends.
void write_grouping(hid_t parent, std::size_t index, const Grouping& grouping) {
  h5::Handle group = create_group(parent, fmt::format("grouping-{}", index));
  write_array(group, "group", grouping.group);
  const std::size_t columns = grouping.columns.size(), keys = grouping.keys.size();
  std::uint64_t text_bytes = 0;
  for (std::size_t g = 0; g < keys; ++g)
    for (const GroupKeyValue& value : grouping.key(g)) text_bytes += value.text.size();
  create_array<std::uint8_t>(group, "missing", keys * columns);
  create_array<std::uint64_t>(group, "bits", keys * columns);
  create_array<std::uint8_t>(group, "texts", text_bytes);
  create_array<std::uint64_t>(group, "text_ends", keys * columns);
  std::uint64_t end = 0;
  for (std::size_t begin = 0; begin < keys; begin += kKeysTogether) {
    std::vector<std::uint8_t> missing, texts;
    std::vector<std::uint64_t> bits, ends;
    const std::uint64_t text_begin = end;
    for (std::size_t g = begin; g < std::min(keys, begin + kKeysTogether); ++g)
      for (const GroupKeyValue& value : grouping.key(g)) {
        missing.push_back(value.missing);
        bits.push_back(value.bits);
        texts.insert(texts.end(), value.text.begin(), value.text.end());
        ends.push_back(end += value.text.size());
      }
    write_piece(group, "missing", begin * columns, missing);
    write_piece(group, "bits", begin * columns, bits);
    write_piece(group, "texts", text_begin, texts);
    write_piece(group, "text_ends", begin * columns, ends);
  }
}

/// Reads the keys of a part's groups; returns what `number_of` says of each.
std::vector<std::uint32_t> number_keys(const PartReader& part, std::size_t index, const Grouping& grouping,
                                       const NumberOfKey& number_of) {
  const std::string prefix = fmt::format("/part/grouping-{}/", index);
  const std::size_t columns = grouping.columns.size();
  const std::uint64_t values = part.size(prefix + "bits"), text_bytes = part.size(prefix + "texts");
  if (part.size(prefix + "missing") != values || part.size(prefix + "text_ends") != values || values % columns != 0)
    part.damaged("the keys of its groups do not fit together");
  std::vector<std::uint32_t> number;
  std::uint64_t text_begin = 0;
  std::string encoded;
  for (std::uint64_t begin = 0; begin < values; begin += kKeysTogether * columns) {
    const std::uint64_t count = std::min<std::uint64_t>(kKeysTogether * columns, values - begin);
    auto missing = part.rows<std::uint8_t>(prefix + "missing", begin, count);
    auto bits = part.rows<std::uint64_t>(prefix + "bits", begin, count),
         ends = part.rows<std::uint64_t>(prefix + "text_ends", begin, count);
    if (ends.back() < text_begin || ends.back() > text_bytes) part.damaged("a group's key is cut off");
    auto texts = part.rows<std::uint8_t>(prefix + "texts", text_begin, ends.back() - text_begin);
    std::uint64_t at = text_begin;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i % columns == 0) encoded.clear();
      if (ends[i] < at || ends[i] > ends.back()) part.damaged("a group's key is cut off");
      const char* text = reinterpret_cast<const char*>(texts.data()) + (at - text_begin);
      append_encoded(encoded, {missing[i] != 0, bits[i], std::string(text, ends[i] - at)}, grouping.types[i % columns]);
      at = ends[i];
      if (i % columns == columns - 1) number.push_back(number_of(encoded));
    }
    text_begin = at;
  }
  return number;
}

/// Appends the groups of a part's selected rows; `number`: in the grouping, of each of the part's.
void append_grouping(const PartReader& part, std::size_t index, const Plan& plan, std::uint32_t selected, Data& data,
                     std::vector<std::uint32_t>& number) {
  Grouping& grouping = data.groupings[index];
  number = number_keys(part, index, grouping, numbering(plan, grouping, data));
  auto groups = part.array<std::uint32_t>(fmt::format("grouping-{}/group", index));
  if (groups.size() != selected) part.damaged("the groups of its rows are cut off");
  for (std::uint32_t group : groups) grouping.group.push_back(part.checked(number, group));
}

/// The types of a view's objectives.
std::vector<Objective> objective_types(const Plan& plan, const ViewPlan& view, const Data& data) {
  std::vector<Objective> objectives;
  for (const ObjectivePlan& objective : view.objectives)
    objectives.push_back({data.column_view(plan, objective), objective.maximise});
  return objectives;
}

void write_passing(hid_t parent, std::size_t index, PassingView& passing) {
  h5::Handle group = create_group(parent, fmt::format("view-{}", index));
  FrontRows running;
  if (passing.front.size() == 0) running = passing.stream.finish(Progress());
  const FrontRows& front = passing.front.size() ? passing.front : running;
  write_array(group, "row", front.row);
  write_array(group, "group", front.group);
  for (std::size_t k = 0; k < front.values.size(); ++k) write_array(group, column_name(k).c_str(), front.values[k]);
  write_array(group, "missing_rows", passing.missing_rows);
  write_array(group, "rated_in_group", passing.rated_in_group);
  write_array(group, "rated", std::vector<std::uint32_t>{passing.rated});
}

FrontRows front_of(const PartReader& part, const PartInfo& info, std::size_t index, const std::vector<Objective>& objectives,
                   const std::vector<std::uint32_t>* number) {
  std::string prefix = fmt::format("view-{}/", index);
  FrontRows front;
  front.row = part.array<std::uint64_t>(prefix + "row");
  front.group = part.array<std::uint32_t>(prefix + "group");
  if (front.group.size() != (number ? front.size() : 0)) part.damaged("the groups of its front are cut off");
  for (std::size_t i = 0; i < front.row.size(); ++i)
    if (front.row[i] < (i ? front.row[i - 1] + 1 : info.range.first) || front.row[i] >= info.range.end)
      part.damaged("its front has rows of other parts, or out of order");
  if (number)
    for (std::uint32_t& group : front.group) group = part.checked(*number, group);
  for (std::size_t k = 0; front.size() > 0 && k < objectives.size(); ++k) {
    front.values.push_back(part.array<std::byte>(prefix + column_name(k)));
    if (front.values[k].size() != front.size() * size_of(objectives[k].column.type)) part.damaged("its front is cut off");
  }
  return front;
}

/// Adds a part's share of a passing view. `number`: of the part's groups; null without groups.
void append_passing(const PartReader& part, const PartInfo& info, std::size_t index,
                    const std::vector<Objective>& objectives, const std::vector<std::uint32_t>* number,
                    const Progress& progress, PassingView& passing) {
  std::string prefix = fmt::format("view-{}/", index);
  FrontRows front = front_of(part, info, index, objectives, number);
  if (front.size() > 0) passing.stream.add_front(objectives, std::move(front), progress);
  auto missing = part.array<std::uint64_t>(prefix + "missing_rows"),
       rated = part.array<std::uint64_t>(prefix + "rated_in_group");
  for (std::size_t k = 0; k < passing.missing_rows.size(); ++k) passing.missing_rows[k] += part.checked(missing, k);
  for (std::size_t g = 0; number && g < rated.size(); ++g) {
    std::uint32_t group = part.checked(*number, g);
    passing.rated_in_group.resize(std::max<std::size_t>(passing.rated_in_group.size(), group + 1));
    passing.rated_in_group[group] += rated[g];
  }
  passing.rated += part.checked(part.array<std::uint32_t>(prefix + "rated"), 0);
}

/// Hands emissions and states of a part's rows on, a slab at a time, and keeps the emissions of selected rows that stay.
void append_rows(const PartReader& part, const Plan& plan, const PartInfo& info, const std::vector<std::uint32_t>* selected,
                 const Progress& progress, ResultRows& out, Data& data) {
  Batch batch;
  std::vector<std::uint8_t> states;
  std::size_t next = 0;
  for (std::uint64_t at = 0; at < info.done; at += batch.rows) {
    progress.throw_if_stopped();
    batch.rows = static_cast<std::uint32_t>(std::min(kSlabRows, info.done - at));
    batch.kept.resize(batch.rows);
    std::iota(batch.kept.begin(), batch.kept.end(), 0u);
    if (plan.emissions) next = append_emission_rows(part, plan, at, batch, selected, next, out, data);
    for (std::size_t i = 0; i < plan.views.size(); ++i)
      if (plan.views[i].passing) {
        part.file.read("/views/" + plan.views[i].spec.name + "/state", at, batch.rows, states);
        out.add_states(i, batch, states);
      }
  }
}

}  // namespace

NumberOfKey numbering(const Plan& plan, Grouping& grouping, const Data& data) {
  constexpr std::size_t between_checks = 4096;
  return [&plan, &grouping, &data](std::string_view key) {
    std::uint32_t number = grouping.keys.number_of(key);
    if (grouping.keys.size() % between_checks == 0) check_growth(plan, data);
    return number;
  };
}

std::vector<std::uint32_t> number_groups_of_part(const OwnFile& file, std::size_t index, const Grouping& grouping,
                                                 const NumberOfKey& number_of) {
  return number_keys(PartReader{file}, index, grouping, number_of);
}

FrontRows read_front_of_part(const OwnFile& file, const PartInfo& info, std::size_t view,
                             const std::vector<Objective>& objectives, const std::vector<std::uint32_t>* group_numbers) {
  return front_of(PartReader{file}, info, view, objectives, group_numbers);
}

OwnFile open_part(const std::string& path) {
  bool counts = path.find(".counts") != std::string::npos, checkpoint = path.ends_with(".checkpoint");
  return OwnFile(path, checkpoint ? "remove it, or add --force, to start anew"
                       : counts   ? "remove it and count again"
                                  : "remove it and run its shard again");
}

PartInfo part_of(const Plan& plan, Shard shard, RowRange range, bool whole_inputs, const Progress& progress) {
  PartInfo info{CARBONFRONT_VERSION, to_toml(plan.spec), {}, plan.rows, shard, range, 0, {}};
  if (plan.spec.emissions)
    for (const std::string& path : plan.spec.emissions->catalogs) info.catalogs.push_back(sha256_of_file(path, progress));
  for (std::size_t i = 0; i < plan.sweep.files.size(); ++i)
    info.inputs.push_back(identity_of(plan.columns, plan.sweep, i, whole_inputs, progress));
  return info;
}

std::vector<std::string> fingerprints_of(const PartInfo& info) {
  std::vector<std::string> fingerprints;
  for (const InputIdentity& input : info.inputs) fingerprints.push_back(input.fingerprint);
  return fingerprints;
}

std::string difference(const PartInfo& wanted, const PartInfo& found) {
  if (found.program_version != wanted.program_version)
    return fmt::format("it was made by version {}, this is {}", found.program_version, wanted.program_version);
  if (found.spec != wanted.spec) return "it was made with another spec";
  if (found.catalogs != wanted.catalogs) return "it was made with another catalogue";
  if (found.inputs.size() != wanted.inputs.size() || found.rows != wanted.rows) return "it was made from another input";
  for (std::size_t i = 0; i < wanted.inputs.size(); ++i)
    if (std::string why = difference(wanted.inputs[i], found.inputs[i]); !why.empty()) return why;
  if (found.shard.count != wanted.shard.count)
    return fmt::format("it is of {} shards, not of {}", found.shard.count, wanted.shard.count);
  return "";
}

void write_work(hid_t file, const char* format, const PartInfo& info) {
  h5::Handle root(H5Gopen2(file, "/", H5P_DEFAULT));
  write_text(root, "format", format);
  h5::write_attribute(root, "format_version", kPartVersion);
  write_text(root, "program_version", info.program_version);
  write_text(root, "spec", info.spec);
  write_text(root, "catalog_sha256", join(info.catalogs, " "));
  h5::Handle part = create_group(file, "part");
  write_array(part, "numbers",
              std::vector<std::uint64_t>{info.rows, info.shard.index, info.shard.count, info.range.first, info.range.end,
                                         info.done});
  write_inputs(part, info.inputs);
}

PartInfo read_work(const OwnFile& file, const char* format) {
  file.verify("/");
  if (h5::text_attribute(file.open("/"), "format") != format)
    throw InputError("'" + file.path() + "' is not what it should be",
                     fmt::format("its attribute `format` is not '{}'", format),
                     "give files that `carbonfront score --shard` wrote");
  if (std::int64_t version = file.integer("/", "format_version"); version != kPartVersion)
    throw InputError(fmt::format("cannot use '{}'", file.path()),
                     fmt::format("its format has version {}, made by another version of the program", version),
                     "remove it and run its shard again");
  PartReader part{file};
  auto numbers = part.array<std::uint64_t>("numbers");
  if (numbers.size() != 6) part.damaged("its numbers are cut off");
  if (numbers[2] == 0 || numbers[2] > kNone || numbers[1] >= numbers[2]) part.damaged("there is no such shard");
  PartInfo info{file.text("/", "program_version"),
                file.text("/", "spec"),
                read_inputs(part),
                numbers[0],
                {static_cast<std::uint32_t>(numbers[1]), static_cast<std::uint32_t>(numbers[2])},
                {numbers[3], numbers[4]},
                numbers[5],
                {}};
  std::string catalogs = file.text("/", "catalog_sha256");
  if (!catalogs.empty()) info.catalogs = split_names(catalogs, ' ');
  if (info.range.first > info.range.end || info.range.end > info.rows || info.done > info.range.end - info.range.first)
    part.damaged("its range of rows cannot be");
  return info;
}

void require_same_share(const PartInfo& found, const PartInfo& wanted, const std::string& path) {
  std::string why = difference(wanted, found);
  if (why.empty() && (found.shard.index != wanted.shard.index || found.range.first != wanted.range.first ||
                      found.range.end != wanted.range.end))
    why = fmt::format("it is of shard {}, rows {} to {}", found.shard.index, found.range.first, found.range.end);
  if (!why.empty()) throw InputError("cannot use '" + path + "'", why, "remove it, or add --force to start anew");
}

void write_part(hid_t file, const Plan& plan, PartInfo info, Data& data) {
  info.done = data.next_row - info.range.first;
  write_work(file, kPartFormat, info);
  h5::Handle part(H5Gopen2(file, "part", H5P_DEFAULT));
  write_array(part, "totals", std::vector<std::uint64_t>{data.selection.size, data.without_emissions});
  if (plan.emissions) write_emission_counts(part, data);
  std::vector<std::uint32_t> selected;
  for (std::uint32_t row : data.selection.row) selected.push_back(static_cast<std::uint32_t>(row - info.range.first));
  write_array(part, "selected", selected);
  Resident resident = resident_parts(plan);
  for (int column : resident.columns) write_array(part, column_name(column).c_str(), data.values[column]);
  write_array(part, "missing_factors", data.missing_factors);
  write_array(part, "assumed_factors", data.assumed_factors);
  for (std::size_t i = 0; i < data.groupings.size(); ++i) write_grouping(part, i, data.groupings[i]);
  for (std::size_t i = 0; i < plan.views.size(); ++i)
    if (plan.views[i].passing) write_passing(part, i, data.passing[i]);
  write_checksums(file);
}

PartInfo read_part_info(const OwnFile& file) { return read_work(file, kPartFormat); }

void append_part(const OwnFile& file, const Plan& plan, const PartInfo& info, const Progress& progress, ResultRows& out,
                 Data& data) {
  PartReader part{file};
  auto totals = part.array<std::uint64_t>("totals");
  auto size = static_cast<std::uint32_t>(part.checked(totals, 0));
  if (plan.emissions) append_emission_counts(part, plan, data);
  data.without_emissions += part.checked(totals, 1);
  Resident resident = resident_parts(plan);
  auto selected = part.array<std::uint32_t>("selected");  // none of a run whose views need no row numbers
  const bool numbered = resident.row_numbers || !selected.empty();
  if (!data.selection.all && numbered && selected.size() != size) part.damaged("its selected rows are cut off");
  if (data.selection.all ? size != info.done : size > info.done) part.damaged("it has not as many rows as it says");
  for (std::size_t i = 0; i < selected.size(); ++i)
    if (selected[i] >= info.done || (i > 0 && selected[i] <= selected[i - 1]))
      part.damaged("its selected rows are out of range, or out of order");
  if (resident.row_numbers)
    for (std::uint32_t row : selected) data.selection.row.push_back(static_cast<std::uint32_t>(info.range.first + row));
  for (int column : resident.columns) {
    auto values = part.array<std::byte>(column_name(column));
    if (values.size() != size * size_of(plan.columns[column].info.type))
      part.damaged(fmt::format("column '{}' is cut off", plan.columns[column].info.name));
    data.values[column].insert(data.values[column].end(), values.begin(), values.end());
  }
  auto append_bits = [&](bool stays, const char* name, std::vector<std::uint32_t>& to) {
    if (!stays) return;
    auto bits = part.array<std::uint32_t>(name);
    if (bits.size() != size) part.damaged("its missing quantities are cut off");
    to.insert(to.end(), bits.begin(), bits.end());
  };
  append_bits(resident.missing_factors, "missing_factors", data.missing_factors);
  append_bits(resident.assumed_factors, "assumed_factors", data.assumed_factors);
  std::vector<std::vector<std::uint32_t>> numbers_of_groups;
  for (std::size_t i = 0; i < data.groupings.size(); ++i)
    append_grouping(part, i, plan, size, data, numbers_of_groups.emplace_back());
  for (std::size_t i = 0; i < plan.views.size(); ++i) {
    if (!plan.views[i].passing) continue;
    int grouping = data.grouping_of_view[i];
    append_passing(part, info, i, objective_types(plan, plan.views[i], data),
                   grouping < 0 ? nullptr : &numbers_of_groups[grouping], progress, data.passing[i]);
  }
  append_rows(part, plan, info, data.selection.all ? nullptr : &selected, progress, out, data);
  data.selection.size += size;
  data.next_row = info.range.first + info.done;
}

}  // namespace carbonfront
