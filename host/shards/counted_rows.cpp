#include "host/shards/counted_rows.hpp"

#include <algorithm>
#include <numeric>

#include "host/shards/cross_counts.hpp"
#include "host/shards/part_arrays.hpp"
#include "host/shards/view_rows.hpp"

namespace carbonfront {

namespace {

/// How many beaten rows are still to be found in each group.
std::vector<std::uint64_t> wanted_rows(const ViewScores& scores, std::size_t rows, std::size_t groups) {
  std::vector<std::uint64_t> wanted(scores.groups.size());
  for (std::size_t g = 0; g < wanted.size() && groups > 0; ++g) {
    if (scores.groups[g].rated == 0) continue;
    wanted[g] = std::min<std::uint64_t>(rows, scores.groups[g].rated - scores.groups[g].front_rows);
    --groups;
  }
  return wanted;
}

/// Appends those of a part's rows that are wanted: numbers and groups to the scores, values to the front's.
void take_beaten(const ViewRows& rows, std::vector<std::uint64_t>& wanted, FrontRows& front, ViewScores& scores) {
  auto begin = scores.front_row.begin(), end = begin + static_cast<std::ptrdiff_t>(scores.front.size());
  std::vector<std::uint64_t> on_front(begin, end);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::uint32_t group = rows.group.empty() ? 0 : rows.group[i];
    if (wanted[group] == 0 || std::binary_search(on_front.begin(), on_front.end(), rows.row[i])) continue;
    --wanted[group];
    scores.front_row.push_back(rows.row[i]);
    if (!rows.group.empty()) scores.rated_group.push_back(group);
    for (std::size_t k = 0; k < rows.values.size(); ++k) {
      auto value = rows.values[k].begin() + static_cast<std::ptrdiff_t>(i * size_of(rows.objectives[k].column.type));
      front.values[k].insert(front.values[k].end(), value, value + size_of(rows.objectives[k].column.type));
    }
  }
}

/// Reads the parts' answers for some rows. [rows]
template <class T>
Array<T> answers_for(const Collection& all, const std::string& view, const char* name,
                     const std::vector<std::uint64_t>& rows) {
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rows[a] < rows[b]; });
  Array<T> answers(rows.size(), T{});
  auto next = order.begin();
  for (const PartFile& part : all.parts) {
    if (next == order.end() || rows[*next] >= part.info.range.end) continue;
    OwnFile file = open_part(counts_path(part.path));
    PartReader reader{file};
    auto stored = file.all<T>("/views/" + view + "/" + name);
    for (; next != order.end() && rows[*next] < part.info.range.end; ++next)
      answers[*next] = reader.checked(stored, rows[*next] - part.info.range.first);
  }
  return answers;
}

}  // namespace

void add_counted_rows(const Collection& all, const Plan& plan, std::size_t view, std::size_t rows, std::size_t groups,
                      Data& data, ViewScores& scores) {
  GroupsOfParts numbers = groups_in_order(all, data, view);
  std::vector<std::uint64_t> wanted = wanted_rows(scores, rows, groups);
  FrontRows& front = data.passing[view].front;
  for (std::size_t p = 0; p < all.parts.size() && std::ranges::any_of(wanted, [](std::uint64_t left) { return left > 0; });
       ++p)
    take_beaten(read_view_rows(all.parts[p], plan, view, numbers, p), wanted, front, scores);
  for (std::size_t k = 0; k < scores.objectives.size(); ++k) scores.objectives[k].column.values = front.values[k].data();

  const Outputs& asked = plan.views[view].spec.outputs;
  const std::string& name = plan.views[view].spec.name;
  if (asked.dominated_by)
    scores.verdict.dominated_by = answers_for<std::uint32_t>(all, name, "dominated_by", scores.front_row);
  if (asked.dominates) scores.verdict.dominates = answers_for<std::uint32_t>(all, name, "dominates", scores.front_row);
  if (!asked.witness) return;
  auto end = scores.front_row.begin() + static_cast<std::ptrdiff_t>(scores.front.size());
  for (std::uint64_t row : answers_for<std::uint64_t>(all, name, "witness", scores.front_row)) {
    auto at = std::lower_bound(scores.front_row.begin(), end, row);
    bool found = at != end && *at == row;
    scores.verdict.witness.push_back(found ? static_cast<std::uint32_t>(at - scores.front_row.begin()) : kNone);
  }
}

}  // namespace carbonfront
