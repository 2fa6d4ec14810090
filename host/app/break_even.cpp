// How many queries it takes until the training that emits more has paid off.

#include <cmath>

#include "host/app/say.hpp"
#include "host/app/summary.hpp"
#include "host/scoring/values.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

/// The position on the front that emits least by an objective, the lowest of equals; kNone where none is known.
std::uint32_t least(const ViewScores& scores, ColumnView column) {
  std::uint32_t best = kNone;
  for (std::uint32_t position : scores.front) {
    double value = real_at(column, scores.selected_of(position));
    if (!std::isnan(value) && (best == kNone || value < real_at(column, scores.selected_of(best)))) best = position;
  }
  return best;
}

/// The objective that has a computed column; null where the view has none.
const Objective* objective_of(const ViewPlan& view, const ViewScores& scores, Source source) {
  for (std::size_t k = 0; k < view.objectives.size(); ++k)
    if (view.objectives[k].source == source) return &scores.objectives[k];
  return nullptr;
}

}  // namespace

std::optional<double> break_even(double training_a, double sample_a, double training_b, double sample_b) {
  double queries = (training_b - training_a) / (sample_a - sample_b);
  return std::isfinite(queries) && queries > 0 ? std::optional(queries) : std::nullopt;
}

std::optional<BreakEven> break_even_of(const ScoreSummary& in, std::size_t view, const ViewScores& scores) {
  const Objective* training = objective_of(in.plan.views[view], scores, Source::co2e);
  const Objective* sample = objective_of(in.plan.views[view], scores, Source::inference_co2e);
  if (!training || !sample) return {};
  std::uint32_t trained = least(scores, training->column), used = least(scores, sample->column);
  if (trained == kNone || used == kNone) return {};
  auto emits = [&](const Objective* objective, std::uint32_t position) {
    return real_at(objective->column, scores.selected_of(position));
  };
  auto queries = break_even(emits(training, trained), emits(sample, trained), emits(training, used), emits(sample, used));
  if (!queries) return {};
  return BreakEven{scores.row_of(in.data.selection, trained), scores.row_of(in.data.selection, used), *queries};
}

std::string break_even_text(const ScoreSummary& in, std::size_t view, const ViewScores& scores) {
  auto found = break_even_of(in, view, scores);
  if (!found) return "";
  Labels labels = read_labels(in.plan, {found->trained_row, found->used_row});
  return shown("  {} emits least in training, {} per query: the second pays off from {} queries on\n",
               labels.of(found->trained_row), labels.of(found->used_row),
               found->queries < 1e15 ? grouped_digits(static_cast<unsigned long long>(std::ceil(found->queries)))
                                     : shown("{:.3g}", found->queries));
}

}  // namespace carbonfront
