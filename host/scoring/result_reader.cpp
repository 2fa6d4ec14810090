// The result file read back, for `validate` and `inspect`.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <utility>

#include "host/errors.hpp"
#include "host/scoring/figures.hpp"
#include "host/scoring/result.hpp"
#include "host/scoring/result_rows.hpp"
#include "host/sweep/external.hpp"
#include "host/sweep/fingerprint.hpp"

namespace carbonfront {

namespace {

/// Reads a whole dataset. Throws InputError where it is missing or has another size.
template <class T>
std::vector<T> read_all(hid_t file, const std::string& path, const std::string& name, hid_t type, std::uint64_t size) {
  auto fail = [&](const std::string& why) -> void {
    throw InputError(fmt::format("cannot read '{}' of '{}'", name, path), why, "score the sweep again");
  };
  if (!h5::exists(file, name)) fail("the dataset is missing");
  h5::Handle dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT));
  if (!dataset) fail(h5::last_reason());
  require_own_values(dataset, name);
  h5::Handle space(H5Dget_space(dataset));
  std::uint64_t stored = static_cast<std::uint64_t>(H5Sget_simple_extent_npoints(space));
  if (stored != size) fail(fmt::format("it has {} values where {} are expected", stored, size));
  std::vector<T> values(size);
  if (size > 0 && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) fail(h5::last_reason());
  return values;
}

std::uint64_t size_of_dataset(hid_t file, const std::string& name) {
  if (!h5::exists(file, name)) return 0;
  h5::Handle dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT)), space(H5Dget_space(dataset));
  return static_cast<std::uint64_t>(H5Sget_simple_extent_npoints(space));
}

/// Finds the rated position of an input row; kNone where it is not rated.
std::uint32_t position_of(std::uint64_t row, const Data& data, const ViewScores& scores) {
  std::uint32_t low = 0, high = scores.size;
  while (low < high) {
    std::uint32_t middle = low + (high - low) / 2;
    if (data.selection.row_of(scores.selected_of(middle)) < row)
      low = middle + 1;
    else
      high = middle;
  }
  return low < scores.size && data.selection.row_of(scores.selected_of(low)) == row ? low : kNone;
}

/// Compares what the file says of groups with what its own `nondominated` and the sweep imply.
void compare_groups(hid_t file, const std::string& path, const std::string& prefix, const std::string& view,
                    const ViewScores& expected, std::vector<std::string>& lines) {
  std::size_t groups = expected.groups.size(), objectives = expected.objectives.size();
  auto counts = [&](const char* name, std::uint64_t GroupScores::*member) {
    auto stored = read_all<std::uint64_t>(file, path, prefix + "groups/" + name, H5T_NATIVE_UINT64, groups);
    for (std::size_t g = 0; g < groups; ++g)
      if (stored[g] != expected.groups[g].*member)
        lines.push_back(fmt::format("view '{}', group {}: {} is {}, the sweep says {}", view, g, name, stored[g],
                                    expected.groups[g].*member));
  };
  counts("rows", &GroupScores::rows);
  counts("rated", &GroupScores::rated);
  counts("front_rows", &GroupScores::front_rows);
  counts("front_points", &GroupScores::front_points);
  auto points = [&](const char* name, std::vector<double> GroupScores::*member) {
    auto stored = read_all<double>(file, path, prefix + "groups/" + name, H5T_NATIVE_DOUBLE, groups * objectives);
    for (std::size_t i = 0; i < stored.size(); ++i) {
      double want = (expected.groups[i / objectives].*member)[i % objectives];
      if (stored[i] != want && !(std::isnan(stored[i]) && std::isnan(want)))
        lines.push_back(fmt::format("view '{}', group {}: {} of objective {} is {}, the sweep says {}", view, i / objectives,
                                    name, i % objectives, stored[i], want));
    }
  };
  points("ideal", &GroupScores::ideal);
  points("nadir", &GroupScores::nadir);
}

