#pragma once
// The front of rows that arrive in batches: a front is what is left of fronts put together.

#include <cstdint>
#include <vector>

#include "kernels/columns.hpp"

namespace carbonfront {

/// Owns the front of all rows so far, or a little more: about 8 · objectives + 12 bytes for each of at most twice the front
/// and 4,096 rows, besides the batch's. The rows found do not depend on how they were split into batches or streams.
class FrontStream {
 public:
  /// Adds the points of a batch; a point's number is `first_row` plus its row in the batch's columns, which may go
  /// afterwards. Objectives of all batches are of the same types, senses and missing values; either all batches have groups
  /// or none has. Costs what the front of the batch costs, and now and then the front of what is held. Throws Stopped.
  void add(PointsView batch, std::uint64_t first_row);

  /// Adds what another stream holds, of the same objectives. Throws Stopped.
  void absorb(FrontStream&& other);

  /// Gives the numbers of the front's rows, ascending. More may be added afterwards. Throws Stopped.
  std::vector<std::uint64_t> finish();

 private:
  void settle();
  void settle_if_many();

  std::vector<std::vector<std::uint64_t>> keys_;  // [objectives][held] host/pareto/keys.hpp
  std::vector<std::uint64_t> numbers_;            // [held]
  std::vector<std::uint32_t> groups_;             // [held], empty without groups
  std::size_t settled_ = 0;                       // rows held when only the front was
};

}  // namespace carbonfront
