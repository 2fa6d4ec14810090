#pragma once
// The emissions of a part: counts of what was missing and found, and the rows themselves.

#include <vector>

#include "host/scoring/result_rows.hpp"
#include "host/shards/part_arrays.hpp"

namespace carbonfront {

/// Writes what a shard counted. Throws OutputError.
void write_emission_counts(hid_t part, const Data& data);

/// Adds what a part counted. Throws InputError.
void append_emission_counts(const PartReader& part, const Plan& plan, Data& data);

/// Hands on the emissions of the batch, which begins at row `at` of the part, and keeps those of selected rows that stay;
/// `selected` is null where all are, and `next` is the place in it of the batch's first. Returns that of the next batch's.
/// Throws InputError, OutputError.
std::size_t append_emission_rows(const PartReader& part, const Plan& plan, std::uint64_t at, const Batch& batch,
                                 const std::vector<std::uint32_t>* selected, std::size_t next, ResultRows& out, Data& data);

}  // namespace carbonfront
