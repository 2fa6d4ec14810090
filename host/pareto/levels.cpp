// Fronts, and the number of the front each row is in.

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <optional>
#include <vector>

#include "host/pareto/engine.hpp"
#include "host/pareto/members.hpp"

namespace carbonfront {
namespace {

/// Rows that look for their rank side by side before they are compared among themselves.
constexpr std::uint32_t kBlockRows = 2048;

/// Two objectives, one sweep in order of places: the lowest rank in objective 2 that a front has so far says whether the
/// front dominates the row, and it rises from front to front.
std::vector<std::uint32_t> sweep_ranks(const Order& order, Progress& progress) {
  const std::vector<std::uint32_t>& second = order.ranks[0];
  std::vector<std::uint32_t> found(order.size, 0);  // by place; only the first of a run is looked up
  std::vector<std::uint32_t> lowest;                // [fronts]
  for (std::uint32_t place = 0; place < order.size; ++place) {
    if (place % kBlockRows == 0) {
      throw_if_stopped();
      progress.add(std::min(kBlockRows, order.size - place));
    }
    if (order.run_start[place] != place) continue;
    const auto front = std::upper_bound(lowest.begin(), lowest.end(), second[place]);
    found[place] = static_cast<std::uint32_t>(front - lowest.begin());
    if (front == lowest.end()) {
      lowest.push_back(second[place]);
    } else {
      *front = second[place];
    }
  }
  return found;
}

/// Two objectives: a row is non-dominated when nobody before it has a lower rank in objective 2.
std::vector<std::uint8_t> sweep_front(const Order& order, Progress& progress) {
  std::vector<std::uint8_t> front(order.size, 0);
  std::uint32_t lowest = std::numeric_limits<std::uint32_t>::max();
  for (std::uint32_t place = 0; place < order.size; ++place) {
    if (order.ranks[0][place] >= lowest) continue;
    lowest = order.ranks[0][place];
    front[place] = 1;
  }
  progress.add(order.size);
  return front;
}

/// The fronts of one group as far as it has been walked, at most `limit` of them.
struct Fronts {
  std::uint32_t coordinates;
  std::uint32_t limit;
  std::vector<Members> fronts;
};

/// The rows of a block that are looked up: the first of each run.
struct Block {
  std::vector<std::uint32_t> places;
  std::vector<std::int32_t> rows;    // [places][coordinates]
  std::vector<std::uint32_t> ranks;  // [places]
};

Block take_block(const Order& order, std::uint32_t begin, std::uint32_t end) {
  Block block;
  for (std::uint32_t place = begin; place < end; ++place) {
    if (order.run_start[place] != place) continue;
    block.places.push_back(place);
    for (const auto& ranks : order.ranks) block.rows.push_back(static_cast<std::int32_t>(ranks[place]));
  }
  block.ranks.assign(block.places.size(), 0);
  return block;
}

/// Finds the lowest front without a dominator of the row. Whoever has a dominator in one front has one in every front
/// before it, so a binary search does.
std::uint32_t lowest_open_front(const std::vector<Members>& fronts, const std::int32_t* row) {
  const auto dominates_row = [&](const Members& front) { return first_dominator(front, row) < front.size; };
  return static_cast<std::uint32_t>(std::partition_point(fronts.begin(), fronts.end(), dominates_row) - fronts.begin());
}

/// Ranks the block against the fronts so far, rows side by side.
void rank_against_fronts(const Fronts& found, Block& block) {
  const auto look_up = [&](std::size_t i) {
    block.ranks[i] = lowest_open_front(found.fronts, block.rows.data() + i * found.coordinates);
  };
  if (block.places.size() < 64) {
    for (std::size_t i = 0; i < block.places.size(); ++i) look_up(i);
    return;
  }
  // Isolated, so that a thread that waits here does not start on another group on top of this one.
  tbb::this_task_arena::isolate([&] { tbb::parallel_for(std::size_t{0}, block.places.size(), look_up); });
}

/// Ranks the rows of the block against those before them in the block, and adds them to the fronts. One thread.
void rank_inside_block(Block& block, Fronts& found) {
  const std::uint32_t coordinates = found.coordinates;
  const std::size_t lanes = (block.places.size() + kLanes - 1) / kLanes * kLanes;
  std::vector<std::int32_t> ranks(lanes * coordinates, std::numeric_limits<std::int32_t>::max());
  std::vector<std::int32_t> behind(lanes, 0);  // the rank of whoever a row dominates, at least
  std::size_t kept = 0;
  for (std::size_t i = 0; i < block.places.size(); ++i) {
    if (block.ranks[i] >= found.limit) continue;
    const std::int32_t* row = block.rows.data() + i * coordinates;
    const std::int32_t inside =
        highest_of_dominators(ranks.data(), behind.data(), (kept + kLanes - 1) / kLanes, coordinates, row);
    block.ranks[i] = std::max(block.ranks[i], static_cast<std::uint32_t>(inside));
    if (block.ranks[i] >= found.limit) continue;
    for (std::uint32_t k = 0; k < coordinates; ++k) {
      ranks[(kept / kLanes * coordinates + k) * kLanes + kept % kLanes] = row[k];
    }
    behind[kept++] = static_cast<std::int32_t>(block.ranks[i]) + 1;
    if (block.ranks[i] == found.fronts.size()) found.fronts.push_back({coordinates, 0, {}});
    append(found.fronts[block.ranks[i]], row);
  }
}

/// Ranks by place for any number of objectives; ranks from `limit` on are all given as `limit`. Nothing if more than
/// about `most_tests` comparisons with fronts found nobody.
std::optional<std::vector<std::uint32_t>> ranks_up_to(const Order& order, std::uint32_t limit, std::uint64_t most_tests,
                                                      Progress& progress) {
  std::vector<std::uint32_t> answers(order.size, 0);
  std::atomic<std::uint64_t> tests{0};
  const auto groups = order.group_start.size();
  tbb::parallel_for(std::size_t{1}, groups, [&](std::size_t group) {
    Fronts found{static_cast<std::uint32_t>(order.ranks.size()), limit, {}};
    const std::uint32_t group_end = order.group_start[group];
    for (std::uint32_t begin = order.group_start[group - 1]; begin < group_end && tests <= most_tests;) {
      throw_if_stopped();
      const std::uint32_t end = begin + std::min(kBlockRows, group_end - begin);
      Block block = take_block(order, begin, end);
      rank_against_fronts(found, block);
      if (limit == 1 && !found.fronts.empty()) {
        tests += std::uint64_t{found.fronts[0].size} * std::count(block.ranks.begin(), block.ranks.end(), 0u);
      }
      rank_inside_block(block, found);
      for (std::size_t i = 0; i < block.places.size(); ++i) answers[block.places[i]] = block.ranks[i];
      progress.add(end - begin);
      begin = end;
    }
  });
  if (tests > most_tests) return std::nullopt;
  return answers;
}

}  // namespace

std::vector<std::uint8_t> where_zero(const std::vector<std::uint32_t>& values) {
  std::vector<std::uint8_t> zero(values.size());
  std::transform(values.begin(), values.end(), zero.begin(), [](std::uint32_t value) { return value == 0; });
  return zero;
}

std::vector<std::uint8_t> find_front(const Order& order, Progress& progress) {
  progress.begin("front", order.size);
  if (order.ranks.size() == 1) return by_position(order, sweep_front(order, progress));
  // Counting everyone's dominators compares all pairs, each 16 times as fast: a front that is a good part of the rows costs
  // less that way, and one that turns out to be costs twice as much as it had to.
  const std::uint64_t most_tests = std::uint64_t{order.size} * order.size / 32;
  const auto ranks = ranks_up_to(order, 1, most_tests, progress);
  return ranks ? by_position(order, where_zero(*ranks)) : where_zero(count_dominators(order, progress));
}

std::vector<std::uint32_t> find_ranks(const Order& order, Progress& progress) {
  progress.begin("rank", order.size);
  if (order.ranks.size() == 1) return by_position(order, sweep_ranks(order, progress));
  constexpr auto kAll = std::numeric_limits<std::uint32_t>::max();
  return by_position(order, *ranks_up_to(order, kAll, std::numeric_limits<std::uint64_t>::max(), progress));
}

}  // namespace carbonfront
