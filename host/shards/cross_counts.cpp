#include "host/shards/cross_counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <numeric>

#include "carbonfront/errors.hpp"
#include "host/scoring/batch.hpp"
#include "host/scoring/memory.hpp"
#include "host/scoring/result_parts.hpp"
#include "host/shards/checkpoint.hpp"
#include "host/shards/part_arrays.hpp"
#include "host/shards/tasks.hpp"
#include "host/shards/view_rows.hpp"
#include "host/sweep/output_file.hpp"

namespace carbonfront {

namespace {

/// How far a share's counting came: views before `view` are done; in it, the parts before `next`.
struct Counting {
  std::vector<ShareAnswers> answers;  // [views]
  std::uint32_t view = 0, next = 0;
  bool goes_on = false;  // from a checkpoint
};

std::string dataset_name(const ViewPlan& view, const char* name) { return "/views/" + view.spec.name + "/" + name; }

/// Calls `use(name, values)` for every answer that is a list of 32-bit numbers.
template <class Answers, class Use>
void each_count(Answers& answers, Use use) {
  use("dominated_by", answers.dominated_by);
  use("dominates", answers.dominates);
  use("surely_dominated_by", answers.surely_dominated_by);
  use("possibly_dominated_by", answers.possibly_dominated_by);
}

void write_counting(hid_t file, const Plan& plan, const PartInfo& info, const Counting& counting) {
  write_work(file, kCountsFormat, info);
  h5::Handle part(H5Gopen2(file, "/part", H5P_DEFAULT));
  write_array(part, "progress", std::vector<std::uint32_t>{counting.view, counting.next});
  for (std::size_t i = 0; i < plan.views.size(); ++i) {
    h5::Handle group = create_group(file, "views/" + plan.views[i].spec.name);
    const ShareAnswers& answers = counting.answers[i];
    each_count(answers, [&](const char* name, const auto& values) { write_array(group, name, values); });
    std::vector<std::uint64_t> witness(answers.witness.begin(), answers.witness.end());
    write_array(group, "witness", witness);
    write_array(group, "certainty", answers.certainty);
  }
  write_checksums(file);
}

/// Refuses answers that are not there for every row of the share.
void check_sizes(const PartReader& reader, const Plan& plan, std::size_t view, const PartInfo& own,
                 const ShareAnswers& answers) {
  const Outputs& wanted = plan.views[view].spec.outputs;
  const bool intervals = plan.has_intervals(plan.views[view]);
  auto check = [&](bool asked, std::size_t size) {
    if (size != (asked ? own.range.end - own.range.first : 0)) reader.damaged("its answers are cut off");
  };
  check(wanted.dominated_by, answers.dominated_by.size());
  check(wanted.dominates, answers.dominates.size());
  check(wanted.witness, answers.witness.size());
  check(intervals, answers.surely_dominated_by.size());
  check(intervals, answers.possibly_dominated_by.size());
  check(intervals, answers.certainty.size());
}

/// Reads the checkpoint of a share's counting, if there is one.
Counting read_checkpoint(const std::string& target, const Plan& plan, const PartInfo& own, std::size_t parts, bool force) {
  Counting counting;
  counting.answers.resize(plan.views.size());
  std::string path = checkpoint_path(target);
  if (force) remove_checkpoint(target);
  if (!std::filesystem::exists(path)) return counting;
  OwnFile file = open_part(path);
  require_same_share(read_work(file, kCountsFormat), own, path);
  counting.goes_on = true;
  PartReader reader{file};
  auto progress = reader.array<std::uint32_t>("progress");
  counting.view = reader.checked(progress, 0), counting.next = reader.checked(progress, 1);
  if (counting.view > plan.views.size() || counting.next > parts) reader.damaged("there is no such view or part");
  for (std::size_t i = 0; i < plan.views.size(); ++i) {
    ShareAnswers& answers = counting.answers[i];
    each_count(answers,
               [&](const char* name, auto& values) { values = file.all<std::uint32_t>(dataset_name(plan.views[i], name)); });
    answers.certainty = file.all<std::uint8_t>(dataset_name(plan.views[i], "certainty"));
    for (std::uint64_t row : file.all<std::uint64_t>(dataset_name(plan.views[i], "witness")))
      answers.witness.push_back(static_cast<std::int64_t>(row));
    bool begun = i < counting.view || (i == counting.view && counting.next > 0);
    if (begun && counts_by_share(plan, plan.views[i])) check_sizes(reader, plan, i, own, answers);
  }
  return counting;
}

/// Counts for every own row the others that dominate it, and those that it dominates, as far as they are asked for.
CrossCounts counts_of(const ViewRows& own, const ViewRows& others, bool dominated_by, bool dominates, Session& session,
                      Progress& progress) {
  ViewRows both = own;
  append(others, both);
  std::vector<std::uint8_t> is_source(both.size(), 1);
  std::fill_n(is_source.begin(), own.size(), std::uint8_t{0});
  return session.count_against(points_of(both), {is_source.data(), dominated_by, dominates}, progress);
}

/// Adds counts to the answers, which lie by row of the share.
void add_to(const ViewRows& own, std::uint64_t first, const Array<std::uint32_t>& counts,
            std::vector<std::uint32_t>& answers) {
  for (std::size_t i = 0; i < own.size() && !counts.empty(); ++i) answers[own.row[i] - first] += counts[i];
}

/// Finds the witnesses of a share's rows: among them and the front of all, who is non-dominated is on that front.
void find_witnesses(const Plan& plan, const Collection& all, std::size_t view, const GroupsOfParts& groups,
                    const ViewRows& own, std::uint64_t first, Session& session, Progress& progress, ShareAnswers& answers) {
  FrontStream stream(front_finder(session));
  for (std::size_t p = 0; p < all.parts.size(); ++p) {
    FrontRows front = read_front(all.parts[p], plan, view, groups, p);
    if (front.size() > 0) stream.add_front(own.objectives, std::move(front), progress);
  }
  ViewRows rows = own;
  append_new(stream.finish(progress), rows);
  std::vector<std::uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return rows.row[a] < rows.row[b]; });
  ViewRows sorted = taken(rows, order);
  VerdictRequest request;
  request.witness = true;
  Verdict verdict = session.evaluate(points_of(sorted), request, progress);
  for (std::size_t i = 0; i < sorted.size(); ++i)
    if (order[i] < own.size() && verdict.witness[i] != kNone)
      answers.witness[sorted.row[i] - first] = static_cast<std::int64_t>(sorted.row[verdict.witness[i]]);
}

