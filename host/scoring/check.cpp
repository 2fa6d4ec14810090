#include "host/scoring/check.hpp"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <mutex>
#include <numeric>
#include <unordered_set>

#include "host/pareto/reference.hpp"

namespace carbonfront {

namespace {

std::uint64_t mixed(std::uint64_t x) {  // splitmix64, Steele, Lea & Flood 2014
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

std::string answer_text(std::uint32_t value) { return value == kNone ? "none" : std::to_string(value); }

/// Compares one row's answers; returns lines for what differs.
std::vector<std::string> compare_row(const Plan& plan, const Data& data, const ViewSpec& view, const ViewScores& scores,
                                     std::uint32_t position, const Progress& progress) {
  const Verdict& got = scores.verdict;
  RowVerdict want = reference_row(scores.points(), position, progress);
  auto row_of = [&](std::uint32_t p) { return scores.row_of(data.selection, p); };
  std::vector<std::string> lines;
  auto compare = [&](const char* name, std::uint32_t answer, std::uint32_t reference) {
    if (answer != reference)
      lines.push_back(fmt::format("view '{}', {}: {} is {}, the reference says {}", view.name,
                                  place_of(plan.columns.front(), row_of(position)), name, answer_text(answer),
                                  answer_text(reference)));
  };
  compare("nondominated", got.nondominated[position], want.nondominated);
  if (!got.dominated_by.empty()) compare("dominated_by", got.dominated_by[position], want.dominated_by);
  if (!got.dominates.empty()) compare("dominates", got.dominates[position], want.dominates);
  if (!got.rank.empty())
    compare("rank", got.rank[position], reference_rank_from(scores.points(), position, got.rank, progress, view.max_rank));
  auto as_row = [&](std::uint32_t witness) {
    return witness < scores.size ? static_cast<std::uint32_t>(row_of(witness)) : witness;
  };
  if (!got.witness.empty()) compare("witness", as_row(got.witness[position]), as_row(want.witness));
  return lines;
}

void add_difference(CheckReport& report, std::string line) {
  ++report.different;
  if (report.lines.size() < 20) report.lines.push_back(std::move(line));
}

}  // namespace

std::vector<std::uint32_t> seeded_sample(std::uint32_t size, std::uint64_t count) {
  std::vector<std::uint32_t> sample;
  if (count >= size) {
    sample.resize(size);
    std::iota(sample.begin(), sample.end(), 0);
    return sample;
  }
  std::unordered_set<std::uint32_t> chosen;  // Floyd's sampling: exactly `count` different positions
  for (std::uint64_t top = size - count; top < size; ++top) {
    std::uint32_t candidate = static_cast<std::uint32_t>(mixed(top) % (top + 1));
    chosen.insert(chosen.contains(candidate) ? static_cast<std::uint32_t>(top) : candidate);
  }
  sample.assign(chosen.begin(), chosen.end());
  std::sort(sample.begin(), sample.end());
  return sample;
}

void check_view_answers(const Plan& plan, const Data& data, std::size_t view, const ViewScores& scores, std::uint64_t sample,
                        Progress& progress, CheckReport& report) {
  std::vector<std::uint32_t> positions = seeded_sample(scores.size, sample);
  std::vector<std::vector<std::string>> lines(positions.size());
  progress.begin("validate", positions.size());
  tbb::parallel_for(std::size_t{0}, positions.size(), [&](std::size_t i) {
    progress.throw_if_stopped();
    lines[i] = compare_row(plan, data, plan.views[view].spec, scores, positions[i], progress);
    progress.add(1);
  });
  report.compared += positions.size();
  for (auto& row : lines)
    for (std::string& line : row) add_difference(report, std::move(line));
}

void check_emissions(const Plan& plan, const Data& data, std::uint64_t batch_rows, Progress& progress, CheckReport& report) {
  if (!plan.emissions) return;
  const OpenBackend reference = open_backend("reference");
  Data again = load(plan, *reference.session, batch_rows, progress);
  report.compared += data.selection.size;
  auto compare = [&](const char* name, const Array<double>& got, const Array<double>& want) {
    for (std::uint32_t i = 0; i < data.selection.size; ++i) {
      bool same = std::bit_cast<std::uint64_t>(got[i]) == std::bit_cast<std::uint64_t>(want[i]) ||
                  (std::isnan(got[i]) && std::isnan(want[i]));
      if (!same)
        add_difference(report, fmt::format("{}: {} is {}, the reference says {}",
                                           place_of(plan.columns.front(), data.selection.row_of(i)), name, got[i], want[i]));
    }
  };
  for (const EmissionOutput& output : all_emissions())
    if (plan.emissions->computes(output.source))
      compare(output.name, data.values_of(output.source), again.values_of(output.source));
  for (std::size_t i = 0; i < data.emission_source.size(); ++i)
    if (data.emission_source[i] != again.emission_source[i])
      add_difference(report,
                     fmt::format("{}: source is {}, the reference says {}",
                                 place_of(plan.columns.front(), data.selection.row_of(static_cast<std::uint32_t>(i))),
                                 data.emission_source[i], again.emission_source[i]));
}

}  // namespace carbonfront
