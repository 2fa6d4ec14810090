// The definition, written plainly. It shares nothing with the engines but the views of columns.

#include "host/pareto/reference.hpp"

#include <cmath>
#include <vector>

namespace carbonfront {
namespace {

enum class Comparison { better, equal, worse };

template <class T>
bool is_missing(const ColumnView& column, T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::isnan(value);
  } else if constexpr (std::is_signed_v<T>) {
    return column.has_missing_value && static_cast<std::int64_t>(value) == static_cast<std::int64_t>(column.missing_value);
  } else {
    return column.has_missing_value && static_cast<std::uint64_t>(value) == column.missing_value;
  }
}

/// Compares two stored values: a missing one is worse than any other, whatever the direction, and equal to a missing one.
/// A float32 needs no widening: that does not change the order.
template <class T>
Comparison compare_stored(const Objective& objective, std::uint32_t row_a, std::uint32_t row_b) {
  const T* values = static_cast<const T*>(objective.column.values);
  const T a = values[row_a];
  const T b = values[row_b];
  const bool a_missing = is_missing(objective.column, a);
  const bool b_missing = is_missing(objective.column, b);
  if (a_missing && b_missing) return Comparison::equal;
  if (a_missing) return Comparison::worse;
  if (b_missing) return Comparison::better;
  if (a == b) return Comparison::equal;
  return (objective.maximise ? a > b : a < b) ? Comparison::better : Comparison::worse;
}

Comparison compare(const Objective& objective, std::uint32_t row_a, std::uint32_t row_b) {
  return visit_type(objective.column.type,
                    [&](auto type) { return compare_stored<decltype(type)>(objective, row_a, row_b); });
}

/// Calls `use(p, p dominates position, position dominates p)` for every position p of the group, in order. Compares
/// objective by objective for a block of positions, so that the type is looked up once a block.
template <class Use>
void for_all_relations(PointsView points, std::uint32_t position, Use use) {
  constexpr std::uint32_t kBlock = 4096;
  const std::uint32_t row = points.row(position);
  for (std::uint32_t begin = 0; begin < points.size; begin += kBlock) {
    const std::uint32_t count = points.size - begin < kBlock ? points.size - begin : kBlock;
    bool better[kBlock] = {}, worse[kBlock] = {};  // p than position, in some objective
    for (std::uint32_t k = 0; k < points.objective_count; ++k) {
      visit_type(points.objectives[k].column.type, [&](auto type) {
        for (std::uint32_t i = 0; i < count; ++i) {
          const Comparison found = compare_stored<decltype(type)>(points.objectives[k], points.row(begin + i), row);
          better[i] |= found == Comparison::better;
          worse[i] |= found == Comparison::worse;
        }
      });
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      if (points.group_of(begin + i) != points.group_of(position)) continue;
      use(begin + i, better[i] && !worse[i], worse[i] && !better[i]);
    }
  }
}

/// Peels fronts: whoever has no dominators left is the next front, and takes one off the count of everyone it dominates.
/// [size] from the number of dominators of each row.
Array<std::uint32_t> peel(PointsView points, Array<std::uint32_t> dominators_left, const Progress& progress) {
  Array<std::uint32_t> rank(points.size, 0u);
  std::vector<std::uint32_t> front, next;
  for (std::uint32_t q = 0; q < points.size; ++q) {
    if (dominators_left[q] == 0) front.push_back(q);
  }
  for (std::uint32_t level = 0; !front.empty(); ++level) {
    next.clear();
    for (const std::uint32_t p : front) {
      progress.throw_if_stopped();
      rank[p] = level;
      for (std::uint32_t q = 0; q < points.size; ++q) {
        if (dominates_by_definition(points, p, q) && --dominators_left[q] == 0) next.push_back(q);
      }
    }
    front.swap(next);
  }
  return rank;
}

}  // namespace

bool dominates_by_definition(PointsView points, std::uint32_t a, std::uint32_t b) {
  if (points.group_of(a) != points.group_of(b)) return false;
  bool better_in_one = false;
  for (std::uint32_t k = 0; k < points.objective_count; ++k) {
    const Comparison found = compare(points.objectives[k], points.row(a), points.row(b));
    if (found == Comparison::worse) return false;
    if (found == Comparison::better) better_in_one = true;
  }
  return better_in_one;
}

