#pragma once
// Rated rows of one view from part files: values, groups and row numbers, side by side.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "host/pareto/front_stream.hpp"
#include "host/scoring/intervals.hpp"
#include "host/shards/collect.hpp"

namespace carbonfront {

/// Rows with copies of their values.
struct ViewRows {
  std::vector<Objective> objectives;           // types and senses; values only in points_of
  std::vector<std::vector<std::byte>> values;  // [objectives]
  std::vector<std::uint32_t> group;            // [rows]; empty without groups
  std::vector<std::uint64_t> row;              // [rows] of the sweep

  std::size_t size() const { return row.size(); }
};

/// The number that all parts agree on for each group of each part. [parts][groups of the part]; empty without groups
struct GroupsOfParts {
  int grouping = -1;  // of the plan's data
  std::vector<std::vector<std::uint32_t>> number;
};

/// Numbers the groups in the order in which they are met; the keys may take `memory` bytes meanwhile. Throws InputError,
/// DeviceError.
GroupsOfParts number_groups(const Collection& all, const Plan& plan, std::size_t view, std::uint64_t memory);

/// Numbers them as in `data`, whose groups are in their final order. Throws InputError.
GroupsOfParts groups_in_order(const Collection& all, const Data& data, std::size_t view);

/// Reads a part's rated rows of a view, with their values or one end of their intervals. Throws InputError.
ViewRows read_view_rows(const PartFile& part, const Plan& plan, std::size_t view, const GroupsOfParts& groups,
                        std::size_t part_index, End end = End::value);

/// Reads the front of a part's rows in a view. Throws InputError.
FrontRows read_front(const PartFile& part, const Plan& plan, std::size_t view, const GroupsOfParts& groups,
                     std::size_t part_index);

/// Appends rows.
void append(const ViewRows& more, ViewRows& rows);

/// Appends those rows of a front that are not there yet; `rows` are ascending.
void append_new(const FrontRows& front, ViewRows& rows);

/// Takes rows in a given order.
ViewRows taken(const ViewRows& rows, const std::vector<std::uint32_t>& order);

/// Views the rows; they stay where they are.
PointsView points_of(ViewRows& rows);

}  // namespace carbonfront
