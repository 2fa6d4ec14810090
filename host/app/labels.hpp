#pragma once
// The names of rows, for people.

#include <string>
#include <unordered_map>
#include <vector>

#include "host/scoring/plan.hpp"

namespace carbonfront {

/// Names of rows by row number. Without a label column a row is called "row 12".
struct Labels {
  std::unordered_map<std::uint64_t, std::string> names;

  std::string of(std::uint64_t row) const;
};

/// Reads the label column at the given rows, block by block. Throws InputError.
Labels read_labels(const Plan& plan, std::vector<std::uint64_t> rows);

}  // namespace carbonfront
