// carbonfront explain: one row's inputs, the steps of its formula, its verdicts, and what beats it by how much.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <numeric>

#include "carbonfront/errors.hpp"
#include "host/app/commands.hpp"
#include "host/app/crash_guard.hpp"
#include "host/app/explain_steps.hpp"
#include "host/app/numbers.hpp"
#include "host/app/say.hpp"
#include "host/app/signals.hpp"
#include "host/app/summary.hpp"
#include "host/app/table.hpp"
#include "host/scoring/factors.hpp"
#include "host/scoring/result.hpp"
#include "host/scoring/values.hpp"
#include "host/sweep/external.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

struct ExplainOptions {
  std::string result;
  std::uint64_t row = 0;
  std::vector<std::string> inputs;
  std::optional<std::uint64_t> against;
};

/// What a row has in a column of the sweep, as a text and as a number.
struct Cell {
  std::string text = "missing";
  double value = std::nan("");
};

Cell cell_of(const Column& column, std::uint64_t row) {
  Cell cell;
  if (column.info.type == ValueType::string) {
    Strings strings;
    read_strings(column, row, 1, strings);
    if (!strings[0].empty()) cell.text = "'" + std::string(strings[0]) + "'";
    return cell;
  }
  std::vector<std::byte> bytes(size_of(column.info.type));
  read_numbers(column, row, 1, bytes.data());
  ColumnView view = view_of(column.info, bytes.data());
  return {text_at(view, 0), real_at(view, 0)};
}

/// One row, read and computed again by the reference.
struct Row {
  const Plan& plan;
  const OwnFile& result;
  std::uint64_t number;
  Data data;
  std::vector<double> factors;  // [quantities] in stored units

  double factor(int place) const { return place == kConstantOne ? 1 : factors[place]; }
};

/// Reads one value of a dataset of the result, which must be there for every row.
template <class T>
T stored(const Row& row, const std::string& name, std::uint64_t number) {
  if (std::uint64_t values = row.result.size(name); values != row.plan.rows)
    row.result.damaged(name, fmt::format("it has {} values where {} are expected", values, row.plan.rows));
  std::vector<T> value;
  row.result.read(name, number, 1, value);
  return value[0];
}

/// The same where the spec asked for it.
template <class T>
std::optional<T> stored_if(bool asked, const Row& row, const std::string& name, std::uint64_t number) {
  if (!asked) return {};
  return stored<T>(row, name, number);
}

Row read_row(const Plan& plan, const OwnFile& result, std::uint64_t number) {
  Row row{plan, result, number, {}, {}};
  Progress progress(&stop_of_process());
  LoadSeconds ignored;
  const OpenBackend reference = open_backend("reference");
  row.data = start_data(plan, *reference.session, number, 1);
  read_rows(plan, *reference.session, number + 1, {}, progress, ignored, row.data);
  if (!plan.emissions) return row;
  for (std::size_t k = 0; k < plan.emissions->factors.size(); ++k) {
    const FactorPlan& factor = plan.emissions->factors[k];
    double value = factor.column == kNoColumn ? factor.constant : cell_of(plan.columns[factor.column], number).value;
    if (factor.low_column != kNoColumn)
      value = std::midpoint(value, cell_of(plan.columns[factor.high_column], number).value);
    for (const auto& [name, found] : row.data.lookups[k]) value = found.value;
    if (!row.data.assumed_factors.empty() && row.data.assumed_factors[0] >> k & 1) value = *factor.assume;
    row.factors.push_back(value);
  }
  return row;
}

/// The bounds of a quantity that a relative error or constants make, and where a limit stops them.
std::string bounds_text(const Row& row, std::size_t k) {
  const FactorPlan& factor = row.plan.emissions->factors[k];
  if (factor.low) return fmt::format("; {} to {}", *factor.low, *factor.high);
  if (!factor.error || std::isnan(row.factors[k])) return "";
  double value = row.factors[k], low = low_of_error(factor.quantity, value, *factor.error),
         high = high_of_error(factor.quantity, value, *factor.error);
  bool stopped = low != value * (1 - *factor.error) || high != value * (1 + *factor.error);
  return fmt::format("; ± {:.3g} %: {} to {}{}", 100 * *factor.error, low, high,
                     stopped ? ", " + limit_text(factor.quantity) : "");
}

std::string input_source(const Row& row, std::size_t k) {
  const FactorPlan& factor = row.plan.emissions->factors[k];
  if (!factor.fallback.empty()) return "left out: " + factor.fallback;
  if (factor.found)
    return fmt::format("catalogue: {}, source {}", factor.found->name, factor.found->source) + bounds_text(row, k);
  if (factor.column == kNoColumn) return "the spec" + bounds_text(row, k);
  const Column& column = row.plan.columns[factor.column];
  std::string text = fmt::format("column {} has {}", column.info.name, cell_of(column, row.number).text);
  for (const auto& [name, found] : row.data.lookups[k]) {
    const auto& entry = found.answer.entry;
    text += entry ? fmt::format(": {}, source {}{}{}", entry->name, entry->user ? "the user's" : entry->source,
                                entry->note.empty() ? "" : "; ", entry->note)
                  : ": " + found.answer.why;
  }
  if (factor.low_column != kNoColumn) {
    const Column& high = row.plan.columns[factor.high_column];
    text = fmt::format("the middle of columns {} ({}) and {} ({})", column.info.name, cell_of(column, row.number).text,
                       high.info.name, cell_of(high, row.number).text);
  }
  if (row.data.assumed_factors[0] >> k & 1) text += "; assumed by the spec";
  return text + bounds_text(row, k);
}

