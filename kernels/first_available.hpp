#pragma once
// How the answers of several emission models become one, shared by host and device.

#include <cstdint>
#include <limits>

#include "kernels/emission.hpp"

namespace carbonfront {

/// How one model's answer joins what a row has so far.
enum class Combine : std::uint8_t {
  set,      // it is the row's answer
  missing,  // it is, where the row's energy is not known yet: the next choice of first-available
  add,      // it is added, such as the share of manufacture
};

/// "No model": the source of a row that none of them could answer.
inline constexpr std::uint8_t kNoSource = 255;

/// Joins `one`, the answer of model number `number`, with what the row has in `row` and `source`. Source: first-available
/// takes a measurement where there is one and an estimate elsewhere, in the user's order.
CARBONFRONT_HD inline void combine(Combine how, std::uint8_t number, Emitted one, Emitted& row, std::uint8_t& source) {
  bool known = one.energy_kwh == one.energy_kwh;
  if (how == Combine::add) {
    row.energy_kwh = row.energy_kwh + one.energy_kwh;
    row.co2e_kg = row.co2e_kg + one.co2e_kg;
  } else if (how == Combine::set || row.energy_kwh != row.energy_kwh) {
    row = one;
    source = known ? number : kNoSource;
  }
}

/// The same where it is known which model answers the row: number `chosen`, or none.
CARBONFRONT_HD inline void combine_chosen(Combine how, std::uint8_t number, Emitted one, std::uint8_t chosen, Emitted& row) {
  if (how == Combine::add) {
    row.energy_kwh = row.energy_kwh + one.energy_kwh;
    row.co2e_kg = row.co2e_kg + one.co2e_kg;
  } else if (chosen == number) {
    row = one;
  } else if (how == Combine::set) {
    row.energy_kwh = row.co2e_kg = std::numeric_limits<double>::quiet_NaN();
  }
}

}  // namespace carbonfront
