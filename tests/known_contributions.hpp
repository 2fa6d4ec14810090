#pragma once
// Reads tests/samples/contributions.txt: sets of points and their hypervolume contributions as moocore gives them.

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace carbonfront {

/// Points to be minimised, and what the volume up to (8, …, 8) loses without each: tests/known_contributions.py wrote it.
struct KnownContributions {
  std::uint32_t objectives = 0;
  std::string name;
  std::vector<std::vector<double>> points;
  std::vector<double> lost;

  std::vector<double> reference() const { return std::vector<double>(objectives, 8); }
};

inline std::vector<KnownContributions> known_contributions() {
  std::vector<KnownContributions> sets;
  std::ifstream file(CARBONFRONT_SAMPLES "/contributions.txt");
  std::size_t left = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream words(line);
    if (left == 0) {
      words >> sets.emplace_back().objectives >> sets.back().name >> left;
      continue;
    }
    std::vector<double> point(sets.back().objectives);
    for (double& value : point) words >> value;
    words >> sets.back().lost.emplace_back();
    sets.back().points.push_back(point);
    --left;
  }
  EXPECT_EQ(sets.size(), 24u) << "8 sets each of 2, 3 and 4 objectives";
  return sets;
}

}  // namespace carbonfront