void print_model(const Row& row, const char* title, const StepPlan& step) {
  std::vector<double> factors;
  for (int place : step.factors) factors.push_back(row.factor(place));
  tell("\n{}: {}\n", title, step.name);
  for (const std::string& line : explained_steps(step.model, factors)) tell("  {}\n", line);
}

void print_emissions(const Row& row) {
  const EmissionsPlan& emissions = *row.plan.emissions;
  Table table{{{"input", "value", "unit", "from"}}};
  for (std::size_t k = 0; k < emissions.factors.size(); ++k)
    table.rows.push_back({emissions.factors[k].quantity,
                          std::isnan(row.factors[k]) ? "missing" : fmt::format("{}", row.factors[k]),
                          emissions.factors[k].unit, input_source(row, k)});
  tell_lines("\n" + table.text("", {1}));
  int source = emissions.chooses() ? row.data.emission_source[0] : 0;
  for (std::size_t k = 0; k < emissions.training.size(); ++k)
    if (emissions.training[k].how == Combine::add || static_cast<int>(k) == source)
      print_model(row, emissions.training[k].how == Combine::add ? "Added" : "Training", emissions.training[k]);
  if (source == kNoSource) tell("\nNo model knows the energy of this row.\n");
  if (emissions.inference) print_model(row, "One sample", *emissions.inference);
  tell("\n");
  for (const EmissionOutput& output : all_emissions()) {
    if (!emissions.computes(output.source)) continue;
    double value = row.data.values_of(output.source)[0];
    auto kept = stored<double>(row, std::string("/emissions/") + output.name, row.number);
    if (kept != value && !(std::isnan(kept) && std::isnan(value)))
      throw InputError(fmt::format("{} of row {} is {} by the sweep, '{}' has {}", output.name, row.number, value,
                                   row.result.path(), kept),
                       "the sweep is not the one that was scored", "give the sweep with --sweep");
    tell("{} = {} {}\n", output.name, value, output.unit);
  }
}

double objective_value(const Row& row, const ObjectivePlan& objective, std::uint64_t number) {
  if (objective.source != Source::column) return stored<double>(row, "/emissions/" + objective.name, number);
  return cell_of(row.plan.columns[objective.column], number).value;
}

/// The objectives of this row beside those of another one, and by how much the other is better.
void print_beside(const Row& row, const ViewPlan& view, std::uint64_t other, const std::string& name) {
  Table table{{{"objective", "this row", name, "better by", ""}}};
  for (const ObjectivePlan& objective : view.objectives) {
    double mine = objective_value(row, objective, row.number), theirs = objective_value(row, objective, other);
    double by = objective.maximise ? theirs - mine : mine - theirs;
    table.rows.push_back({objective.name + (objective.maximise ? " ↑" : " ↓"), fmt::format("{:.9g}", mine),
                          fmt::format("{:.9g}", theirs), fmt::format("{:.9g}", by),
                          mine != 0 ? fmt::format("{:.3g} %", 100 * by / std::abs(mine)) : ""});
  }
  tell_lines(table.text("  ", {1, 2, 3, 4}));
}

/// What holds of a row with intervals, whatever the true values are.
void print_certainty(const Row& row, const std::string& prefix) {
  auto certainty = stored<std::uint8_t>(row, prefix + "certainty", row.number);
  if (certainty == 0) return;
  auto count = [&](const char* name) { return grouped_digits(stored<std::uint32_t>(row, prefix + name, row.number)); };
  tell("  whatever the true values are: {}\n",
       certainty == 1   ? std::string("surely worth it, nothing can beat it")
       : certainty == 2 ? fmt::format("surely sub-optimal, beaten by {}", count("surely_dominated_by"))
                        : fmt::format("undecided, {} may beat it", count("possibly_dominated_by")));
}

/// What the front loses without this row of it.
void print_contribution(const Row& row, const std::string& prefix) {
  std::vector<std::int64_t> front = row.result.all<std::int64_t>(prefix + "front");
  auto at = std::ranges::lower_bound(front, static_cast<std::int64_t>(row.number));
  if (at == front.end() || *at != static_cast<std::int64_t>(row.number))
    row.result.damaged(prefix + "front", fmt::format("row {} is on the front and not in it", row.number));
  std::vector<double> contribution;
  row.result.read(prefix + "front_contribution", static_cast<std::uint64_t>(at - front.begin()), 1, contribution);
  tell("  without it the front alone, dominated rows left aside, loses a hypervolume of {:.9g}\n", contribution[0]);
}

