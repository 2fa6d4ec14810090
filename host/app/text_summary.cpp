// The summary for a terminal, in the spirit of the poster: which configurations are worth it, which are sub-optimal, what
// beats them, and how little is known of the rest.

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "host/app/say.hpp"
#include "host/app/summary.hpp"
#include "host/app/table.hpp"
#include "host/scoring/values.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

std::string shortened(const std::string& name, std::size_t most) {
  std::string text = escaped(name);
  if (Table::width(text) <= most) return text;
  std::string out;
  for (std::size_t i = 0, seen = 0; i < text.size(); ++i) {
    if ((text[i] & 0xC0) != 0x80 && ++seen == most) break;
    out += text[i];
  }
  return out + "…";
}

std::string value_text(ColumnView column, std::uint64_t row) {
  if (is_missing_at(column, row)) return "missing";
  bool real = column.type == ValueType::float32 || column.type == ValueType::float64;
  if (real) {
    double value = real_at(column, row);
    if (std::abs(value) >= 1e5 && std::abs(value) < 1e15 && value == std::trunc(value))
      return (value < 0 ? "-" : "") + grouped_digits(static_cast<unsigned long long>(std::abs(value)));
    return shown("{:.6g}", value);
  }
  std::string digits = text_at(column, row);
  bool negative = digits.starts_with('-');
  return (negative ? "-" : "") + grouped_digits(std::stoull(digits.substr(negative)));
}

std::string rows_text(std::uint64_t rows, const char* one, const char* many) {
  return shown("{} {}", grouped_digits(rows), rows == 1 ? one : many);
}

std::string causes_text(const ViewScores& scores) {
  std::vector<std::string> parts;
  for (const Cause& cause : scores.causes)
    parts.push_back(
        shown("{} in {}",
              cause.quantity.empty() || cause.quantity == cause.name ? cause.name : cause.name + " (" + cause.quantity + ")",
              grouped_digits(cause.rows)));
  return join(parts, ", ");
}

std::string header(const ViewPlan& view) {
  std::vector<std::string> objectives;
  for (const ObjectivePlan& objective : view.objectives)
    objectives.push_back(objective.name + (objective.maximise ? " ↑" : " ↓"));
  std::string text = shown("VIEW {}: {}", view.spec.name, join(objectives, ", "));
  if (!view.spec.group_by.empty()) text += shown(", compared within equal {}", join(view.spec.group_by, ", "));
  return text + "\n";
}

/// Positions of a view's rows by group: front first, then the sub-optimal, both ascending.
struct GroupRows {
  std::vector<std::uint32_t> front, beaten;
  std::uint64_t beaten_rows = 0;  // as many as `beaten` or, where that has only the first, more
};

/// What one view's tables are written from.
struct ViewText {
  const ScoreSummary& in;
  std::size_t index, show;
  const ViewPlan& view;
  const ViewScores& scores;
  const Labels& labels;

  std::uint64_t row(std::uint32_t position) const { return scores.row_of(in.data.selection, position); }

  std::vector<std::string> cells(std::uint32_t position) const {
    std::vector<std::string> cells = {shortened(labels.of(row(position)), 48)};
    for (const Objective& objective : scores.objectives)
      cells.push_back(value_text(objective.column, scores.selected_of(position)));
    return cells;
  }

  std::string beaten_by(std::uint32_t position) const {
    const Verdict& verdict = scores.verdict;
    std::string count = verdict.dominated_by.empty() ? "" : grouped_digits(verdict.dominated_by[position]);
    if (verdict.witness.empty()) return count.empty() ? "others" : count;
    std::string name = shortened(labels.of(row(verdict.witness[position])), 48);
    return count.empty() ? name : count == "1" ? "1: " + name : count + ", such as " + name;
  }