/// A share's rows in one view, and what is counted for them.
struct ViewCounting {
  const Plan& plan;
  const Collection& all;
  std::uint32_t shard;
  std::size_t view;
  Session& session;
  std::uint64_t memory;
  bool one_part_at_a_time;
  Progress& progress;
  GroupsOfParts groups;
  ViewRows own, own_best, own_worst;  // the ends are empty without intervals

  const Outputs& wanted() const { return plan.views[view].spec.outputs; }
  std::uint64_t first() const { return all.parts[shard].info.range.first; }
  bool intervals() const { return plan.has_intervals(plan.views[view]); }

  ViewRows block(std::uint32_t begin, std::uint32_t end, End at) const {
    ViewRows rows = read_view_rows(all.parts[begin], plan, view, groups, begin, at);
    for (std::uint32_t p = begin + 1; p < end; ++p) append(read_view_rows(all.parts[p], plan, view, groups, p, at), rows);
    return rows;
  }

  /// The end of the block of parts from `begin` on that is counted in one step. It fits into memory beside the own rows.
  /// Throws DeviceError.
  std::uint32_t block_end(std::uint32_t begin) const {
    std::uint64_t rows = read_view_rows(all.parts[begin], plan, view, groups, begin).size() + own.size();
    std::uint64_t each = counting_bytes(plan, plan.views[view]);
    if (rows * each > memory)
      throw DeviceError(fmt::format("counting shard {} against one other needs {} of memory", shard, size_text(rows * each)),
                        fmt::format("the limit is {}", size_text(memory)), "raise --memory-limit, or use more shards");
    std::uint32_t end = begin + 1;
    for (; end < all.parts.size() && !one_part_at_a_time; ++end) {
      rows += all.parts[end].info.range.end - all.parts[end].info.range.first;
      if (rows * each > memory) break;
    }
    return end;
  }