Verdict evaluate_reference(PointsView points, VerdictRequest wanted, Progress& progress) {
  check_points(points);
  const std::uint32_t size = points.size;
  progress.begin("reference", size);
  Verdict verdict;
  verdict.nondominated.assign(size, 1);
  Array<std::uint32_t> dominated_by(size, 0u), dominates(size, 0u);
  for (std::uint32_t q = 0; q < size; ++q) {
    progress.throw_if_stopped();
    for (std::uint32_t p = 0; p < size; ++p) {
      if (!dominates_by_definition(points, p, q)) continue;
      verdict.nondominated[q] = 0;
      ++dominated_by[q];
      ++dominates[p];
    }
    progress.add(1);
  }
  if (wanted.witness) {
    verdict.witness.assign(size, kNone);
    for (std::uint32_t q = 0; q < size; ++q) {
      progress.throw_if_stopped();
      for (std::uint32_t p = 0; p < size && verdict.witness[q] == kNone; ++p) {
        if (verdict.nondominated[p] && dominates_by_definition(points, p, q)) verdict.witness[q] = p;
      }
    }
  }
  if (wanted.rank) verdict.rank = peel(points, dominated_by, progress);
  for (std::uint32_t& rank : verdict.rank) {
    if (wanted.max_rank > 0 && rank >= wanted.max_rank) rank = kNone;
  }
  if (wanted.dominated_by) verdict.dominated_by = std::move(dominated_by);
  if (wanted.dominates) verdict.dominates = std::move(dominates);
  return verdict;
}

RowVerdict reference_row(PointsView points, std::uint32_t position, const Progress& progress) {
  RowVerdict row{true, 0, 0, kNone};
  std::vector<std::uint32_t> dominators;  // ascending
  for_all_relations(points, position, [&](std::uint32_t p, bool dominates, bool dominated) {
    if (dominates) dominators.push_back(p);
    row.dominates += dominated;
  });
  row.dominated_by = static_cast<std::uint32_t>(dominators.size());
  row.nondominated = dominators.empty();
  // Whoever dominates one of the dominators is a dominator too, so look among them alone; and look first at the one that
  // beat the candidate before, since it often beats the next one as well.
  std::uint32_t strong = position;
  for (const std::uint32_t candidate : dominators) {
    progress.throw_if_stopped();
    bool dominated = dominates_by_definition(points, strong, candidate);
    for (std::size_t i = 0; i < dominators.size() && !dominated; ++i) {
      dominated = dominates_by_definition(points, dominators[i], candidate);
      if (dominated) strong = dominators[i];
    }
    if (!dominated) {
      row.witness = candidate;
      break;
    }
  }
  return row;
}

std::uint32_t reference_rank_from(PointsView points, std::uint32_t position, const Array<std::uint32_t>& ranks,
                                  const Progress& progress, std::uint32_t max_rank) {
  progress.throw_if_stopped();
  std::uint32_t rank = 0;
  for_all_relations(points, position, [&](std::uint32_t p, bool dominates, bool) {
    if (dominates && rank != kNone && ranks[p] >= rank) rank = ranks[p] == kNone ? kNone : ranks[p] + 1;
  });
  return max_rank > 0 && rank >= max_rank ? kNone : rank;
}

CrossCounts count_against_reference(PointsView points, CrossRequest wanted, Progress& progress) {
  check_points(points);
  progress.begin("counts", points.size);
  CrossCounts counts;
  if (wanted.dominated_by) counts.dominated_by.assign(points.size, 0);
  if (wanted.dominates) counts.dominates.assign(points.size, 0);
  for (std::uint32_t i = 0; i < points.size; ++i, progress.add(1)) {
    progress.throw_if_stopped();
    for (std::uint32_t j = 0; !wanted.is_source[i] && j < points.size; ++j) {
      if (!wanted.is_source[j]) continue;
      if (wanted.dominated_by) counts.dominated_by[i] += dominates_by_definition(points, j, i);
      if (wanted.dominates) counts.dominates[i] += dominates_by_definition(points, i, j);
    }
  }
  return counts;
}

std::vector<std::uint32_t> find_front_reference(PointsView points, Progress& progress) {
  const Array<std::uint8_t> nondominated = evaluate_reference(points, {}, progress).nondominated;
  std::vector<std::uint32_t> front;
  for (std::uint32_t i = 0; i < points.size; ++i) {
    if (nondominated[i]) front.push_back(i);
  }
  return front;
}

}  // namespace carbonfront
