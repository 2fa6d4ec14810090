#include "host/shards/cross_counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <numeric>

#include "host/errors.hpp"
#include "host/scoring/batch.hpp"
#include "host/scoring/memory.hpp"
#include "host/scoring/result_parts.hpp"
#include "host/shards/checkpoint.hpp"
#include "host/shards/part_arrays.hpp"
#include "host/shards/view_rows.hpp"
#include "host/sweep/output_file.hpp"

namespace carbonfront {

namespace {

/// How far a share's counting came: views before `view` are done; in it, the parts before `next`.
struct Counting {
  std::vector<ShareAnswers> answers;  // [views]
  std::uint32_t view = 0, next = 0;
};

std::string dataset_name(const ViewPlan& view, const char* name) { return "/views/" + view.spec.name + "/" + name; }

void write_counting(hid_t file, const Plan& plan, const PartInfo& info, const Counting& counting) {
  write_work(file, kCountsFormat, info);
  h5::Handle part(H5Gopen2(file, "/part", H5P_DEFAULT));
  write_array(part, "progress", std::vector<std::uint32_t>{counting.view, counting.next});
  for (std::size_t i = 0; i < plan.views.size(); ++i) {
    h5::Handle group = create_group(file, "views/" + plan.views[i].spec.name);
    write_array(group, "dominated_by", counting.answers[i].dominated_by);
    write_array(group, "dominates", counting.answers[i].dominates);
    std::vector<std::uint64_t> witness(counting.answers[i].witness.begin(), counting.answers[i].witness.end());
    write_array(group, "witness", witness);
  }
}

/// Reads the checkpoint of a share's counting, if there is one.
Counting read_checkpoint(const std::string& target, const Plan& plan, const PartInfo& own, bool force) {
  Counting counting;
  counting.answers.resize(plan.views.size());
  std::string path = checkpoint_path(target);
  if (force) remove_checkpoint(target);
  if (!std::filesystem::exists(path)) return counting;
  h5::Handle file = h5::open_for_reading(path);
  require_same_share(read_work(file, path, kCountsFormat), own, path);
  PartReader reader{file, path};
  auto progress = reader.array<std::uint32_t>("progress");
  counting.view = reader.checked(progress, 0), counting.next = reader.checked(progress, 1);
  for (std::size_t i = 0; i < plan.views.size(); ++i) {
    ShareAnswers& answers = counting.answers[i];
    constexpr std::uint64_t all = ~std::uint64_t{0};
    answers.dominated_by = reader.rows<std::uint32_t>(dataset_name(plan.views[i], "dominated_by"), 0, all);
    answers.dominates = reader.rows<std::uint32_t>(dataset_name(plan.views[i], "dominates"), 0, all);
    for (std::uint64_t row : reader.rows<std::uint64_t>(dataset_name(plan.views[i], "witness"), 0, all))
      answers.witness.push_back(static_cast<std::int64_t>(row));
  }
  return counting;
}

/// Adds what the rows of a block of parts dominate and are dominated by. Counts lie by row of the share.
void add_counts(const ViewPlan& view, const ViewRows& own, const ViewRows& others, std::uint64_t first,
                const Backend& backend, Progress& progress, ShareAnswers& answers) {
  ViewRows both = own;
  append(others, both);
  std::vector<std::uint8_t> is_source(both.size(), 1);
  std::fill_n(is_source.begin(), own.size(), std::uint8_t{0});
  const Outputs& wanted = view.spec.outputs;
  CrossCounts counts = backend.count_against(points_of(both), is_source, wanted.dominated_by, wanted.dominates, progress);
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (wanted.dominated_by) answers.dominated_by[own.row[i] - first] += counts.dominated_by[i];
    if (wanted.dominates) answers.dominates[own.row[i] - first] += counts.dominates[i];
  }
}

/// Finds the witnesses of a share's rows: among them and the front of all, who is non-dominated is on that front.
void find_witnesses(const Plan& plan, const Collection& all, std::size_t view, const GroupsOfParts& groups,
                    const ViewRows& own, std::uint64_t first, const Backend& backend, Progress& progress,
                    ShareAnswers& answers) {
  FrontStream stream(backend.find_front);
  for (std::size_t p = 0; p < all.parts.size(); ++p) {
    FrontRows front = read_front(all.parts[p], plan, view, groups, p);
    if (front.size() > 0) stream.add_front(own.objectives, std::move(front));
  }
  ViewRows rows = own;
  append_new(stream.finish(), rows);
  std::vector<std::uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return rows.row[a] < rows.row[b]; });
  ViewRows sorted = taken(rows, order);
  VerdictRequest request;
  request.witness = true;
  Verdict verdict = backend.evaluate(points_of(sorted), request, progress);
  for (std::size_t i = 0; i < sorted.size(); ++i)
    if (order[i] < own.size() && verdict.witness[i] != kNone)
      answers.witness[sorted.row[i] - first] = static_cast<std::int64_t>(sorted.row[verdict.witness[i]]);
}