  /// Prepares the answers of rows that nothing was counted for yet.
  void start(ShareAnswers& answers) const {
    std::uint64_t rows = all.parts[shard].info.range.end - first();
    if (wanted().dominated_by) answers.dominated_by.assign(rows, kNone);
    if (wanted().dominates) answers.dominates.assign(rows, kNone);
    if (wanted().witness) answers.witness.assign(rows, -1);
    if (intervals()) {
      answers.surely_dominated_by.assign(rows, kNone);
      answers.possibly_dominated_by.assign(rows, kNone);
      answers.certainty.assign(rows, 0);
    }
    each_count(answers, [&](const char*, std::vector<std::uint32_t>& counts) {
      for (std::uint64_t row : own.row)
        if (!counts.empty()) counts[row - first()] = 0;
    });
  }

  /// Adds what the rows of parts [begin, end) dominate and are dominated by: all of it or, where it is stopped, nothing.
  void add(std::uint32_t begin, std::uint32_t end, ShareAnswers& answers) const {
    CrossCounts counts, surely, possibly;
    if (wanted().dominated_by || wanted().dominates)
      counts = counts_of(own, block(begin, end, End::value), wanted().dominated_by, wanted().dominates, session, progress);
    if (intervals()) {
      surely = counts_of(own_best, block(begin, end, End::worst), true, false, session, progress);
      possibly = counts_of(own_worst, block(begin, end, End::best), true, false, session, progress);
    }
    add_to(own, first(), counts.dominated_by, answers.dominated_by);
    add_to(own, first(), counts.dominates, answers.dominates);
    add_to(own, first(), surely.dominated_by, answers.surely_dominated_by);
    add_to(own, first(), possibly.dominated_by, answers.possibly_dominated_by);
  }

  /// Says what is certain once all parts are counted: every row was counted against itself as well.
  void conclude(ShareAnswers& answers) const {
    std::vector<ObjectiveEnds> ends;
    for (std::size_t k = 0; k < own_best.values.size(); ++k)
      if (plan.has_bounds(plan.views[view].objectives[k]))
        ends.push_back({reinterpret_cast<const double*>(own_best.values[k].data()),
                        reinterpret_cast<const double*>(own_worst.values[k].data()),
                        plan.views[view].objectives[k].maximise});
    OwnDominance itself = own_dominance(ends, own.size());
    for (std::size_t i = 0; i < own.size(); ++i) {
      std::uint64_t at = own.row[i] - first();
      answers.surely_dominated_by[at] -= itself.worst_over_best[i];
      answers.possibly_dominated_by[at] -= itself.best_over_worst[i];
      answers.certainty[at] =
          static_cast<std::uint8_t>(certainty_of(answers.surely_dominated_by[at], answers.possibly_dominated_by[at]));
    }
  }
};

/// Counts one view from part `next` on, a block of parts that fits into memory at a time.
void count_view(ViewCounting& view, Counting& counting) {
  view.groups = number_groups(view.all, view.plan, view.view, view.memory);
  view.own = view.block(view.shard, view.shard + 1, End::value);
  if (view.intervals()) {
    view.own_best = view.block(view.shard, view.shard + 1, End::best);
    view.own_worst = view.block(view.shard, view.shard + 1, End::worst);
  }
  ShareAnswers& answers = counting.answers[view.view];
  if (counting.next == 0) view.start(answers);
  bool counts = view.wanted().dominated_by || view.wanted().dominates || view.intervals();
  while (counts && counting.next < view.all.parts.size()) {
    view.progress.throw_if_stopped();
    std::uint32_t end = view.block_end(counting.next);
    view.add(counting.next, end, answers);
    counting.next = end;
  }
  if (view.wanted().witness)
    find_witnesses(view.plan, view.all, view.view, view.groups, view.own, view.first(), view.session, view.progress,
                   answers);
  if (view.intervals()) view.conclude(answers);
}

}  // namespace

std::string counts_path(const std::string& part) { return part + ".counts"; }