void print_view(const Row& row, const ViewPlan& view) {
  std::string prefix = "/views/" + view.spec.name + "/";
  const Outputs& asked = view.spec.outputs;
  auto state = stored<std::uint8_t>(row, prefix + "state", row.number);
  tell("\nVIEW {}: ", view.spec.name);
  if (state == 1) {
    std::vector<std::string> missing;
    for (const ObjectivePlan& objective : view.rated_by)
      if (std::isnan(objective_value(row, objective, row.number))) missing.push_back(objective.name);
    return tell("no verdict; missing: {}\n", join(missing, ", "));
  }
  bool front = stored<std::uint8_t>(row, prefix + "nondominated", row.number) == 1;
  std::string text = front ? "worth it: nothing beats it" : "sub-optimal";
  if (auto count = stored_if<std::uint32_t>(asked.dominated_by, row, prefix + "dominated_by", row.number); count && !front)
    text += fmt::format(", beaten by {}", grouped_digits(*count));
  if (auto count = stored_if<std::uint32_t>(asked.dominates, row, prefix + "dominates", row.number))
    text += fmt::format(", beats {}", grouped_digits(*count));
  if (auto rank = stored_if<std::uint32_t>(asked.rank, row, prefix + "rank", row.number); rank && *rank != kNone)
    text += fmt::format(", on front {}", *rank);
  tell("{}\n", text);
  if (front && asked.contributions) print_contribution(row, prefix);
  if (row.plan.has_intervals(view)) print_certainty(row, prefix);
  auto witness = stored_if<std::int64_t>(asked.witness, row, prefix + "witness", row.number);
  if (witness && *witness >= 0) {
    auto other = static_cast<std::uint64_t>(*witness);
    if (other >= row.plan.rows) row.result.damaged(prefix + "witness", fmt::format("there is no row {}", other));
    print_beside(row, view, other, read_labels(row.plan, {other}).of(other));
  }
}

void print_against(const Row& row, std::uint64_t other) {
  tell("\nBeside row {}\n", other);
  for (const ViewPlan& view : row.plan.views) print_beside(row, view, other, fmt::format("row {}", other));
  if (!row.plan.emissions || !row.plan.emissions->inference) return;
  auto emits = [&](const char* name, std::uint64_t number) {
    return stored<double>(row, std::string("/emissions/") + name, number);
  };
  auto queries = break_even(emits("co2e_kg", row.number), emits("inference_co2e_kg", row.number), emits("co2e_kg", other),
                            emits("inference_co2e_kg", other));
  tell("  {}\n", queries ? fmt::format("lifetimes emit the same at {:.9g} queries", *queries)
                         : "one emits less than the other however often they are used");
}

std::vector<std::string> recorded_inputs(const OwnFile& file) {
  std::vector<std::string> inputs;
  if (file.has("/provenance")) inputs = file.texts("/provenance", "input_paths");
  if (inputs.empty())
    throw InputError("'" + file.path() + "' does not say what it was made from",
                     "its group /provenance is missing, or names no input", "give the sweep with --sweep");
  return inputs;
}

int explain(const ExplainOptions& options) {
  OwnFile file = open_result(options.result);
  say_if_unchecked(file);
  Spec spec = read_spec_of_result(file);
  std::vector<std::string> inputs = options.inputs.empty() ? recorded_inputs(file) : options.inputs;
  Plan plan = make_plan(spec, inputs);
  check_rows_of_result(file, plan.rows);
  for (std::uint64_t number : {options.row, options.against.value_or(options.row)})
    if (number >= plan.rows)
      throw SpecError(fmt::format("there is no row {}", number), fmt::format("rows are 0 to {}", plan.rows - 1),
                      "give one of them");
  Row row = read_row(plan, file, options.row);
  tell("Row {} of {}: {}\n", options.row, inputs.size() == 1 ? inputs[0] : fmt::format("{} files", inputs.size()),
       read_labels(plan, {options.row}).of(options.row));
  if (row.data.selection.size == 0) {
    tell("The `where` conditions do not select it.\n");
    return 0;
  }
  if (plan.emissions) print_emissions(row);
  for (const ViewPlan& view : plan.views) print_view(row, view);
  if (options.against) print_against(row, *options.against);
  return 0;
}

}  // namespace

void add_explain_command(CLI::App& parent, std::function<int()>& action) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = parent.add_subcommand("explain", "Explain one row of a result: inputs, formula, verdict.");
  command->add_option("RESULT.h5", options->result, "A result of `carbonfront score`")->required();
  add_number(*command, "ROW", options->row, "The row, from 0", kRowNumbers)->required();
  command->add_option("--sweep", options->inputs, "The sweep, where it has moved since")->allow_extra_args(false);
  add_number(*command, "--against", options->against, "Another row to compare it with", kRowNumbers);
  command->callback([options, &action] { action = [options] { return explain(*options); }; });
}

}  // namespace carbonfront
