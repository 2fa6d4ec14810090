#pragma once
// Points for the tests: tables that own their columns, random distributions, and the comparison of two verdicts.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "carbonfront/progress.hpp"
#include "carbonfront/verdict.hpp"
#include "host/pareto/cpu.hpp"
#include "host/pareto/reference.hpp"
#if defined(CARBONFRONT_TEST_BACKEND)
#include "host/backend.hpp"
#endif

namespace carbonfront::test {

/// Owns what a PointsView views.
struct Table {
  std::uint32_t size = 0;
  std::vector<std::vector<unsigned char>> columns;  // [objectives] raw values
  std::vector<Objective> objectives;
  std::vector<std::uint32_t> rows, group;  // empty: null in the view

  PointsView view() {
    for (std::size_t k = 0; k < objectives.size(); ++k) objectives[k].column.values = columns[k].data();
    return {objectives.data(), static_cast<std::uint32_t>(objectives.size()), size, rows.empty() ? nullptr : rows.data(),
            group.empty() ? nullptr : group.data()};
  }
};

template <class T>
constexpr ValueType type_of() {
  if constexpr (std::is_same_v<T, float>) return ValueType::float32;
  if constexpr (std::is_same_v<T, double>) return ValueType::float64;
  if constexpr (std::is_same_v<T, bool>) return ValueType::boolean;
  constexpr ValueType kSigned[] = {ValueType::int8, ValueType::int16, ValueType::int32, ValueType::int64};
  constexpr ValueType kUnsigned[] = {ValueType::uint8, ValueType::uint16, ValueType::uint32, ValueType::uint64};
  constexpr int kWidth = sizeof(T) == 8 ? 3 : static_cast<int>(sizeof(T)) / 2;
  return std::is_signed_v<T> ? kSigned[kWidth] : kUnsigned[kWidth];
}

/// Adds an objective. Without `rows`, the table is as long as its columns.
template <class T>
void add_column(Table& table, const std::vector<T>& values, bool maximise = false) {
  std::vector<unsigned char> raw(values.size() * sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const T value = values[i];
    std::memcpy(raw.data() + i * sizeof(T), &value, sizeof(T));
  }
  table.columns.push_back(std::move(raw));
  Objective objective;
  objective.column.type = type_of<T>();
  objective.maximise = maximise;
  table.objectives.push_back(objective);
  if (table.rows.empty()) table.size = static_cast<std::uint32_t>(values.size());
}

template <class T>
void add_column_with_missing(Table& table, const std::vector<T>& values, T missing, bool maximise = false) {
  add_column(table, values, maximise);
  ColumnView& column = table.objectives.back().column;
  column.has_missing_value = true;
  column.missing_value = std::is_signed_v<T> ? static_cast<std::uint64_t>(static_cast<std::int64_t>(missing))
                                             : static_cast<std::uint64_t>(missing);
}

using Columns = std::vector<std::vector<double>>;  // [objectives][size]

inline Table table_of(const Columns& columns) {
  Table table;
  for (const auto& column : columns) add_column(table, column);
  return table;
}

enum class Distribution { independent, correlated, anti_correlated, all_nondominated, quantised, three_values };

inline constexpr Distribution kDistributions[] = {Distribution::independent,     Distribution::correlated,
                                                  Distribution::anti_correlated, Distribution::all_nondominated,
                                                  Distribution::quantised,       Distribution::three_values};

inline const char* name_of(Distribution distribution) {
  constexpr const char* kNames[] = {"independent",      "correlated", "anti_correlated",
                                    "all_nondominated", "quantised",  "three_values"};
  return kNames[static_cast<int>(distribution)];
}

/// Draws `size` points. Anti-correlated ones lie near the simplex, all-non-dominated ones rise in objective 1 as they fall
/// in the last.
inline Columns draw(Distribution distribution, std::uint32_t size, std::uint32_t objectives, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  Columns columns(objectives, std::vector<double>(size));
  for (std::uint32_t i = 0; i < size; ++i) {
    const double base = uniform(random);
    double sum = 0;
    for (auto& column : columns) sum += column[i] = uniform(random);
    for (std::uint32_t k = 0; k < objectives; ++k) {
      double& value = columns[k][i];
      if (distribution == Distribution::correlated) value = base + 0.1 * value;
      if (distribution == Distribution::anti_correlated) value /= sum / (1 + 0.1 * base);
      if (distribution == Distribution::quantised) value = std::floor(value * 20);
      if (distribution == Distribution::three_values) value = std::floor(value * 3);
    }
    if (distribution == Distribution::all_nondominated) {
      columns.front()[i] = i;
      if (objectives > 1) columns.back()[i] = -static_cast<double>(i);
    }
  }
  return columns;
}

/// Sorted, constant, extreme: what could make a halving lopsided or a bucket as large as all.
inline std::vector<Columns> hard_columns(std::uint32_t size, std::uint32_t objectives) {
  std::vector<Columns> inputs;
  Columns sorted(objectives, std::vector<double>(size)), equal = sorted, infinite = sorted, outlier, tiny;
  for (auto& column : sorted) std::iota(column.begin(), column.end(), 0.0);
  Columns reversed = sorted, crossed = sorted;
  for (auto& column : reversed) std::reverse(column.begin(), column.end());
  std::reverse(crossed.back().begin(), crossed.back().end());
  std::mt19937_64 random(3);
  for (auto& column : infinite) {
    for (auto& value : column) value = (random() % 2 ? 1 : -1) * std::numeric_limits<double>::infinity();
  }
  outlier = tiny = draw(Distribution::independent, size, objectives, 4);
  for (auto& column : outlier) {  // the keys of most rows differ in their low bits alone
    for (auto& value : column) value = 1 + value * 1e-9;
    column[0] = -std::numeric_limits<double>::max();
    column[1] = std::numeric_limits<double>::quiet_NaN();
  }
  for (auto& column : tiny) {  // half of what is left at every power of two: a digit takes them one by one
    for (auto& value : column) value = std::pow(0.5, value * 1000);
  }
  Columns constant = tiny;
  constant.front().assign(size, 1);
  return {sorted, equal, infinite, reversed, crossed, outlier, tiny, constant};
}

inline std::vector<std::uint32_t> draw_groups(std::uint32_t size, std::uint32_t groups, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::uint32_t> group(size);
  for (auto& g : group) g = static_cast<std::uint32_t>(random() % groups);
  return group;
}

/// Of calls that nobody watches or stops.
inline const Progress kUnwatched;

inline constexpr VerdictRequest kEverything{true, true, true, true};

template <class Expected, class Found>
std::string first_difference(const char* name, const Expected& expected, const Found& found) {
  if (expected.size() != found.size()) return std::string(name) + " has the wrong size; ";
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] != found[i]) {
      std::string text = name;
      text.append(" of ").append(std::to_string(i)).append(" is ").append(std::to_string(found[i]));
      return text.append(" instead of ").append(std::to_string(expected[i])).append("; ");
    }
  }
  return {};
}

