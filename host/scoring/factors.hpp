#pragma once
// The factors of a batch: read from columns, found in catalogues, assumed where missing, checked and accounted for.

#include <vector>

#include "host/scoring/batch.hpp"

namespace carbonfront {

/// A batch's factors in stored units. [quantities][kept rows], empty for a constant
using FactorValues = std::vector<Array<double>>;

/// The factors, and their bounds where a quantity has some; a quantity without has none in `low` and `high`.
struct Factors {
  FactorValues values, low, high;
};

/// Counts the columns that quantity `k` misses in a row: its own, or of those of its bounds the ones that are missing.
/// `counts` as the columns of EmissionCauses.
void count_missing_columns(const FactorPlan& factor, const Factors& factors, std::size_t k, std::size_t row,
                           std::vector<std::uint64_t>& counts);

/// Gathers the kept rows' factors and appends to the data what is missing or assumed. Throws InputError for the first row,
/// whatever the size of batches, with a factor that cannot be, a name that no catalogue knows, or a required one missing.
Factors gather_factors(const Plan& plan, const Batch& batch, Data& data);

}  // namespace carbonfront
