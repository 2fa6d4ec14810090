#pragma once
// The values that a column's attributes declare missing.

#include <hdf5.h>

#include <cstdint>
#include <string>
#include <vector>

#include "carbonfront/points.hpp"

namespace carbonfront {

/// Values that stand for a missing one, as the column's own type holds them. Only those of its kind are filled.
struct MissingValues {
  std::vector<std::uint64_t> integers;  // two's complement, widened to 64 bits; of a truth value its byte
  std::vector<double> reals;
  std::vector<std::string> texts;

  bool operator==(const MissingValues&) const = default;
};

/// Rounds to the nearest value of a binary floating-point type (IEEE 754's ties to even, subnormals, overflow to infinity),
/// as whoever stores the value there does. Types of another kind leave it as it is.
long double rounded_to(hid_t type, long double value);

/// Adds the values of an attribute, if it is there. `stored`: the column's type in the file, whose precision and range
/// count: reals are rounded to it, integers outside of it equal nothing. Throws InputError for more than 1,000 values.
void add_missing_values(hid_t dataset, const std::string& attribute, hid_t stored, ValueType type, const std::string& path,
                        MissingValues& missing);

}  // namespace carbonfront