CountOutcome count_share(const Plan& plan, const Collection& all, std::uint32_t own, Session& session,
                         const CountOptions& options, Progress& progress) {
  const PartFile& part = all.parts[own];
  std::string target = counts_path(part.path);
  Counting counting = read_checkpoint(target, plan, part.info, all.parts.size(), options.force);
  const std::uint32_t first_view = counting.view, first_part = counting.next;
  CountOutcome outcome;
  OutputFile output(target, true);
  try {
    for (; counting.view < plan.views.size(); ++counting.view, counting.next = 0)
      if (counts_by_share(plan, plan.views[counting.view])) {
        ViewCounting view{plan, all, own, counting.view, session, options.memory, counting.goes_on, progress, {},
                          {},   {},  {}};
        count_view(view, counting);
      }
  } catch (const Stopped& stopped) {
    if (stopped.reason == SIGINT || stopped.reason == SIGHUP) throw;
    options.wind_up->begin(stopped.reason);
    outcome.reason = stopped.reason;
    outcome.stuck = counting.goes_on && counting.view == first_view && counting.next == first_part;
    if (outcome.stuck) return outcome;
  }
  outcome.complete = counting.view == plan.views.size();
  PartInfo info = part.info;
  if (!outcome.complete) info.done = 0;  // a row's counts are there once all rows have been seen
  output.write([&](hid_t file) { write_counting(file, plan, info, counting); });
  output.commit_as(outcome.complete ? target : checkpoint_path(target));
  if (outcome.complete) remove_checkpoint(target);
  return outcome;
}

bool is_counted(const PartFile& part) {
  std::string path = counts_path(part.path);
  if (!std::filesystem::exists(path)) return false;
  PartInfo found = read_work(open_part(path), kCountsFormat);
  require_same_share(found, part.info, path);
  if (!found.complete()) throw InputError("cannot use '" + path + "'", "it is not complete", "remove it and count again");
  return true;
}

bool all_counted(const Plan& plan, const Collection& all) {
  bool wanted =
      std::any_of(plan.views.begin(), plan.views.end(), [&](const ViewPlan& view) { return counts_by_share(plan, view); });
  std::vector<std::uint32_t> missing;
  for (std::uint32_t p = 0; p < all.parts.size(); ++p)
    if (!is_counted(all.parts[p])) missing.push_back(p);
  if (!missing.empty() && missing.size() < all.parts.size())
    throw InputError("the parts cannot be merged", "shards " + array_spec(missing) + " have not been counted, others have",
                     "run `carbonfront count` for shards " + array_spec(missing));
  return wanted && missing.empty();
}

std::array<std::uint64_t, 4> count_certain(const Collection& all, const std::string& view) {
  std::array<std::uint64_t, 4> rows{};
  for (const PartFile& part : all.parts) {
    for (std::uint8_t certainty : open_part(counts_path(part.path)).all<std::uint8_t>("/views/" + view + "/certainty"))
      if (certainty < rows.size()) ++rows[certainty];
  }
  rows[0] = 0;  // rated rows alone are counted
  return rows;
}

void copy_answers(const Collection& all, const std::string& view, const std::string& name, const Progress& progress,
                  hid_t dataset) {
  constexpr std::uint64_t slab = 1 << 18;
  hsize_t row = 0;
  for (const PartFile& part : all.parts) {
    OwnFile file = open_part(counts_path(part.path));
    PartReader reader{file};
    std::uint64_t rows = part.info.range.end - part.info.range.first;
    for (std::uint64_t begin = 0; begin < rows; begin += slab) {
      progress.throw_if_stopped();
      std::uint64_t count = std::min(slab, rows - begin);
      std::string from = "/views/" + view + "/" + name;
      if (name == "certainty")
        h5::write_rows(dataset, row, count, H5T_NATIVE_UINT8, reader.rows<std::uint8_t>(from, begin, count).data());
      else if (name == "witness")
        h5::write_rows(dataset, row, count, H5T_NATIVE_INT64, reader.rows<std::uint64_t>(from, begin, count).data());
      else
        h5::write_rows(dataset, row, count, H5T_NATIVE_UINT32, reader.rows<std::uint32_t>(from, begin, count).data());
      row += count;
    }
  }
}

}  // namespace carbonfront
