#include "host/scoring/batch_emissions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/emissions/units.hpp"
#include "host/scoring/factors.hpp"
#include "host/scoring/values.hpp"

namespace carbonfront {

namespace {

/// Which end of every interval a pass takes: the one that makes for the middle, the least, or the most emissions.
enum class Corner { middle, low, high };

/// Quantities that lessen emissions: the faster and the longer-lived the hardware, the less.
bool lessens(const std::string& quantity) {
  return quantity == "peak" || quantity == "utilisation" || quantity == "inference_utilisation" ||
         quantity == "hardware_life";
}

/// Tells whether the number of devices cancels out of a model: it shortens the time that work takes as it multiplies what is
/// drawn, or made, for that time.
bool devices_cancel(const EmissionModel& model) {
  return std::holds_alternative<Flops>(model) || std::holds_alternative<EmbodiedOfWork>(model);
}

/// One end of a batch's factors. Every formula rises or falls with each of its quantities, so that its bounds are its values
/// at two corners; rounding is monotone, so that this holds in floating point too. A number of devices that cancels stays in
/// the middle: at another corner it would cancel but for its rounding.
struct FactorsAt {
  const Plan& plan;
  const Factors& all;
  Corner corner;

  Factor operator()(int place, bool devices_stay = false) const {
    if (place == kConstantOne) return {};
    const FactorPlan& factor = plan.emissions->factors[place];
    bool stays = devices_stay && factor.quantity == "devices";
    if (corner == Corner::middle || stays || !factor.bounded())
      return {factor.column == kNoColumn ? nullptr : all.values[place].data(), factor.constant};
    bool low = (corner == Corner::low) != lessens(factor.quantity);
    if (factor.column != kNoColumn) return {(low ? all.low : all.high)[place].data(), 1};
    if (factor.low) return {nullptr, low ? *factor.low : *factor.high};
    return {nullptr, (low ? low_of_error : high_of_error)(factor.quantity, factor.constant, *factor.error)};
  }

  EmissionStep step(const StepPlan& from) const {
    EmissionStep step{from.model, {}, from.how};
    for (std::size_t k = 0; k < from.factors.size(); ++k)
      step.factors[k] = (*this)(from.factors[k], devices_cancel(from.model));
    return step;
  }

  /// The computed column that this end of the intervals gives.
  Source column(Source source) const {
    return corner == Corner::middle ? source : corner == Corner::low ? low_of(source) : high_of(source);
  }
};

/// Grows a computed column by `rows` and returns where the new part begins.
double* grown(Data& data, Source source, std::size_t rows) {
  Array<double>& column = data.values_of(source);
  column.resize(column.size() + rows);
  return column.data() + column.size() - rows;
}

/// The last `rows` of a column, which are the batch's.
template <class Column>
auto of_batch(const Column& column, std::size_t rows) {
  return column.data() + column.size() - rows;
}

/// A NaN's sign and payload differ between processors; the result's bytes must not.
void make_nans_equal(double* values, std::size_t rows) {
  for_nans(values, rows, [&](std::size_t i) { values[i] = std::numeric_limits<double>::quiet_NaN(); });
}

/// Makes bounds of what no value has: none where the value is missing; where overflow leaves a bound undefined (inf · 0) the
/// widest there is; never on the other side of the value.
void enclose(const double* value, double* low, double* high, std::size_t rows) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < rows; ++i) {
    bool known = !std::isnan(value[i]);
    low[i] = !known ? kNan : std::isnan(low[i]) ? 0 : std::min(low[i], value[i]);
    high[i] = !known ? kNan : std::isnan(high[i]) ? kInfinity : std::max(high[i], value[i]);
  }
}

/// What emissions are computed with.
struct Evaluator {
  Session& session;
  const Progress& progress;

  void operator()(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out) const {
    session.emissions(steps, rows, out, progress);
    make_nans_equal(out.energy_kwh, rows);
    make_nans_equal(out.co2e_kg, rows);
  }
};

void evaluate_training(const Evaluator& evaluate, const FactorsAt& at, std::size_t rows, Data& data) {
  const EmissionsPlan& emissions = *at.plan.emissions;
  bool middle = at.corner == Corner::middle;
  std::vector<EmissionStep> steps;
  for (const StepPlan& step : emissions.training) steps.push_back(at.step(step));
  EmissionColumns out{grown(data, at.column(Source::energy), rows), grown(data, at.column(Source::co2e), rows)};
  if (emissions.chooses() && !middle) out.chosen = of_batch(data.emission_source, rows);
  if (emissions.chooses() && middle) {
    data.emission_source.resize(data.emission_source.size() + rows);
    out.source = data.emission_source.data() + data.emission_source.size() - rows;
  }
  evaluate(steps, rows, out);
  if (middle) for_nans(out.co2e_kg, rows, [&](std::size_t) { ++data.without_emissions; });
  for (std::size_t i = 0; out.source && i < rows; ++i)
    if (out.source[i] != kNoSource) ++data.rows_of_model[out.source[i]];
}