/// Compares hypervolumes, contributions and crowding distances with what the front implies, to the bit.
void compare_figures(hid_t file, const std::string& path, const std::string& prefix, const Data& data,
                     const ViewScores& implied, std::vector<std::string>& lines) {
  auto compare = [&](const std::string& name, const std::vector<double>& stored, const std::vector<double>& want) {
    for (std::size_t i = 0; i < want.size(); ++i)
      if (stored[i] != want[i] && !(std::isnan(stored[i]) && std::isnan(want[i])))
        lines.push_back(fmt::format("{}{}, entry {}: {} is stored, the sweep says {}", prefix, name, i, stored[i], want[i]));
  };
  if (!implied.reference_point.empty()) {
    std::vector<double> volumes;
    for (const GroupScores& group : implied.groups) volumes.push_back(group.hypervolume);
    compare("groups/hypervolume",
            read_all<double>(file, path, prefix + "groups/hypervolume", H5T_NATIVE_DOUBLE, volumes.size()), volumes);
  }
  if (!implied.contributions.empty())
    compare("front_contribution",
            read_all<double>(file, path, prefix + "front_contribution", H5T_NATIVE_DOUBLE, implied.contributions.size()),
            implied.contributions);
  if (implied.crowding.empty()) return;
  std::vector<double> all = read_all<double>(file, path, prefix + "crowding", H5T_NATIVE_DOUBLE, data.selection.rows), rated;
  for (std::uint32_t i = 0; i < implied.size; ++i) rated.push_back(all[data.selection.row_of(implied.selected_of(i))]);
  compare("crowding", rated, implied.crowding);
}

}  // namespace

std::string read_spec_of_result(hid_t file, const std::string& path) {
  h5::Handle root(H5Gopen2(file, "/", H5P_DEFAULT));
  if (h5::text_attribute(root, "format") != "carbonfront result")
    throw InputError("'" + path + "' is not a result", "its attribute `format` does not say so",
                     "give a file that `carbonfront score` wrote");
  std::int64_t version = h5::integer_attribute(root, "format_version");
  if (version != kFormatVersion)
    throw InputError(fmt::format("'{}' has format version {}", path, version),
                     fmt::format("this program reads version {}", kFormatVersion), "score the sweep again");
  return h5::text_attribute(root, "spec");
}

std::vector<double> read_selected_reals(hid_t file, const std::string& path, const std::string& dataset, const Data& data) {
  auto all = read_all<double>(file, path, dataset, H5T_NATIVE_DOUBLE, data.selection.rows);
  std::vector<double> values(data.selection.size);
  for (std::uint32_t i = 0; i < data.selection.size; ++i) values[i] = all[data.selection.row_of(i)];
  return values;
}

