// The result file read back, for `validate` and `inspect`.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <utility>

#include "carbonfront/errors.hpp"
#include "host/pareto/cpu.hpp"
#include "host/scoring/figures.hpp"
#include "host/scoring/result.hpp"
#include "host/scoring/result_rows.hpp"
#include "host/sweep/digest.hpp"

namespace carbonfront {

namespace {

constexpr const char* kAdvice = "copy it again from where it was made, or score the sweep again";

/// Finds the rated position of an input row; kNone where it is not rated.
std::uint32_t position_of(std::uint64_t row, const Data& data, const ViewScores& scores) {
  const auto row_of = [&](std::uint32_t i) { return data.selection.row_of(scores.selected_of(i)); };
  const std::uint32_t position = first_from(row, scores.size, row_of);
  return position < scores.size && row_of(position) == row ? position : kNone;
}

/// Compares what the file says of groups with what its own `nondominated` and the sweep imply.
void compare_groups(const OwnFile& file, const std::string& prefix, const std::string& view, const ViewScores& expected,
                    std::vector<std::string>& lines) {
  std::size_t groups = expected.groups.size(), objectives = expected.objectives.size();
  auto counts = [&](const char* name, std::uint64_t GroupScores::*member) {
    auto stored = file.all<std::uint64_t>(prefix + "groups/" + name, groups);
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
    auto stored = file.all<double>(prefix + "groups/" + name, groups * objectives);
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
void compare_figures(const OwnFile& file, const std::string& prefix, const Data& data, const ViewScores& implied,
                     std::vector<std::string>& lines) {
  auto compare = [&](const std::string& name, const std::vector<double>& stored, const std::vector<double>& want) {
    for (std::size_t i = 0; i < want.size(); ++i)
      if (stored[i] != want[i] && !(std::isnan(stored[i]) && std::isnan(want[i])))
        lines.push_back(fmt::format("{}{}, entry {}: {} is stored, the sweep says {}", prefix, name, i, stored[i], want[i]));
  };
  if (!implied.reference_point.empty()) {
    std::vector<double> volumes;
    for (const GroupScores& group : implied.groups) volumes.push_back(group.hypervolume);
    compare("groups/hypervolume", file.all<double>(prefix + "groups/hypervolume", volumes.size()), volumes);
  }
  if (!implied.contributions.empty())
    compare("front_contribution", file.all<double>(prefix + "front_contribution", implied.contributions.size()),
            implied.contributions);
  if (implied.crowding.empty()) return;
  std::vector<double> all = file.all<double>(prefix + "crowding", data.selection.rows), rated;
  for (std::uint32_t i = 0; i < implied.size; ++i) rated.push_back(all[data.selection.row_of(implied.selected_of(i))]);
  compare("crowding", rated, implied.crowding);
}

/// Reads the answers of a view for its rated rows; `expected` [rows]: states by the sweep.
struct AnswerReader {
  const OwnFile& file;
  const std::string& view;
  std::string prefix;
  const Data& data;
  const ViewScores& scores;
  const std::vector<std::uint8_t>& expected;
  std::vector<std::string>& lines;

  std::uint64_t row_of(std::uint32_t position) const { return data.selection.row_of(scores.selected_of(position)); }

  template <class T>
  std::vector<T> all(const char* name) const {
    return file.all<T>(prefix + name, data.selection.rows);
  }

  void state() const {
    auto states = all<std::uint8_t>("state");
    for (std::uint64_t row = 0; row < states.size(); ++row)
      if (states[row] != expected[row])
        lines.push_back(
            fmt::format("view '{}', row {}: state is {}, the sweep says {}", view, row, states[row], expected[row]));
  }

  Array<std::uint8_t> nondominated() const {
    auto flags = all<std::uint8_t>("nondominated");
    Array<std::uint8_t> rated;
    for (std::uint32_t i = 0; i < scores.size; ++i) rated.push_back(flags[row_of(i)]);
    for (std::uint64_t row = 0; row < flags.size(); ++row)
      if (flags[row] && expected[row] != 2)
        lines.push_back(fmt::format("view '{}', row {}: non-dominated but not rated", view, row));
    return rated;
  }

  template <class T>
  std::vector<T> answers(const char* name, T fill) const {
    auto stored = all<T>(name);
    for (std::uint64_t row = 0; row < stored.size(); ++row)
      if (expected[row] != 2 && stored[row] != fill)
        lines.push_back(
            fmt::format("view '{}', row {}: {} is {} though the row is not rated", view, row, name, stored[row]));
    return stored;
  }

  Array<std::uint32_t> counts(bool wanted, const char* name) const {
    Array<std::uint32_t> rated;
    if (!wanted) return rated;
    auto stored = answers<std::uint32_t>(name, kNone);
    for (std::uint32_t i = 0; i < scores.size; ++i) rated.push_back(stored[row_of(i)]);
    return rated;
  }

  Array<std::uint32_t> witnesses(bool wanted) const {
    Array<std::uint32_t> rated;
    if (!wanted) return rated;
    auto stored = answers<std::int64_t>("witness", -1);
    for (std::uint32_t i = 0; i < scores.size; ++i) {
      std::int64_t row = stored[row_of(i)];
      std::uint32_t position = row < 0 ? kNone : position_of(static_cast<std::uint64_t>(row), data, scores);
      if (row >= 0 && position == kNone)
        lines.push_back(fmt::format("view '{}', row {}: its witness {} is not a rated row", view, row_of(i), row));
      rated.push_back(position);
    }
    return rated;
  }

  void front(const Array<std::uint8_t>& nondominated) const {
    std::vector<std::int64_t> listed = file.all<std::int64_t>(prefix + "front"), marked;
    for (std::uint32_t i = 0; i < scores.size; ++i)
      if (nondominated[i]) marked.push_back(static_cast<std::int64_t>(row_of(i)));
    if (listed == marked) return;
    auto [stored, implied] = std::mismatch(listed.begin(), listed.end(), marked.begin(), marked.end());
    lines.push_back(fmt::format("view '{}': the front lists {} where nondominated has {}", view,
                                stored == listed.end() ? "nothing more" : fmt::format("row {}", *stored),
                                implied == marked.end() ? "nothing more" : fmt::format("row {}", *implied)));
  }

  void groups(const Grouping& grouping) const {
    auto stored = all<std::uint32_t>("group");
    for (std::uint32_t i = 0; i < data.selection.size; ++i)
      if (stored[data.selection.row_of(i)] != grouping.group[i])
        lines.push_back(fmt::format("view '{}', row {}: group is {}, the sweep says {}", view, data.selection.row_of(i),
                                    stored[data.selection.row_of(i)], grouping.group[i]));
  }
};

std::vector<std::uint8_t> states_by_sweep(const Data& data, const ViewScores& scores) {
  std::vector<std::uint8_t> states(data.selection.rows, 0);
  for (std::uint32_t i = 0; i < data.selection.size; ++i) states[data.selection.row_of(i)] = 1;
  for (std::uint32_t i = 0; i < scores.size; ++i) states[data.selection.row_of(scores.selected_of(i))] = 2;
  return states;
}

}  // namespace

OwnFile open_result(const std::string& path) {
  OwnFile file(path, kAdvice);
  std::vector<std::string> format;
  file.verify("/");
  if (!h5::read_texts(file.open("/"), "format", format) || format != std::vector<std::string>{"carbonfront result"})
    throw InputError("'" + path + "' is not a result", "its attribute `format` does not say so",
                     "give a file that `carbonfront score` wrote");
  std::int64_t version = file.integer("/", "format_version");
  if (version != kFormatVersion)
    throw InputError(fmt::format("'{}' has format version {}", path, version),
                     fmt::format("this program reads version {}", kFormatVersion), "score the sweep again");
  return file;
}

Spec read_spec_of_result(const OwnFile& file) {
  std::string text = file.text("/", "spec");
  try {
    Spec spec = parse_spec(text, file.path());
    check_spec(spec);
    return spec;
  } catch (const SpecError& error) {
    throw InputError("the spec in '" + file.path() + "' is damaged", error.what(), kAdvice);
  }
}

void check_rows_of_result(const OwnFile& file, std::uint64_t rows) {
  std::int64_t stored = file.integer("/", "rows");
  if (stored != static_cast<std::int64_t>(rows))
    throw InputError(fmt::format("'{}' has {} rows", file.path(), stored), fmt::format("the sweep has {}", rows),
                     "give the sweep it was made from");
}

std::vector<double> read_selected_reals(const OwnFile& file, const std::string& dataset, const Data& data) {
  auto all = file.all<double>(dataset, data.selection.rows);
  std::vector<double> values(data.selection.size);
  for (std::uint32_t i = 0; i < data.selection.size; ++i) values[i] = all[data.selection.row_of(i)];
  return values;
}

ViewScores read_view(const OwnFile& file, const Plan& plan, const Data& data, std::size_t index, ViewScores scores,
                     Progress& progress, std::vector<std::string>& lines) {
  const ViewSpec& spec = plan.views[index].spec;
  const Outputs& stored = spec.outputs;
  std::vector<std::uint8_t> expected = states_by_sweep(data, scores);
  AnswerReader reader{file, spec.name, "/views/" + spec.name + "/", data, scores, expected, lines};
  Verdict verdict;
  reader.state();
  verdict.nondominated = reader.nondominated();
  verdict.dominated_by = reader.counts(stored.dominated_by, "dominated_by");
  verdict.dominates = reader.counts(stored.dominates, "dominates");
  verdict.rank = reader.counts(stored.rank, "rank");
  verdict.witness = reader.witnesses(stored.witness);
  reader.front(verdict.nondominated);
  if (int grouping = data.grouping_of_view[index]; grouping >= 0) reader.groups(data.groupings[grouping]);

  if (stored.crowding && !stored.rank) {
    VerdictRequest ranks{.rank = true, .max_rank = spec.max_rank};
    verdict.rank = evaluate_cpu(scores.points(), ranks, progress).rank;
  }
  const std::string prefix = reader.prefix;
  ViewScores implied = std::move(scores);
  implied.verdict = std::move(verdict);
  summarise_groups(data, index, implied);
  compare_groups(file, prefix, spec.name, implied, lines);
  compute_figures(plan, index, implied.verdict.rank, progress, implied);
  compare_figures(file, prefix, data, implied, lines);
  return implied;
}

void compare_content(const OwnFile& file, const Plan& plan, const Data& data, const std::vector<ViewScores>& views,
                     Progress& progress, std::vector<std::string>& lines) {
  h5::Handle implied = h5::create_file_in_memory();
  ResultRows rows(implied, plan, plan.rows);
  add_all_rows(plan, data, rows);
  write_scores(implied, plan, data, views, rows, progress);
  auto stored = content_hashes(file.content(), &file, progress),
       wanted = content_hashes(Content(implied, "what is implied"), nullptr, progress);
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