/// One sample, and the lifetime where queries are known.
void evaluate_use(const Evaluator& evaluate, const FactorsAt& at, std::size_t rows, Data& data) {
  const EmissionsPlan& emissions = *at.plan.emissions;
  EmissionStep sample = at.step(*emissions.inference);
  EmissionColumns out{grown(data, at.column(Source::inference_energy), rows),
                      grown(data, at.column(Source::inference_co2e), rows)};
  evaluate({&sample, 1}, rows, out);
  if (emissions.queries == kConstantOne) return;
  EmissionStep life{Lifetime{to_base("queries", emissions.factors[emissions.queries].unit)}, {}, Combine::set};
  const double* parts[] = {of_batch(data.values_of(at.column(Source::energy)), rows),
                           of_batch(data.values_of(at.column(Source::co2e)), rows), out.energy_kwh, out.co2e_kg};
  for (std::size_t k = 0; k < std::size(parts); ++k) life.factors[k] = {parts[k], 1};
  life.factors[std::size(parts)] = at(emissions.queries);
  evaluate({&life, 1}, rows,
           {grown(data, at.column(Source::lifetime_energy), rows), grown(data, at.column(Source::lifetime_co2e), rows)});
}

/// Counts, in rows with an unknown computed objective, the missing quantities that it needs, by the columns that miss them.
void count_causes(const Plan& plan, const ViewPlan& view, std::size_t rows, const Factors& all, const Data& data,
                  EmissionCauses& causes) {
  const std::uint32_t* missing = of_batch(data.missing_factors, rows);
  std::vector<std::uint32_t> culprits(rows);
  for (std::size_t k = 0; k < view.objectives.size(); ++k) {
    if (view.objectives[k].source == Source::column) continue;
    const double* values = of_batch(data.values_of(view.objectives[k].source), rows);
    std::uint32_t needs = plan.emissions->depends.at(view.objectives[k].source);
    for_nans(values, rows, [&](std::size_t i) {
      causes.unexplained[k] += (missing[i] & needs) == 0;
      culprits[i] |= missing[i] & needs;
    });
  }
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t k = 0; culprits[i] >> k; ++k)
      if (culprits[i] >> k & 1) count_missing_columns(plan.emissions->factors[k], all, k, i, causes.columns);
}

}  // namespace

void start_emissions(const Plan& plan, Data& data) {
  if (!plan.emissions) return;
  data.factor_missing.assign(plan.emissions->factors.size(), 0);
  data.factor_assumed.assign(plan.emissions->factors.size(), 0);
  data.column_missing.assign(2 * plan.emissions->factors.size(), 0);
  data.lookups.resize(plan.emissions->factors.size());
  data.rows_of_model.assign(plan.emissions->training.size(), 0);
  for (const ViewPlan& view : plan.views)
    data.emission_causes.push_back({std::vector<std::uint64_t>(2 * plan.emissions->factors.size()),
                                    std::vector<std::uint64_t>(view.objectives.size())});
}

void append_emissions(const Plan& plan, Session& session, const Batch& batch, const Progress& progress, Data& data) {
  const EmissionsPlan& emissions = *plan.emissions;
  std::size_t rows = batch.kept.size();
  Factors all = gather_factors(plan, batch, data);
  for (Corner corner : {Corner::middle, Corner::low, Corner::high}) {
    if (corner != Corner::middle && !emissions.bounded) break;
    FactorsAt at{plan, all, corner};
    evaluate_training({session, progress}, at, rows, data);
    if (emissions.inference) evaluate_use({session, progress}, at, rows, data);
  }
  for (const EmissionOutput& output : all_emissions()) {
    if (!emissions.bounded || output.source > Source::lifetime_co2e || !emissions.computes(output.source)) continue;
    Array<double>&low = data.values_of(low_of(output.source)), &high = data.values_of(high_of(output.source));
    enclose(of_batch(data.values_of(output.source), rows), low.data() + low.size() - rows, high.data() + high.size() - rows,
            rows);
  }
  for (std::size_t i = 0; i < plan.views.size(); ++i)
    if (plan.views[i].uses_emissions()) count_causes(plan, plan.views[i], rows, all, data, data.emission_causes[i]);
}

}  // namespace carbonfront