ViewScores read_view(hid_t file, const std::string& path, const Plan& plan, const Data& data, std::size_t index,
                     ViewScores scores, std::vector<std::string>& lines) {
  const ViewSpec& spec = plan.views[index].spec;
  std::string prefix = "/views/" + spec.name + "/";
  std::uint64_t rows = data.selection.rows;
  auto row_of = [&](std::uint32_t position) { return data.selection.row_of(scores.selected_of(position)); };

  std::vector<std::uint8_t> expected(rows, 0);
  for (std::uint32_t i = 0; i < data.selection.size; ++i) expected[data.selection.row_of(i)] = 1;
  for (std::uint32_t i = 0; i < scores.size; ++i) expected[row_of(i)] = 2;
  auto states = read_all<std::uint8_t>(file, path, prefix + "state", H5T_NATIVE_UINT8, rows);
  for (std::uint64_t row = 0; row < rows; ++row)
    if (states[row] != expected[row])
      lines.push_back(
          fmt::format("view '{}', row {}: state is {}, the sweep says {}", spec.name, row, states[row], expected[row]));

  Verdict verdict;
  auto flags = read_all<std::uint8_t>(file, path, prefix + "nondominated", H5T_NATIVE_UINT8, rows);
  for (std::uint32_t i = 0; i < scores.size; ++i) verdict.nondominated.push_back(flags[row_of(i)]);
  for (std::uint64_t row = 0; row < rows; ++row)
    if (flags[row] && expected[row] != 2)
      lines.push_back(fmt::format("view '{}', row {}: non-dominated but not rated", spec.name, row));

  auto without_answer = [&](const auto& all, auto fill, const char* name) {
    for (std::uint64_t row = 0; row < rows; ++row)
      if (expected[row] != 2 && all[row] != fill)
        lines.push_back(
            fmt::format("view '{}', row {}: {} is {} though the row is not rated", spec.name, row, name, all[row]));
  };
  auto read_counts = [&](bool wanted, const char* name, std::vector<std::uint32_t>& out) {
    if (!wanted) return;
    auto all = read_all<std::uint32_t>(file, path, prefix + name, H5T_NATIVE_UINT32, rows);
    without_answer(all, kNone, name);
    for (std::uint32_t i = 0; i < scores.size; ++i) out.push_back(all[row_of(i)]);
  };
  read_counts(spec.outputs.dominated_by, "dominated_by", verdict.dominated_by);
  read_counts(spec.outputs.dominates, "dominates", verdict.dominates);
  read_counts(spec.outputs.rank, "rank", verdict.rank);
  if (spec.outputs.witness) {
    auto all = read_all<std::int64_t>(file, path, prefix + "witness", H5T_NATIVE_INT64, rows);
    without_answer(all, std::int64_t{-1}, "witness");
    for (std::uint32_t i = 0; i < scores.size; ++i) {
      std::int64_t row = all[row_of(i)];
      std::uint32_t position = row < 0 ? kNone : position_of(static_cast<std::uint64_t>(row), data, scores);
      if (row >= 0 && position == kNone)
        lines.push_back(fmt::format("view '{}', row {}: its witness {} is not a rated row", spec.name, row_of(i), row));
      verdict.witness.push_back(position);
    }
  }

  std::vector<std::int64_t> front =
      read_all<std::int64_t>(file, path, prefix + "front", H5T_NATIVE_INT64, size_of_dataset(file, prefix + "front"));
  std::vector<std::int64_t> marked;
  for (std::uint32_t i = 0; i < scores.size; ++i)
    if (verdict.nondominated[i]) marked.push_back(static_cast<std::int64_t>(row_of(i)));
  if (front != marked) {
    auto [stored, implied] = std::mismatch(front.begin(), front.end(), marked.begin(), marked.end());
    lines.push_back(fmt::format("view '{}': the front lists {} where nondominated has {}", spec.name,
                                stored == front.end() ? "nothing more" : fmt::format("row {}", *stored),
                                implied == marked.end() ? "nothing more" : fmt::format("row {}", *implied)));
  }

  if (int grouping = data.grouping_of_view[index]; grouping >= 0) {
    auto stored = read_all<std::uint32_t>(file, path, prefix + "group", H5T_NATIVE_UINT32, rows);
    for (std::uint32_t i = 0; i < data.selection.size; ++i)
      if (stored[data.selection.row_of(i)] != data.groupings[grouping].group[i])
        lines.push_back(fmt::format("view '{}', row {}: group is {}, the sweep says {}", spec.name, data.selection.row_of(i),
                                    stored[data.selection.row_of(i)], data.groupings[grouping].group[i]));
  }
  ViewScores implied = std::move(scores);
  implied.verdict = verdict;
  summarise_groups(data, index, implied);
  compare_groups(file, path, prefix, spec.name, implied, lines);
  Progress progress;
  compute_figures(plan, index, verdict.rank, progress, implied);
  compare_figures(file, path, prefix, data, implied, lines);
  return implied;
}

void compare_content(hid_t file, const Plan& plan, const Data& data, const std::vector<ViewScores>& views,
                     std::vector<std::string>& lines) {
  h5::Handle implied = h5::create_file_in_memory();
  ResultRows rows(implied, plan, plan.rows);
  add_all_rows(plan, data, rows);
  Progress unseen;
  write_scores(implied, plan, data, views, rows, unseen);
  auto stored = content_hashes(file), wanted = content_hashes(implied);
  std::map<std::string, std::string> left(stored.begin(), stored.end());
  for (const auto& [name, hash] : wanted) {
    auto at = left.find(name);
    if (at == left.end())
      lines.push_back(fmt::format("'{}' is missing", name));
    else if (at->second != hash)
      lines.push_back(fmt::format("'{}' is not what the sweep and the other answers imply (values or attributes)", name));
    if (at != left.end()) left.erase(at);
  }
  for (const auto& [name, hash] : left) lines.push_back(fmt::format("'{}' is not of this result", name));
}

}  // namespace carbonfront
