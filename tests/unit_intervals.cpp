// A row's own ends: whatever they are, the row is not its own opponent.

#include <gtest/gtest.h>

#include <limits>

#include "host/scoring/intervals.hpp"

namespace carbonfront {
namespace {

using Flags = std::vector<std::uint8_t>;

TEST(OwnDominance, LooksAtAllObjectivesTogether) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  // no width; width; turned round; turned round in one of two; zeros of both signs; missing
  const std::vector<double> best = {1, 1, 2, 1, -0.0, kNan}, worst = {1, 2, 1, 2, 0.0, kNan};
  const std::vector<double> other_best = {5, 5, 5, 4, 5, 5}, other_worst = {5, 5, 5, 5, 5, 5};
  const ObjectiveEnds ends[] = {{best.data(), worst.data(), false}, {other_best.data(), other_worst.data(), true}};
  OwnDominance own = own_dominance(ends, 6);
  EXPECT_EQ(own.best_over_worst, (Flags{0, 1, 0, 0, 0, 0}));
  EXPECT_EQ(own.worst_over_best, (Flags{0, 0, 1, 0, 0, 0}));
  OwnDominance alone = own_dominance({}, 2);
  EXPECT_EQ(alone.best_over_worst, (Flags{0, 0}));
}

}  // namespace
}  // namespace carbonfront