  std::string tables(const GroupRows& rows) const {
    std::vector<std::string> head = {
        "",
    };
    for (const ObjectivePlan& objective : view.objectives)
      head.push_back(objective.units.empty() || objective.units == "1" ? objective.name
                                                                       : objective.name + " [" + objective.units + "]");
    std::size_t numbers = head.size();
    std::set<std::size_t> right_aligned;
    for (std::size_t i = 1; i < numbers; ++i) right_aligned.insert(i);
    Table table;
    table.rows.push_back(head);
    table.rows.back()[0] = shown("worth it: {}", grouped_digits(rows.front.size()));
    for (std::size_t i = 0; i < std::min(show, rows.front.size()); ++i) table.rows.push_back(cells(rows.front[i]));
    if (rows.front.size() > show) table.rows.push_back({shown("… and {} more", grouped_digits(rows.front.size() - show))});
    if (rows.beaten_rows == 0) return table.text("    ", right_aligned);
    table.rows.push_back({shown("sub-optimal: {}", grouped_digits(rows.beaten_rows))});
    bool named = in.plan.label != kNoColumn;
    if (named) {
      table.rows.back().resize(numbers);
      table.rows.back().push_back("beaten by");
      for (std::size_t i = 0; i < std::min(show, rows.beaten.size()); ++i) {
        table.rows.push_back(cells(rows.beaten[i]));
        table.rows.back().push_back(beaten_by(rows.beaten[i]));
      }
      if (rows.beaten_rows > show) table.rows.push_back({shown("… and {} more", grouped_digits(rows.beaten_rows - show))});
    }
    return table.text("    ", right_aligned);
  }
};

/// Collects the rows that the tables will show, so that only their labels are read.
std::vector<GroupRows> rows_by_group(const ViewScores& scores) {
  std::vector<GroupRows> groups(scores.groups.size());
  if (scores.only_front) {
    for (std::uint32_t position : scores.front) groups[scores.group_of(position)].front.push_back(position);
    for (auto position = static_cast<std::uint32_t>(scores.front.size()); position < scores.front_row.size(); ++position)
      groups[scores.group_of(position)].beaten.push_back(position);
    for (std::size_t g = 0; g < groups.size() && scores.copy_answer; ++g)
      groups[g].beaten_rows = scores.groups[g].rated - scores.groups[g].front_rows;
    return groups;
  }
  for (std::uint32_t position = 0; position < scores.size; ++position) {
    GroupRows& group = groups[scores.group_of(position)];
    (scores.verdict.nondominated[position] ? group.front : group.beaten).push_back(position);
  }
  for (GroupRows& group : groups) group.beaten_rows = group.beaten.size();
  return groups;
}

Labels labels_for(const ScoreSummary& in, const ViewScores& scores, const std::vector<GroupRows>& groups, std::size_t show) {
  std::vector<std::uint64_t> rows;
  auto add = [&](std::uint32_t position) { rows.push_back(scores.row_of(in.data.selection, position)); };
  for (const GroupRows& group : groups) {
    for (std::size_t i = 0; i < std::min(show, group.front.size()); ++i) add(group.front[i]);
    for (std::size_t i = 0; i < std::min(show, group.beaten.size()); ++i) {
      add(group.beaten[i]);
      if (!scores.verdict.witness.empty()) add(scores.verdict.witness[group.beaten[i]]);
    }
  }
  return read_labels(in.plan, rows);
}