/// Says where two verdicts differ first in each answer; empty if nowhere.
inline std::string difference(const Verdict& expected, const Verdict& found) {
  return first_difference("nondominated", expected.nondominated, found.nondominated) +
         first_difference("dominated_by", expected.dominated_by, found.dominated_by) +
         first_difference("dominates", expected.dominates, found.dominates) +
         first_difference("rank", expected.rank, found.rank) + first_difference("witness", expected.witness, found.witness);
}

inline Verdict by_cpu(Table& table, VerdictRequest wanted = kEverything) {
  Progress progress;
  return evaluate_cpu(table.view(), wanted, progress);
}

inline Verdict by_reference(Table& table, VerdictRequest wanted = kEverything) {
  Progress progress;
  return evaluate_reference(table.view(), wanted, progress);
}

/// How a device takes few rows: all pairs of them, or as it takes many.
enum class Kernels { for_few_rows, for_many_rows };

/// By the engine that this program tests: the CPU's, or the backend that CARBONFRONT_TEST_BACKEND names.
inline Verdict by_engine(Table& table, VerdictRequest wanted = kEverything, Kernels kernels = Kernels::for_few_rows) {
#if defined(CARBONFRONT_TEST_BACKEND)
  static const OpenBackend few = open_backend(CARBONFRONT_TEST_BACKEND),
                           many = open_backend(CARBONFRONT_TEST_BACKEND, {"", 0, true});
  Progress progress;
  return (kernels == Kernels::for_few_rows ? few : many).session->evaluate(table.view(), wanted, progress);
#else
  static_cast<void>(kernels);
  return by_cpu(table, wanted);
#endif
}

/// Compares the engine, a device's in both ways, with what is expected of one table.
inline std::string engine_against(const Verdict& expected, Table& table, VerdictRequest wanted = kEverything) {
  std::string found = difference(expected, by_engine(table, wanted));
#if defined(CARBONFRONT_TEST_BACKEND)
  const std::string of_many = difference(expected, by_engine(table, wanted, Kernels::for_many_rows));
  if (!of_many.empty()) found += "by the kernels for many rows " + of_many;
#endif
  return found;
}

/// Compares the engine with the definition on one table.
inline std::string engine_against_reference(Table table) { return engine_against(by_reference(table), table); }

}  // namespace carbonfront::test
