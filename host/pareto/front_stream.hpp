#pragma once
// The front of rows that arrive in batches: a front is what is left of fronts put together.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "carbonfront/points.hpp"
#include "carbonfront/progress.hpp"

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
using FindFront = std::function<std::vector<std::uint32_t>(PointsView points, bool exactly, Progress& progress)>;

/// Owns the front of all rows so far, or a little more: the values and numbers of at most twice the front, 4,096 rows
/// and a batch. The rows found do not depend on how they were split into batches or streams.
class FrontStream {
 public:
  /// Takes the place of a stream; nothing may be added to it.
  FrontStream() = default;
  explicit FrontStream(FindFront find) : find_(std::move(find)) {}

  /// Adds the points of a batch. A point's number is `number(row)`, ascending over all batches of a stream, for its row in
  /// the batch's columns, which may go afterwards. Objectives of all batches are of the same types, senses and missing
  /// values; either all batches have groups or none has. Costs what the front of the batch costs, and now and then the
  /// front of what is held. Throws Stopped.
  void add(PointsView batch, const std::function<std::uint64_t(std::uint32_t)>& number, const Progress& progress);

  /// Adds rows of a front found elsewhere, with their values. Throws Stopped.
  void add_front(const std::vector<Objective>& objectives, FrontRows rows, const Progress& progress);

  /// Adds what another stream holds, of the same objectives. Throws Stopped.
  void absorb(FrontStream&& other, const Progress& progress);

  /// Gives the front's rows. More may be added afterwards. Throws Stopped.
  FrontRows finish(const Progress& progress);

  /// Tells how many rows are held, and in how many bytes.
  std::size_t held_rows() const { return held_.size(); }
  std::size_t held_bytes() const;

  /// The most bytes that it takes: what is held, and the work of finding who stays.
  std::size_t needed_bytes() const { return 4 * held_bytes(); }

 private:
  PointsView held_points();
  void settle(const Progress& progress);
  void settle_if_many(const Progress& progress);

  FindFront find_;
  std::vector<Objective> objectives_;  // of the rows held
  FrontRows held_;
  std::size_t settled_ = 0;  // rows held when only the front was
};

}  // namespace carbonfront