std::string view_text(const ScoreSummary& in, std::size_t index, std::size_t show) {
  const ViewScores& scores = in.views[index];
  std::string out = "\n" + header(in.plan.views[index]);
  out += shown("  {} of {} can be rated", grouped_digits(scores.size),
               rows_text(in.data.selection.size, "configuration", "configurations"));
  if (!scores.causes.empty())
    out += shown("{} missing: {}", scores.unrated ? "; " + grouped_digits(scores.unrated) + " cannot," : ";",
                 causes_text(scores));
  out += "\n";
  if (!scores.reference_point.empty() && scores.size > 0) {
    std::vector<std::string> values;
    for (double value : scores.reference_point) values.push_back(shown("{:.6g}", value));
    out += shown("  hypervolumes are measured from ({})\n", join(values, ", "));
  }
  if (in.plan.has_intervals(in.plan.views[index]))
    out += shown("  whatever the true values are, {} surely worth it and {} surely sub-optimal; {} undecided\n",
                 grouped_digits(scores.certain_rows[1]), grouped_digits(scores.certain_rows[2]),
                 grouped_digits(scores.certain_rows[3]));
  out += break_even_text(in, index, scores);
  std::vector<GroupRows> groups = rows_by_group(scores);
  std::size_t unrated_groups = 0, tables = 0, hidden = 0;
  std::vector<std::size_t> order;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (scores.groups[g].rated == 0)
      ++unrated_groups;
    else if (tables++ < kMostGroups)
      order.push_back(g);
    else
      ++hidden, groups[g] = {};
  }
  Labels labels = labels_for(in, scores, groups, show);
  ViewText text{in, index, show, in.plan.views[index], scores, labels};
  for (std::size_t g : order) {
    std::string name = group_name(in.plan, in.data, index, g);
    const GroupScores& group = scores.groups[g];
    if (!name.empty())
      out += shown("\n  {}: {} of {} rated\n", name, grouped_digits(group.rated), rows_text(group.rows, "row", "rows"));
    if (group.front_points < group.front_rows)
      out += shown("    the front has {} at {}\n", rows_text(group.front_rows, "row", "rows"),
                   rows_text(group.front_points, "distinct point", "distinct points"));
    out += text.tables(groups[g]);
    if (in.plan.views[index].spec.outputs.hypervolume)
      out += shown("    hypervolume: {:.9g}{}\n", group.hypervolume,
                   group.hypervolume_error > 0 ? shown(" ± {:.2g}, an estimate", group.hypervolume_error) : "");
  }
  if (hidden > 0) out += shown("\n  … and {} with rated rows\n", rows_text(hidden, "more group", "more groups"));
  if (unrated_groups > 0 && in.plan.views[index].group_columns.size() > 0)
    out += shown("\n  {} without a single row that can be rated\n", rows_text(unrated_groups, "group", "groups"));
  return out;
}

}  // namespace

std::string group_name(const Plan& plan, const Data& data, std::size_t view, std::size_t group) {
  int grouping = data.grouping_of_view[view];
  if (grouping < 0) return "";
  std::vector<std::string> parts;
  std::vector<GroupKeyValue> key = data.groupings[grouping].key(group);
  for (std::size_t k = 0; k < key.size(); ++k) {
    const ColumnInfo& info = plan.columns[data.groupings[grouping].columns[k]].info;
    const GroupKeyValue& value = key[k];
    bool real = info.type == ValueType::float32 || info.type == ValueType::float64;
    bool is_signed = info.type >= ValueType::int8 && info.type <= ValueType::int64;
    parts.push_back(info.name + " = " +
                    (value.missing                    ? "(missing)"
                     : info.type == ValueType::string ? value.text
                     : real                           ? shown("{}", std::bit_cast<double>(value.bits))
                     : is_signed                      ? std::to_string(static_cast<std::int64_t>(value.bits))
                                                      : std::to_string(value.bits)));
  }
  return join(parts, ", ");
}

std::string text_summary(const ScoreSummary& in, std::size_t show) {
  std::string out = shown("{} from {}", rows_text(in.data.selection.rows, "configuration", "configurations"),
                          in.plan.sweep.files.size() == 1 ? in.plan.sweep.files[0].path
                                                          : rows_text(in.plan.sweep.files.size(), "file", "files"));
  if (!in.data.selection.all) out += shown(", {} selected by where", grouped_digits(in.data.selection.size));
  out += "\n";
  if (in.plan.emissions) out += emissions_text(in.plan, in.data);
  for (std::size_t i = 0; i < in.views.size(); ++i) out += view_text(in, i, show);
  return out + shown("\nResult: {}\n", in.output);
}

}  // namespace carbonfront
