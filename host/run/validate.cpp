#include "host/run/validate.hpp"

#include <fmt/format.h>

#include <bit>

#include "host/scoring/check.hpp"
#include "host/scoring/intervals.hpp"

namespace carbonfront {

namespace {

void compare_stored(const char* name, const std::vector<double>& stored, const Array<double>& computed, const Plan& plan,
                    const Data& data, std::vector<std::string>& lines) {
  for (std::size_t i = 0; i < stored.size(); ++i)
    if (std::bit_cast<std::uint64_t>(stored[i]) != std::bit_cast<std::uint64_t>(computed[i]))
      lines.push_back(fmt::format("{}: {} is {} in the result, the sweep says {}",
                                  place_of(plan.columns.front(), data.selection.row_of(static_cast<std::uint32_t>(i))), name,
                                  stored[i], computed[i]));
}

void compare_emissions(const OwnFile& file, const Plan& plan, const Data& data, std::vector<std::string>& lines) {
  if (!plan.emissions) return;
  for (const EmissionOutput& output : all_emissions())
    if (plan.emissions->computes(output.source))
      compare_stored(output.name, read_selected_reals(file, std::string("/emissions/") + output.name, data),
                     data.values_of(output.source), plan, data, lines);
}

}  // namespace

Validation validate(const OwnFile& file, const std::vector<std::string>& sweep, const ReadingOptions& reading,
                    std::uint64_t sample, Progress& progress) {
  Plan plan = make_plan(read_spec_of_result(file), sweep, reading);
  check_rows_of_result(file, plan.rows);
  const OpenBackend reference = open_backend("reference");
  Data data = load(plan, *reference.session, 0, progress);
  Validation found;
  compare_emissions(file, plan, data, found.lines);
  CheckReport report;
  std::vector<ViewScores> views;
  for (std::size_t i = 0; i < plan.views.size(); ++i) {
    views.push_back(read_view(file, plan, data, i, rate(plan, data, i), progress, found.lines));
    judge_intervals(plan, data, i, *reference.session, progress, views[i]);
    check_view_answers(plan, data, i, views[i], sample, progress, report);
  }
  if (found.lines.empty() && report.different == 0) compare_content(file, plan, data, views, progress, found.lines);
  found.compared = report.compared;
  found.views = plan.views.size();
  found.different = found.lines.size() + report.different;
  found.lines.insert(found.lines.end(), report.lines.begin(), report.lines.end());
  return found;
}

}  // namespace carbonfront
