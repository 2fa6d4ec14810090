#pragma once
// A result compared with its sweep and the reference. Prints nothing.

#include <cstdint>
#include <string>
#include <vector>

#include "carbonfront/progress.hpp"
#include "host/scoring/result.hpp"
#include "host/sweep/sweep.hpp"

namespace carbonfront {

/// What was found.
struct Validation {
  std::uint64_t compared = 0;  // rows of views, with the reference's answers
  std::size_t views = 0;
  std::size_t different = 0;
  std::vector<std::string> lines;  // of differences: all that concern what is stored, and the first 20 answers
};

/// Compares all that a result holds with what its sweep implies, and the answers of `sample` rated rows of each view with
/// the reference's, which takes O(sample · rated · objectives). Throws SpecError, InputError, Stopped.
Validation validate(const OwnFile& result, const std::vector<std::string>& sweep, const ReadingOptions& reading,
                    std::uint64_t sample, Progress& progress);

}  // namespace carbonfront
