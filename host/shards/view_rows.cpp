#include "host/shards/view_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

#include "host/scoring/batch.hpp"
#include "host/shards/part_arrays.hpp"

namespace carbonfront {

namespace {

template <class Word>
void take_words(const std::vector<std::byte>& from, const std::vector<std::uint32_t>& order, std::vector<std::byte>& to) {
  const Word* words = reinterpret_cast<const Word*>(from.data());
  std::size_t at = to.size();
  to.resize(at + order.size() * sizeof(Word));
  Word* out = reinterpret_cast<Word*>(to.data() + at);
  for (std::uint32_t i : order) *out++ = words[i];
}

/// Appends the values at the given places of a column.
void take_values(ValueType type, const std::vector<std::byte>& from, const std::vector<std::uint32_t>& order,
                 std::vector<std::byte>& to) {
  switch (size_of(type)) {
    case 1:
      return take_words<std::uint8_t>(from, order, to);
    case 2:
      return take_words<std::uint16_t>(from, order, to);
    case 4:
      return take_words<std::uint32_t>(from, order, to);
    default:
      return take_words<std::uint64_t>(from, order, to);
  }
}

ColumnView type_of(const Plan& plan, const ObjectivePlan& objective) {
  if (objective.source != Source::column) return {nullptr, 0, ValueType::float64, false};
  return view_of(plan.columns[objective.column].info, nullptr);
}

/// A whole column of a part's selected rows, in the type it is stored in.
std::vector<std::byte> stored_column(const PartReader& part, const Plan& plan, int column, std::uint32_t selected) {
  auto values = part.array<std::byte>(fmt::format("values-{}", column));
  const ColumnInfo& info = plan.columns[column].info;
  if (values.size() != selected * size_of(info.type)) part.damaged(info.name + " is cut off");
  return values;
}

/// The values of an objective that is a column; `taken`: places among the selected rows.
std::vector<std::byte> column_in_part(const PartReader& part, const Plan& plan, const ObjectivePlan& objective,
                                      std::uint32_t selected, const std::vector<std::uint32_t>& taken) {
  std::vector<std::byte> out;
  take_values(plan.columns[objective.column].info.type, stored_column(part, plan, objective.column, selected), taken, out);
  return out;
}

/// One end of the intervals of an objective that is a column.
std::vector<std::byte> ends_in_part(const PartReader& part, const Plan& plan, const ObjectivePlan& objective, End end,
                                    std::uint32_t selected, const std::vector<std::uint32_t>& taken) {
  std::map<int, std::vector<std::byte>> columns;
  auto view = [&](int column) {
    columns[column] = stored_column(part, plan, column, selected);
    return view_of(plan.columns[column].info, columns[column].data());
  };
  return ends_of_column(objective, end, view, taken);
}

/// The values of a computed objective at one end; `taken`: places among the rows of the share.
std::vector<std::byte> computed_in_part(const PartReader& part, const Plan& plan, const ObjectivePlan& objective, End end,
                                        std::uint64_t rows, const std::vector<std::uint32_t>& taken) {
  Source source = plan.has_bounds(objective) ? source_at(objective, end) : objective.source;
  auto all = part.rows<double>(std::string("/emissions/") + name_of(source), 0, rows);
  auto bytes = std::as_bytes(std::span(all));
  std::vector<std::byte> values(bytes.begin(), bytes.end()), out;
  take_values(ValueType::float64, values, taken, out);
  return out;
}

}  // namespace

GroupsOfParts number_groups(const Collection& all, const Plan& plan, std::size_t view, std::uint64_t memory) {
  GroupsOfParts groups;
  Data data;
  find_groupings(plan, data);
  data.memory.limit = memory, data.memory.keys_alone = true;
  groups.grouping = data.grouping_of_view[view];
  if (groups.grouping < 0) return groups;
  Grouping& grouping = data.groupings[groups.grouping];
  NumberOfKey number_of = numbering(plan, grouping, data);
  for (const PartFile& part : all.parts) {
    OwnFile file = open_part(part.path);
    groups.number.push_back(number_groups_of_part(file, groups.grouping, grouping, number_of));
    data.memory.fixed += groups.number.back().size() * sizeof(std::uint32_t);
  }
  return groups;
}

GroupsOfParts groups_in_order(const Collection& all, const Data& data, std::size_t view) {
  GroupsOfParts groups;
  groups.grouping = data.grouping_of_view[view];
  if (groups.grouping < 0) return groups;
  const Grouping& grouping = data.groupings[groups.grouping];
  auto number_of = [&](std::string_view key) {
    std::size_t low = 0, high = grouping.keys.size();
    while (low < high) {
      std::size_t middle = low + (high - low) / 2;
      if (grouping.keys[middle] < key)
        low = middle + 1;
      else
        high = middle;
    }
    return static_cast<std::uint32_t>(low);
  };
  for (const PartFile& part : all.parts)
    groups.number.push_back(number_groups_of_part(open_part(part.path), groups.grouping, grouping, number_of));
  return groups;
}

ViewRows read_view_rows(const PartFile& part, const Plan& plan, std::size_t view_index, const GroupsOfParts& groups,
                        std::size_t part_index, End end) {
  const ViewPlan& view = plan.views[view_index];
  OwnFile file = open_part(part.path);
  PartReader reader{file};
  std::uint64_t rows = part.info.range.end - part.info.range.first;
  auto states = reader.rows<std::uint8_t>("/views/" + view.spec.name + "/state", 0, rows);
  std::vector<std::uint32_t> by_row, by_selected;  // the rated rows' places in the share, and among its selected rows
  std::uint32_t selected = 0;
  for (std::uint32_t i = 0; i < rows; ++i) {
    if (states[i] == 2) by_row.push_back(i), by_selected.push_back(selected);
    selected += states[i] != 0;
  }
  ViewRows out;
  for (const ObjectivePlan& objective : view.objectives) {
    bool own_bounds = objective.bounds.given() && end != End::value;
    out.objectives.push_back(
        {own_bounds ? ColumnView{nullptr, 0, ValueType::float64, false} : type_of(plan, objective), objective.maximise});
    out.values.push_back(own_bounds ? ends_in_part(reader, plan, objective, end, selected, by_selected)
                         : objective.source == Source::column
                             ? column_in_part(reader, plan, objective, selected, by_selected)
                             : computed_in_part(reader, plan, objective, end, rows, by_row));
  }
  for (std::uint32_t i : by_row) out.row.push_back(part.info.range.first + i);
  if (groups.grouping < 0) return out;
  auto group = reader.array<std::uint32_t>(fmt::format("grouping-{}/group", groups.grouping));
  for (std::uint32_t i : by_selected)
    out.group.push_back(reader.checked(groups.number[part_index], reader.checked(group, i)));
  return out;
}

FrontRows read_front(const PartFile& part, const Plan& plan, std::size_t view, const GroupsOfParts& groups,
                     std::size_t part_index) {
  OwnFile file = open_part(part.path);
  std::vector<Objective> objectives;
  for (const ObjectivePlan& objective : plan.views[view].objectives)
    objectives.push_back({type_of(plan, objective), objective.maximise});
  return read_front_of_part(file, part.info, view, objectives, groups.grouping < 0 ? nullptr : &groups.number[part_index]);
}

void append(const ViewRows& more, ViewRows& rows) {
  for (std::size_t k = 0; k < rows.values.size(); ++k)
    rows.values[k].insert(rows.values[k].end(), more.values[k].begin(), more.values[k].end());
  rows.group.insert(rows.group.end(), more.group.begin(), more.group.end());
  rows.row.insert(rows.row.end(), more.row.begin(), more.row.end());
}

void append_new(const FrontRows& front, ViewRows& rows) {
  std::vector<std::uint32_t> wanted;
  for (std::uint32_t i = 0; i < front.size(); ++i)
    if (!std::binary_search(rows.row.begin(), rows.row.end(), front.row[i])) wanted.push_back(i);
  for (std::size_t k = 0; k < rows.values.size() && !wanted.empty(); ++k)
    take_values(rows.objectives[k].column.type, front.values[k], wanted, rows.values[k]);
  for (std::uint32_t i : wanted) {
    rows.row.push_back(front.row[i]);
    if (!front.group.empty()) rows.group.push_back(front.group[i]);
  }
}

ViewRows taken(const ViewRows& rows, const std::vector<std::uint32_t>& order) {
  ViewRows out;
  out.objectives = rows.objectives;
  out.values.resize(rows.values.size());
  for (std::size_t k = 0; k < rows.values.size(); ++k)
    take_values(rows.objectives[k].column.type, rows.values[k], order, out.values[k]);
  for (std::uint32_t i : order) {
    out.row.push_back(rows.row[i]);
    if (!rows.group.empty()) out.group.push_back(rows.group[i]);
  }
  return out;
}

PointsView points_of(ViewRows& rows) {
  for (std::size_t k = 0; k < rows.objectives.size(); ++k) rows.objectives[k].column.values = rows.values[k].data();
  return {rows.objectives.data(), static_cast<std::uint32_t>(rows.objectives.size()),
          static_cast<std::uint32_t>(rows.size()), nullptr, rows.group.empty() ? nullptr : rows.group.data()};
}

}  // namespace carbonfront
