#pragma once
// The front of rows that arrive in batches: a front is what is left of fronts put together.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/columns.hpp"

namespace carbonfront {

/// Rows of a front with copies of their values.
struct FrontRows {
  std::vector<std::uint64_t> row;              // ascending
  std::vector<std::uint32_t> group;            // [rows]; empty without groups
  std::vector<std::vector<std::byte>> values;  // [objectives] as stored, [rows] each

  std::size_t size() const { return row.size(); }
};

/// Gives ascending positions, among them all that are non-dominated in their group; `exactly` those, or as many more as are
/// quicker to keep than to find.
using FindFront = std::function<std::vector<std::uint32_t>(PointsView points, bool exactly)>;

/// Finds fronts with all threads of the current TBB arena; see `evaluate_cpu`. Throws Stopped.
std::vector<std::uint32_t> find_front_cpu(PointsView points, bool exactly);

/// Finds the exact front by definition. O(size² · objectives). Throws Stopped.
std::vector<std::uint32_t> find_front_reference(PointsView points, bool exactly);

/// Owns the front of all rows so far, or a little more: the values and numbers of at most twice the front, 4,096 rows
/// and a batch. The rows found do not depend on how they were split into batches or streams.
class FrontStream {
 public:
  explicit FrontStream(FindFront find = find_front_cpu) : find_(std::move(find)) {}

  /// Adds the points of a batch. A point's number is `number(row)`, ascending over all batches of a stream, for its row in
  /// the batch's columns, which may go afterwards. Objectives of all batches are of the same types, senses and missing
  /// values; either all batches have groups or none has. Costs what the front of the batch costs, and now and then the
  /// front of what is held. Throws Stopped.
  void add(PointsView batch, const std::function<std::uint64_t(std::uint32_t)>& number);

  /// Adds rows of a front found elsewhere, with their values. Throws Stopped.
  void add_front(const std::vector<Objective>& objectives, FrontRows rows);

  /// Adds what another stream holds, of the same objectives. Throws Stopped.
  void absorb(FrontStream&& other);

  /// Gives the front's rows. More may be added afterwards. Throws Stopped.
  FrontRows finish();

  /// Tells how many rows are held, and in how many bytes.
  std::size_t held_rows() const { return held_.size(); }
  std::size_t held_bytes() const;

 private:
  PointsView held_points();
  void settle();
  void settle_if_many();

  FindFront find_;
  std::vector<Objective> objectives_;  // of the rows held
  FrontRows held_;
  std::size_t settled_ = 0;  // rows held when only the front was
};

}  // namespace carbonfront
