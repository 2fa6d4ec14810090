#pragma once
// Devices at work in tests, through the host's backend: tables, a verdict of a chosen device, columns that it keeps.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "carbonfront/errors.hpp"
#include "host/backend.hpp"
#include "host/emissions/evaluate.hpp"
#include "kernels/device/stream.hpp"
#include "kernels/evaluator/state.hpp"
#include "tests/points.hpp"

namespace carbonfront::test {

inline Verdict evaluated(Table& table, const DeviceChoice& choice, VerdictRequest wanted = kEverything) {
  Progress progress;
  return open_backend(CARBONFRONT_TEST_BACKEND, choice).session->evaluate(table.view(), wanted, progress);
}

inline std::vector<Table> some_tables() {
  std::vector<Table> tables;
  for (const std::uint32_t objectives : {1, 2, 3, 6}) {
    tables.push_back(table_of(draw(Distribution::independent, 700, objectives, 1)));
    tables.push_back(table_of(draw(Distribution::three_values, 650, objectives, 2)));
    tables.back().group = draw_groups(650, 3, 3);
  }
  return tables;
}

/// Three columns of different types and directions, with missing and equal values.
inline Table mixed_table(std::uint32_t rows) {
  Table table;
  add_column(table, draw(Distribution::three_values, rows, 1, 1)[0]);
  std::vector<float> ratios(rows);
  std::vector<std::int16_t> counts(rows);
  for (std::uint32_t i = 0; i < rows; ++i) ratios[i] = i % 7 == 0 ? std::nanf("") : static_cast<float>(i * 37 % 101);
  for (std::uint32_t i = 0; i < rows; ++i) counts[i] = static_cast<std::int16_t>(i * 13 % 50 - 20);
  add_column(table, ratios, true);
  add_column_with_missing<std::int16_t>(table, counts, 3, false);
  return table;
}

/// Tells a session of the table's columns as they grow, in batches of a size.
inline void bring_up(Session& session, Table& table, std::uint32_t batch_rows) {
  const PointsView points = table.view();
  const std::uint32_t all = static_cast<std::uint32_t>(table.columns[0].size() / sizeof(double));
  GrowingColumns growing{{points.objectives, points.objective_count}, 0, all + 5, points.objective_count};
  session.bring_up(growing, kUnwatched);
  while (growing.rows < all) {
    growing.rows = std::min(all, growing.rows + batch_rows);
    session.bring_up(growing, kUnwatched);
  }
}

}  // namespace carbonfront::test