/// Counts one view from part `next` on, a block of parts that fits into memory at a time.
void count_view(const Plan& plan, const Collection& all, std::uint32_t own_shard, std::size_t view, const Backend& backend,
                const CountOptions& options, Progress& progress, Counting& counting) {
  const ViewPlan& wanted = plan.views[view];
  const PartInfo& info = all.parts[own_shard].info;
  GroupsOfParts groups = number_groups(all, plan, view);
  ViewRows own = read_view_rows(all.parts[own_shard], plan, view, groups, own_shard);
  ShareAnswers& answers = counting.answers[view];
  std::uint64_t rows = info.range.end - info.range.first, per_row = bytes_per_row(own) * 2 + work_bytes(wanted);
  if (counting.next == 0) {
    if (wanted.spec.outputs.dominated_by) answers.dominated_by.assign(rows, kNone);
    if (wanted.spec.outputs.dominates) answers.dominates.assign(rows, kNone);
    if (wanted.spec.outputs.witness) answers.witness.assign(rows, -1);
    for (std::uint64_t row : own.row)
      for (auto* counts : {&answers.dominated_by, &answers.dominates})
        if (!counts->empty()) (*counts)[row - info.range.first] = 0;
  }
  bool counts = wanted.spec.outputs.dominated_by || wanted.spec.outputs.dominates;
  while (counts && counting.next < all.parts.size()) {
    throw_if_stopped();
    ViewRows others = read_view_rows(all.parts[counting.next], plan, view, groups, counting.next);
    std::uint32_t end = counting.next + 1;
    for (; end < all.parts.size(); ++end) {
      std::uint64_t more = all.parts[end].info.range.end - all.parts[end].info.range.first;
      if ((own.size() + others.size() + more) * per_row > options.memory) break;
      append(read_view_rows(all.parts[end], plan, view, groups, end), others);
    }
    std::uint64_t needed = (own.size() + others.size()) * per_row;
    if (needed > options.memory)
      throw DeviceError(fmt::format("counting shard {} against one other needs {} of memory", own_shard, size_text(needed)),
                        fmt::format("the limit is {}", size_text(options.memory)),
                        "raise --memory-limit, or use more shards");
    add_counts(wanted, own, others, info.range.first, backend, progress, answers);
    counting.next = end;
  }
  if (wanted.spec.outputs.witness)
    find_witnesses(plan, all, view, groups, own, info.range.first, backend, progress, answers);
}

}  // namespace

std::string counts_path(const std::string& part) { return part + ".counts"; }

bool counts_by_share(const ViewPlan& view) {
  const Outputs& wanted = view.spec.outputs;
  return (wanted.dominated_by || wanted.dominates || wanted.witness) && !wanted.rank && !wanted.crowding;
}

bool count_share(const Plan& plan, const Collection& all, std::uint32_t own, const Backend& backend,
                 const CountOptions& options, Progress& progress, int& reason) {
  const PartFile& part = all.parts[own];
  std::string target = counts_path(part.path);
  Counting counting = read_checkpoint(target, plan, part.info, options.force);
  OutputFile output(target);
  try {
    for (; counting.view < plan.views.size(); ++counting.view, counting.next = 0)
      if (counts_by_share(plan.views[counting.view]))
        count_view(plan, all, own, counting.view, backend, options, progress, counting);
  } catch (const Stopped& stopped) {
    if (stopped.signal == SIGINT || stopped.signal == SIGHUP) throw;
    wind_up_now(stopped.signal);
    reason = stopped.signal;
  }
  bool complete = counting.view == plan.views.size();
  PartInfo info = part.info;
  if (!complete) info.done = 0;  // a row's counts are there once all rows have been seen
  output.write([&](hid_t file) { write_counting(file, plan, info, counting); });
  output.commit_as(complete ? target : checkpoint_path(target));
  if (complete) remove_checkpoint(target);
  return complete;
}

bool is_counted(const PartFile& part) {
  std::string path = counts_path(part.path);
  if (!std::filesystem::exists(path)) return false;
  PartInfo found = read_work(h5::open_for_reading(path), path, kCountsFormat);
  require_same_share(found, part.info, path);
  if (!found.complete()) throw InputError("cannot use '" + path + "'", "it is not complete", "remove it and count again");
  return true;
}

bool all_counted(const Plan& plan, const Collection& all) {
  bool wanted = std::any_of(plan.views.begin(), plan.views.end(), counts_by_share);
  std::vector<std::uint32_t> missing;
  for (std::uint32_t p = 0; p < all.parts.size(); ++p)
    if (!is_counted(all.parts[p])) missing.push_back(p);
  if (!missing.empty() && missing.size() < all.parts.size())
    throw InputError("the parts cannot be merged", "shards " + array_spec(missing) + " have not been counted, others have",
                     "run `carbonfront count` for shards " + array_spec(missing));
  return wanted && missing.empty();
}

void copy_answers(const Collection& all, const std::string& view, const std::string& name, hid_t dataset) {
  constexpr std::uint64_t slab = 1 << 18;
  hsize_t row = 0;
  bool wide = name == "witness";
  for (const PartFile& part : all.parts) {
    std::string path = counts_path(part.path);
    h5::Handle file = h5::open_for_reading(path);
    PartReader reader{file, path};
    std::uint64_t rows = part.info.range.end - part.info.range.first;
    for (std::uint64_t begin = 0; begin < rows; begin += slab) {
      throw_if_stopped();
      std::uint64_t count = std::min(slab, rows - begin);
      std::string from = "/views/" + view + "/" + name;
      if (wide)
        h5::write_rows(dataset, row, count, H5T_NATIVE_INT64, reader.rows<std::uint64_t>(from, begin, count).data());
      else
        h5::write_rows(dataset, row, count, H5T_NATIVE_UINT32, reader.rows<std::uint32_t>(from, begin, count).data());
      row += count;
    }
  }
}

}  // namespace carbonfront
